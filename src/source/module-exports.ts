export type Exports = Readonly<Record<string, unknown>>;

/** What a module exports, by itself or in its default export, however often that is wrapped. */
export function exportOf(module: Exports, name: string): unknown {
  for (let candidate: unknown = module, depth = 0; depth < 3; depth += 1) {
    if (typeof candidate !== 'object' || candidate === null) return undefined;
    if (name in candidate) return (candidate as Exports)[name];
    candidate = (candidate as Exports)['default'];
  }
  return undefined;
}

export type FlagValue = boolean | string | number | readonly string[];

/** The flags that were given, by name. What was not given is undefined, so that a lower layer decides. */
export class FlagValues {
  readonly #values: ReadonlyMap<string, FlagValue>;

  constructor(values: ReadonlyMap<string, FlagValue>) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  on(name: string): boolean {
    return this.#values.get(name) === true;
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  number(name: string): number | undefined {
    const value = this.#values.get(name);
    return typeof value === 'number' ? value : undefined;
  }

  list(name: string): readonly string[] | undefined {
    const value = this.#values.get(name);
    return typeof value === 'object' ? value : undefined;
  }

  /** True when given, undefined when not: the form that options want. */
  boolean(name: string): true | undefined {
    return this.on(name) ? true : undefined;
  }
}

type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Drops what was not given, so that an undefined never hides a configured value. */
export function given<T extends Record<string, unknown>>(values: T): Given<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>;
}

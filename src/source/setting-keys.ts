import { LockkeeperError } from '../core/errors.js';
import { didYouMean, joinWords } from '../core/text.js';
import type { ForeignFormat } from '../migration/migration.js';

export type RawSettings = Readonly<Record<string, unknown>>;

/** Names in kebab case, as of command lines, and in camel case are one. */
export function withCamelCase(raw: RawSettings): RawSettings {
  return Object.fromEntries(
    Object.entries(raw).map(([key, value]) => [
      key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}

export interface KnownKeys {
  readonly format: ForeignFormat;
  readonly keys: readonly string[];
  /** What to say of a key that only the tool itself needs. */
  readonly hints?: Readonly<Record<string, string>>;
}

/** @throws {CONFIG_INVALID} for a key that lockkeeper.config gives a folder, and that its format does not know. */
export function assertKnownKeys(given: RawSettings, { format, keys, hints = {} }: KnownKeys): void {
  for (const key of Object.keys(given)) {
    if (keys.includes(key)) continue;
    const near = didYouMean(key, keys) || ` Known: ${joinWords(keys)}.`;
    throw new LockkeeperError('CONFIG_INVALID', {
      message: `"migrations": "${key}" is not a key of the format "${format}".${near}`,
      hint: hints[key] ?? 'Correct it in the configuration of Lockkeeper.',
      details: { key },
    });
  }
}

export const textOrNull = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

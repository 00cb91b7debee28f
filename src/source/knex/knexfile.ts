import { readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { canonicalEnvironment } from '../../core/environment-names.js';
import { LockkeeperError } from '../../core/errors.js';
import { joinWords } from '../../core/text.js';
import type { FormatRequest } from '../format.js';

export type Values = Readonly<Record<string, unknown>>;

/** The section of a knexfile that holds for an environment. */
export interface KnexEnvironment {
  /** Absolute. */
  readonly file: string;
  readonly values: Values;
}

/** In the order in which Knex looks for them. */
const fileNames = [
  'knexfile.js',
  'knexfile.mjs',
  'knexfile.ts',
  'knexfile.cjs',
  'knexfile.mts',
  'knexfile.cts',
];

/** Absolute path of the project's knexfile; null where there is none. */
export function findKnexfile({ root }: FormatRequest, given: string | undefined): string | null {
  if (given !== undefined) return resolve(root, given);
  const names = new Set(readdirSync(root));
  const found = fileNames.find((name) => names.has(name));
  return found === undefined ? null : join(root, found);
}

/**
 * The section of the environment, by any of its words (`dev`, `development`), or the whole file where it has no
 * sections, as Knex does it.
 * @throws {CONFIG_NOT_LOADED} {CONFIG_INVALID}
 */
export async function readKnexfile(
  request: FormatRequest,
  file: string,
  wanted: string | undefined,
): Promise<KnexEnvironment> {
  const loaded = await request.load(file);
  if (!isValues(loaded))
    throw invalid(file, `exports ${loaded === null ? 'null' : typeof loaded}, no configuration`);
  const name = wanted ?? request.environment;
  const key = Object.hasOwn(loaded, name) ? name : keyOf(loaded, name);
  const values = key === undefined ? loaded : loaded[key];
  const isSection = isValues(values) && (key !== undefined || 'client' in values || 'dialect' in values);
  if (isSection) return { file, values };
  const sections = Object.keys(loaded).filter((other) => isValues(loaded[other]));
  throw invalid(
    file,
    `has no environment "${name}"`,
    sections.length === 0
      ? undefined
      : `It has ${joinWords(sections)}. Choose one with --env, or add "${name}".`,
  );
}

function keyOf(loaded: Values, name: string): string | undefined {
  return Object.keys(loaded).find((key) => canonicalEnvironment(key) === canonicalEnvironment(name));
}

export function isValues(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Something in a knexfile that nobody could go by. */
export function invalid(
  file: string,
  what: string,
  hint = 'Correct the knexfile, or name another one with "knexfile" under "migrations" in the configuration of Lockkeeper.',
): LockkeeperError {
  return new LockkeeperError('CONFIG_INVALID', {
    message: `${basename(file)} ${what}.`,
    hint,
    details: { file },
  });
}

import type { ResolvedConfig } from '../../config/resolved.js';
import { isLockkeeperError } from '../../core/errors.js';
import { dumpSchema } from '../../pg/dump.js';

/** The schema of the database without our own part of it; null where there is no pg_dump that can read this server. */
export async function dumpOf(config: ResolvedConfig, serverMajor: number): Promise<string | null> {
  const { target, history } = config;
  if (target.kind !== 'server') return null;
  try {
    const without = { schemas: [history.schema], tables: [] };
    return comparable(await dumpSchema(target.connection, { serverMajor, without }));
  } catch (error) {
    if (isLockkeeperError(error, 'PROGRAM_MISSING')) return null;
    throw error;
  }
}

/** Newer versions of pg_dump frame the text with a word that differs each time. */
const comparable = (text: string): string => text.replaceAll(/^\\(?:un)?restrict .*$/gm, '');

/** The first lines that two texts do not share, for people. */
export function firstDifference(wanted: string, found: string): string {
  const there = new Set(found.split('\n'));
  const here = new Set(wanted.split('\n'));
  const missing = wanted.split('\n').find((line) => line.trim() !== '' && !there.has(line));
  const extra = found.split('\n').find((line) => line.trim() !== '' && !here.has(line));
  const parts = [
    missing === undefined ? '' : `missing: ${missing.trim()}`,
    extra === undefined ? '' : `too much: ${extra.trim()}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'the order of objects differs' : parts.join('; ');
}

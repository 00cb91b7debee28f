import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';
import { type RawSettings, withCamelCase } from '../setting-keys.js';

/** `.db-migraterc` holds JSON, with comments, or lines of `key = value`. @throws {CONFIG_NOT_LOADED} */
export function readRcFile(root: string): RawSettings {
  const path = join(root, '.db-migraterc');
  if (!existsSync(path)) return {};
  const text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  return withCamelCase(/^\s*[{/]/.test(text) ? readJson(text) : readLines(text));
}

function readJson(text: string): RawSettings {
  // Strings are matched first, so that what looks like a comment inside of one stays.
  const plain = text.replaceAll(
    /("(?:[^"\\]|\\.)*")|\/\/.*|\/\*[\s\S]*?\*\//g,
    (_, kept?: string) => kept ?? '',
  );
  try {
    return JSON.parse(plain) as RawSettings;
  } catch (cause) {
    throw new LockkeeperError('CONFIG_NOT_LOADED', {
      message: `.db-migraterc is not JSON: ${(cause as Error).message}.`,
      hint: 'Correct it.',
      cause,
    });
  }
}

function readLines(text: string): RawSettings {
  const lines = text.split(/\r?\n/).flatMap((line) => {
    const found = /^\s*([\w-]+)\s*=\s*(.*?)\s*$/.exec(line);
    return found === null ? [] : [[found[1] ?? '', unquote(found[2] ?? '')] as const];
  });
  return Object.fromEntries(lines);
}

const unquote = (value: string): string => (/^(["']).*\1$/.test(value) ? value.slice(1, -1) : value);

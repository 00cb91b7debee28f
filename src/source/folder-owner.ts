import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ForeignFormat } from '../migration/migration.js';
import { parseMigrationName } from '../migration/version.js';
import { parseFileKind } from './file-kind.js';

/** Whose migrations a folder holds. `unknown`: nothing in them tells; `both`: some are ours and some are the tool's. */
export type FolderOwner = 'native' | 'foreign' | 'both' | 'unknown' | 'empty';

type Words = Readonly<Partial<Record<ForeignFormat, RegExp>>>;

/** What the code of a migration of that tool nearly always says. A property (`db.knex`) is not meant. */
const codeWords: Words = {
  knex: /(?<![.\w])knex\b/i,
  'node-pg-migrate': /\bpgm\b|node-pg-migrate/,
  kysely: /(?<![.\w])kysely\b/i,
  'db-migrate': /\bdbm\b|db-migrate|\bexports\.setup\b/,
};

/** Markers that only one tool reads. */
const sqlWords: Words = {
  'node-pg-migrate': /^[ \t]*--[ \t]*(?:up|down) migration\b/im,
  goose: /^[ \t]*--[ \t]*\+goose\b/im,
  'sql-migrate': /^[ \t]*--[ \t]*\+migrate\b/im,
};

/** These run no SQL files of the folder itself. */
const codeOnly: ReadonlySet<ForeignFormat> = new Set(['knex', 'kysely', 'db-migrate']);

const ourImport = /(['"])lockkeeper(?:\/[\w-]+)?\1/;
const ourMarkers = /^[ \t]*--[ \t]*migrate:(?:up|down)\b/m;

/** How many files are looked at, the newest; a folder of thousands says no more than these. */
const most = 20;

/** Looks into a folder that both we and that tool could run. */
export function ownerOf(dir: string, format: ForeignFormat): FolderOwner {
  const names = migrationNames(dir);
  if (names.length === 0) return 'empty';
  const found = new Set(names.slice(-most).map((name) => fileOwner(join(dir, name), format)));
  found.delete(null);
  if (found.size === 2) return 'both';
  const [owner] = found;
  return owner ?? 'unknown';
}

/** True where a folder holds what we would run. */
export function holdsMigrations(dir: string): boolean {
  return migrationNames(dir).some((name) => parseMigrationName(name) !== null);
}

function migrationNames(dir: string): readonly string[] {
  try {
    return readdirSync(dir).filter((name) => parseFileKind(name) !== null);
  } catch {
    return []; // a folder that is not there, or cannot be read, holds nothing of anybody's
  }
}

function fileOwner(path: string, format: ForeignFormat): 'native' | 'foreign' | null {
  const text = readText(path);
  if (path.toLowerCase().endsWith('.sql')) {
    if (ourMarkers.test(text) || codeOnly.has(format)) return 'native';
    return sqlWords[format]?.test(text) === true ? 'foreign' : null;
  }
  if (ourImport.test(text)) return 'native';
  return codeWords[format]?.test(text) === true ? 'foreign' : null;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // a folder with such a name, or a file that cannot be read, tells nothing
  }
}

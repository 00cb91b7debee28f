import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';
import { shownPath } from '../shown-path.js';
import { isPostgres } from './list.js';

/** The block `datasource` of a Prisma schema. */
export interface Datasource {
  /** The file that holds the block, and the schema that it is a part of: that file, or its folder. Absolute. */
  readonly file: string;
  readonly folder: string;
  readonly url: UrlText | null;
  readonly directUrl: UrlText | null;
}

/** `"postgres://…"` or `env("DATABASE_URL")`. */
export type UrlText =
  | { readonly text: string; readonly variable?: undefined }
  | { readonly variable: string; readonly text?: undefined };

export interface SchemaRequest {
  readonly root: string;
  /** File or folder of the schema where somebody says it; absolute. */
  readonly said: string | null;
  /** Folder of the migrations where somebody says it. */
  readonly dir: string | null;
}

/**
 * Finds the schema where Prisma would look, and its datasource; null where there is none.
 * @throws {CONFIG_INVALID} for a schema that was named and is not there, and for another database than PostgreSQL.
 */
export function findDatasource(request: SchemaRequest): Datasource | null {
  const { root, said, dir } = request;
  if (said !== null && kindOf(said) === null) throw noSchema(shownPath(said, root));
  for (const place of said === null ? placesOf(root, dir) : [said]) {
    for (const file of schemaFiles(place)) {
      const block = readBlock(readFileSync(file, 'utf8'));
      if (block === null) continue;
      const provider = textOf(block.get('provider'));
      if (provider !== undefined && !isPostgres(provider))
        throw otherDatabase(provider, shownPath(file, root));
      const url = urlText(block.get('url'));
      return { file, folder: place, url, directUrl: urlText(block.get('directUrl')) };
    }
  }
  return null;
}

/** Beside a folder of migrations that was named, as package.json says, then the places of Prisma's own. */
function placesOf(root: string, dir: string | null): readonly string[] {
  const near =
    dir === null ? [] : [join(dirname(dir), 'schema.prisma'), join(dirname(dir), 'schema'), dirname(dir)];
  const own = ['prisma/schema.prisma', 'prisma/schema', 'schema.prisma', 'prisma'];
  return [...near, ...fromPackage(root), ...own.map((place) => join(root, place))];
}

function fromPackage(root: string): readonly string[] {
  try {
    const { prisma } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      prisma?: { schema?: unknown };
    };
    return typeof prisma?.schema === 'string' ? [join(root, prisma.schema)] : [];
  } catch {
    // No package.json, or none that can be read: then it says nothing.
    return [];
  }
}

/** A schema is one file, or all `.prisma` files below a folder. */
function schemaFiles(place: string): readonly string[] {
  const kind = kindOf(place);
  if (kind !== 'folder') return kind === 'file' ? [place] : [];
  return readdirSync(place, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(place, entry.name);
      if (entry.isDirectory()) {
        return entry.name === 'migrations' || entry.name === 'node_modules' ? [] : schemaFiles(path);
      }
      return entry.name.endsWith('.prisma') ? [path] : [];
    });
}

function kindOf(path: string): 'file' | 'folder' | null {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  return found.isDirectory() ? 'folder' : 'file';
}

/** The settings of the block, by name, as they are written. Prisma wants each on a line of its own. */
function readBlock(schema: string): ReadonlyMap<string, string> | null {
  const lines = schema.split(/\r?\n/);
  const start = lines.findIndex((line) => /^\s*datasource\s+\w+\s*\{/.test(line));
  if (start === -1) return null;
  const settings = new Map<string, string>();
  for (const line of lines.slice(start + 1)) {
    if (/^\s*\}/.test(line)) break;
    const [, key, value] = /^\s*(\w+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) settings.set(key, value);
  }
  return settings;
}

function textOf(value: string | undefined): string | undefined {
  const literal = /^"(?:[^"\\]|\\.)*"/.exec(value ?? '')?.[0];
  if (literal === undefined) return undefined;
  try {
    return JSON.parse(literal) as string;
  } catch {
    // An escape that JSON does not know.
    return literal.slice(1, -1);
  }
}

function urlText(value: string | undefined): UrlText | null {
  const variable = /^env\(\s*"([^"]+)"\s*\)/.exec(value ?? '')?.[1];
  if (variable !== undefined) return { variable };
  const text = textOf(value);
  return text === undefined ? null : { text };
}

function noSchema(shown: string): LockkeeperError {
  return new LockkeeperError('CONFIG_INVALID', {
    message: `The Prisma schema "${shown}" does not exist.`,
    hint: 'Correct its path: "schema" under "migrations" in the configuration of Lockkeeper, or in prisma.config.',
    details: { file: shown },
  });
}

function otherDatabase(provider: string, shown: string): LockkeeperError {
  return new LockkeeperError('CONFIG_INVALID', {
    message: `The Prisma schema "${shown}" is for the provider "${provider}".`,
    hint: 'Lockkeeper runs migrations of the provider "postgresql" only.',
    details: { file: shown, provider },
  });
}

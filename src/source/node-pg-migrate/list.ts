import { createRequire } from 'node:module';
import { basename, extname, join } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';
import { ForeignListing } from '../foreign-listing.js';
import { readFolder, type SourceListing, type SourceProject } from '../list.js';
import type { SourceOptions } from '../options.js';
import { resolveProjectPackage } from '../project-package.js';
import { shownPath } from '../shown-path.js';
import { compareNames, numberOf } from './order.js';
import { type NodePgMigrateSettings, settingsOf } from './settings.js';

export const codeExtensions = ['.js', '.ts', '.cjs', '.mjs', '.cts', '.mts'];

/** @throws {MIGRATIONS_DIR_MISSING} {CONFIG_INVALID} {PACKAGE_MISSING} */
export function list(options: SourceOptions, project: SourceProject): SourceListing {
  const settings = settingsOf(options.settings);
  const listing = new ForeignListing(options, project);
  const paths = settings.glob === null ? inFolder(options.dir, settings, project) : byGlob(settings, project);
  const pairs = pairsOf(paths, settings);
  const sorted = paths.toSorted((a, b) => compareNames(basename(a), basename(b)));
  for (const path of sorted) {
    if (pairs.downs.has(path)) continue;
    add(listing, path, { root: project.root, pairs, alone: paths.length === 1 });
  }
  return listing.result();
}

/** Every file that is not ignored is a migration: the tool looks at no endings. */
function inFolder(dir: string, { ignore }: NodePgMigrateSettings, { root }: SourceProject): string[] {
  const pattern = ignore === null ? /^\..*/ : compile(ignore);
  return readFolder(dir, root)
    .filter((entry) => (entry.isFile() || entry.isSymbolicLink()) && !pattern.test(entry.name))
    .map((entry) => join(dir, entry.name));
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(`^${pattern}$`);
  } catch (cause) {
    throw new LockkeeperError('CONFIG_INVALID', {
      message: `"ignorePattern" of node-pg-migrate is no regular expression: ${(cause as Error).message}.`,
      hint: 'Correct it; a glob is accepted only together with "useGlob".',
      cause,
    });
  }
}

type Glob = (pattern: string, options: object) => string[];

/** What a pattern matches is decided by the very package that the tool itself uses. */
function byGlob({ glob, ignore }: NodePgMigrateSettings, { root }: SourceProject): string[] {
  const tool = resolveProjectPackage(root, 'node-pg-migrate', 'A source with "useGlob"');
  const { globSync } = createRequire(tool)('glob') as { readonly globSync: Glob };
  return globSync(glob ?? '', { cwd: root, ignore: ignore ?? [], nodir: true, absolute: true });
}

interface Pairs {
  /** Path of the way down by path of the way up. */
  readonly downOf: ReadonlyMap<string, string>;
  readonly downs: ReadonlySet<string>;
}

/** `X.up.sql` with `X.down.sql`, which the tool's loader "sql" takes for one migration, and its older one for two. */
function pairsOf(paths: readonly string[], { sqlPairs }: NodePgMigrateSettings): Pairs {
  const there = new Set(paths);
  const downOf = new Map<string, string>();
  for (const path of sqlPairs === false ? [] : paths) {
    if (!path.endsWith('.up.sql')) continue;
    const down = path.replace(/\.up\.sql$/, '.down.sql');
    if (there.has(down)) downOf.set(path, down);
    else if (sqlPairs === true) downOf.set(path, '');
  }
  return { downOf, downs: new Set(downOf.values()) };
}

function add(
  listing: ForeignListing,
  path: string,
  { root, pairs, alone }: { readonly root: string; readonly pairs: Pairs; readonly alone: boolean },
): void {
  const file = basename(path);
  const shown = shownPath(path, root);
  const extension = extname(file);
  if (extension.toLowerCase() !== '.sql' && !codeExtensions.includes(extension.toLowerCase())) {
    const hint = 'Move it out of the folder, or name it in "ignorePattern".';
    const message = `"${shown}" is no migration: its ending is none of .sql, ${codeExtensions.join(', ')}. node-pg-migrate would load it.`;
    listing.refuse('MIGRATION_NAME_INVALID', message, { hint, shown });
    return;
  }
  // The tool compares numbers, and so refuses a name without one as soon as there are two files.
  if (numberOf(file) === null && !alone) {
    const message = `"${shown}" does not begin with a number, without which node-pg-migrate refuses the whole folder.`;
    const hint = 'Give it one, move it out of the folder, or name it in "ignorePattern".';
    listing.refuse('MIGRATION_NAME_INVALID', message, { hint, shown });
    return;
  }
  const down = pairs.downOf.get(path);
  const version = basename(file, extension).replace(down === undefined ? /$^/ : /\.up$/, '');
  const name = version.replace(/^\d+[-_. ]*/, '');
  listing.add({ version, name, path, downPath: down === '' ? null : (down ?? null), foreignKey: version });
}

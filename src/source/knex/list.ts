import { readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { ForeignListing } from '../foreign-listing.js';
import type { SourceListing, SourceProject } from '../list.js';
import { missingFolder } from '../missing-folder.js';
import type { SourceOptions } from '../options.js';
import { readableName } from '../readable-name.js';
import { settingsOf } from './settings.js';

/**
 * The files in Knex's order: by file name over all folders, or folder by folder with `sortDirsSeparately`. A migration
 * is known by its file name with the extension; two of one name are told apart by nobody.
 * @throws {MIGRATIONS_DIR_MISSING}
 */
export function listKnexMigrations(options: SourceOptions, project: SourceProject): SourceListing {
  const { directories, sortDirsSeparately, loadExtensions } = settingsOf(options, project.root);
  const listing = new ForeignListing(options, project);
  const files = directories.flatMap((directory) => {
    const names = namesIn(directory, project.root).filter((name) => loadExtensions.includes(extname(name)));
    return names.toSorted(byCodeUnit).map((name) => ({ name, path: join(directory, name) }));
  });
  const ordered = sortDirsSeparately ? files : files.toSorted((a, b) => byCodeUnit(a.name, b.name));
  for (const { name, path } of ordered) {
    const version = name.slice(0, -extname(name).length);
    listing.add({ version, name: readableName(version), path, downPath: null, foreignKey: name });
  }
  return listing.result();
}

function namesIn(directory: string, root: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (cause) {
    throw missingFolder(directory, root, cause);
  }
}

/** As JavaScript compares texts, which is how Knex sorts. */
function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

import { readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { ForeignListing } from '../foreign-listing.js';
import type { SourceListing, SourceProject } from '../list.js';
import { missingFolder } from '../missing-folder.js';
import type { SourceOptions } from '../options.js';
import { readableName } from '../readable-name.js';

/**
 * The files in Kysely's order, which is that of their names. A migration is known by its file name without the extension.
 * @throws {MIGRATIONS_DIR_MISSING}
 */
export function listKyselyMigrations(options: SourceOptions, project: SourceProject): SourceListing {
  const listing = new ForeignListing(options, project);
  const files = namesIn(options.dir, project.root)
    .filter((name) => /(?<!\.d)\.[cm]?[jt]s$/.test(name))
    .map((name) => ({ path: join(options.dir, name), version: name.slice(0, -extname(name).length) }));
  // As JavaScript compares texts, which is how Kysely sorts.
  for (const { path, version } of files.toSorted((a, b) => (a.version < b.version ? -1 : 1))) {
    listing.add({ version, name: readableName(version), path, downPath: null, foreignKey: version });
  }
  return listing.result();
}

function namesIn(dir: string, root: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch (cause) {
    throw missingFolder(dir, root, cause);
  }
}

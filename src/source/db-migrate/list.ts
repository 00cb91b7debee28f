import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ForeignListing } from '../foreign-listing.js';
import { readFolder, type SourceListing, type SourceProject } from '../list.js';
import type { SourceOptions } from '../options.js';
import { shownPath } from '../shown-path.js';
import { settingsOf } from './settings.js';

/** What the tool takes out of a file name, wherever it stands. */
const namePattern = /\d{14}-[^.]+/;

/** @throws {MIGRATIONS_DIR_MISSING} */
export function list(options: SourceOptions, project: SourceProject): SourceListing {
  const { dir } = options;
  const { scope } = settingsOf(options.settings);
  const listing = new ForeignListing(options, project);
  const sqls = readSqls(dir);
  const names = readFolder(dir, project.root)
    .map((entry) => entry.name)
    .filter((name) => name.endsWith('.js'))
    .toSorted();
  const found = names.map((file) => ({ file, version: namePattern.exec(file)?.[0] ?? null }));
  // By the number, and names of one number as the folder has them.
  const sorted = found.toSorted((a, b) => momentOf(a.version) - momentOf(b.version));
  for (const { file, version } of sorted) {
    const path = join(dir, file);
    if (version === null) {
      const shown = shownPath(path, project.root);
      const message = `"${shown}" has no name of the form 20260131093000-name.js, without which db-migrate stops.`;
      const hint = 'Rename it, or move it out of the folder.';
      listing.refuse('MIGRATION_NAME_INVALID', message, { hint, shown });
      continue;
    }
    const known = { version, name: version.slice(15), path, downPath: null };
    const foreignKey = `${scope}/${version}`;
    const beside = [`${version}-up.sql`, `${version}-down.sql`].filter((name) => sqls.has(name));
    const content =
      beside.length === 0 ? {} : contentOf(project, [path, ...beside.map((name) => join(dir, 'sqls', name))]);
    listing.add({ ...known, foreignKey, ...content });
  }
  return listing.result();
}

const momentOf = (version: string | null): number => (version === null ? 0 : Number(version.slice(0, 14)));

/** Files of SQL that migrations made with --sql-file read when they run. */
function readSqls(dir: string): ReadonlySet<string> {
  const folder = join(dir, 'sqls');
  return new Set(existsSync(folder) ? readdirSync(folder) : []);
}

/** A migration is its file and the SQL beside it. Nothing where one cannot be read, so that the file itself tells. */
function contentOf({ reader }: SourceProject, paths: readonly string[]): { readonly content?: string } {
  try {
    return { content: paths.map((path) => reader.read(path).toString('utf8')).join('\0') };
  } catch {
    return {}; // the listing reads the file once more, and says what is wrong
  }
}

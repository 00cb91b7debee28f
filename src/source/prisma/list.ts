import { existsSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { parseMigrationName } from '../../migration/version.js';
import { ForeignListing } from '../foreign-listing.js';
import type { SourceListing, SourceProject } from '../list.js';
import type { SourceOptions } from '../options.js';
import { shownPath } from '../shown-path.js';
import { listSubFolders } from '../sub-folders.js';

export const lockFile = 'migration_lock.toml';

/** Names that Prisma gives to PostgreSQL in a schema and in `migration_lock.toml`. */
export const isPostgres = (provider: string): boolean => provider === 'postgresql' || provider === 'postgres';

/** Every folder is a migration, whatever its name; Prisma's order is that of the names. */
export function listPrisma(options: SourceOptions, project: SourceProject): SourceListing {
  const { dir } = options;
  const listing = new ForeignListing(options, project);
  for (const name of listSubFolders(dir, project.root)) {
    // `dir` is absolute and clean; thousands of joins would cost as much as reading the folders.
    const folder = `${dir}${sep}${name}${sep}`;
    const path = `${folder}migration.sql`;
    if (!existsSync(path)) {
      const shown = shownPath(join(dir, name), project.root);
      listing.refuse('MIGRATION_NAME_INVALID', `The folder "${shown}" holds no migration.sql.`, {
        hint: 'Put the SQL into it, or remove the folder: Prisma takes every folder here for a migration.',
        shown,
      });
      continue;
    }
    const downPath = `${folder}down.sql`;
    listing.add({
      version: name,
      name: parseMigrationName(name)?.name ?? '',
      path,
      downPath: existsSync(downPath) ? downPath : null,
      foreignKey: name,
      hashesUpOnly: true,
    });
  }
  checkLockFile(dir, listing, project.root);
  return listing.result();
}

function checkLockFile(dir: string, listing: ForeignListing, root: string): void {
  const path = join(dir, lockFile);
  if (!existsSync(path)) return;
  const provider = /^provider\s*=\s*"([^"]*)"/m.exec(readFileSync(path, 'utf8'))?.[1];
  if (provider !== undefined && isPostgres(provider)) return;
  const shown = shownPath(path, root);
  const what = provider === undefined ? 'names no provider' : `says that they are for "${provider}"`;
  listing.refuse('CONFIG_INVALID', `"${shown}", which belongs to these migrations, ${what}.`, {
    hint: 'Lockkeeper runs those of the provider "postgresql". Point it to the right folder, or correct the file.',
    shown,
  });
}

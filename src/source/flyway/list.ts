import type { MigrationFile } from '../../migration/migration.js';
import { ForeignListing } from '../foreign-listing.js';
import type { SourceListing, SourceProject } from '../list.js';
import type { SourceOptions } from '../options.js';
import { shownPath } from '../shown-path.js';
import { type FoundFile, type Scan, versionOf } from './scan.js';
import { versionKey } from './version.js';

/** What the history knows a repeatable migration by. */
export const repeatableKey = (description: string): string => `R:${description}`;

/** Versioned migrations in the order of their versions, then the repeatable ones by description. */
export function listFlyway(options: SourceOptions, project: SourceProject, scan: Scan): SourceListing {
  const listing = new ForeignListing(options, project);
  const shown = ({ path }: FoundFile): string => shownPath(path, project.root);
  for (const file of scan.invalid) {
    listing.refuse(
      'MIGRATION_NAME_INVALID',
      `"${shown(file)}" is no migration for Flyway: ${file.name.why}.`,
      {
        hint: 'Name it like V1_2__create_users.sql, or move it out of the locations.',
        shown: shown(file),
      },
    );
  }
  const ways = new Map<string, FoundFile>();
  for (const file of scan.versioned) {
    const key = versionKey(versionOf(file));
    const taken = ways.get(key);
    if (taken !== undefined) {
      listing.refuse(
        'MIGRATION_DUPLICATE',
        `Two files have version ${versionOf(file)}: "${shown(taken)}" and "${shown(file)}".`,
        {
          hint: 'Flyway takes 1, 01 and 1.0 for the same version. Give one of them another.',
          shown: shown(file),
        },
      );
      continue;
    }
    ways.set(key, file);
    listing.add({
      version: versionOf(file),
      name: rawOf(file),
      path: file.path,
      downPath: scan.undo.get(key)?.path ?? null,
      foreignKey: key,
    });
  }
  for (const file of scan.repeatable) {
    const { description } = file.name;
    listing.add({
      version: `R__${rawOf(file)}`,
      name: rawOf(file),
      path: file.path,
      downPath: null,
      foreignKey: repeatableKey(description),
      repeatable: true,
    });
  }
  for (const [key, file] of scan.undo) {
    if (ways.has(key)) continue;
    listing.refuse('MIGRATION_NAME_INVALID', `"${shown(file)}" is a way down without its way up.`, {
      hint: `Add the migration of version ${file.name.version}, or remove it.`,
      shown: shown(file),
    });
  }
  return listing.result();
}

function rawOf({ name }: FoundFile): string {
  if ('raw' in name) return name.raw;
  return 'description' in name ? name.description.replaceAll(' ', '_') : '';
}

/** What `read` is asked for, found again by its path. */
export function findScanned(scan: Scan, file: MigrationFile): FoundFile | null {
  return [...scan.versioned, ...scan.repeatable].find(({ path }) => path === file.path) ?? null;
}

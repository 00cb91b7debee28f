import type { Context } from '../core/context.js';
import type { MigrationFile } from '../migration/migration.js';
import { FileReader } from './file-bytes.js';
import { listMigrations, type SourceListing } from './list.js';
import type { SourceOptions } from './options.js';
import { readMigrations, type SourceReading } from './read.js';

/** One folder of migrations. */
export interface Source {
  readonly name: string;
  /** Absolute path. */
  readonly dir: string;
  /** @throws {MIGRATIONS_DIR_MISSING} when there is no such folder. */
  list(this: void): SourceListing;
  /** Reads these files, and no others. Bad files become problems; all of them are reported together. */
  read(this: void, files: readonly MigrationFile[], context?: Context): Promise<SourceReading>;
}

/** Opens a folder of migrations. Nothing is read before `list` or `read`. */
export function createSource(options: SourceOptions, project: { readonly root: string }): Source {
  const reader = new FileReader();
  return {
    name: options.name,
    dir: options.dir,
    list: () => listMigrations(options, { ...project, reader }),
    read: (files) => readMigrations(files, { ...project, reader }),
  };
}

import type { MigrationFile } from '../migration/migration.js';
import { loadFailure } from './load-failure.js';
import type { ModuleLoader } from './module-loader.js';

/** The exports of a migration's module. @throws {MIGRATION_LOAD_FAILED} with the place, as far as it is told. */
export async function importMigration(
  { path, checksum }: Pick<MigrationFile, 'path' | 'checksum'>,
  shown: string,
  loader: ModuleLoader,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await loader.load(path, checksum);
  } catch (cause) {
    throw loadFailure(cause, path, shown);
  }
}

import { LockkeeperError } from '../core/errors.js';
import type { ForeignFormat } from '../migration/migration.js';
import type { Format } from './format.js';

/** A format and its code; what a tool is known by is in format-marks.ts. */
interface FormatEntry {
  readonly name: ForeignFormat;
  readonly load: () => Promise<Format>;
}

const formats: readonly FormatEntry[] = [
  { name: 'drizzle', load: async () => (await import('./drizzle/index.js')).drizzle },
  { name: 'knex', load: async () => (await import('./knex/index.js')).knex },
  { name: 'kysely', load: async () => (await import('./kysely/index.js')).kysely },
  { name: 'liquibase', load: async () => (await import('./liquibase/index.js')).liquibase },
  { name: 'prisma', load: async () => (await import('./prisma/index.js')).prisma },
  {
    name: 'node-pg-migrate',
    load: async () => (await import('./node-pg-migrate/index.js')).nodePgMigrate,
  },
  { name: 'flyway', load: async () => (await import('./flyway/index.js')).flyway },
  { name: 'db-migrate', load: async () => (await import('./db-migrate/index.js')).dbMigrate },
  { name: 'dbmate', load: async () => (await import('./sql-tools/dbmate.js')).dbmate },
  { name: 'golang-migrate', load: async () => (await import('./sql-tools/golang-migrate.js')).golangMigrate },
  { name: 'goose', load: async () => (await import('./sql-tools/goose.js')).goose },
  { name: 'sql-migrate', load: async () => (await import('./sql-tools/sql-migrate.js')).sqlMigrate },
  { name: 'diesel', load: async () => (await import('./sql-tools/diesel.js')).diesel },
  {
    name: 'graphile-migrate',
    load: async () => (await import('./sql-tools/graphile-migrate.js')).graphileMigrate,
  },
];

/** Whether this version runs the migrations of that tool. */
export function isRunnable(name: ForeignFormat): boolean {
  return formats.some((entry) => entry.name === name);
}

/** @throws {CONFIG_INVALID} for a format that this version does not run. */
export async function loadFormat(name: ForeignFormat): Promise<Format> {
  const entry = formats.find((one) => one.name === name);
  if (entry !== undefined) return await entry.load();
  throw new LockkeeperError('CONFIG_INVALID', {
    message: `This version does not run the migrations of ${name}.`,
    hint: `It runs those of: ${formats.map((one) => one.name).join(', ')}.`,
  });
}

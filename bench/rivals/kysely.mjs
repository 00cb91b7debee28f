// kysely's Migrator with its file provider. usage: kysely.mjs up|status|down <project>
import fs from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Kysely, PostgresDialect } from 'kysely';
import { FileMigrationProvider, Migrator, NO_MIGRATIONS } from 'kysely/migration';
import { Pool } from 'pg';

const [verb, project] = process.argv.slice(2);
const pool = new Pool({ connectionString: process.env.DATABASE_URL });
const db = new Kysely({ dialect: new PostgresDialect({ pool }) });
const migrationFolder = path.join(project, 'migrations');
const load = (file) => import(pathToFileURL(file).href);
const migrator = new Migrator({
  db,
  provider: new FileMigrationProvider({ fs, path, migrationFolder, import: load }),
});
const verbs = {
  up: () => migrator.migrateToLatest(),
  down: () => migrator.migrateTo(NO_MIGRATIONS),
  async status() {
    const all = await migrator.getMigrations();
    const applied = all.filter((each) => each.executedAt);
    console.log(`${applied.length} applied, ${all.length - applied.length} pending`);
    return {};
  },
};
const { error } = await verbs[verb]();
await db.destroy();
if (error) throw error;

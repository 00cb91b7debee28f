import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createLockkeeper } from '../../src/app/create-lockkeeper.js';
import type { Lockkeeper } from '../../src/app/lockkeeper.js';
import {
  assertNothingLeft,
  createDatabase,
  tempProject,
  type TempProject,
  type TestDatabase,
} from '../support/database.js';
import { repository } from '../support/project.js';
import { dumpableServers, dumpSchema } from '../support/schema-dump.js';
import { linkTools } from '../support/tools.js';

const left: { project: TempProject; databases: TestDatabase[] }[] = [];

afterEach(async () => {
  for (const { project, databases } of left.splice(0)) {
    for (const database of databases) {
      await assertNothingLeft(database);
      await database.drop();
    }
    project.remove();
  }
});

const examples = [
  { example: 'knex', history: 'drop table knex_migrations, knex_migrations_lock' },
  { example: 'node-pg-migrate', history: 'drop table bike_migrations' },
  { example: 'prisma', history: 'drop table _prisma_migrations' },
  { example: 'kysely', history: 'drop table kysely_migration, kysely_migration_lock' },
  { example: 'db-migrate', history: 'drop table migrations' },
  { example: 'flyway', history: 'drop table flyway_schema_history' },
  { example: 'liquibase', history: 'drop table databasechangelog, databasechangeloglock' },
  { example: 'goose', history: 'drop table goose_db_version' },
  { example: 'prisma-and-drizzle', history: 'drop table _prisma_migrations; drop schema drizzle cascade' },
] as const;

describe.each(dumpableServers)('convert on PostgreSQL $major', { timeout: 240_000 }, (server) => {
  it.each(examples)('makes examples/$example a project of native SQL', async ({ example, history }) => {
    const [database, second] = [await createDatabase(server), await createDatabase(server)];
    const project = tempProject();
    left.push({ project, databases: [database, second] });
    cpSync(join(repository, 'examples', example), project.dir, { recursive: true });
    linkTools(project);
    const open = (url: string): Promise<Lockkeeper> =>
      createLockkeeper({ cwd: project.dir, url, variables: {}, lockWait: 0 });
    await (await open(database.url)).up();
    const before = await (await open(database.url)).status();

    const report = await (await open(database.url)).convert({ to: 'native', yes: true });
    expect(report.history).toEqual({ moved: before.applied.length });
    if (report.shadow !== null) expect(report.verified).toBe(true);
    expect(readdirSync(join(project.dir, 'native'))).toHaveLength(before.applied.length);

    // The old tool, its files and its tables go.
    for (const name of readdirSync(project.dir)) {
      if (name !== 'native') rmSync(join(project.dir, name), { recursive: true });
    }
    await database.query(history);
    project.write('lockkeeper.config.json', JSON.stringify({ migrations: 'native' }));
    const status = await (await open(database.url)).status();
    expect(status.applied.map(({ name }) => name)).toHaveLength(before.applied.length);
    expect([status.pending, status.missing, status.changed]).toEqual([[], [], []]);

    await (await open(second.url)).up();
    expect(dumpSchema(second.url)).toBe(dumpSchema(database.url));
    const reversible = report.migrations.filter((each) => each.reversible).length;
    if (reversible < report.migrations.length) return;
    for (const url of [database.url, second.url]) await (await open(url)).down({ all: true });
    expect(dumpSchema(second.url)).toBe(dumpSchema(database.url));
  });
});

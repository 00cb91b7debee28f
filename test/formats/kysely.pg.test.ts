import { cpSync, promises as fs } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { createLockkeeper } from '../../src/app/create-lockkeeper.js';
import type { RunReport } from '../../src/core/report.js';
import { assertNothingLeft, createDatabase, tempProject } from '../support/database.js';
import type { TempProject, TestDatabase, TestServer } from '../support/database.js';
import { repository } from '../support/project.js';
import { failure } from '../support/failure.js';
import { dumpableServers, dumpSchema } from '../support/schema-dump.js';
import { linkTools, toolsFolder } from '../support/tools.js';

const example = path.join(repository, 'examples', 'kysely');

interface Outcome {
  readonly error?: unknown;
  readonly results?: readonly { readonly migrationName: string; readonly status: string }[];
}

/** Kysely's own Migrator, and the pool that it needs. */
interface Migrator {
  migrateToLatest(): Promise<Outcome>;
  migrateUp(): Promise<Outcome>;
  migrateDown(): Promise<Outcome>;
  getMigrations(): Promise<readonly { readonly name: string; readonly executedAt?: Date }[]>;
}

async function withMigrator<Value>(
  { database, project }: Side,
  work: (migrator: Migrator) => Promise<Value>,
): Promise<Value> {
  const load = async (file: string): Promise<unknown> =>
    await import(pathToFileURL(path.join(toolsFolder, 'node_modules', file)).href);
  const kysely = (await load('kysely/dist/esm/index.js')) as Readonly<
    Record<string, new (options: object) => { destroy(): Promise<void> }>
  >;
  const { Kysely, PostgresDialect, FileMigrationProvider, Migrator } = kysely;
  const { default: pg } = (await load('pg/lib/index.js')) as { default: { Pool: new (o: object) => object } };
  if (!Kysely || !PostgresDialect || !FileMigrationProvider || !Migrator) throw new Error('no Kysely');
  const pool = new pg.Pool({ connectionString: database.url });
  const db = new Kysely({ dialect: new PostgresDialect({ pool }) });
  const migrationFolder = path.join(project.dir, 'migrations');
  const provider = new FileMigrationProvider({ fs, path, migrationFolder });
  try {
    return await work(new Migrator({ db, provider }) as unknown as Migrator);
  } finally {
    await db.destroy();
  }
}

async function migrate(
  side: Side,
  method: 'migrateToLatest' | 'migrateUp' | 'migrateDown',
): Promise<readonly string[]> {
  return await withMigrator(side, async (migrator) => {
    const { error, results = [] } = await migrator[method]();
    if (error !== undefined) throw error as Error;
    return results.map(({ migrationName }) => migrationName);
  });
}

const executed = (side: Side): Promise<readonly string[]> =>
  withMigrator(side, async (migrator) =>
    (await migrator.getMigrations())
      .filter(({ executedAt }) => executedAt !== undefined)
      .map(({ name }) => name),
  );

interface Side {
  readonly database: TestDatabase;
  readonly project: TempProject;
}

const sides: Side[] = [];

afterEach(async () => {
  for (const { database, project } of sides.splice(0)) {
    await assertNothingLeft(database);
    await database.drop();
    project.remove();
  }
});

async function createSide(server: TestServer): Promise<Side> {
  const project = tempProject();
  cpSync(example, project.dir, { recursive: true });
  linkTools(project);
  const side = { database: await createDatabase(server), project };
  sides.push(side);
  return side;
}

const open = ({ project, database }: Side) =>
  createLockkeeper({ cwd: project.dir, url: database.url, variables: {}, lockWait: 0 });
const up = async (side: Side, options = {}) => (await (await open(side)).up(options)) as RunReport;
const down = async (side: Side, steps: number) => (await (await open(side)).down({ steps })) as RunReport;
const pending = async (side: Side) =>
  (await (await open(side)).status()).pending.map(({ version }) => version);
const names = ['2025-01-10_rooms', '2025-02-11_stays', '2025-03-12_free_rooms'];

describe.each(dumpableServers)('Kysely on PostgreSQL $major', { timeout: 240_000 }, (server) => {
  it('comes to the same schema, data and history as with its Migrator, up and down', async () => {
    const [theirs, ours] = [await createSide(server), await createSide(server)];
    await migrate(theirs, 'migrateToLatest');
    expect((await up(ours)).applied.map(({ version }) => version)).toEqual(names);
    expect(dumpSchema(ours.database.url)).toBe(dumpSchema(theirs.database.url));
    expect(await executed(ours)).toEqual(names);
    const lockRows = 'select * from kysely_migration_lock';
    expect(await ours.database.query(lockRows)).toEqual(await theirs.database.query(lockRows));
    expect(await migrate(ours, 'migrateToLatest')).toEqual([]);

    await migrate(theirs, 'migrateDown');
    await down(ours, 1);
    expect(dumpSchema(ours.database.url)).toBe(dumpSchema(theirs.database.url));
    expect(await executed(ours)).toEqual(await executed(theirs));
  });

  it('takes turns with its Migrator in one database, and keeps it away meanwhile', async () => {
    const both = await createSide(server);
    await up(both, { steps: 1 });
    expect(await migrate(both, 'migrateUp')).toEqual(names.slice(1, 2));
    expect(await pending(both)).toEqual(names.slice(2));
    await up(both);
    expect(await migrate(both, 'migrateDown')).toEqual(names.slice(2));
    expect(await pending(both)).toEqual(names.slice(2));
    await down(both, 1);
    expect(await migrate(both, 'migrateToLatest')).toEqual(names.slice(1));
    await both.database.query('select pg_advisory_lock(3853314791062309107)');
    expect(await failure(up(both))).toMatchObject({ code: 'FOREIGN_LOCK_HELD' });
    await both.database.query('select pg_advisory_unlock(3853314791062309107)');
    expect((await up(both)).applied).toEqual([]);
  });

  it('runs what its Migrator cannot: an index that is built concurrently', async () => {
    const side = await createSide(server);
    side.project.write(
      'migrations/2025-04-13_index.ts',
      "import { type Kysely, sql } from 'kysely';\nexport async function up(db: Kysely<unknown>): Promise<void> {\n  await db.schema.alterTable('room').addColumn('floor', 'integer').execute();\n  await sql`create index concurrently room_floor on room (floor)`.execute(db);\n}\n",
    );
    const { applied } = await up(side);
    expect(applied.at(-1)?.steps.map(({ transaction }) => transaction)).toEqual([true, false, true]);
    expect(
      await side.database.query("select indisvalid from pg_index where indexrelid = 'room_floor'::regclass"),
    ).toEqual([{ indisvalid: true }]);
    expect(await failure(down(side, 1))).toMatchObject({ code: 'MIGRATION_IRREVERSIBLE' });
  });
});

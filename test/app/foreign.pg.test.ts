import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import type { RunReport } from '../../src/core/report.js';
import type { AdvisoryLockId } from '../../src/pg/advisory-lock.js';
import { hygiene } from '../../src/pg/baseline.js';
import { eventually } from '../execute/support.js';
import { servers, type TestServer, userTables } from '../support/database.js';
import { createWorkspace, failure, record, type Workspace } from './workspace.js';

// What is the same for every tool whose history is kept; Prisma stands for all whose lock is an advisory one.

const lockKey = 72_707_369;
const files = {
  'migration_lock.toml': 'provider = "postgresql"',
  '1_a/migration.sql': 'create table a (id int);',
  '1_a/down.sql': 'drop table a;',
  '2_b/migration.sql': 'create table b (id int);',
  '2_b/down.sql': 'drop table b;',
};

const open = (
  server: TestServer,
  more: Readonly<Record<string, string>> = {},
  { keep = true, environments = {} }: { readonly keep?: boolean; readonly environments?: object } = {},
): Promise<Workspace> =>
  createWorkspace(
    { ...files, ...more },
    {
      server,
      config: {
        migrations: { dir: 'migrations', format: 'prisma', keepForeignHistory: keep },
        environments: { development: {}, ...environments },
      },
    },
  );

const theirs = async ({ database }: Workspace): Promise<readonly string[]> => {
  const rows = await database.query<{ name: string }>(
    'select migration_name as name from _prisma_migrations where finished_at is not null order by started_at',
  );
  return rows.map(({ name }) => name);
};

/** What the other tool itself would have written. */
const byTheTool = ({ database }: Workspace, name: string, finished = true): Promise<unknown> =>
  database.query(`insert into _prisma_migrations (id, checksum, finished_at, migration_name, started_at, applied_steps_count)
    values (gen_random_uuid()::text, 'x', ${finished ? 'now()' : 'null'}, '${name}', now(), 1)`);

const versions = (report: RunReport): readonly string[] => report.applied.map(({ version }) => version);

describe.each(servers)('the history of another tool on PostgreSQL $major', (server) => {
  it('is made where it is missing, and written up and down in the same transaction', async () => {
    const app = await open(server);
    await app.up();
    expect(await theirs(app)).toEqual(['1_a', '2_b']);
    const transactions = await app.database.query(`
      select m.version from lockkeeper.schema_migrations m
      join _prisma_migrations p on p.migration_name = m.version and p.xmin = m.xmin`);
    expect(transactions).toHaveLength(2);
    await (await app.open()).down();
    expect(await theirs(app)).toEqual(['1_a']);
    await app.up();
    expect(await theirs(app)).toEqual(['1_a', '2_b']);
  });

  it('is not written when the migration fails', async () => {
    const app = await open(server, { '3_bad/migration.sql': 'create table c (id int); select 1 / 0;' });
    await failure((await app.open()).up());
    expect(await theirs(app)).toEqual(['1_a', '2_b']);
    expect(await app.applied()).toEqual(['1_a', '2_b']);
  });

  it('is followed: what the tool has applied is recorded, and what it has undone is pending again', async () => {
    const app = await open(server, { '3_c/migration.sql': 'create table c (id int);' });
    const lockkeeper = await app.open();
    await lockkeeper.up({ to: '2_b' });
    await app.database.query('create table c (id int)');
    await byTheTool(app, '3_c');
    const warnings = record(lockkeeper, 'warning');
    expect((await lockkeeper.status()).pending).toEqual([]);
    expect(warnings.map(({ code }) => code)).toEqual(['applied-elsewhere']);
    expect(versions((await lockkeeper.up()) as RunReport)).toEqual([]);
    expect(await app.applied()).toEqual(['1_a', '2_b', '3_c']);
    await app.database.query(`drop table c; delete from _prisma_migrations where migration_name = '3_c'`);
    expect((await lockkeeper.status()).pending.map(({ version }) => version)).toEqual(['3_c']);
    expect(versions((await lockkeeper.up()) as RunReport)).toEqual(['3_c']);
    expect((await lockkeeper.history()).entries.map(({ action }) => action)).toContain('repair');
  });

  it('does not undo what the table forgot in a protected environment, before somebody has said so', async () => {
    const app = await open(server, {}, { environments: { live: { protected: true } } });
    const lockkeeper = await app.open({ env: 'live' });
    await lockkeeper.up();
    await app.database.query('delete from _prisma_migrations');
    const error = await failure(lockkeeper.up());
    expect(error).toMatchObject({ code: 'FOREIGN_HISTORY_MOVED', exit: 3 });
    expect(await app.applied()).toEqual(['1_a', '2_b']);
    expect((await failure(lockkeeper.adopt())).code).toBe('CONFIRMATION_MISSING');
    expect(await app.applied()).toEqual(['1_a', '2_b']);
    await lockkeeper.adopt({ confirm: 'live' });
    expect(await app.applied()).toEqual([]);
  });

  it('is filled again from ours when its table is gone', async () => {
    const app = await open(server);
    await app.up();
    await app.database.query('drop table _prisma_migrations');
    await app.up();
    expect(await theirs(app)).toEqual(['1_a', '2_b']);
    expect(await app.applied()).toEqual(['1_a', '2_b']);
  });

  it('is told of what was applied while it was not kept, and nothing runs twice', async () => {
    const app = await open(server, {}, { keep: false });
    await app.up();
    expect(await userTables(app.database)).toEqual(['public.a', 'public.b']);
    app.project.write(
      'lockkeeper.config.json',
      JSON.stringify({ migrations: { dir: 'migrations', format: 'prisma' } }),
    );
    expect(versions(await app.up())).toEqual([]);
    expect(await theirs(app)).toEqual(['1_a', '2_b']);
  });

  it('is adopted before anything runs, and forgotten again', async () => {
    const app = await open(server);
    const lockkeeper = await app.open();
    await lockkeeper.up();
    await app.database.query('drop schema lockkeeper cascade');
    expect(await failure(lockkeeper.up())).toMatchObject({ code: 'FOREIGN_HISTORY_UNKNOWN', exit: 2 });
    const dry = await lockkeeper.adopt({ dryRun: true });
    expect(dry.sources[0]?.adopted.map(({ version }) => version)).toEqual(['1_a', '2_b']);
    expect(await app.applied()).toEqual([]);
    expect((await failure(lockkeeper.adopt())).code).toBe('CONFIRMATION_MISSING');
    await lockkeeper.adopt({ yes: true });
    expect(await app.applied()).toEqual(['1_a', '2_b']);
    expect(versions((await lockkeeper.up()) as RunReport)).toEqual([]);
    expect((await lockkeeper.verify()).ok).toBe(true);
    await lockkeeper.adopt({ forget: true, yes: true });
    expect(await app.applied()).toEqual([]);
    expect(await theirs(app)).toEqual(['1_a', '2_b']);
    await lockkeeper.adopt({ yes: true });
    await lockkeeper.down({ all: true, yes: true });
    expect(await theirs(app)).toEqual([]);
  });

  it('names what was changed since the tool applied it, what it left half done, and what has no file', async () => {
    const app = await open(server);
    const lockkeeper = await app.open();
    await lockkeeper.up({ to: '1_a' });
    await app.database.query(
      `drop schema lockkeeper cascade; update _prisma_migrations set checksum = 'other'`,
    );
    await byTheTool(app, '0_gone');
    await byTheTool(app, '2_b', false);
    const { sources } = await lockkeeper.adopt({ dryRun: true });
    expect(sources[0]).toMatchObject({
      tool: 'Prisma',
      changed: [{ version: '1_a' }],
      missing: ['0_gone'],
      unfinished: ['2_b'],
    });
    await lockkeeper.adopt({ yes: true });
    expect(await failure(lockkeeper.up())).toMatchObject({ code: 'FOREIGN_HISTORY_FAILED', exit: 2 });
  });

  it('follows mark', async () => {
    const app = await open(server);
    const lockkeeper = await app.open();
    await lockkeeper.up();
    await lockkeeper.mark({ version: '2_b', as: 'pending', why: 'test', yes: true });
    expect(await theirs(app)).toEqual(['1_a']);
    await lockkeeper.mark({ version: '2_b', as: 'applied', why: 'test', yes: true });
    expect(await theirs(app)).toEqual(['1_a', '2_b']);
  });
});

it.each(servers)(
  'settings that hold for later migrations, as with the tool, are told of on PostgreSQL $major',
  async (server) => {
    const app = await open(server, {
      '3_set/migration.sql': 'create schema s; set search_path = s;',
      '4_in/migration.sql': 'create table inside (id int);',
    });
    const report = await app.up();
    expect(report.warnings.map(({ code }) => code)).toEqual(['session-kept']);
    expect(report.warnings[0]?.message).toContain('migrations/3_set/migration.sql: SET search_path');
    expect(await userTables(app.database)).toContain('s.inside');
  },
);

describe.each(servers)('the lock of another tool on PostgreSQL $major', (server) => {
  const holding = async <Value>(url: string, work: (client: Client) => Promise<Value>): Promise<Value> => {
    const client = new Client(url);
    await client.connect();
    try {
      await client.query('select pg_advisory_lock($1)', [lockKey]);
      return await work(client);
    } finally {
      await client.end();
    }
  };

  it('is waited for, and ends the run with 4 when it is not to be had', async () => {
    const app = await open(server);
    const error = await holding(app.database.url, async () => failure((await app.open()).up()));
    expect(error).toMatchObject({ code: 'FOREIGN_LOCK_HELD', exit: 4 });
    expect(error.message).toContain('Prisma');
    expect(await userTables(app.database)).toEqual(['public._prisma_migrations']);
    const lockkeeper = await app.open({ lockWait: '30s' });
    const waiting = record(lockkeeper, 'lock:wait');
    const run = await holding(app.database.url, async () => {
      const started = lockkeeper.up();
      await eventually('the run waits', async () => (waiting.length > 0 ? true : null));
      return [started];
    });
    expect(versions((await run[0]) as RunReport)).toEqual(['1_a', '2_b']);
  });

  it('is held between migrations that change the session, and let go while a step waits for snapshots', async () => {
    const held = `select count(*)::int as n from pg_locks where locktype = 'advisory' and objid = ${lockKey} and pid = pg_backend_pid()`;
    const app = await open(server, {
      '3_set/migration.sql': `set search_path = pg_catalog;`,
      '4_seen/migration.sql': `create table public.seen as ${held};`,
      '5_index/migration.sql': 'create index concurrently on public.a (id);',
      '6_seen/migration.sql': `insert into public.seen ${held};`,
    });
    // A second run of the tool waits for its lock with a snapshot, which the index would have to wait for (ENGINE A2).
    const client = new Client(app.database.url);
    await client.connect();
    const lockkeeper = await app.open();
    let waiter: Promise<unknown> = Promise.resolve();
    lockkeeper.on('migration:apply:start', ({ version }) => {
      if (version === '5_index')
        waiter = client
          .query('select pg_advisory_lock($1)', [lockKey])
          .then(() => client.query('select pg_advisory_unlock($1)', [lockKey]));
    });
    await lockkeeper.up();
    await waiter;
    await client.end();
    expect(await app.database.query('select n from seen')).toEqual([{ n: 1 }, { n: 1 }]);
    expect(await app.database.query('select 1 from pg_index where not indisvalid')).toEqual([]);
  });

  it('ends the run when the tool has changed its history while the lock was let go', async () => {
    const app = await open(server, {
      '3_index/migration.sql': 'create index concurrently on a (id);\ncreate table after_index (id int);',
    });
    const lockkeeper = await app.open();
    await lockkeeper.up({ to: '2_b' });
    // Keeps the index from being built until the row is there.
    const old = new Client(app.database.url);
    await old.connect();
    await old.query('begin isolation level repeatable read; select 1 from a');
    const run = failure(lockkeeper.up());
    await eventually('the index waits', async () => {
      const rows = await app.database.query(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query ilike '%concurrently%'`,
      );
      return rows.length > 0 ? true : null;
    });
    await app.database.query(`delete from _prisma_migrations where migration_name = '2_b'`);
    await old.end();
    expect(await run).toMatchObject({ code: 'FOREIGN_HISTORY_MOVED', exit: 3 });
    expect(await userTables(app.database)).not.toContain('public.after_index');
  });
});

it.each(servers)(
  'hygiene on PostgreSQL $major keeps the lock that it is told to, and no other',
  async (server) => {
    const app = await createWorkspace({}, { server });
    const client = new Client(app.database.url);
    await client.connect();
    const keys = [3_000_000_000, -7, lockKey];
    for (const key of keys) await client.query('select pg_advisory_lock($1)', [key]);
    const ids = `select classid::int8::float8 as classid, objid::int8::float8 as objid, objsubid from pg_locks where locktype = 'advisory' and pid = pg_backend_pid() order by 1, 2`;
    const before = (await client.query<AdvisoryLockId>(ids)).rows;
    const kept = before.filter(({ classid }) => classid > 0);
    expect([before.length, kept.length]).toEqual([3, 1]);
    await client.query(hygiene(kept));
    expect((await client.query(ids)).rows).toEqual(kept);
    await client.end();
  },
);

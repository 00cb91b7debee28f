import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RunReport } from '../../src/core/report.js';
import { createWorkspace, failure, record, type Workspace } from '../app/workspace.js';
import {
  columnExists,
  invalidIndexes,
  servers,
  startServer,
  tableExists,
  type TestDatabase,
} from '../support/database.js';
import { eventually, holdSnapshot, workerAt, waitsForLock } from './support.js';

interface Held {
  readonly client: Client;
  release(): Promise<void>;
}

/** A session that keeps a lock until it is told to let go. */
async function hold(database: TestDatabase, sql: string): Promise<Held> {
  const client = await database.connect();
  await client.query('begin');
  await client.query(sql);
  return { client, release: async () => void (await client.query('rollback')) };
}

/** How long a statement of somebody else takes. */
async function timed(database: TestDatabase, sql: string): Promise<number> {
  const client = await database.connect();
  const began = performance.now();
  await client.query(sql);
  return performance.now() - began;
}

async function applied(app: Workspace): Promise<readonly string[]> {
  return (await app.up()).applied.map((done) => done.version);
}

const tables = { '1_t.sql': 'create table a (id int); create table b (id int); create table c (id int);' };

describe.each(servers)('the lock budget on PostgreSQL $major', (server) => {
  it('ends a transaction whose waits are each short, and all together too long for a reader behind it', async () => {
    const app = await createWorkspace(tables, { server });
    await app.up();
    app.write({
      '2_alter.sql': 'alter table a add n int;\nalter table b add n int;\nalter table c add n int;',
    });
    const [b, c] = [await hold(app.database, 'select from b'), await hold(app.database, 'select from c')];
    const lockkeeper = await app.open({ lockTimeout: '2s', lockRetries: 20 });
    const retries = record(lockkeeper, 'step:retry');
    const running = lockkeeper.up();
    await waitsForLock(app.database, await workerAt(app.database, 'alter table b'));
    const reader = timed(app.database, 'select * from a');
    await sleep(1500);
    await b.release(); // the second wait begins, and lasts
    // With 2 s for each wait the reader would have waited 3.5 s.
    expect(await reader).toBeLessThan(3200);
    await c.release();
    expect(((await running) as RunReport).applied.map((done) => done.version)).toEqual(['2']);
    expect(retries[0]).toMatchObject({ version: '2', sqlstate: '57014', rolledBack: 'step' });
  });

  it('does not end a transaction for whom nobody waits', async () => {
    const app = await createWorkspace(tables, { server });
    await app.up();
    app.write({
      '2_alter.sql': 'alter table a add n int;\nalter table b add n int;\nalter table c add n int;',
    });
    const [b, c] = [await hold(app.database, 'select from b'), await hold(app.database, 'select from c')];
    const lockkeeper = await app.open({ lockTimeout: '1500ms', lockRetries: 0 });
    const running = lockkeeper.up();
    const worker = await workerAt(app.database, 'alter table b');
    await waitsForLock(app.database, worker);
    await sleep(1000);
    await b.release();
    await sleep(1000);
    await c.release();
    expect(((await running) as RunReport).applied.map((done) => done.version)).toEqual(['2']);
  });

  it('fails with the budget, the place, and whoever was in the way, when no try is left', async () => {
    const app = await createWorkspace(tables, { server });
    await app.up();
    app.write({ '2_drop.sql': 'alter table a add n int;\ndrop table b, c;' });
    const [b, c] = [await hold(app.database, 'select from b'), await hold(app.database, 'select from c')];
    const running = failure((await app.open({ lockTimeout: '1600ms', lockRetries: 0 })).up());
    await waitsForLock(app.database, await workerAt(app.database, 'drop table b'));
    const reader = timed(app.database, 'select * from a');
    await sleep(1100);
    await b.release();
    const error = await running;
    await reader;
    await c.release();
    expect(error).toMatchObject({
      code: 'LOCK_BUDGET_EXCEEDED',
      exit: 3,
      location: { file: 'migrations/2_drop.sql', line: 2 },
      details: { sqlstate: '57014' },
    });
    expect(error.message).toMatch(/waited for locks for 1\.[4-7]\d*s altogether while other sessions waited/);
    expect(error.message).toMatch(
      /In its way: .*process \d+ \(test, user postgres from 127\.0\.0\.1\), idle in transaction for/,
    );
    expect(error.details['blockers']).toMatchObject([
      { mode: 'AccessShareLock', query: 'select from b' },
      { query: 'select from c' },
    ]);
    expect(await columnExists(app.database, 'a', 'n')).toBe(false);
  });

  it('ends a code migration over its budget, and does not call its function again', async () => {
    const app = await createWorkspace(tables, { server });
    await app.up();
    app.write({
      '2_code.ts': `export default { up: async (db: any) => {
        (globalThis as any).calls = ((globalThis as any).calls ?? 0) + 1;
        await db.exec('alter table a add n int'); await db.exec('drop table b, c'); } };`,
    });
    (globalThis as { calls?: number }).calls = 0;
    const [b, c] = [await hold(app.database, 'select from b'), await hold(app.database, 'select from c')];
    const running = failure((await app.open({ lockTimeout: '1600ms' })).up());
    await waitsForLock(app.database, await workerAt(app.database, 'drop table b'));
    const reader = timed(app.database, 'select * from a');
    await sleep(1100);
    await b.release();
    const error = await running;
    expect(await reader).toBeLessThan(2500);
    await c.release();
    expect(error.code).toBe('LOCK_BUDGET_EXCEEDED');
    expect((globalThis as { calls?: number }).calls).toBe(1);
  });

  it('waits long enough for an autovacuum to give way, and warns where it does not', async () => {
    const app = await createWorkspace(tables, { server });
    await app.up();
    const warned = await app.open({ lockTimeout: '1400ms' });
    const warnings = record(warned, 'warning');
    app.write({ '2_x.sql': 'create table x (id int);' });
    await warned.up();
    expect(warnings).toMatchObject([
      { code: 'lock-timeout-short', hint: 'Set lockTimeout to at least 1500ms.' },
    ]);
    app.write({ '3_y.sql': 'create table y (id int);' });
    const quiet = await app.open({ lockTimeout: '1500ms' });
    const none = record(quiet, 'warning');
    await quiet.up();
    expect(none).toEqual([]);
  });

  it('shares the budget out among the waits where there is no second connection', async () => {
    const app = await createWorkspace(tables, { server });
    await app.up();
    app.write({
      '2_alter.sql': 'alter table a add n int;\nalter table b add n int;\nalter table c add n int;',
    });
    const b = await hold(app.database, 'select from b');
    const lockkeeper = await app.open({ lockTimeout: '3s', lockRetries: 0, observer: false });
    const warnings = record(lockkeeper, 'warning');
    const began = performance.now();
    const error = await failure(lockkeeper.up());
    expect(performance.now() - began).toBeLessThan(2900);
    await b.release();
    expect(error).toMatchObject({ code: 'LOCK_BUDGET_EXCEEDED', details: { sqlstate: '55P03' } });
    expect(warnings).toMatchObject([{ code: 'lock-timeout-short' }]);
    expect(warnings[0]?.message).toContain('wait 1s for a lock, its share of lockTimeout');
  });

  it('is tried again as a whole when another session has changed the same row of the catalog (XX000)', async () => {
    const app = await createWorkspace({}, { server });
    const role = await app.role();
    app.write({
      '1_a.sql': 'create table a (id int);',
      '2_role.sql': `alter role ${role.name} connection limit 6;`,
    });
    const other = await hold(app.database, `alter role ${role.name} connection limit 5`);
    const lockkeeper = await app.open();
    const retries = record(lockkeeper, 'step:retry');
    const running = lockkeeper.up({ singleTransaction: true });
    await waitsForLock(app.database, await workerAt(app.database, 'alter role'));
    await other.client.query('commit');
    const report = (await running) as RunReport;
    expect(retries[0]).toMatchObject({ version: '2', sqlstate: 'XX000', rolledBack: 'run' });
    expect(report.applied.map((done) => done.version)).toEqual(['1', '2']);
    expect(
      await app.database.query('select rolconnlimit as n from pg_roles where rolname = $1', [role.name]),
    ).toEqual([{ n: 6 }]);
  });

  it('tries a single transaction again as a whole', async () => {
    const app = await createWorkspace(
      {
        '1_a.sql': 'create table made (id int);',
        '2_b.sql': 'create table more (id int); alter table busy add n int;',
      },
      { server },
    );
    await app.database.query('create table busy (id int)');
    const busy = await hold(app.database, 'select from busy');
    const lockkeeper = await app.open({ lockTimeout: '300ms', lockRetries: 50 });
    const retries = record(lockkeeper, 'step:retry');
    const free: Promise<unknown>[] = [];
    lockkeeper.on('step:retry', () => {
      if (free.length === 0)
        free.push(tableExists(app.database, 'made').then(async (is) => (await busy.release(), is)));
    });
    const report = (await lockkeeper.up({ singleTransaction: true })) as RunReport;
    expect(await Promise.all(free)).toEqual([false]);
    expect(retries[0]).toMatchObject({
      version: '2',
      step: 1,
      attempt: 1,
      sqlstate: '55P03',
      rolledBack: 'run',
    });
    expect(report.applied.map((done) => done.version)).toEqual(['1', '2']);
    expect(await app.applied()).toEqual(['1', '2']);
  });

  it('does not try a single transaction again that has called a function', async () => {
    const app = await createWorkspace(
      {
        '1_a.ts': `export default { up: async (db: any) => { await db.exec('create table made (id int)'); } };`,
        '2_b.sql': 'alter table busy add n int;',
      },
      { server },
    );
    await app.database.query('create table busy (id int)');
    const busy = await hold(app.database, 'select from busy');
    const lockkeeper = await app.open({ lockTimeout: '200ms' });
    const retries = record(lockkeeper, 'step:retry');
    const error = await failure(lockkeeper.up({ singleTransaction: true }));
    await busy.release();
    expect(error.code).toBe('LOCK_BUDGET_EXCEEDED');
    expect(retries).toEqual([]);
    expect(await tableExists(app.database, 'made')).toBe(false);
  });
});

describe.each(servers)('the second connection on PostgreSQL $major', (server) => {
  const alter = { ...tables, '2_alter.sql': 'alter table a add n int;' };

  it('is not opened for steps that are quick', async () => {
    const app = await createWorkspace(alter, { server });
    const observers: number[] = [];
    const lockkeeper = await app.open();
    lockkeeper.on('migration:apply:success', () => void count(app.database).then((n) => observers.push(n)));
    await lockkeeper.up();
    expect(await count(app.database)).toBe(0);
    expect(observers.every((n) => n === 0)).toBe(true);
  });

  it('says who stands in the way, while it waits and in the report', async () => {
    const app = await createWorkspace(alter, { server });
    await (await app.open()).up({ steps: 1 });
    const a = await hold(app.database, 'select 1 from a');
    const lockkeeper = await app.open({ lockTimeout: '20s' });
    const told = record(lockkeeper, 'lock:blocked');
    const running = lockkeeper.up();
    await eventually('it is said', async () => (told.length > 0 ? true : null));
    expect(await count(app.database)).toBe(1);
    await a.release();
    const report = (await running) as RunReport;
    const blocker = {
      pid: (a.client as Client & { processID: number }).processID,
      applicationName: 'test',
      user: 'postgres',
      clientAddress: '127.0.0.1',
      state: 'idle in transaction',
      query: 'select 1 from a',
      mode: 'AccessShareLock',
      kind: 'client backend',
      preparedName: null,
      waitsFor: [],
    };
    expect(told[0]).toMatchObject({
      version: '2',
      step: 1,
      mode: 'AccessExclusiveLock',
      on: 'public.a',
      waiting: 0,
      blockers: [blocker],
    });
    expect(report.applied[0]?.steps[0]?.blockers).toMatchObject([blocker]);
    expect(told[0]?.blockers[0]?.ageMs).toBeGreaterThan(200);
  });

  it('names a prepared transaction', async () => {
    const app = await createWorkspace(alter, { server });
    await (await app.open()).up({ steps: 1 });
    const client = await app.database.connect();
    const gid = `lk ${app.database.name}`;
    await client.query(`begin; lock table a in share mode; prepare transaction '${gid}'`);
    const lockkeeper = await app.open({ lockTimeout: '900ms', lockRetries: 0 });
    const told = record(lockkeeper, 'lock:blocked');
    const error = await failure(lockkeeper.up());
    await client.query(`rollback prepared '${gid}'`);
    expect(told[0]?.blockers).toMatchObject([
      { pid: 0, preparedName: gid, user: 'postgres', state: 'prepared', mode: 'ShareLock' },
    ]);
    expect(error.message).toContain(`In its way: the prepared transaction '${gid}' of postgres, prepared`);
  });

  it('says that the role may not see what others do', async () => {
    const app = await createWorkspace(alter, { server });
    const role = await app.role();
    await app.database.query(
      `grant create on database ${app.database.name} to ${role.name}; grant all on schema public to ${role.name}`,
    );
    await (await app.open({ url: role.url })).up({ steps: 1 });
    const a = await hold(app.database, 'select 1 from a');
    const lockkeeper = await app.open({ url: role.url, lockTimeout: '1500ms', lockRetries: 0 });
    const [told, warnings] = [record(lockkeeper, 'lock:blocked'), record(lockkeeper, 'warning')];
    await failure(lockkeeper.up());
    await a.release();
    expect(told[0]?.blockers).toMatchObject([
      { pid: expect.any(Number), query: null, state: null, ageMs: null, mode: 'AccessShareLock' },
    ]);
    expect(warnings).toMatchObject([{ code: 'blockers-hidden' }]);
  });

  it('is done without where the role may have no other connection, and says so once', async () => {
    const app = await createWorkspace(tables, { server });
    const role = await app.role('connection limit 1');
    await app.database.query(
      `grant create on database ${app.database.name} to ${role.name}; grant all on schema public to ${role.name}`,
    );
    await (await app.open({ url: role.url })).up();
    app.write({
      '2_slow.sql': 'select pg_sleep(1);',
      '3_alter.sql': 'alter table a add n int;\nalter table b add n int;\nselect pg_sleep(1);',
    });
    const lockkeeper = await app.open({ url: role.url, lockTimeout: '4s' });
    const warnings = record(lockkeeper, 'warning');
    const report = (await lockkeeper.up()) as RunReport;
    expect(report.applied).toHaveLength(2);
    expect(warnings.filter(({ code }) => code === 'observer-missing')).toHaveLength(1);
    expect(warnings[0]?.message).toMatch(/too many connections/);
  });

  it('is done without when it is lost in the middle', async () => {
    const app = await createWorkspace(
      { '1_slow.sql': 'create table a (id int);\nselect pg_sleep(2);' },
      { server },
    );
    const lockkeeper = await app.open();
    const warnings = record(lockkeeper, 'warning');
    const running = lockkeeper.up();
    await eventually('the second connection is there and ended', async () => {
      const rows = await app.database.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like '%observer'",
      );
      return rows.length > 0 ? true : null;
    });
    expect(((await running) as RunReport).applied).toHaveLength(1);
    expect(warnings).toMatchObject([{ code: 'observer-missing' }]);
  });

  it('is closed before a database is made from this one', async () => {
    const app = await createWorkspace({}, { server });
    const copy = `${app.database.name}_copy`;
    app.write({
      '1_copy.sql': `-- transaction: per-statement\nselect pg_sleep(1.5);\ncreate database ${copy} template ${app.database.name};`,
    });
    // A session of ours that stays makes the server wait for five seconds, and then refuse (55006).
    const report = (await (await app.open()).up()) as RunReport;
    await app.database.query(`drop database ${copy}`);
    expect(report.applied).toHaveLength(1);
  });
});

describe.each(servers)('what is detached concurrently on PostgreSQL $major', (server) => {
  it('is finished beside a reader, who waits no longer than the budget', async () => {
    const app = await createWorkspace(
      {
        '1_p.sql':
          'create table p (id int) partition by range (id); create table p1 partition of p for values from (0) to (9);',
      },
      { server },
    );
    await app.up();
    app.write({ '2_detach.sql': 'alter table p detach partition p1 concurrently;' });
    const old = await hold(app.database, 'select from p1');
    const lockkeeper = await app.open({ lockTimeout: '600ms', lockRetries: 50 });
    const running = lockkeeper.up();
    await eventually('the detach is half done', async () => {
      const rows = await app.database.query('select 1 from pg_inherits where inhdetachpending');
      return rows.length > 0 ? true : null;
    });
    // Readers of the partition pass between two tries, and behind one that waits after its budget at the latest.
    expect(await timed(app.database, 'select from p1')).toBeLessThan(4000);
    await old.release();
    expect(((await running) as RunReport).applied.map((done) => done.version)).toEqual(['2']);
    expect(await app.database.query('select 1 from pg_inherits')).toEqual([]);
  });
});

describe.each(servers)('a concurrent build on PostgreSQL $major', (server) => {
  it('is cleaned up and tried again after a deadlock with a waiter for an advisory lock of its own session', async () => {
    const app = await createWorkspace({ '1_t.sql': 'create table t (id int);' }, { server });
    await app.up();
    app.write({
      '2_i.sql':
        'select pg_advisory_lock(4711);\ncreate index concurrently t_id on t (id);\nselect pg_advisory_unlock(4711);',
    });
    // Another tool: waits with a snapshot for the lock that the build's session holds, and gives up after a while.
    const tool = await app.database.connect();
    const lockkeeper = await app.open();
    const retries = record(lockkeeper, 'step:retry');
    const waiters: Promise<unknown>[] = [];
    lockkeeper.on('step:success', ({ version, report }) => {
      if (version !== '2' || report.step !== 1) return;
      const waiter = tool
        .query("set lock_timeout = '4s'; set deadlock_timeout = '30s'; select pg_advisory_lock(4711)")
        .catch(() => null);
      waiters.push(waiter);
    });
    const report = (await lockkeeper.up()) as RunReport;
    await Promise.all(waiters);
    expect(report.applied.map((done) => done.version)).toEqual(['2']);
    expect(retries).toMatchObject(retries.map(() => ({ sqlstate: '40P01' })));
    expect(retries.length).toBeGreaterThan(0);
    expect(await invalidIndexes(app.database)).toEqual([]);
    expect(await tableExists(app.database, 't_id')).toBe(true);
  });

  it('names the waiter in the way, and for whom that one waits', async () => {
    const app = await createWorkspace({ '1_t.sql': 'create table t (id int);' }, { server });
    await app.up();
    app.write({ '2_i.sql': 'create index concurrently t_id on t (id);' });
    const holder = await app.database.connect();
    await holder.query('select pg_advisory_lock(99)');
    const waiter = await app.database.connect();
    const waiting = waiter.query('select pg_advisory_lock(99)');
    const lockkeeper = await app.open();
    const told = record(lockkeeper, 'lock:blocked');
    const running = lockkeeper.up();
    await eventually('it is said', async () => (told.length > 0 ? true : null));
    await holder.query('select pg_advisory_unlock(99)');
    await waiting;
    await waiter.query('select pg_advisory_unlock(99)');
    expect(((await running) as RunReport).applied).toHaveLength(1);
    expect(told[0]).toMatchObject({
      on: 'an older transaction',
      blockers: [
        {
          query: 'select pg_advisory_lock(99)',
          waitsFor: [(holder as Client & { processID: number }).processID],
        },
      ],
    });
  });

  it('ends at its deadline without leaving anything', async () => {
    const app = await createWorkspace({ '1_t.sql': 'create table t (id int);' }, { server });
    await app.up();
    app.write({ '2_i.sql': 'create index concurrently t_id on t (id);' });
    const old = await holdSnapshot(app.database);
    const error = await failure((await app.open({ concurrentDeadline: '800ms' })).up());
    await old.release();
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', details: { sqlstate: '57014' } });
    expect(error.hint).toContain('--concurrent-deadline');
    expect(await invalidIndexes(app.database)).toEqual([]);
    expect(await applied(app)).toEqual(['2']);
  });
});

describe.each(servers)('an autovacuum in the way on PostgreSQL $major', (server) => {
  it('gives way within the budget', async () => {
    const own = await startServer(server.major, {
      autovacuum_naptime: '1s',
      autovacuum_vacuum_cost_delay: '100ms',
      autovacuum_vacuum_cost_limit: '1',
      autovacuum_vacuum_insert_threshold: '100',
    });
    onTestFinished(() => own.remove());
    const app = await createWorkspace(
      { '1_t.sql': 'create table t (id int, filler text);' },
      { server: { major: own.major, url: own.url, superuser: 'postgres' } },
    );
    await app.up();
    await app.database.query(
      "insert into t select g, repeat('x', 500) from generate_series(1, 50000) g; delete from t where id % 2 = 0",
    );
    await eventually('an autovacuum is at work', async () => {
      const rows = await app.database.query(
        "select 1 from pg_stat_activity where backend_type = 'autovacuum worker' and query like '%public.t%'",
      );
      if (rows.length > 0) return true;
      await sleep(100);
      return null;
    });
    app.write({ '2_alter.sql': 'alter table t add n int;' });
    const lockkeeper = await app.open({ lockRetries: 0 });
    const told = record(lockkeeper, 'lock:blocked');
    expect(((await lockkeeper.up()) as RunReport).applied.map((done) => done.version)).toEqual(['2']);
    expect(told[0]?.blockers).toMatchObject([{ kind: 'autovacuum worker' }]);
  });
});

async function count(database: TestDatabase): Promise<number> {
  const rows = await database.query<{ n: number }>(
    "select count(*)::int as n from pg_stat_activity where datname = current_database() and application_name like 'lockkeeper observer'",
  );
  return rows[0]?.n ?? 0;
}

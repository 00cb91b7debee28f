import { describe, expect, it } from 'vitest';
import { invalidIndexes, servers, tableExists, type TestServer } from '../support/database.js';
import { createWorkspace, type Workspace } from '../app/workspace.js';
import {
  backendGone,
  catalogOf,
  command,
  documentOf,
  errorCodeOf,
  eventually,
  holdSnapshot,
  isAlive,
  ledger,
  lockHolders,
  openSteps,
  start,
  upFinishes,
  waitsForLock,
  workerAt,
} from './support.js';

const data = `
create table ledger (what text not null);
create schema app;
create table t (id int primary key, a int, b text);
insert into t select i, i % 7, 'x' || i from generate_series(1, 2000) i;
create index t_old on t (b, a);
create table app.u (id int);
create index u_old on app.u (id);
create type mood as enum ('calm');
`;

/** Kills `up` as soon as its session waits in such a statement; gives the backend that is left behind. */
async function killAt(workspace: Workspace, statement: string): Promise<number> {
  const running = start(workspace, ['up']);
  const pid = await workerAt(workspace.database, statement, running);
  await waitsForLock(workspace.database, pid);
  running.kill('SIGKILL');
  await running.ended;
  return pid;
}

async function withData(server: TestServer, files: Readonly<Record<string, string>>): Promise<Workspace> {
  const workspace = await createWorkspace(files, { server });
  await workspace.database.query(data);
  return workspace;
}

/** Statements outside any transaction, each with what has to stand afterwards. */
const statements: readonly { readonly sql: string; readonly at: string; readonly index: string | null }[] = [
  { sql: 'create index concurrently t_a on t (a)', at: 't_a on', index: 't_a' },
  { sql: 'create index concurrently on t (a)', at: 'concurrently on t (a)', index: 't_a_idx' },
  { sql: 'create index concurrently on t (lower(b), a) where a > 1', at: 'lower(b)', index: 't_lower_a_idx' },
  { sql: 'create unique index concurrently t_id on t (id desc)', at: 't_id on', index: 't_id' },
  { sql: 'create index concurrently if not exists t_b on public.t using hash (b)', at: 'hash', index: 't_b' },
  {
    sql: 'set search_path = app, public; create index concurrently "T é""q" on t (a)',
    at: 'T é',
    index: '"T é""q"',
  },
  { sql: 'drop index concurrently t_old', at: 'drop index', index: null },
  { sql: 'set search_path = app; drop index concurrently u_old', at: 'drop index', index: null },
  { sql: 'drop index concurrently if exists t_old', at: 'drop index', index: null },
];

async function dieAndGoOn(server: TestServer, index: number): Promise<void> {
  const { sql, at, index: name } = statements[index]!;
  const files = {
    '1_x.sql': `insert into public.ledger values ('before'); ${sql}; insert into public.ledger values ('after');`,
    '2_y.sql': `insert into public.ledger values ('next');`,
  };
  const disturbed = await withData(server, files);
  const snapshot = await holdSnapshot(disturbed.database, 't, app.u');
  const orphan = await killAt(disturbed, at);
  await backendGone(disturbed.database, orphan);
  await snapshot.release();
  await upFinishes(disturbed);
  expect(await ledger(disturbed.database)).toEqual({ before: 1, after: 1, next: 1 });
  expect(await invalidIndexes(disturbed.database)).toEqual([]);
  expect(await openSteps(disturbed.database)).toEqual([]);
  if (name !== null) expect(await tableExists(disturbed.database, name)).toBe(true);
  const calm = await withData(server, files);
  await upFinishes(calm);
  expect(await catalogOf(disturbed.database)).toEqual(await catalogOf(calm.database));
}

describe.each(servers)('what a killed run leaves at work, on PostgreSQL $major', (server) => {
  it('is finished once, whichever statement outside a transaction it waited in', async () => {
    await Promise.all(statements.map((_, index) => dieAndGoOn(server, index)));
  });

  it('keeps the lock until it is gone, and the next run waits for it', async () => {
    const workspace = await withData(server, {
      '1_x.sql': `insert into ledger values ('before'); create index concurrently t_a on t (a);`,
    });
    const { database } = workspace;
    const snapshot = await holdSnapshot(database);
    const orphan = await killAt(workspace, 't_a');
    expect([await isAlive(database, orphan), await lockHolders(database)]).toEqual([true, [orphan]]);
    const refused = await command(workspace, ['up', '--lock-wait', '0', '--json']);
    expect([refused.code, errorCodeOf(refused)]).toEqual([4, 'LOCK_HELD']);
    expect(documentOf(refused)['error']).toMatchObject({ details: { holder: { pid: orphan } } });
    const next = start(workspace, ['up', '--lock-wait', '60s']);
    // client_connection_check_interval ends the orphan although the snapshot is still held.
    await backendGone(database, orphan);
    const successor = await workerAt(database, 't_a', next);
    await waitsForLock(database, successor);
    await snapshot.release();
    expect((await next.ended).code).toBe(0);
    expect(await invalidIndexes(database)).toEqual([]);
    expect(await ledger(database)).toEqual({ before: 1 });
  });

  it('is cleaned up also while another transaction uses the table for longer than a lock may take', async () => {
    const workspace = await withData(server, { '1_x.sql': `create index concurrently t_a on t (a);` });
    const { database } = workspace;
    const snapshot = await holdSnapshot(database, 't');
    await backendGone(database, await killAt(workspace, 't_a'));
    expect(await invalidIndexes(database)).toEqual(['t_a']);
    const next = start(workspace, ['up', '--lock-timeout', '1s', '--lock-retries', '0']);
    const cleaner = await workerAt(database, 'drop index concurrently', next);
    await database.query('select pg_sleep(1.3)');
    expect(await isAlive(database, cleaner)).toBe(true);
    await snapshot.release();
    expect((await next.ended).code).toBe(0);
    expect(await invalidIndexes(database)).toEqual([]);
  });

  it('leaves the index alone that somebody else builds or made on the same table meanwhile', async () => {
    const workspace = await withData(server, { '1_x.sql': 'create index concurrently on t (a);' });
    const { database } = workspace;
    const snapshot = await holdSnapshot(database);
    await backendGone(database, await killAt(workspace, 'on t (a)'));
    // After the crash: one index made by hand, one that failed by hand, one that is being built right now.
    await database.query('create index by_hand on t (b)');
    const other = await database.connect();
    await other.query("set statement_timeout = '100ms'");
    await expect(other.query('create index concurrently failed_by_hand on t (b, id)')).rejects.toThrow(
      /timeout/,
    );
    await other.query('reset statement_timeout');
    const building = other.query('create index concurrently built_by_hand on t (a, b)');
    await eventually('the other build waits', async () => {
      const rows = await database.query('select 1 from pg_stat_progress_create_index');
      return rows.length > 0 ? true : null;
    });
    const next = start(workspace, ['up']);
    await eventually('the next run has the lock', async () =>
      (await lockHolders(database)).length > 0 ? true : null,
    );
    // Longer than deadlock_timeout: whoever waits for the other in a circle would be found.
    await database.query('select pg_sleep(1.5)');
    await snapshot.release();
    expect((await next.ended).code).toBe(0);
    await building;
    expect(await invalidIndexes(database)).toEqual(['failed_by_hand']);
    for (const index of ['t_a_idx', 'by_hand', 'built_by_hand'])
      expect([index, await tableExists(database, index)]).toEqual([index, true]);
    expect(await tableExists(database, 't_a_idx1')).toBe(false);
  });

  it('waits for a build of somebody else on the same table, and neither ends the other', async () => {
    const workspace = await withData(server, { '1_x.sql': 'create index concurrently t_a on t (a);' });
    const { database } = workspace;
    const snapshot = await holdSnapshot(database);
    const other = await database.connect();
    const building = other.query('create index concurrently theirs on t (b)');
    await eventually('the other build waits', async () => {
      const rows = await database.query('select 1 from pg_stat_progress_create_index');
      return rows.length > 0 ? true : null;
    });
    const running = start(workspace, ['up']);
    await waitsForLock(database, await workerAt(database, 't_a', running));
    await database.query('select pg_sleep(1.5)');
    await snapshot.release();
    await building;
    expect((await running.ended).code).toBe(0);
    expect(await invalidIndexes(database)).toEqual([]);
    expect([await tableExists(database, 't_a'), await tableExists(database, 'theirs')]).toEqual([true, true]);
  });

  it('does not take an index for its own that somebody made before it could begin', async () => {
    const workspace = await withData(server, { '1_x.sql': 'create index concurrently t_a on t (a);' });
    const { database } = workspace;
    // The build cannot even make its entry in the catalog: the table is locked.
    const blocker = await database.connect();
    await blocker.query('begin; lock table t in share row exclusive mode');
    await backendGone(database, await killAt(workspace, 't_a'));
    expect(await openSteps(database)).toEqual(['1 step 1 apply started']);
    await blocker.query('commit; create index other on t (b)');
    await upFinishes(workspace);
    expect([await tableExists(database, 't_a'), await tableExists(database, 'other')]).toEqual([true, true]);
  });

  it('runs an unnamed index again when only a stranger made one like it in name', async () => {
    const workspace = await withData(server, { '1_x.sql': 'create index concurrently on t (a);' });
    const { database } = workspace;
    const blocker = await database.connect();
    await blocker.query('begin; lock table t in share row exclusive mode');
    await backendGone(database, await killAt(workspace, 'on t (a)'));
    await blocker.query('commit; create index t_a_idx on t (b)');
    await upFinishes(workspace);
    expect(await tableExists(database, 't_a_idx1')).toBe(true);
  });
});

describe.each(servers)('a statement after the client is gone, on PostgreSQL $major', (server) => {
  it('either commits before the next run looks, or leaves nothing', async () => {
    const workspace = await withData(server, {
      '1_slow.sql': `insert into ledger values ('1'); select pg_sleep(1); create table made (id int);`,
    });
    const running = start(workspace, ['up']);
    await workerAt(workspace.database, 'pg_sleep', running);
    running.kill('SIGKILL');
    await running.ended;
    await upFinishes(workspace);
    expect(await ledger(workspace.database)).toEqual({ '1': 1 });
    expect(await workspace.applied()).toEqual(['1']);
  });
});

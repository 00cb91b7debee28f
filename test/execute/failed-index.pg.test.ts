import { describe, expect, it } from 'vitest';
import type { RunReport } from '../../src/core/report.js';
import { invalidIndexes, servers, tableExists, type TestServer } from '../support/database.js';
import { createWorkspace, failure, record, type Workspace } from '../app/workspace.js';
import { eventually, holdSnapshot, openSteps, waitsForLock, workerAt } from './support.js';

async function withTable(server: TestServer, sql: string): Promise<Workspace> {
  const workspace = await createWorkspace({ '1_i.sql': sql }, { server });
  await workspace.database.query(
    `create table t (id int, a int, b text); insert into t values (1, 1, 'x'), (2, 1, 'y')`,
  );
  return workspace;
}

/** Leaves an invalid index of somebody else's, by a unique build over duplicates. */
async function makeInvalid(workspace: Workspace, name: string): Promise<void> {
  const other = await workspace.database.connect();
  await expect(other.query(`create unique index concurrently ${name} on t (a)`)).rejects.toThrow(/unique/);
}

describe.each(servers)('CREATE INDEX CONCURRENTLY that fails, on PostgreSQL $major', (server) => {
  it.each([
    ['with a name', 'create unique index concurrently t_a on t (a);'],
    ['without a name', 'create unique index concurrently on t (a);'],
    ['with IF NOT EXISTS', 'create unique index concurrently if not exists t_a on public.t (a);'],
    ['on an expression that fails', 'create index concurrently t_a on t ((1 / (a - 1)));'],
  ])('leaves no index behind: %s', async (_, sql) => {
    const workspace = await withTable(server, sql);
    const { database } = workspace;
    const error = await failure(workspace.up());
    expect(error).toMatchObject({
      code: 'MIGRATION_FAILED',
      exit: 3,
      location: { file: 'migrations/1_i.sql', line: 1 },
    });
    expect(error.details['sqlstate']).toMatch(/^(23505|22012)$/);
    expect([await invalidIndexes(database), await openSteps(database)]).toEqual([[], []]);
    await database.query('update t set a = id + 1');
    await workspace.up();
    expect([await invalidIndexes(database), await workspace.applied()]).toEqual([[], ['1']]);
  });

  it('tells its own error, and leaves the indexes alone that others are building and have failed to build', async () => {
    const workspace = await withTable(server, 'create unique index concurrently t_a on t (a);');
    const { database } = workspace;
    await makeInvalid(workspace, 'theirs');
    await database.query('create table p (a int) partition by range (a); create index p_a on only p (a)');
    const error = await failure(workspace.up());
    expect(error.details).toMatchObject({ sqlstate: '23505' });
    expect(await invalidIndexes(database)).toEqual(['theirs']);
    await database.query('update t set a = id');
    await workspace.up();
    expect([await invalidIndexes(database), await tableExists(database, 't_a')]).toEqual([['theirs'], true]);
  });

  it('is cancelled by an administrator, and leaves no index behind', async () => {
    const workspace = await withTable(server, 'create index concurrently t_a on t (a);');
    const { database } = workspace;
    const snapshot = await holdSnapshot(database);
    const running = failure(workspace.up());
    const worker = await workerAt(database, 't_a');
    await waitsForLock(database, worker);
    await database.query('select pg_cancel_backend($1)', [worker]);
    expect(await running).toMatchObject({
      code: 'MIGRATION_FAILED',
      exit: 3,
      details: { sqlstate: '57014' },
    });
    expect(await invalidIndexes(database)).toEqual([]);
    await snapshot.release();
    await workspace.up();
  });

  it('is the victim of a deadlock, cleans up, and tries again', async () => {
    const workspace = await withTable(server, 'create index concurrently t_a on t (a);');
    const { database } = workspace;
    const other = await database.connect();
    // The build waits for this transaction, which then waits for the build; the build looks first.
    await other.query(`set deadlock_timeout = '60s'; begin; insert into t values (3, 3, 'z')`);
    const lockkeeper = await workspace.open();
    const retries = record(lockkeeper, 'step:retry');
    const running = lockkeeper.up();
    await waitsForLock(database, await workerAt(database, 't_a'));
    const theirs = other.query('lock table t in share update exclusive mode');
    await theirs;
    await other.query('commit');
    await eventually('the deadlock was found', async () => (retries.length > 0 ? true : null));
    const report = (await running) as RunReport;
    expect(retries[0]).toMatchObject({ sqlstate: '40P01', attempt: 1 });
    expect(report.applied).toMatchObject([{ version: '1', steps: [{ step: 1, retries: retries.length }] }]);
    expect([await invalidIndexes(database), await tableExists(database, 't_a')]).toEqual([[], true]);
  });

  it('reports an invalid index of somebody else that IF NOT EXISTS skips over, and does not touch it', async () => {
    const workspace = await withTable(server, 'create index concurrently if not exists t_a on t (a);');
    const { database } = workspace;
    await makeInvalid(workspace, 't_a');
    const error = await failure(workspace.up());
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', details: { index: 't_a' } });
    expect(error.message).toMatch(/"t_a" exists and is invalid/);
    expect([await invalidIndexes(database), await workspace.applied()]).toEqual([['t_a'], []]);
    await database.query('drop index t_a');
    await workspace.up();
    expect(await invalidIndexes(database)).toEqual([]);
  });

  it('does not mind an invalid index whose name is the end of its own', async () => {
    const workspace = await withTable(server, 'create index concurrently if not exists my_t_a on t (a);');
    await makeInvalid(workspace, 't_a');
    await workspace.database.query('create index my_t_a on t (a)');
    await workspace.up();
    expect(await invalidIndexes(workspace.database)).toEqual(['t_a']);
  });

  it('leaves the invalid index of CREATE INDEX ON ONLY alone, which is so by design', async () => {
    const workspace = await createWorkspace(
      {
        '1_p.sql': `create table p (a int) partition by range (a); create table p1 partition of p for values from (0) to (10);
          create index p_a on only p (a); insert into p values (1), (1);`,
        '2_i.sql': 'create unique index concurrently p1_a on p1 (a);',
      },
      { server },
    );
    await failure(workspace.up());
    expect(await invalidIndexes(workspace.database)).toEqual(['p_a']);
  });
});

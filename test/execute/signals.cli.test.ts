import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { historyLockKey } from '../../src/pg/advisory-lock.js';
import { invalidIndexes, latest, servers, tableExists, type TestServer } from '../support/database.js';
import { createWorkspace, failure, record, reportOf, type Workspace } from '../app/workspace.js';
import {
  backendGone,
  documentOf,
  errorCodeOf,
  eventually,
  holdSnapshot,
  openSteps,
  start,
  upFinishes,
  waitsForLock,
  workerAt,
} from './support.js';

const slowly = (seconds: number): Readonly<Record<string, string>> => ({
  '1_slow.sql': `create table a (id int); select pg_sleep(${seconds});`,
  '2_next.sql': 'create table b (id int);',
});

async function signalled(
  workspace: Workspace,
  at: string,
  signals: readonly NodeJS.Signals[],
): Promise<{
  readonly code: number | null;
  readonly document: Record<string, unknown>;
  readonly error: string | null;
}> {
  const running = start(workspace, ['up', '--json']);
  await workerAt(workspace.database, at, running);
  for (const [index, signal] of signals.entries()) {
    // Two of one kind at once may be seen as one by the system.
    if (index > 0) await sleep(200);
    running.kill(signal);
  }
  const result = await running.ended;
  return { code: result.code, document: documentOf(result), error: errorCodeOf(result) };
}

describe.each(servers)('a run that is told to stop, on PostgreSQL $major', (server) => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'by one %s ends its step and says what was not run',
    async (signal) => {
      const workspace = await createWorkspace(slowly(0.8), { server });
      const { code, document, error } = await signalled(workspace, 'pg_sleep', [signal]);
      expect([code, error]).toEqual([130, 'INTERRUPTED']);
      expect(document).toMatchObject({
        applied: [{ version: '1' }],
        failed: null,
        notRun: [{ version: '2' }],
      });
      expect(await workspace.applied()).toEqual(['1']);
      await upFinishes(workspace);
      expect(await workspace.applied()).toEqual(['1', '2']);
    },
  );

  it.each([
    ['SIGINT', 'SIGINT'],
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGTERM'],
  ] as const)('by %s and %s cancels its statement and keeps nothing of it', async (...signals) => {
    const workspace = await createWorkspace(slowly(60), { server });
    const { code, document, error } = await signalled(workspace, 'pg_sleep', signals);
    expect([code, error]).toEqual([130, 'INTERRUPTED']);
    expect(document).toMatchObject({
      applied: [],
      failed: null,
      notRun: [{ version: '1' }, { version: '2' }],
    });
    expect([await workspace.applied(), await tableExists(workspace.database, 'a')]).toEqual([[], false]);
    workspace.write(slowly(0));
    await upFinishes(workspace);
  });
});

describe('a run that is told to stop', () => {
  const server = latest;

  it('by one signal between the steps of one migration stops there, and goes on from there', async () => {
    const workspace = await createWorkspace(
      {
        '1_steps.sql':
          'begin; create table a (id int); select pg_sleep(0.8); commit; begin; create table b (id int); commit;',
      },
      { server },
    );
    const { code, document, error } = await signalled(workspace, 'pg_sleep', ['SIGINT']);
    expect([code, error]).toEqual([130, 'INTERRUPTED']);
    expect(document).toMatchObject({ applied: [], failed: { version: '1', completedSteps: [{ step: 1 }] } });
    expect(await openSteps(workspace.database)).toEqual(['1 step 1 apply completed']);
    await upFinishes(workspace);
    expect([await workspace.applied(), await openSteps(workspace.database)]).toEqual([['1'], []]);
  });

  it('by two signals in an index build removes the index', async () => {
    const workspace = await createWorkspace(
      { '1_i.sql': 'create index concurrently t_id on t (id);' },
      { server },
    );
    const { database } = workspace;
    await database.query('create table t (id int)');
    const snapshot = await holdSnapshot(database);
    const { code, error } = await signalled(workspace, 't_id', ['SIGINT', 'SIGINT']);
    expect([code, error, await invalidIndexes(database), await openSteps(database)]).toEqual([
      130,
      'INTERRUPTED',
      [],
      [],
    ]);
    await snapshot.release();
    await upFinishes(workspace);
  });

  it('by two signals in an index build leaves at once also while the index cannot be removed', async () => {
    const workspace = await createWorkspace(
      { '1_i.sql': 'create index concurrently t_id on t (id);' },
      { server },
    );
    const { database } = workspace;
    await database.query('create table t (id int)');
    const snapshot = await holdSnapshot(database, 't');
    const running = start(workspace, ['up', '--json', '--lock-timeout', '500ms']);
    await waitsForLock(database, await workerAt(database, 't_id', running));
    running.kill('SIGINT');
    await sleep(200);
    running.kill('SIGINT');
    const result = await running.ended;
    expect([result.code, errorCodeOf(result)]).toEqual([130, 'INTERRUPTED']);
    expect(await openSteps(database)).toEqual(['1 step 1 apply started']);
    await snapshot.release();
    await upFinishes(workspace);
    expect([await invalidIndexes(database), await workspace.applied()]).toEqual([[], ['1']]);
  });

  it('by two signals in a code migration cancels its statement and keeps nothing of it', async () => {
    const workspace = await createWorkspace(
      {
        '1_code.ts': `export default { up: async (db: any) => {
          await db.query('create table a (id int)');
          await db.query('select pg_sleep(60)');
        } };`,
      },
      { server },
    );
    const { code, error } = await signalled(workspace, 'pg_sleep', ['SIGINT', 'SIGINT']);
    expect([code, error, await tableExists(workspace.database, 'a')]).toEqual([130, 'INTERRUPTED', false]);
  });

  it('by two signals ends a code migration of many short statements, too', async () => {
    const workspace = await createWorkspace(
      {
        '1_code.ts': `export default { up: async (db: any) => {
          await db.query('create table a (id int)');
          for (let i = 0; i < 400; i++) {
            await db.query('insert into a values (1)');
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        } };`,
      },
      { server },
    );
    const running = start(workspace, ['up', '--json']);
    await eventually('it inserts', async () => {
      const rows = await workspace.database.query(
        `select 1 from pg_stat_activity where datname = current_database() and query ~ '^insert into a'`,
      );
      return rows.length > 0 ? true : null;
    });
    running.kill('SIGINT');
    await sleep(200);
    running.kill('SIGINT');
    const result = await running.ended;
    expect([result.code, errorCodeOf(result)]).toEqual([130, 'INTERRUPTED']);
    expect([await workspace.applied(), await tableExists(workspace.database, 'a')]).toEqual([[], false]);
  });

  it('while it waits for the lock leaves at once', async () => {
    const workspace = await createWorkspace(slowly(0), { server });
    const { database } = workspace;
    const { classId, objectId } = historyLockKey('lockkeeper', 'schema_migrations');
    const holder = await database.connect();
    await holder.query('select pg_advisory_lock($1, $2)', [classId, objectId]);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const running = start(workspace, ['up', '--json', '--lock-wait', '60s']);
      await eventually('it asks for the lock', async () => {
        const rows = await database.query(
          `select 1 from pg_stat_activity where datname = current_database() and query ~ 'pg_try_advisory_lock|pg_locks'
             and application_name ilike 'lockkeeper%'`,
        );
        return rows.length > 0 ? true : null;
      });
      running.kill(signal);
      const result = await running.ended;
      expect([result.code, errorCodeOf(result)]).toEqual([130, 'INTERRUPTED']);
    }
    await holder.query('select pg_advisory_unlock_all()');
    expect(await tableExists(database, 'a')).toBe(false);
  });

  it('in the pause before another try leaves at once', async () => {
    const workspace = await createWorkspace({ '1_a.sql': 'alter table t add column b int;' }, { server });
    const { database } = workspace;
    await database.query('create table t (id int)');
    const reader = await holdSnapshot(database, 't');
    const running = start(workspace, ['up', '--json', '--lock-timeout', '50ms', '--lock-retries', '100']);
    await eventually('some tries have failed, so that it pauses for seconds', async () => {
      const rows = await database.query(
        `select 1 from pg_stat_activity where datname = current_database() and application_name ilike 'lockkeeper%'
           and state = 'idle' and query ~* 'rollback' and state_change < clock_timestamp() - interval '700ms'`,
      );
      return rows.length > 0 ? true : null;
    });
    running.kill('SIGINT');
    const result = await running.ended;
    expect([result.code, errorCodeOf(result)]).toEqual([130, 'INTERRUPTED']);
    expect(documentOf(result)).toMatchObject({ applied: [], notRun: [{ version: '1' }] });
    await reader.release();
  });

  it('where no second connection is to be had, cuts its own and keeps nothing', async () => {
    const workspace = await createWorkspace(slowly(60), { server });
    const role = await workspace.role('connection limit 1');
    await workspace.database.query(
      `do $$ begin execute format('grant create on database %I to ${role.name}', current_database()); end $$; grant all on schema public to ${role.name}`,
    );
    const running = start(workspace, ['up', '--json'], { url: role.url });
    const worker = await workerAt(workspace.database, 'pg_sleep', running);
    running.kill('SIGINT');
    await sleep(200);
    running.kill('SIGINT');
    const result = await running.ended;
    expect([result.code, errorCodeOf(result)]).toEqual([130, 'INTERRUPTED']);
    await backendGone(workspace.database, worker);
    expect(await tableExists(workspace.database, 'a')).toBe(false);
  });
});

async function aborted(server: TestServer, how: 'signal' | 'cancelSignal', seconds: number) {
  const workspace = await createWorkspace(slowly(seconds), { server });
  const stop = new AbortController();
  const lockkeeper = await workspace.open({ [how]: stop.signal });
  const said = record(lockkeeper, 'run:stopping');
  const running = failure(lockkeeper.up());
  await workerAt(workspace.database, 'pg_sleep');
  stop.abort();
  return { workspace, error: await running, said };
}

describe('the signals of the library', () => {
  const server = latest;

  it('end the run after its step', async () => {
    const { workspace, error, said } = await aborted(server, 'signal', 0.5);
    expect(said).toEqual([{ how: 'finish' }]);
    expect(error).toMatchObject({ code: 'INTERRUPTED', exit: 130 });
    expect(reportOf(error)).toMatchObject({ applied: [{ version: '1' }], notRun: [{ version: '2' }] });
    expect(await workspace.applied()).toEqual(['1']);
  });

  it('cancel its statement', async () => {
    const { workspace, error, said } = await aborted(server, 'cancelSignal', 60);
    expect(said).toEqual([{ how: 'cancel' }]);
    expect(error).toMatchObject({ code: 'INTERRUPTED', exit: 130 });
    expect(reportOf(error)).toMatchObject({ applied: [], notRun: [{ version: '1' }, { version: '2' }] });
    expect(await tableExists(workspace.database, 'a')).toBe(false);
  });

  it.each(['signal', 'cancelSignal'] as const)(
    'end the waiting for the lock and for another try: %s',
    async (how) => {
      const workspace = await createWorkspace({ '1_a.sql': 'alter table t add column b int;' }, { server });
      const { database } = workspace;
      await database.query('create table t (id int)');
      const { classId, objectId } = historyLockKey('lockkeeper', 'schema_migrations');
      const holder = await database.connect();
      await holder.query('select pg_advisory_lock($1, $2)', [classId, objectId]);
      const waiting = new AbortController();
      const first = await workspace.open({ lockWait: '10min', [how]: waiting.signal });
      const waits = record(first, 'lock:wait');
      const refused = failure(first.up());
      await eventually('it waits', async () => (waits.length > 0 ? true : null));
      waiting.abort();
      expect((await refused).code).toBe('INTERRUPTED');
      await holder.query('select pg_advisory_unlock_all(); begin; lock table t');
      const trying = new AbortController();
      const second = await workspace.open({ lockTimeout: 50, lockRetries: 100, [how]: trying.signal });
      const retries = record(second, 'step:retry');
      const stopped = failure(second.up());
      await eventually('it pauses for seconds', async () =>
        retries.some((retry) => retry.delayMs > 800) ? true : null,
      );
      trying.abort();
      expect((await stopped).code).toBe('INTERRUPTED');
      await holder.query('rollback');
    },
  );
});

import { hostname } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Question } from '../../src/app/lockkeeper.js';
import { servers } from '../support/database.js';
import { eventually, holdSnapshot, workerAt } from '../execute/support.js';
import { noPgBouncer, startPgBouncer } from './pgbouncer.js';
import { createWorkspace, failure, record, type Workspace } from './workspace.js';

const slow = { '1_slow.sql': "create table a (id int);\nselect pg_sleep(60), 'password=hunter22';" };

/** Starts `up`, and gives its failure and the worker's process once the statement is at work. */
async function running(
  app: Workspace,
  query: string,
): Promise<{ ended: Promise<unknown>; pid: number; runId: string }> {
  const lockkeeper = await app.open();
  const starts = record(lockkeeper, 'run:start');
  const ended = failure(lockkeeper.up());
  ended.catch(() => undefined);
  const pid = await workerAt(app.database, query);
  return { ended, pid, runId: starts[0]?.runId ?? '' };
}

describe.each(servers)('lock on PostgreSQL $major', (server) => {
  it('says that nobody holds it, also where no history is yet, and creates nothing', async () => {
    const app = await createWorkspace({}, { server });
    const lockkeeper = await app.open();
    expect(await lockkeeper.lock.status()).toMatchObject({ held: false, holder: null });
    expect(await lockkeeper.lock.release({ yes: true })).toMatchObject({ released: false, holder: null });
    expect(await app.database.query(`select 1 from pg_namespace where nspname = 'lockkeeper'`)).toEqual([]);
  });

  it('shows the run that holds it, and ends it after a question; the next run does its work', async () => {
    const app = await createWorkspace(slow, { server });
    const { ended, pid, runId } = await running(app, 'pg_sleep');
    const asked: Question[] = [];
    const lockkeeper = await app.open({
      ask: (question) => {
        asked.push(question);
        return Promise.resolve(asked.length > 1);
      },
    });
    const { held, holder } = await lockkeeper.lock.status();
    expect(held).toBe(true);
    expect(holder).toMatchObject({
      by: 'session',
      pid,
      runId,
      applicationName: 'lockkeeper',
      state: 'active',
      alive: true,
    });
    expect(JSON.stringify(holder)).not.toContain('hunter22');
    // Without the netmask that PostgreSQL writes behind an address.
    expect(holder?.clientAddress ?? '').not.toContain('/');
    expect(await failure(lockkeeper.lock.release())).toMatchObject({ code: 'CONFIRMATION_MISSING', exit: 5 });
    expect((await lockkeeper.lock.status()).held).toBe(true);
    const released = await lockkeeper.lock.release();
    expect(released).toMatchObject({ released: true, holder: { pid, runId } });
    expect(released.next).toContain('rolls back');
    expect(asked[0]).toMatchObject({ verb: 'lock release', typed: null });
    expect(asked[0]?.plan.join('\n')).toContain(`process ${pid}`);
    await ended;
    expect((await lockkeeper.lock.status()).held).toBe(false);
    app.write({ '1_slow.sql': 'create table a (id int);' });
    await app.up();
    expect(await app.applied()).toEqual(['1']);
  });

  it('knows run, machine and process from the journal, and leaves an index build to be settled', async () => {
    const app = await createWorkspace(
      {
        '1_t.sql': 'create table t (id int);',
        '2_i.sql': 'create index concurrently t_id on t (id);',
      },
      { server },
    );
    await (await app.open()).up({ steps: 1 });
    const snapshot = await holdSnapshot(app.database, 't');
    const { ended, runId } = await running(app, 'create index concurrently');
    const lockkeeper = await app.open();
    const { holder } = await lockkeeper.lock.status();
    expect(holder).toMatchObject({ runId, host: hostname(), hostPid: process.pid });
    expect(await lockkeeper.lock.release({ yes: true })).toMatchObject({ released: true });
    await ended;
    await snapshot.release();
    await app.up();
    expect(await app.applied()).toEqual(['1', '2']);
  });

  it('is not released in a protected environment without its name', async () => {
    const config = { environments: { production: {} } };
    const app = await createWorkspace(slow, { server, config });
    const lockkeeper = await app.open({ env: 'production' });
    const ended = failure((await app.open({ env: 'production' })).up());
    await workerAt(app.database, 'pg_sleep');
    expect(await failure(lockkeeper.lock.release({ yes: true }))).toMatchObject({
      code: 'CONFIRMATION_MISSING',
    });
    expect((await lockkeeper.lock.status()).held).toBe(true);
    const stranger = await app.open({ env: 'staging' });
    expect(await failure(stranger.lock.release({ yes: true }))).toMatchObject({
      code: 'ENVIRONMENT_MISMATCH',
    });
    expect(await lockkeeper.lock.release({ confirm: 'production' })).toMatchObject({ released: true });
    await ended;
  });

  it('says which right is missing to end it', async () => {
    const app = await createWorkspace(slow, { server });
    const { ended } = await running(app, 'pg_sleep');
    const role = await app.role();
    await app.database.query(
      `grant usage on schema lockkeeper to ${role.name}; grant select on all tables in schema lockkeeper to ${role.name}`,
    );
    const stranger = await app.open({ url: role.url });
    expect((await stranger.lock.status()).held).toBe(true);
    const error = await failure(stranger.lock.release({ yes: true }));
    expect(error).toMatchObject({ code: 'LOCK_NOT_RELEASED', exit: 3 });
    expect(error.hint).toContain('pg_signal_backend');
    await (await app.open()).lock.release({ yes: true });
    await ended;
  });
});

describe.skipIf(noPgBouncer !== null)('the lease behind a transaction pooler', () => {
  it('is shown with the machine that holds it, and ended so that its run takes no effect any more', async () => {
    const app = await createWorkspace({
      '1_a.sql': 'create table a (id int);',
      '2_slow.sql': 'create table b (id int);\nselect pg_sleep(60);',
    });
    const bouncer = await startPgBouncer(app.database, { mode: 'transaction', poolSize: 5 });
    onTestFinished(() => bouncer.stop());
    const holding = await app.open({ url: bouncer.url });
    const starts = record(holding, 'run:start');
    const ended = failure(holding.up());
    await workerOf(app, ' 2:1 */ begin');
    const lockkeeper = await app.open({ url: bouncer.url });
    const { holder } = await lockkeeper.lock.status();
    expect(holder).toMatchObject({
      by: 'lease',
      runId: starts[0]?.runId,
      host: hostname(),
      hostPid: process.pid,
      pid: null,
      alive: true,
    });
    expect(await lockkeeper.lock.release({ yes: true })).toMatchObject({
      released: true,
      holder: { by: 'lease' },
    });
    await ended;
    expect(await app.applied()).toEqual(['1']);
    expect((await lockkeeper.lock.status()).held).toBe(false);
    await app.database.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
  });
});

/** Statements under a lease begin with the id of their run; their end is cut off in pg_stat_activity. */
async function workerOf(app: Workspace, query: string): Promise<void> {
  await eventually(`somebody runs ${query}`, async () => {
    const rows = await app.database.query(
      `select 1 from pg_stat_activity
       where datname = current_database() and state = 'active' and pid <> pg_backend_pid() and query like '%' || $1 || '%'`,
      [query],
    );
    return rows.length > 0 ? true : null;
  });
}

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { RunReport } from '../../../src/core/report.js';
import { servers, type TestServer } from '../../support/database.js';
import { createWorkspace, failure, record, reportOf, type Workspace } from '../../app/workspace.js';
import { openSteps, workerAt } from '../support.js';
import { doneSoFar, people, recordOf, timesDone } from './support.js';

/** Slow enough to be met in the middle: every row takes about a fifth of a millisecond. */
const slow = `set enable_seqscan = on;
-- backfill: batch-rows=100
update people set done = done + 1 where pg_sleep(0.0002) is not null;
create table after_it (id int);`;

async function begun(server: TestServer, rows = 3000): Promise<Workspace> {
  const workspace = await createWorkspace(
    { '1_b.sql': slow, '2_next.sql': 'create table next_one (id int);' },
    { server },
  );
  await people(workspace.database, rows);
  return workspace;
}

/** Waits, as long as a busy machine may need. */
async function reaches(workspace: Workspace, done: number): Promise<void> {
  for (let look = 0; look < 2000; look++) {
    if ((await doneSoFar(workspace.database)) >= done) return;
    await sleep(10);
  }
  throw new Error(`The backfill did not reach ${done} rows.`);
}

describe.each(servers)('an interrupted backfill, on PostgreSQL $major', (server) => {
  it('ends after its batch when it is told to stop, and goes on behind it', async () => {
    const workspace = await begun(server);
    const stop = new AbortController();
    const lockkeeper = await workspace.open({ signal: stop.signal });
    const running = failure(lockkeeper.up());
    await reaches(workspace, 500);
    stop.abort();
    const error = await running;
    expect([error.code, error.exit]).toEqual(['INTERRUPTED', 130]);
    expect(error.message).toMatch(/stopped after a complete batch: [\d,]+ of about 3,000 rows are done/);
    expect(reportOf(error)).toMatchObject({ failed: { version: '1' }, notRun: [{ version: '2' }] });
    const { done } = await recordOf(workspace.database);
    expect(await timesDone(workspace.database)).toEqual({ '0': 3000 - Number(done), '1': Number(done) });
    expect((await openSteps(workspace.database)).at(-1)).toBe('1 step 2 apply started');
    const status = await (await workspace.open()).status();
    expect(status.failed[0]).toMatchObject({
      version: '1',
      completedSteps: 1,
      backfill: { table: 'people', done: Number(done), total: 3000, key: ['id'], cursor: [String(done)] },
    });
    const next = await workspace.open();
    const decisions = record(next, 'recovery:decision');
    const report = (await next.up()) as RunReport;
    expect(decisions).toMatchObject([{ version: '1', step: 2, decision: 'again' }]);
    expect(report.applied.map(({ version }) => version)).toEqual(['1', '2']);
    expect(await timesDone(workspace.database)).toEqual({ '1': 3000 });
    expect(await openSteps(workspace.database)).toEqual([]);
  });

  it('goes on exactly where it stood when its session is ended in a batch', async () => {
    const workspace = await begun(server);
    for (const at of [300, 900, 1700]) {
      const running = failure((await workspace.open()).up());
      await reaches(workspace, at);
      const pid = await workerAt(workspace.database, 'pg_sleep');
      await workspace.database.query('select pg_terminate_backend($1)', [pid]);
      expect((await running).code).toBe('CONNECTION_LOST');
    }
    await workspace.up();
    expect(await timesDone(workspace.database)).toEqual({ '1': 3000 });
    expect(await workspace.applied()).toEqual(['1', '2']);
  });

  it('obeys pause at its next batch, stays paused, and goes on after resume', async () => {
    const workspace = await begun(server);
    const other = await workspace.open();
    const running = failure((await workspace.open()).up());
    await reaches(workspace, 300);
    expect((await other.backfill()).backfills).toMatchObject([{ state: 'running', version: '1', step: 2 }]);
    expect((await other.backfill({ action: 'pause', version: '1' })).backfills[0]?.pausedAt).not.toBeNull();
    const error = await running;
    expect([error.code, error.exit]).toEqual(['BACKFILL_PAUSED', 1]);
    const { done } = await recordOf(workspace.database);
    expect((await failure(workspace.up())).code).toBe('BACKFILL_PAUSED');
    expect((await recordOf(workspace.database))['done']).toBe(done);
    expect((await other.backfill()).backfills).toMatchObject([{ state: 'paused' }]);
    expect((await failure(other.backfill({ action: 'pause' }))).code).toBe('MIGRATION_NOT_FOUND');
    await other.backfill({ action: 'resume' });
    expect((await other.backfill()).backfills).toMatchObject([{ state: 'interrupted', done: Number(done) }]);
    await workspace.up();
    expect((await other.backfill()).backfills).toMatchObject([{ state: 'done', percent: 100 }]);
    expect(await timesDone(workspace.database)).toEqual({ '1': 3000 });
  });

  it('is not undone, and not finished by another statement, in the middle', async () => {
    const workspace = await begun(server);
    const stop = new AbortController();
    const running = failure((await workspace.open({ signal: stop.signal })).up());
    await reaches(workspace, 300);
    stop.abort();
    await running;
    const lockkeeper = await workspace.open();
    expect((await failure(lockkeeper.down({ yes: true }))).code).toBe('RECOVERY_UNDECIDED');
    workspace.write({ '1_b.sql': slow.replace('done + 1', 'done + 2') });
    expect((await failure(lockkeeper.up())).code).toBe('RECOVERY_CHANGED');
    workspace.write({ '1_b.sql': slow.replace('batch-rows=100', 'batch-rows=200 target=80ms') });
    await lockkeeper.up();
    expect(await timesDone(workspace.database)).toEqual({ '1': 3000 });
  });

  it('begins anew when it was settled as pending', async () => {
    const workspace = await begun(server, 1000);
    const stop = new AbortController();
    const running = failure((await workspace.open({ signal: stop.signal })).up());
    await reaches(workspace, 300);
    stop.abort();
    await running;
    const lockkeeper = await workspace.open();
    await lockkeeper.mark({ version: '1', as: 'pending', why: 'begin again', yes: true });
    expect((await lockkeeper.backfill()).backfills).toMatchObject([{ state: 'abandoned' }]);
    await workspace.database.query('update people set done = 0');
    await lockkeeper.up();
    expect(await timesDone(workspace.database)).toEqual({ '1': 1000 });
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { RunReport } from '../../../src/core/report.js';
import { servers, type TestServer } from '../../support/database.js';
import { createWorkspace, failure, record, type Workspace } from '../../app/workspace.js';
import { people, timesDone } from './support.js';

/** A backfill that keeps old values and is done; every row of its way back takes about a fifth of a millisecond. */
async function done(server: TestServer, rows = 3000): Promise<Workspace> {
  const workspace = await createWorkspace(
    { '1_b.sql': '-- backfill: undo=saved batch-rows=1000\nupdate people set done = done + 1;' },
    { server },
  );
  const { database } = workspace;
  await people(database, rows);
  await workspace.up();
  await database.query(`create function slow() returns trigger language plpgsql as
    $$ begin perform pg_sleep(0.0002); return new; end $$;
    create trigger slow before update on people for each row execute function slow()`);
  return workspace;
}

async function restored(workspace: Workspace): Promise<Readonly<Record<string, unknown>>> {
  const rows = await workspace.database.query(
    "select done::int, total::int, changed::int, batches::int, paused_at is not null as paused from lockkeeper.backfills where action = 'rollback'",
  );
  return rows[0] ?? { done: 0 };
}

async function reaches(workspace: Workspace, rows: number): Promise<void> {
  for (let look = 0; look < 2000; look++) {
    if (Number((await restored(workspace))['done']) >= rows) return;
    await sleep(10);
  }
  throw new Error(`The way back did not reach ${rows} rows.`);
}

describe.each(servers)('the way back of a backfill, on PostgreSQL $major', (server) => {
  it('goes in batches that follow the target, tells how far it is, and obeys pause and resume', async () => {
    const workspace = await done(server);
    const other = await workspace.open();
    const lockkeeper = await workspace.open();
    const told = record(lockkeeper, 'progress');
    const running = failure(lockkeeper.down());
    await reaches(workspace, 200);
    await other.backfill({ action: 'pause', version: '1' });
    const error = await running;
    expect([error.code, error.exit]).toEqual(['BACKFILL_PAUSED', 1]);
    expect(error.message).toMatch(
      /^The way back of the backfill of migration 1 is paused.* [\d,]+ of about 3,000 rows are done\. Its migration is not undone yet\.$/,
    );
    expect(told[0]).toMatchObject({
      what: 'backfill',
      direction: 'down',
      relation: 'public.people',
      phase: 'putting old values back',
      total: 3000,
      unit: 'rows',
    });
    const { done: before } = await restored(workspace);
    expect((await failure(workspace.open().then((one) => one.down()))).code).toBe('BACKFILL_PAUSED');
    expect((await restored(workspace))['done']).toBe(before);
    expect((await other.backfill()).backfills[0]).toMatchObject({ state: 'paused', direction: 'down' });
    expect(await timesDone(workspace.database)).toEqual({ '0': before, '1': 3000 - Number(before) });
    await other.backfill({ action: 'resume' });
    const next = await workspace.open();
    const decisions = record(next, 'recovery:decision');
    const report = (await next.down()) as RunReport;
    expect(decisions).toMatchObject([{ version: '1', decision: 'again' }]);
    expect(report.applied.map(({ version }) => version)).toEqual(['1']);
    expect(await timesDone(workspace.database)).toEqual({ '0': 3000 });
    // 3,000 rows of at least a fifth of a millisecond do not fit into few batches of less than 90 ms.
    expect(Number((await restored(workspace))['batches'])).toBeGreaterThan(6);
  });

  it('waits for a locked row with its batch given up, and fails when it stays locked', async () => {
    const workspace = await done(server, 600);
    const { database } = workspace;
    const holder = await database.connect();
    await holder.query("begin; update people set name = 'theirs' where id = 250");
    const lockkeeper = await workspace.open({ lockRetries: 2 });
    expect(await failure(lockkeeper.down())).toMatchObject({
      code: 'LOCK_BUDGET_EXCEEDED',
      message: expect.stringContaining('The way back of the backfill of migration 1 met a row'),
    });
    const patient = await workspace.open();
    const retries = record(patient, 'step:retry');
    const running = patient.down();
    while (retries.length === 0) await sleep(20);
    // While it waits, the rows before it in the batch are free.
    await database.query("set lock_timeout = '400ms'; update people set name = 'touched' where id = 240");
    await holder.query('commit');
    await running;
    expect(await timesDone(database)).toEqual({ '0': 600 });
  });

  it('names the row whose old values are refused, and goes on when that is mended', async () => {
    const workspace = await done(server, 300);
    const { database } = workspace;
    await database.query(
      'alter table people add constraint no_way_back check (id <> 77 or done > 0) not valid',
    );
    const error = await failure(workspace.open().then((one) => one.down()));
    expect(error).toMatchObject({ code: 'BACKFILL_ROW_REFUSED', details: { key: { id: '77' } } });
    expect(error.message).toMatch(/^The row id = 77 of public\.people stopped the way back of the backfill/);
    expect(error.hint).not.toContain('maxErrors');
    expect(await database.query('select done from people where id = 77')).toEqual([{ done: 1 }]);
    expect((await timesDone(database))['0']).toBe(Number((await restored(workspace))['done']));
    await database.query('alter table people drop constraint no_way_back');
    await (await workspace.open()).down();
    expect(await timesDone(database)).toEqual({ '0': 300 });
  });
});

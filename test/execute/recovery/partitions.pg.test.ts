import { describe, expect, it } from 'vitest';
import type { RunReport } from '../../../src/core/report.js';
import { servers, type TestDatabase } from '../../support/database.js';
import { failure, record } from '../../app/workspace.js';
import { eventually, openSteps, waitsForLock, workerAt } from '../support.js';
import { breakWhen, holding, resume, waiting, withData } from './support.js';

const data = `create schema app; create table app.m (id int) partition by range (id);
  create table app.m1 partition of app.m for values from (0) to (10);
  create table app.m2 partition of app.m for values from (10) to (20);`;

const detach = (name: string): string => `alter table m detach partition ${name} concurrently;`;

/** Partitions of the table, with a question mark after one that is half detached. */
async function partitions(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ name: string }>(
    `select c.relname || case when i.inhdetachpending then '?' else '' end as name
     from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'app.m'::regclass order by 1`,
  );
  return rows.map((row) => row.name);
}

const halfDetached = `select 1 from pg_inherits where inhdetachpending`;

describe.each(servers)('DETACH PARTITION CONCURRENTLY on PostgreSQL $major', (server) => {
  it('that was interrupted halfway is finalized, and the next one is not blocked by it', async () => {
    const workspace = await withData(server, data, {
      '1_d.sql': `set search_path = app; ${detach('m1')} ${detach('m2')}`,
    });
    const { database } = workspace;
    const release = await holding(database, 'select from app.m limit 1');
    await breakWhen(workspace, { at: 'detach', when: halfDetached });
    await release();
    expect(await partitions(database)).toEqual(['m1?', 'm2']);
    expect((await resume(workspace)).decisions).toEqual(['done']);
    expect(await partitions(database)).toEqual([]);
  });

  it('that was interrupted before it began runs again', async () => {
    const workspace = await withData(server, data, { '1_d.sql': `set search_path = app; ${detach('m1')}` });
    const { database } = workspace;
    const release = await holding(database, 'lock table app.m in share update exclusive mode');
    await breakWhen(workspace, { at: 'detach', when: waiting() });
    await release();
    expect((await resume(workspace)).decisions).toEqual(['again']);
    expect(await partitions(database)).toEqual(['m2']);
  });

  it('that somebody finalized meanwhile is done', async () => {
    const workspace = await withData(server, data, { '1_d.sql': `set search_path = app; ${detach('m1')}` });
    const { database } = workspace;
    const release = await holding(database, 'select from app.m limit 1');
    await breakWhen(workspace, { at: 'detach', when: halfDetached });
    await release();
    await database.query('alter table app.m detach partition app.m1 finalize');
    expect((await resume(workspace)).decisions).toEqual(['done']);
  });

  it('that does not get its lock in time is finalized instead of begun again', async () => {
    const workspace = await withData(server, data, { '1_d.sql': `set search_path = app; ${detach('m1')}` });
    const { database } = workspace;
    const release = await holding(database, 'select from app.m limit 1');
    const lockkeeper = await workspace.open({ lockTimeout: '300ms' });
    const running = lockkeeper.up();
    const finalizing = await workerAt(database, 'finalize');
    await waitsForLock(database, finalizing);
    await release();
    const report = (await running) as RunReport;
    expect(report.applied).toMatchObject([{ version: '1' }]);
    expect([await partitions(database), await openSteps(database)]).toEqual([['m2'], []]);
  });

  it('that cannot even be finalized stays open, and the next run finalizes it', async () => {
    const workspace = await withData(server, data, { '1_d.sql': `set search_path = app; ${detach('m1')}` });
    const { database } = workspace;
    const release = await holding(database, 'select from app.m limit 1');
    const lockkeeper = await workspace.open({ lockTimeout: '100ms', lockRetries: 1 });
    const warnings = record(lockkeeper, 'warning');
    expect(await failure(lockkeeper.up())).toMatchObject({ code: 'LOCK_BUDGET_EXCEEDED' });
    expect(warnings.map(({ code }) => code)).toContain('clean-up-postponed');
    expect([await partitions(database), await openSteps(database)]).toEqual([
      ['m1?', 'm2'],
      ['1 step 1 apply completed', '1 step 2 apply started'],
    ]);
    await release();
    expect((await resume(workspace)).decisions).toEqual(['done']);
    expect(await partitions(database)).toEqual(['m2']);
  });

  it('that somebody else had begun is not finalized for them', async () => {
    const workspace = await withData(server, data, { '1_d.sql': `set search_path = app; ${detach('m1')}` });
    const { database } = workspace;
    const release = await holding(database, 'select from app.m limit 1');
    const other = await database.connect();
    await other.query("set statement_timeout = '200ms'");
    await expect(other.query('alter table app.m detach partition app.m1 concurrently')).rejects.toThrow(
      /timeout/,
    );
    await eventually('it is half detached', async () =>
      (await database.query(halfDetached)).length > 0 ? true : null,
    );
    await release();
    expect(await failure(workspace.up())).toMatchObject({ details: { sqlstate: '55000' } });
    expect(await partitions(database)).toEqual(['m1?', 'm2']);
  });
});

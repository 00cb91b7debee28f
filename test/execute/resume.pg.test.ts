import { describe, expect, it } from 'vitest';
import type { RunReport } from '../../src/core/report.js';
import { servers, tableExists, type TestDatabase, type TestServer } from '../support/database.js';
import { createWorkspace, failure, record, type Workspace } from '../app/workspace.js';
import { ledger, openSteps, waitsForLock, workerAt } from './support.js';

/** Ends a run in the middle: its session is terminated while it waits in such a statement. */
async function breakAt(workspace: Workspace, statement: string, verb: 'up' | 'down' = 'up'): Promise<void> {
  const { database } = workspace;
  // Only what works on this one table has to wait.
  const holder = await database.connect();
  await holder.query('begin; lock table t in share update exclusive mode');
  const lockkeeper = await workspace.open();
  const running = failure(verb === 'up' ? lockkeeper.up() : lockkeeper.down());
  const worker = await workerAt(database, statement);
  if (/t_id|drop/.test(statement)) await waitsForLock(database, worker);
  await database.query('select pg_terminate_backend($1)', [worker]);
  expect((await running).code).toBe('CONNECTION_LOST');
  await holder.query('commit');
}

async function withTable(server: TestServer, files: Readonly<Record<string, string>>): Promise<Workspace> {
  const workspace = await createWorkspace(files, { server });
  await workspace.database.query(
    'create table ledger (what text); create schema app; create table t (id int); create table app.u (id int)',
  );
  return workspace;
}

async function ownerOf(database: TestDatabase, table: string): Promise<string> {
  const rows = await database.query<{ owner: string }>(
    'select pg_get_userbyid(relowner) as owner from pg_class where oid = $1::regclass',
    [table],
  );
  return rows[0]?.owner ?? '';
}

describe.each(servers)('a migration that was interrupted, on PostgreSQL $major', (server) => {
  it('goes on with the settings of its earlier steps, and with nothing of them twice', async () => {
    const workspace = await withTable(server, {
      '1_x.sql': `set search_path = app; set timezone = 'Pacific/Auckland';
        create table first (id int); insert into public.ledger values ('first');
        create index concurrently u_id on u (id);
        create table second (id int); insert into public.ledger values (current_setting('timezone'));
        create index concurrently t_id on public.t (id);
        insert into public.ledger values ('third: ' || current_setting('search_path'));`,
      '2_y.sql': `insert into public.ledger values ('next: ' || current_setting('search_path'));`,
    });
    await breakAt(workspace, 't_id');
    expect(await openSteps(workspace.database)).toEqual([
      '1 step 1 apply completed',
      '1 step 2 apply completed',
      '1 step 3 apply completed',
      '1 step 4 apply started',
    ]);
    const lockkeeper = await workspace.open();
    expect((await lockkeeper.status()).failed).toEqual([
      { version: '1', name: 'x', direction: 'up', completedSteps: 3 },
    ]);
    const decisions = record(lockkeeper, 'recovery:decision');
    const report = (await lockkeeper.up()) as RunReport;
    expect(decisions).toMatchObject([{ version: '1', step: 4, decision: 'again' }]);
    expect(report.applied.map(({ version, steps }) => [version, steps.map(({ step }) => step)])).toEqual([
      ['1', [4, 5]],
      ['2', [1]],
    ]);
    expect(await ledger(workspace.database)).toEqual({
      first: 1,
      'Pacific/Auckland': 1,
      'third: app': 1,
      'next: "$user", public': 1,
    });
    for (const table of ['app.first', 'app.second', 'app.u_id'])
      expect([table, await tableExists(workspace.database, table)]).toEqual([table, true]);
    expect((await lockkeeper.status()).failed).toEqual([]);
  });

  it('goes on as the role that its earlier steps chose, and writes the history as its own', async () => {
    const workspace = await withTable(server, {});
    const { database } = workspace;
    const role = await workspace.role();
    await database.query(
      `grant create, usage on schema public to ${role.name}; alter table t owner to ${role.name}`,
    );
    workspace.write({
      '1_role.sql': `set role ${role.name}; create table one (id int);
        create index concurrently one_id on one (id); create table two (id int);
        create index concurrently t_id on t (id); create table three (id int);`,
      '2_next.sql': 'create table next (id int);',
    });
    await breakAt(workspace, 't_id');
    await workspace.up();
    for (const table of ['one', 'two', 'three', 'one_id', 't_id'])
      expect([table, await ownerOf(database, table)]).toEqual([table, role.name]);
    expect(await ownerOf(database, 'next')).toBe('postgres');
    expect(await ownerOf(database, 'lockkeeper.schema_migrations')).toBe('postgres');
  });

  it('is not finished when a step that is done was edited since; its later steps may be', async () => {
    const text = (first: string, last: string): string =>
      `create table ${first} (id int); create index concurrently t_id on t (id); create table ${last} (id int);`;
    const workspace = await withTable(server, { '1_x.sql': text('one', 'two') });
    await breakAt(workspace, 't_id');
    workspace.write({ '1_x.sql': text('other', 'two') });
    expect(await failure(workspace.up())).toMatchObject({
      code: 'RECOVERY_CHANGED',
      exit: 2,
      details: { version: '1', step: 1 },
    });
    workspace.write({ '1_x.sql': 'create table one (id int);' });
    expect(await failure(workspace.up())).toMatchObject({ code: 'RECOVERY_CHANGED', exit: 2 });
    expect(await workspace.applied()).toEqual([]);
    workspace.write({ '1_x.sql': `-- now with a remark\n${text('one', 'mended')}` });
    await workspace.up();
    expect([
      await tableExists(workspace.database, 'mended'),
      await tableExists(workspace.database, 'two'),
    ]).toEqual([true, false]);
  });

  it('is not finished when what it needs was in the session that is gone', async () => {
    const workspace = await withTable(server, {
      '1_x.sql': `create temp table kept as select 'kept' as what; create index concurrently t_id on t (id); insert into ledger select what from kept;`,
    });
    await workspace.database.query(`create table kept (what text); insert into kept values ('a stranger')`);
    await breakAt(workspace, 't_id');
    const error = await failure(workspace.up());
    expect(error).toMatchObject({ code: 'RECOVERY_UNDECIDED', exit: 3, details: { version: '1' } });
    expect(error.message).toMatch(/lives in the session only/);
    expect([await ledger(workspace.database), await workspace.applied()]).toEqual([{}, []]);
  });

  it.each([
    [
      'a DO that commits',
      `do $$ begin insert into ledger values ('half'); commit; perform pg_sleep(30); end $$;`,
    ],
    ['a CALL', `call half();`],
    ['a query', `select pg_sleep(30);`],
  ])('in %s without a transaction is left to a person, who settles it', async (_, sql) => {
    const workspace = await withTable(server, {
      '1_x.sql': `-- transaction: none\ncreate table a (id int);\n${sql}\ncreate table b (id int);`,
    });
    const { database } = workspace;
    await database.query(
      `create procedure half() language plpgsql as $$ begin insert into ledger values ('half'); commit; perform pg_sleep(30); end $$`,
    );
    await breakAt(workspace, sql.startsWith('call') ? 'half()' : 'pg_sleep');
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await failure(workspace.up());
      expect(error).toMatchObject({
        code: 'RECOVERY_UNDECIDED',
        exit: 3,
        details: { version: '1', step: 2 },
      });
      expect(error.location).toMatchObject({ file: 'migrations/1_x.sql', line: 3 });
      expect(error.hint).toMatch(/lockkeeper repair 1 --step 2 --done .* --again/);
    }
    const lockkeeper = await workspace.open();
    expect((await lockkeeper.status()).failed).toMatchObject([{ version: '1', completedSteps: 1 }]);
    await lockkeeper.mark({ version: '1', as: 'applied', why: 'looked', yes: true });
    expect(await lockkeeper.status()).toMatchObject({ failed: [], pending: [] });
    await lockkeeper.mark({ version: '1', as: 'pending', why: 'looked again', yes: true });
    await database.query('drop table a');
    workspace.write({ '1_x.sql': '-- transaction: none\ncreate table a (id int);' });
    await workspace.up();
    expect([await workspace.applied(), await openSteps(database)]).toEqual([['1'], []]);
  });

  it('on its way down goes on from there, and up waits for that', async () => {
    const workspace = await withTable(server, {
      '1_x.sql': `-- migrate:up
create table x (id int); create index x_id on x (id);
-- migrate:down
set search_path = app, public;
insert into ledger values ('down first');
drop index concurrently t_old;
insert into ledger values ('down last: ' || current_setting('search_path')); drop table x;`,
    });
    await workspace.database.query('create index t_old on t (id)');
    await workspace.up();
    await breakAt(workspace, 'drop index', 'down');
    const lockkeeper = await workspace.open();
    expect((await lockkeeper.status()).failed).toEqual([
      { version: '1', name: 'x', direction: 'down', completedSteps: 1 },
    ]);
    expect(await failure(workspace.up())).toMatchObject({
      code: 'RECOVERY_UNDECIDED',
      details: { version: '1' },
    });
    const report = (await lockkeeper.down()) as RunReport;
    expect(report).toMatchObject({ direction: 'down', applied: [{ version: '1' }] });
    expect(await ledger(workspace.database)).toEqual({ 'down first': 1, 'down last: app, public': 1 });
    expect([await workspace.applied(), await openSteps(workspace.database)]).toEqual([[], []]);
    expect(await tableExists(workspace.database, 't_old')).toBe(false);
    await workspace.up();
  });

  it('in a copy of the database is not decided by oids of another one', async () => {
    const workspace = await withTable(server, { '1_i.sql': 'create index concurrently t_id on t (id);' });
    await breakAt(workspace, 't_id');
    await workspace.database.query(
      `update lockkeeper.migration_execution_log set pre_state = pre_state || '{"databaseOid": 1}' where open`,
    );
    await workspace.database.query('create index t_id on t (id)');
    expect(await failure(workspace.up())).toMatchObject({ code: 'RECOVERY_UNDECIDED', exit: 3 });
    await workspace.database.query('drop index t_id');
    await (await workspace.open()).mark({ version: '1', as: 'pending', why: 'dropped', yes: true });
    await workspace.up();
  });
});

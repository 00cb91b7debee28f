import { describe, expect, it } from 'vitest';
import { servers, tableExists, type TestServer } from '../../support/database.js';
import { createWorkspace, failure, record, type Workspace } from '../../app/workspace.js';
import { ledger, openSteps } from '../support.js';
import { begun, breakWhen, holding, indexNames, oidOf, resume, waiting, withData } from './support.js';

const data = `create schema app; create table ledger (what text); create table t (id int); create sequence s;`;

/** Writes one line that stays, and then waits; so a crash finds it done or not, and nothing records which. */
const halfway = (what: string): string =>
  `do $$ begin insert into public.ledger values ('${what}'); commit; perform pg_sleep(30); end $$;`;
const asleep = `select 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`;

async function broken(server: TestServer, above = ''): Promise<Workspace> {
  const workspace = await withData(server, data, {
    '1_x.sql': `-- transaction: none\nset search_path = app;\ncreate table one (id int);\n${above}\n${halfway('half')}\ninsert into public.ledger values ('after');`,
  });
  await breakWhen(workspace, { at: 'half', when: asleep });
  return workspace;
}

/** The same step, without the sleep that only the crash needed. */
function withoutSleep(workspace: Workspace, above: string): void {
  workspace.write({
    '1_x.sql': `-- transaction: none\nset search_path = app;\ncreate table one (id int);\n${above}\n${halfway('half')}\ninsert into public.ledger values ('after');`,
  });
}

describe.each(servers)('a step whose outcome nobody records, on PostgreSQL $major', (server) => {
  it('is settled as done by a person, and the run goes on behind it', async () => {
    const workspace = await broken(server);
    const error = await failure(workspace.up());
    expect(error).toMatchObject({
      code: 'RECOVERY_UNDECIDED',
      exit: 3,
      location: { file: 'migrations/1_x.sql', line: 5 },
      details: { version: '1', step: 3 },
    });
    expect(error.message).toMatch(/^Step 3 of migration 1, DO, was begun at \d{4}-.*Z and interrupted/);
    const lockkeeper = await workspace.open();
    expect((await lockkeeper.history()).entries[0]).toMatchObject({
      step: 3,
      action: 'apply',
      status: 'failed',
    });
    const settle = { version: '1', step: 3, as: 'done', why: "looked: it's there" } as const;
    expect(await failure(lockkeeper.repair(settle))).toMatchObject({ code: 'CONFIRMATION_MISSING' });
    expect(await openSteps(workspace.database)).toContain('1 step 3 apply started');
    expect(await lockkeeper.repair({ ...settle, yes: true })).toEqual({
      version: '1',
      name: 'x',
      checksumBefore: null,
      checksumAfter: null,
      step: { number: 3, as: 'done' },
    });
    expect((await lockkeeper.history()).entries[0]).toMatchObject({
      version: '1',
      step: 3,
      action: 'repair',
      status: 'completed',
      error: "Step 3 settled as done: looked: it's there",
    });
    await resume(workspace);
    expect(await ledger(workspace.database)).toEqual({ half: 1, after: 1 });
    expect(await workspace.applied()).toEqual(['1']);
  });

  it('is settled as to be run again by a person, and the run begins with it', async () => {
    const workspace = await broken(server);
    await (await workspace.open()).repair({ version: 'x', step: 3, as: 'again', why: 'may', yes: true });
    expect(await openSteps(workspace.database)).toEqual([
      '1 step 1 apply completed',
      '1 step 2 apply completed',
    ]);
    await breakWhen(workspace, { at: 'half', when: asleep });
    expect(await ledger(workspace.database)).toEqual({ half: 2 });
  });

  it('is the only thing that a person can settle by step', async () => {
    const workspace = await broken(server);
    const lockkeeper = await workspace.open();
    const repair = (options: object) =>
      failure(lockkeeper.repair({ version: '1', why: 'x', yes: true, ...options }));
    expect(await repair({ step: 2, as: 'done' })).toMatchObject({
      code: 'STEP_NOT_INTERRUPTED',
      exit: 2,
      hint: 'Interrupted is step 3.',
    });
    expect(await repair({ step: 9, as: 'again' })).toMatchObject({ code: 'STEP_NOT_INTERRUPTED' });
    expect(await repair({ version: '7', step: 3, as: 'done' })).toMatchObject({
      code: 'MIGRATION_NOT_FOUND',
    });
    expect(await repair({ step: 3 })).toMatchObject({ code: 'USAGE_INVALID' });
    expect(await repair({ as: 'done' })).toMatchObject({ code: 'USAGE_INVALID' });
    expect(await openSteps(workspace.database)).toHaveLength(3);
  });

  it('runs again where its author says so', async () => {
    const workspace = await broken(server, '-- resume: again');
    await breakWhen(workspace, { at: 'half', when: asleep });
    expect(await ledger(workspace.database)).toEqual({ half: 2 });
  });

  it('is done where the query of its author says so, under the settings of the earlier steps', async () => {
    const workspace = await broken(
      server,
      `-- resume-check: select exists (select from public.ledger) and to_regclass('one') is not null`,
    );
    expect((await resume(workspace)).decisions).toEqual(['done']);
    expect(await ledger(workspace.database)).toEqual({ half: 1, after: 1 });
  });

  it('may be answered in the file after the crash as well', async () => {
    const workspace = await broken(server);
    await failure(workspace.up());
    withoutSleep(workspace, '-- resume-check: select true');
    expect((await resume(workspace)).decisions).toEqual(['done']);
  });

  it.each([
    ['gives nothing', 'select true where false', /one row of one boolean/],
    ['gives no boolean', 'select 1', /one row of one boolean/],
    ['does not know', 'select null::boolean', /one row of one boolean/],
    ['gives two rows', 'select true from generate_series(1, 2)', /one row of one boolean/],
    ['fails', 'select true from gone', /could not be answered: relation "gone" does not exist/],
    ['writes', `select nextval('public.s') > 0`, /cannot execute nextval\(\) in a read-only transaction/],
  ])('is still asked when the query %s', async (_, query, message) => {
    const workspace = await broken(server, `-- resume-check: ${query}`);
    const error = await failure(workspace.up());
    expect(error.code).toBe('RECOVERY_UNDECIDED');
    expect(error.message).toMatch(message);
    expect(await ledger(workspace.database)).toEqual({ half: 1 });
    await (await workspace.open()).repair({ version: '1', step: 3, as: 'done', why: 'x', yes: true });
    await resume(workspace);
  });

  it('has a wrong query found before anything runs', async () => {
    const workspace = await createWorkspace(
      {
        '1_x.sql':
          '-- transaction: none\ncreate table a (id int);\n-- resume-check: select frm frm frm t\ncall p();',
      },
      { server },
    );
    expect(await failure(workspace.up())).toMatchObject({
      code: 'SQL_SYNTAX',
      location: { file: 'migrations/1_x.sql', line: 3, column: 33 },
    });
    expect(await tableExists(workspace.database, 'a')).toBe(false);
  });
});

describe.each(servers)('what runs without a transaction only by name, on PostgreSQL $major', (server) => {
  it.each([
    ['an INSERT', 'lock table ledger', `insert into ledger values ('x')`],
    ['a new enum value', `alter type mood add value 'other'`, `alter type mood add value 'wild'`],
  ])('is never in doubt: %s', async (_, obstacle, sql) => {
    const workspace = await withData(server, `${data} create type mood as enum ('calm')`, {
      '1_x.sql': `-- transaction: none\n${sql};\ncreate table after_it (id int);`,
    });
    const release = await holding(workspace.database, obstacle);
    await breakWhen(workspace, { at: sql.slice(0, 15), when: waiting() });
    await release();
    expect(await openSteps(workspace.database)).toEqual([]);
    await resume(workspace);
    expect(await workspace.applied()).toEqual(['1']);
  });
});

describe.each(servers)('the backend of an interrupted run, on PostgreSQL $major', (server) => {
  const files = { '0_first.sql': 'select 1', '1_v.sql': 'vacuum t' };
  const self = `select pid, extract(epoch from backend_start)::text as "backendStart" from pg_stat_activity where pid = pg_backend_pid()`;

  it('is waited for, with an end, and named', async () => {
    const workspace = await withData(server, data, files);
    const old = await workspace.database.connect();
    const [backend] = (await old.query<{ pid: number; backendStart: string }>(self)).rows;
    await begun(workspace, '1', { kind: 'repeatable', ...backend });
    const lockkeeper = await workspace.open({ lockWait: '300ms' });
    const decisions = record(lockkeeper, 'recovery:decision');
    const error = await failure(lockkeeper.up());
    expect(error).toMatchObject({ code: 'RECOVERY_UNDECIDED', details: { pid: backend?.pid } });
    expect(error.hint).toContain(`pg_terminate_backend(${backend?.pid})`);
    expect(decisions).toMatchObject([{ decision: 'waiting' }]);
    const waits = (await workspace.open({ lockWait: '30s' })).up();
    await old.query('select pg_sleep(0.3)');
    await old.end();
    await waits;
    expect(await workspace.applied()).toEqual(['0', '1']);
  });

  it('is waited for, too, where a function ran without a transaction', async () => {
    const workspace = await withData(server, data, {
      '0_first.sql': 'select 1',
      '1_f.ts': `export default { transaction: 'none', up: async () => {} };`,
    });
    const old = await workspace.database.connect();
    const [backend] = (await old.query<{ pid: number; backendStart: string }>(self)).rows;
    await begun(workspace, '1', {});
    await workspace.database.query(
      'update lockkeeper.migration_execution_log set pre_state = $1 where open',
      [JSON.stringify({ kind: 'none', ...backend })],
    );
    expect(await failure(workspace.up())).toMatchObject({
      code: 'RECOVERY_UNDECIDED',
      details: { pid: backend?.pid },
    });
  });

  it('is gone when another session has its process id by now', async () => {
    const workspace = await withData(server, data, files);
    const old = await workspace.database.connect();
    const [backend] = (await old.query<{ pid: number }>(self)).rows;
    await begun(workspace, '1', { kind: 'repeatable', pid: backend?.pid, backendStart: '1.5' });
    expect((await resume(workspace)).decisions).toEqual(['again']);
  });

  it('counts as alive for a role that may not see when it began, while it holds a lock', async () => {
    const workspace = await withData(server, data, files);
    const { database } = workspace;
    const old = await database.connect();
    const [backend] = (await old.query<{ pid: number }>(self)).rows;
    await begun(workspace, '1', { kind: 'repeatable', ...backend });
    const role = await workspace.role();
    await database.query(
      `grant usage on schema lockkeeper to ${role.name}; alter table t owner to ${role.name};
       grant all on all tables in schema lockkeeper to ${role.name}`,
    );
    await old.query('begin; select from ledger');
    const open = () => workspace.open({ url: role.url });
    expect(await failure((await open()).up())).toMatchObject({
      code: 'RECOVERY_UNDECIDED',
      details: { pid: backend?.pid },
    });
    await old.query('commit');
    await (await open()).up();
    expect(await workspace.applied()).toEqual(['0', '1']);
  });
});

describe.each(servers)('the journal in a copy of a database, on PostgreSQL $major', (server) => {
  it('is reported, and nothing is cleaned up by it', async () => {
    const workspace = await withData(server, data, {
      '1_i.sql': 'create index concurrently t_id on t (id);',
    });
    const { database } = workspace;
    const release = await holding(database, 'insert into t values (1)');
    await breakWhen(workspace, { at: 't_id', when: waiting('waiting for writers before build') });
    await release();
    const copy = await createWorkspace(
      { '0_first.sql': 'select 1', '1_i.sql': 'create index concurrently t_id on t (id);' },
      { server },
    );
    await copy.database.query('create schema app; create table t (id int)');
    // CREATE DATABASE … TEMPLATE would need the original for itself; its journal row is what comes along.
    await begun(copy, '1', {});
    const [row] = await database.query<{ state: unknown }>(
      'select pre_state as state from lockkeeper.migration_execution_log where open',
    );
    await copy.database.query('update lockkeeper.migration_execution_log set pre_state = $1 where open', [
      JSON.stringify(row?.state),
    ]);
    const other = await copy.database.connect();
    await other.query("insert into t values (1), (1); set statement_timeout = '5s'");
    await expect(other.query('create unique index concurrently t_id on t (id)')).rejects.toThrow(/unique/);
    const error = await failure(copy.up());
    expect(error).toMatchObject({ code: 'RECOVERY_UNDECIDED', exit: 3 });
    expect(error.message).toMatch(/another database: this one is a copy/);
    expect(await indexNames(copy.database)).toEqual(['!t_id']);
    await copy.database.query('drop index t_id');
    await (await copy.open()).repair({ version: '1', step: 1, as: 'again', why: 'dropped', yes: true });
    await resume(copy);
    expect((await resume(workspace)).decisions).toEqual(['again']);
    expect(await oidOf(copy.database, 't_id')).not.toBe('');
  });

  it.each([
    ['what may run twice runs', 'vacuum t', 'again'],
    ['a query of the author is asked', '-- resume-check: select true\ndrop index concurrently t_x', 'done'],
  ])('%s', async (_, sql, decision) => {
    const workspace = await withData(server, data, { '0_first.sql': 'select 1', '1_x.sql': sql });
    await begun(workspace, '1', { kind: 'repeatable', databaseOid: 1 });
    expect((await resume(workspace)).decisions).toEqual([decision]);
  });
});

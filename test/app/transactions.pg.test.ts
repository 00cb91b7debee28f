import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RunReport } from '../../src/core/report.js';
import {
  latest,
  servers,
  startServer,
  tableExists,
  userTables,
  type TestDatabase,
} from '../support/database.js';
import { codesOf, createWorkspace, failure, record, reportOf, type Workspace } from './workspace.js';

const probe =
  "create table seen as select current_user::text as who, current_setting('search_path') as path, current_setting('lock_timeout') as wait, current_setting('work_mem') as memory, current_setting('session_replication_role') as replication";

/** What the next migration of the same run finds in its session. */
async function seen(app: Workspace): Promise<unknown> {
  return (await app.database.query('select * from public.seen'))[0];
}

const clean = { who: 'postgres', path: '"$user", public', wait: '2s', memory: '4MB', replication: 'origin' };

describe.each(servers)('transaction commands in files on PostgreSQL $major', (server) => {
  it('makes several blocks one step each, and keeps those that were committed', async () => {
    const app = await createWorkspace(
      {
        '1_a.sql': `begin; create table a (id int); commit;
create table between (id int);
begin; create table b (id int); select 1/0; commit;`,
      },
      { server },
    );
    const error = await failure(app.up());
    expect(error.location).toMatchObject({ line: 3 });
    expect(reportOf(error).failed?.completedSteps).toHaveLength(2);
    expect(await userTables(app.database)).toEqual(['public.a', 'public.between']);
    expect(await app.applied()).toEqual([]);
  });

  it.each([
    ['a DO block', 'do $$ begin commit; end $$;'],
    ['a procedure', 'create procedure p() language plpgsql as $$ begin commit; end $$;\ncall p();'],
  ])('rolls back where %s commits by itself, and says the way out', async (_, sql) => {
    const app = await createWorkspace({ '1_a.sql': `create table a (id int);\n${sql}` }, { server });
    const error = await failure(app.up());
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', details: { sqlstate: '2D000' } });
    expect(error.hint).toContain('-- transaction: none');
    expect(await userTables(app.database)).toEqual([]);
    app.write({ '1_a.sql': `-- transaction: none\ncreate table a (id int);\n${sql}` });
    await app.up();
    expect(await app.applied()).toEqual(['1']);
  });

  it('reports a unique constraint that fails at COMMIT as what it is', async () => {
    const app = await createWorkspace(
      {
        '1_a.sql':
          'create table a (id int primary key deferrable initially deferred);\ninsert into a values (1), (1);',
      },
      { server },
    );
    expect(await failure(app.up())).toMatchObject({
      code: 'MIGRATION_FAILED',
      message: 'Migration 1 failed at COMMIT: duplicate key value violates unique constraint "a_pkey".',
      details: { sqlstate: '23505', detail: 'Key (id)=(1) already exists.' },
    });
    const { entries } = await (await app.open()).history();
    expect(entries.map((entry) => entry.error)).toEqual([
      'Migration 1 failed at COMMIT: duplicate key value violates unique constraint "a_pkey". Key (id)=(1) already exists.',
    ]);
    expect(await app.applied()).toEqual([]);
    expect(await userTables(app.database)).toEqual([]);
  });

  it.each([
    ['SET ROLE', (role: string) => `set role ${role};`],
    ['SET SESSION AUTHORIZATION', (role: string) => `set session authorization ${role};`],
    ['an empty search_path', () => "set search_path = '';\ncreate table public.made (id int);"],
    ['no lock_timeout', () => 'set lock_timeout = 0; set statement_timeout = 0;'],
    ['other settings', () => "set work_mem = '64MB'; set session_replication_role = replica;"],
    [
      'set_config',
      () => "select set_config('search_path', '', false), set_config('work_mem', '99MB', false);",
    ],
    [
      'things of the session',
      () =>
        'create temp table seen (id int); prepare q as select 1; listen x; declare c cursor with hold for select 1;',
    ],
  ])('lets nothing of %s leak into the next migration, or into the history', async (_, sql) => {
    const app = await createWorkspace({}, { server });
    const role = await app.role();
    app.write({ '1_set.sql': sql(role.name), '2_probe.sql': probe });
    await app.up();
    expect(await seen(app)).toEqual(clean);
    expect(await app.applied()).toEqual(['1', '2']);
    expect(await app.database.query('select distinct applied_by from lockkeeper.schema_migrations')).toEqual([
      { applied_by: 'postgres' },
    ]);
  });

  it.each(['auto', 'per-statement', 'none'])(
    'keeps the role and the search_path that a file chose through all its steps, transaction: %s',
    async (mode) => {
      const app = await createWorkspace({}, { server });
      const role = await app.role();
      app.write({
        '1_set.sql': `-- transaction: ${mode}
create schema app authorization ${role.name};
set search_path = app;
set role ${role.name};
create table owned (id int);
create index concurrently owned_id on owned (id);
create table owned_too (id int);
vacuum owned;
`,
        '2_probe.sql': probe,
      });
      await app.up();
      expect(
        await app.database.query(
          "select tablename, tableowner = $1 as mine from pg_tables where schemaname = 'app' order by 1",
          [role.name],
        ),
      ).toEqual([
        { tablename: 'owned', mine: true },
        { tablename: 'owned_too', mine: true },
      ]);
      expect(await seen(app)).toEqual(clean);
    },
  );

  it('stops where something hidden has given up the migration lock', async () => {
    const app = await createWorkspace(
      {
        '1_a.sql': 'do $$ begin perform pg_advisory_unlock_all(); end $$;\ncreate table a (id int);',
        '2_b.sql': 'create table b (id int);',
      },
      { server },
    );
    const error = await failure(app.up());
    expect(error).toMatchObject({ code: 'LOCK_LOST', exit: 3, details: { version: '2' } });
    expect(await app.applied()).toEqual(['1']);
    expect(await userTables(app.database)).toEqual(['public.a']);
    expect((await app.up()).applied.map((done) => done.version)).toEqual(['2']);
  });

  it('runs a whole pg_dump file with \\restrict, COPY data and an empty search_path', async () => {
    const app = await createWorkspace(
      {
        '1_dump.sql': `--
-- PostgreSQL database dump
--

\\restrict mxcZDdF4hXoHQeFB2gXmq

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET row_security = off;

SET default_tablespace = '';

CREATE TABLE public.users (
    id integer NOT NULL,
    name text
);

COPY public.users (id, name) FROM stdin;
1\tAda; -- no comment
2\t\\\\backslash and 😀
\\.


ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

\\unrestrict mxcZDdF4hXoHQeFB2gXmq

`,
        '2_probe.sql': probe,
      },
      { server },
    );
    const report = await app.up();
    expect(report.applied.map((done) => done.steps.length)).toEqual([1, 1]);
    expect(report.warnings.map((warning) => warning.code)).toContain('timeout-in-file');
    expect(await app.database.query('select name from users order by id')).toEqual([
      { name: 'Ada; -- no comment' },
      { name: '\\backslash and 😀' },
    ]);
    expect(await seen(app)).toEqual(clean);
  });

  it('names the way out of pending trigger events', async () => {
    const sql = `create table p (id int primary key);
create table c (p int references p deferrable initially deferred);
insert into c values (1);
insert into p values (1);
alter table c add n int;`;
    const app = await createWorkspace({ '1_a.sql': sql }, { server });
    const error = await failure(app.up());
    expect(error.details['sqlstate']).toBe('55006');
    expect(error.hint).toContain('-- transaction: per-statement');
    app.write({
      '1_a.sql': `-- transaction: per-statement\n${sql.replace('insert into c values (1);\ninsert into p values (1);', 'insert into p values (1);\ninsert into c values (1);')}`,
    });
    await app.up();
  });

  it('commits an enum value before it is used, also of a type of the same file', async () => {
    const app = await createWorkspace(
      {
        '1_a.sql': `create type mood as enum ('ok');
alter type mood add value 'great';
create table t (m mood default 'great');`,
        '2_b.sql':
          "alter type mood add value if not exists 'awful';\ncreate function f() returns mood language sql as $$ select 'awful'::mood $$;",
      },
      { server },
    );
    const report = await app.up();
    expect(report.applied[1]?.steps).toHaveLength(2);
    expect(await app.database.query('select f() as m')).toEqual([{ m: 'awful' }]);
  });

  it('runs utility statements that look alike as the kind of their relation asks for', async () => {
    const app = await createWorkspace(
      {
        '1_t.sql':
          'create table plain (id int); create index plain_id on plain (id); create table parts (id int) partition by range (id); create table part1 partition of parts for values from (0) to (9); create index parts_id on parts (id);',
        '2_r.sql':
          'reindex table plain; cluster plain using plain_id; reindex table parts; reindex table concurrently plain; refresh materialized view concurrently m;'.replace(
            ' refresh materialized view concurrently m;',
            '',
          ),
        '3_v.sql': 'vacuum plain; analyze plain;',
      },
      { server },
    );
    const report = await app.up();
    expect(report.applied[1]?.steps.map((step) => step.transaction)).toEqual([true, false, false]);
    expect(report.applied[2]?.steps.map((step) => step.transaction)).toEqual([false, true]);
  });
});

describe.each([latest])('what is refused before anything runs, on PostgreSQL $major', (server) => {
  it('unwraps one BEGIN … COMMIT around the whole file, with its options', async () => {
    const app = await createWorkspace(
      {
        '1_a.sql': `begin isolation level serializable;
create table level as select current_setting('transaction_isolation') as level;
create table a (id int);
commit;`,
        '2_b.sql': 'start transaction; create table b (id int); end;',
        '3_c.sql':
          "set transaction isolation level repeatable read;\ncreate table c as select current_setting('transaction_isolation') as level;",
      },
      { server },
    );
    const report = await app.up();
    expect(report.applied.map((done) => done.steps.length)).toEqual([1, 1, 1]);
    expect(await app.database.query('select level from level union all select level from c')).toEqual([
      { level: 'serializable' },
      { level: 'repeatable read' },
    ]);
  });

  it.each([
    ['rollback', 'create table a (id int);\nrollback;', 2],
    ['rollback after begin', 'begin;\ncreate table a (id int);\nrollback;', 3],
    ['abort', 'create table a (id int);\nabort;', 2],
    ['commit without begin', 'create table a (id int);\ncommit;', 2],
    ['begin without commit', 'begin;\ncreate table a (id int);', 1],
    ['commit and chain', 'begin;\ncreate table a (id int);\ncommit and chain;', 3],
    ['prepare transaction', "begin;\ncreate table a (id int);\nprepare transaction 'x';", 3],
    ['commit prepared', "commit prepared 'x';", 1],
    ['read only', 'begin read only;\nselect 1;\ncommit;', 1],
    [
      'concurrently in a block',
      'create table a (id int);\nbegin;\ncreate index concurrently on a (id);\ncommit;',
      3,
    ],
  ])('refuses %s by line before anything runs', async (_, sql, line) => {
    const app = await createWorkspace(
      { '1_first.sql': 'create table first (id int);', '2_bad.sql': sql },
      { server },
    );
    const error = await failure(app.up());
    const problems = error.problems.length === 0 ? [error] : error.problems;
    expect(error.exit).toBe(2);
    expect(problems.map((problem) => problem.location?.line)).toContain(line);
    expect(problems[0]?.code).toMatch(/^(TRANSACTION_CONTROL_REFUSED|SINGLE_TRANSACTION_IMPOSSIBLE)$/);
    expect(await userTables(app.database)).toEqual([]);
  });

  it('keeps savepoints', async () => {
    const app = await createWorkspace(
      {
        '1_a.sql':
          'create table a (id int);\nsavepoint s;\ninsert into a values (1);\nrollback to s;\ninsert into a values (2);\nrelease s;',
      },
      { server },
    );
    await app.up();
    expect(await app.database.query('select * from a')).toEqual([{ id: 2 }]);
  });

  it.each([
    ['DISCARD ALL', 'discard all;'],
    ['pg_advisory_unlock_all', 'select pg_advisory_unlock_all();'],
    ['standard_conforming_strings off', 'set standard_conforming_strings = off;'],
    ['another client_encoding', "set client_encoding = 'latin1';"],
  ])('refuses %s by line', async (_, sql) => {
    const app = await createWorkspace({ '1_a.sql': `create table a (id int);\n${sql}` }, { server });
    expect(await failure(app.up())).toMatchObject({
      code: 'SESSION_COMMAND_REFUSED',
      exit: 2,
      location: { file: 'migrations/1_a.sql', line: 2, column: 1 },
    });
    expect(await userTables(app.database)).toEqual([]);
  });

  it('refuses a split that would lose what the transaction holds, with both lines', async () => {
    const app = await createWorkspace(
      {
        '1_a.sql':
          "create table a (id int);\nset local work_mem = '64MB';\ncreate index concurrently a_id on a (id);\nselect 1;",
      },
      { server },
    );
    const error = await failure(app.up());
    expect(error).toMatchObject({ code: 'SPLIT_LOSES_STATE', exit: 2, location: { line: 2 } });
    expect(error.message).toContain('line 3');
    expect(await userTables(app.database)).toEqual([]);
  });
});

describe.each(servers)('one transaction for the whole run on PostgreSQL $major', (server) => {
  const single = async (app: Workspace): Promise<RunReport> =>
    (await (await app.open()).up({ singleTransaction: true })) as RunReport;

  it('keeps all or nothing', async () => {
    const app = await createWorkspace(
      {
        '1_a.sql': "create table a (id int); set local work_mem = '64MB';",
        '2_b.sql': 'create table b (id int);',
        '3_c.sql': 'select 1/0;',
        '4_d.sql': 'select 1;',
      },
      { server },
    );
    const error = await failure(single(app));
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', details: { version: '3' } });
    expect(reportOf(error)).toMatchObject({
      applied: [],
      failed: { version: '3', completedSteps: [] },
      notRun: [{ version: '1' }, { version: '2' }, { version: '4' }],
    });
    expect(await userTables(app.database)).toEqual([]);
    expect(await app.applied()).toEqual([]);
    app.write({ '3_c.sql': probe });
    expect((await single(app)).applied.map((done) => done.version)).toEqual(['1', '2', '3', '4']);
    expect(await seen(app)).toEqual(clean);
  });

  it('says which constraint stopped it at the one COMMIT', async () => {
    const app = await createWorkspace(
      {
        '1_a.sql':
          'create table p (id int primary key);\ncreate table c (p int constraint c_p references p deferrable initially deferred);',
        '2_b.sql': 'insert into c values (1);',
      },
      { server },
    );
    const error = await failure(single(app));
    expect(error).toMatchObject({
      code: 'MIGRATION_FAILED',
      exit: 3,
      details: { sqlstate: '23503', constraint: 'c_p' },
    });
    expect(error.message).toMatch(/at COMMIT/);
    expect(reportOf(error)).toMatchObject({ applied: [], notRun: [{ version: '1' }, { version: '2' }] });
    expect(await userTables(app.database)).toEqual([]);
  });

  it.each([
    ['a concurrent index', 'create index concurrently a_id on a (id);', 1],
    ['an enum value that something follows', "alter type mood add value 'great';\nselect 1;", 2],
    ['a vacuum', 'select 1;\nvacuum a;', 2],
    ['a file without transaction', '-- transaction: none\nselect 1;', 2],
  ])('refuses %s by line before anything runs', async (_, sql, line) => {
    const app = await createWorkspace(
      { '1_a.sql': "create table a (id int); create type mood as enum ('ok');", '2_b.sql': sql },
      { server },
    );
    expect(await failure(single(app))).toMatchObject({
      code: 'SINGLE_TRANSACTION_IMPOSSIBLE',
      exit: 2,
      location: { file: 'migrations/2_b.sql', line },
    });
    expect(await userTables(app.database)).toEqual([]);
  });

  it('refuses an enum value that another migration follows, and code without transaction', async () => {
    const app = await createWorkspace({ '1_type.sql': "create type mood as enum ('ok');" }, { server });
    await app.up();
    app.write({ '2_value.sql': "alter type mood add value 'great';", '3_next.sql': 'select 1;' });
    expect(await failure(single(app))).toMatchObject({
      code: 'SINGLE_TRANSACTION_IMPOSSIBLE',
      details: { version: '2' },
    });
    app.write({
      '2_value.sql': 'select 1;',
      '3_next.sql': 'select 1;',
      '4_code.ts':
        "export default { transaction: 'none', up: async (db: any) => { await db.exec('create table made (id int)'); } };",
    });
    expect(await failure(single(app))).toMatchObject({ code: 'SINGLE_TRANSACTION_IMPOSSIBLE' });
    expect(await app.applied()).toEqual(['1']);
    expect(await userTables(app.database)).toEqual([]);
  });

  it.each([
    "await db.client.query('commit')",
    "await db.client.query({ text: '/* x */ End work', rowMode: 'array' })",
    "await db.client.query('select 1; commit; begin')",
    "await db.client.query('commit', [1])",
    "await db.exec('select 1;\\ncommit')",
    "await db.query('rollback').catch(() => {})",
    'await db.query("prepare transaction \'x\'").catch(() => {})',
    "await db.exec('do $$ begin commit; end $$').catch(() => {})",
  ])('does not let code commit what came before it: %s', async (commit) => {
    const app = await createWorkspace(
      {
        '1_a.sql': 'create table a (id int);',
        '2_b.ts': `export default { up: async (db: any) => { await db.exec('create table b (id int)'); ${commit}; } };`,
      },
      { server },
    );
    expect(await failure(single(app))).toMatchObject({
      code: expect.stringMatching(/^(TRANSACTION_CONTROL_REFUSED|TRANSACTION_ENDED|MIGRATION_FAILED)$/),
    });
    expect(await userTables(app.database)).toEqual([]);
    expect(await app.applied()).toEqual([]);
  });

  it('runs code in it, and rolls everything back with it', async () => {
    const app = await createWorkspace(
      {
        '1_a.ts': "export default { up: async (db: any) => { await db.exec('create table a (id int)'); } };",
        '2_b.ts':
          "export default { up: async (db: any) => { await db.exec('create table b (id int)'); throw new Error('no'); } };",
      },
      { server },
    );
    expect((await failure(single(app))).message).toContain('no');
    expect(await userTables(app.database)).toEqual([]);
    app.write({ '2_b.ts': "export default { up: 'create table b (id int)' };" });
    await single(app);
    expect(await app.applied()).toEqual(['1', '2']);
  });
});

it('refuses a single transaction that the lock table cannot hold, with the figures, before it starts', async () => {
  const server = await startServer(latest.major, { max_locks_per_transaction: '10', max_connections: '10' });
  onTestFinished(() => server.remove());
  const target = { major: server.major, url: server.url, superuser: 'postgres' };
  const sql = Array.from({ length: 1500 }, (_, index) => `create table t${index} (id int primary key);`);
  const app = await createWorkspace({ '1_many.sql': sql.join('\n') }, { server: target });
  const error = await failure((await app.open()).up({ singleTransaction: true }));
  expect(error).toMatchObject({ code: 'LOCK_TABLE_FULL', exit: 2 });
  expect(Number(error.details['needed'])).toBeGreaterThanOrEqual(3000);
  expect(error.hint).toContain(String(error.details['setting']));
  expect(await userTables(app.database)).toEqual([]);
});

/** A session that keeps a strong lock on a table until it is told to let go. */
async function block(database: TestDatabase, table: string): Promise<() => Promise<void>> {
  const blocker = await database.connect();
  await blocker.query(`begin; lock table ${table} in access exclusive mode`);
  return async () => {
    await blocker.query('rollback');
    await blocker.end();
  };
}

describe.each(servers)('a lock that is not to be had on PostgreSQL $major', (server) => {
  const files = {
    '1_t.sql': 'create table free (id int); create table busy (id int);',
    '2_alter.sql': 'alter table free add n int;\nalter table busy add n int;',
    '3_next.sql': 'create table later (id int);',
  };

  it('rolls the whole step back, lets others pass, and succeeds when the other session has gone', async () => {
    const app = await createWorkspace(files, { server });
    await (await app.open()).up({ steps: 1 });
    const release = await block(app.database, 'busy');
    const lockkeeper = await app.open({ lockTimeout: 200, lockRetries: 50 });
    const retries = record(lockkeeper, 'step:retry');
    const passed: Promise<unknown>[] = [];
    lockkeeper.on('step:retry', () => {
      if (passed.length > 0) return;
      // Between two tries nothing is locked: a reader of the other table passes at once.
      const look = "set lock_timeout = '50ms'; select * from free; reset lock_timeout";
      passed.push(app.database.query(look).then(release));
    });
    const report = (await lockkeeper.up()) as RunReport;
    await Promise.all(passed);
    expect(passed).toHaveLength(1);
    expect(report.applied.map((done) => done.version)).toEqual(['2', '3']);
    expect(report.applied[0]?.steps[0]?.retries).toBe(retries.length);
    expect(retries[0]).toMatchObject({ version: '2', step: 1, attempt: 1, sqlstate: '55P03' });
    expect(await app.applied()).toEqual(['1', '2', '3']);
  });

  it('gives up when the budget is spent, names the statement, and keeps nothing', async () => {
    const app = await createWorkspace(files, { server });
    await (await app.open()).up({ steps: 1 });
    const release = await block(app.database, 'busy');
    const error = await failure((await app.open({ lockTimeout: 100, lockRetries: 2 })).up());
    await release();
    expect(error).toMatchObject({
      code: 'LOCK_BUDGET_EXCEEDED',
      exit: 3,
      details: { version: '2', sqlstate: '55P03' },
      location: { file: 'migrations/2_alter.sql', line: 2 },
    });
    expect(error.hint).toContain('3 times');
    expect(reportOf(error)).toMatchObject({ applied: [], notRun: [{ version: '3' }] });
    expect(
      await app.database.query(
        "select 1 from pg_attribute where attrelid = 'free'::regclass and attname = 'n'",
      ),
    ).toEqual([]);
    expect((await app.up()).applied.map((done) => done.version)).toEqual(['2', '3']);
  });

  it('does not end a concurrent build by the short budget', async () => {
    const app = await createWorkspace(
      { '1_t.sql': 'create table t (id int);', '2_i.sql': 'create index concurrently t_id on t (id);' },
      { server },
    );
    await (await app.open()).up({ steps: 1 });
    const reader = await app.database.connect();
    await reader.query('begin isolation level repeatable read; select * from t');
    const lockkeeper = await app.open({ lockTimeout: 50, lockRetries: 0 });
    const running = lockkeeper.up();
    await untilWaiting(app.database);
    await sleep(150);
    await reader.query('commit');
    expect(((await running) as RunReport).applied.map((done) => done.version)).toEqual(['2']);
    expect(await tableExists(app.database, 't_id')).toBe(true);
    await reader.end();
  });

  it('tries again after a deadlock that it lost', async () => {
    const app = await createWorkspace(
      {
        '1_t.sql': 'create table x (id int); create table y (id int);',
        '2_a.sql': 'alter table x add n int;\nalter table y add n int;',
      },
      { server },
    );
    await (await app.open()).up({ steps: 1 });
    const other = await app.database.connect();
    // The other session waits longer for a deadlock to be looked for, so the run is the one that finds it and loses.
    await other.query("set deadlock_timeout = '60s'; begin; lock table y in access exclusive mode");
    const lockkeeper = await app.open({ lockTimeout: '20s' });
    const retries = record(lockkeeper, 'step:retry');
    const running = lockkeeper.up();
    await untilWaiting(app.database);
    await other.query('lock table x in access exclusive mode');
    await other.query('commit');
    expect(((await running) as RunReport).applied).toHaveLength(1);
    expect(retries).toMatchObject([{ sqlstate: '40P01' }]);
    await other.end();
  });
});

/** Until a session of Lockkeeper waits for a lock. */
async function untilWaiting(database: TestDatabase): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const rows = await database.query(
      "select 1 from pg_stat_activity where datname = current_database() and application_name ilike 'lockkeeper%' and wait_event_type = 'Lock'",
    );
    if (rows.length > 0) return;
    await sleep(20);
  }
  throw new Error('The run never waited for a lock.');
}

it('collects what is refused in several files, with the place of each', async () => {
  const app = await createWorkspace({
    '1_a.sql': 'rollback;',
    '2_b.sql': 'select 1;\ncommit;',
    '3_c.sql': 'discard all;',
  });
  const error = await failure(app.up());
  expect(codesOf(error)).toEqual([
    'TRANSACTION_CONTROL_REFUSED',
    'TRANSACTION_CONTROL_REFUSED',
    'SESSION_COMMAND_REFUSED',
  ]);
  expect(error.problems.map((problem) => `${problem.location?.file}:${problem.location?.line}`)).toEqual([
    'migrations/1_a.sql:1',
    'migrations/2_b.sql:2',
    'migrations/3_c.sql:1',
  ]);
});

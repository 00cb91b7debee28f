import { describe, expect, it } from 'vitest';
import type { DryRunReport } from '../../src/app/lockkeeper.js';
import type { RunReport } from '../../src/core/report.js';
import {
  columnExists,
  invalidIndexes,
  latest,
  servers,
  tableExists,
  userTables,
} from '../support/database.js';
import { createWorkspace, failure, record, reportOf } from './workspace.js';

const users = `-- migrate:up
create table users (id int primary key, email text not null);
-- migrate:down
drop table users;
`;

describe.each(servers)('up on PostgreSQL $major', (server) => {
  it('applies what is pending, once, and says what it did', async () => {
    const app = await createWorkspace(
      { '0001_users.sql': users, '0002_posts.sql': 'create table posts (id int);' },
      { server },
    );
    const report = await app.up();
    expect(report).toMatchObject({
      direction: 'up',
      environment: 'development',
      batch: 1,
      failed: null,
      notRun: [],
    });
    expect(report.applied.map(({ version, name }) => [version, name])).toEqual([
      ['0001', 'users'],
      ['0002', 'posts'],
    ]);
    expect(report.applied[0]?.steps).toMatchObject([
      { step: 1, transaction: true, statements: 1, retries: 0 },
    ]);
    expect(report.runId).toMatch(/^[0-9a-f-]{36}$/);
    expect(await userTables(app.database)).toEqual(['public.posts', 'public.users']);

    const again = await app.up();
    expect(again).toMatchObject({ applied: [], failed: null, notRun: [], batch: null });
    app.write({ '0003_more.sql': 'create table more (id int);' });
    expect(await app.up()).toMatchObject({ batch: 2, applied: [{ version: '0003' }] });
  });

  it('keeps what came before a failing migration, nothing of it, and runs nothing after it', async () => {
    const app = await createWorkspace(
      {
        '1_a.sql': 'create table a (id int);',
        '2_b.sql': 'create table b (id int);\ninsert into b values (1);\nselect 1 / 0;',
        '3_c.sql': 'create table c (id int);',
      },
      { server },
    );
    const error = await failure(app.up());
    expect(error).toMatchObject({
      code: 'MIGRATION_FAILED',
      exit: 3,
      details: { version: '2', sqlstate: '22012' },
      location: { file: 'migrations/2_b.sql', line: 3, column: 1, lineText: 'select 1 / 0;' },
    });
    expect(reportOf(error)).toMatchObject({
      applied: [{ version: '1' }],
      failed: { version: '2', name: 'b', completedSteps: [], error: { code: 'MIGRATION_FAILED' } },
      notRun: [{ version: '3', name: 'c' }],
    });
    expect(await userTables(app.database)).toEqual(['public.a']);
    expect(await app.applied()).toEqual(['1']);
    const { entries } = await (await app.open()).history();
    expect(entries[0]).toMatchObject({
      version: '2',
      status: 'failed',
      action: 'apply',
      error: expect.stringContaining('division by zero'),
    });

    app.write({ '2_b.sql': 'create table b (id int);' });
    expect((await app.up()).applied.map((done) => done.version)).toEqual(['2', '3']);
  });

  it('splits a mixed file: concurrent index, enum value, validation of a constraint', async () => {
    const app = await createWorkspace(
      {
        '1_base.sql': "create type mood as enum ('ok'); create table t (id int, m mood, n int);",
        '2_mixed.sql': `alter table t add constraint positive check (n > 0) not valid;
create index concurrently t_id on t (id);
alter type mood add value 'great';
alter table t alter m set default 'great';
alter table t validate constraint positive;`,
      },
      { server },
    );
    const report = await app.up();
    const steps = report.applied[1]?.steps ?? [];
    expect(steps.map((step) => step.transaction)).toEqual([true, false, true, true]);
    await app.database.query('insert into t (id, n) values (1, 1)');
    expect(await app.database.query('select m from t')).toEqual([{ m: 'great' }]);
    expect(await invalidIndexes(app.database)).toEqual([]);
  });

  it('keeps committed steps of a split migration that fails, says so, and goes on from there', async () => {
    const app = await createWorkspace(
      {
        '1_split.sql': `create table t (id int);
create index concurrently t_id on t (id);
create table u (id int);
insert into nowhere values (1);`,
        '2_next.sql': 'create table later (id int);',
      },
      { server },
    );
    const error = await failure(app.up());
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', details: { sqlstate: '42P01' } });
    expect(error.location).toMatchObject({ line: 4, column: 13 });
    expect(reportOf(error).failed?.completedSteps.map((step) => step.step)).toEqual([1, 2]);
    expect(await userTables(app.database)).toEqual(['public.t']);
    const lockkeeper = await app.open();
    expect(await lockkeeper.status()).toMatchObject({
      applied: [],
      failed: [{ version: '1', name: 'split', direction: 'up', completedSteps: 2 }],
    });
    expect(await failure(lockkeeper.down())).toMatchObject({ code: 'RECOVERY_UNDECIDED' });

    app.write({
      '1_split.sql': `create table t (id int);
create index concurrently t_id on t (id);
create table u (id int);`,
    });
    const report = await app.up();
    expect(report.applied.map((done) => done.version)).toEqual(['1', '2']);
    expect(report.applied[0]?.steps.map((step) => step.step)).toEqual([3]);
    expect(await userTables(app.database)).toEqual(['public.later', 'public.t', 'public.u']);
    expect((await (await app.open()).status()).failed).toEqual([]);
  });

  it('removes the invalid index of a failed concurrent build', async () => {
    const app = await createWorkspace(
      {
        '1_t.sql': 'create table t (id int); insert into t values (1), (1);',
        '2_u.sql': 'create unique index concurrently t_unique on t (id);',
      },
      { server },
    );
    const error = await failure(app.up());
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', details: { version: '2', sqlstate: '23505' } });
    expect(await invalidIndexes(app.database)).toEqual([]);
    await app.database.query('delete from t');
    expect((await app.up()).applied.map((done) => done.version)).toEqual(['2']);
    expect(await invalidIndexes(app.database)).toEqual([]);
  });

  it('points at the very place in a file of many statements with multi-byte text', async () => {
    const app = await createWorkspace(
      {
        '1_wide.sql': `create table "größe 😀" (id int);
insert into "größe 😀" values (1), (2);
comment on table "größe 😀" is 'Ünïcödé 😀😀 — ; not the end';
select '😀😀', missing_column from "größe 😀";
`,
      },
      { server },
    );
    const { location } = await failure(app.up());
    expect(location).toMatchObject({ file: 'migrations/1_wide.sql', line: 4, column: 14, length: 14 });
    expect(location?.lineText).toBe(`select '😀😀', missing_column from "größe 😀";`);
  });

  it('points at the statement where the server gives no position, and keeps its detail', async () => {
    const app = await createWorkspace(
      {
        '1_dup.sql': `create table "ü" (id int primary key);
insert into "ü" values (1);
do $$ begin raise notice 'ä 😀'; end $$;
-- a comment; with a semicolon
  insert into "ü"
    values (1);
insert into "ü" values (2);
`,
      },
      { server },
    );
    const error = await failure(app.up());
    expect(error.location).toMatchObject({ line: 5, column: 3, lineText: '  insert into "ü"' });
    expect(error.details).toMatchObject({
      sqlstate: '23505',
      constraint: 'ü_pkey',
      detail: 'Key (id)=(1) already exists.',
    });
  });

  it('says that a deferred constraint failed at COMMIT', async () => {
    const app = await createWorkspace(
      {
        '1_fk.sql': `create table p (id int primary key);
create table c (p int references p deferrable initially deferred);
insert into c values (1);`,
      },
      { server },
    );
    const error = await failure(app.up());
    expect(error).toMatchObject({
      code: 'MIGRATION_FAILED',
      details: { sqlstate: '23503', constraint: 'c_p_fkey' },
    });
    expect(error.message).toMatch(/at COMMIT/);
    expect(await userTables(app.database)).toEqual([]);
  });

  it('names the line of COPY data that the server refuses', async () => {
    const app = await createWorkspace(
      {
        '1_copy.sql': `create table t (id int, name text);
copy t from stdin;
1\tone
2\t-- migrate:down is data here
x\tthree
\\.
`,
      },
      { server },
    );
    const error = await failure(app.up());
    expect(error.location).toMatchObject({ line: 2, column: 1 });
    expect(error.details['where']).toMatch(/COPY t, line 3/);
    app.write({
      '1_copy.sql':
        'create table t (id int, name text);\ncopy t from stdin;\n1\tüñ\n2\t\\N\n\\.\nselect 1;\n',
    });
    await app.up();
    expect(await app.database.query('select * from t order by id')).toEqual([
      { id: 1, name: 'üñ' },
      { id: 2, name: null },
    ]);
  });
});

describe.each([latest])('what up plans and tells, on PostgreSQL $major', (server) => {
  it('refuses to go on when a step that was committed has been edited', async () => {
    const app = await createWorkspace(
      { '1_split.sql': 'create table t (id int);\ncreate index concurrently t_id on t (id);\nselect 1/0;' },
      { server },
    );
    await failure(app.up());
    app.write({
      '1_split.sql': 'create table t (id bigint);\ncreate index concurrently t_id on t (id);\nselect 1;',
    });
    expect(await failure(app.up())).toMatchObject({ code: 'RECOVERY_CHANGED', exit: 2 });
    expect(await app.applied()).toEqual([]);
  });

  it('prints the exact SQL in a dry run and changes nothing, not even its own schema', async () => {
    const app = await createWorkspace(
      {
        '1_users.sql': users,
        '2_i.sql': 'create index concurrently users_email on users (email);',
        '3_code.ts': 'export default { up: async (db: any) => { await db.query("select 1"); } };',
        '4_own.ts': 'export default { up: async () => {} };',
      },
      { server },
    );
    const report = (await (await app.open()).up({ dryRun: true })) as DryRunReport;
    expect(report).toMatchObject({ dryRun: true, direction: 'up', environment: 'development' });
    expect(report.migrations.map(({ version, file }) => [version, file])).toEqual([
      ['1', 'migrations/1_users.sql'],
      ['2', 'migrations/2_i.sql'],
      ['3', 'migrations/3_code.ts'],
      ['4', 'migrations/4_own.ts'],
    ]);
    expect(report.migrations[0]?.sql.join('\n')).toMatch(/^begin;[^]*create table users[^]*commit;/);
    expect(report.migrations[0]?.unknown).toBeNull();
    expect(report.migrations[1]?.sql).toContain('create index concurrently users_email on users (email);');
    expect(report.migrations[2]?.unknown).toMatch(/decided while it runs/);
    expect(report.migrations[3]?.unknown).toMatch(/connections of its own/);
    expect(await userTables(app.database)).toEqual([]);
    expect(await app.database.query("select 1 from pg_namespace where nspname = 'lockkeeper'")).toEqual([]);
  });

  it('runs queries of validation sections, and keeps nothing when one returns a row', async () => {
    const app = await createWorkspace(
      {
        '1_t.sql': 'create table t (id int); insert into t values (1);',
        '2_v.sql': `-- migrate:validate-before
select 1 from t where id > 5;
-- migrate:up
update t set id = id + 10;
-- migrate:validate-after

select * from t where id = 12;
select * from t where id = 11;
`,
      },
      { server },
    );
    const error = await failure(app.up());
    expect(error).toMatchObject({
      code: 'VALIDATION_FAILED',
      exit: 3,
      details: { version: '2', rows: 1 },
      location: { file: 'migrations/2_v.sql', line: 8, column: 1 },
    });
    expect(await app.database.query('select id from t')).toEqual([{ id: 1 }]);
    await app.database.query('update t set id = 7');
    expect(await failure(app.up())).toMatchObject({ code: 'VALIDATION_FAILED', location: { line: 2 } });
    await app.database.query('update t set id = 2');
    expect(await failure(app.up())).toMatchObject({ code: 'VALIDATION_FAILED', location: { line: 7 } });
    await app.database.query('update t set id = 3');
    await app.up();
    expect(await app.applied()).toEqual(['1', '2']);
  });

  it.each([
    ['one statement outside any transaction', 'create index concurrently t_id on t (id);', ''],
    ['a file without transaction', 'create table made (id int);', '-- transaction: none\n'],
    ['a split file', 'create index concurrently t_id on t (id); create table made (id int);', ''],
  ])('validates before and after %s, too', async (_, up, head) => {
    const app = await createWorkspace(
      {
        '1_t.sql': 'create table t (id int); insert into t values (1);',
        '2_v.sql': `${head}-- migrate:validate-before
select * from t;
-- migrate:up
${up}
-- migrate:validate-after
select 1 where exists (select from t where id = 2);
`,
      },
      { server },
    );
    expect(await failure(app.up())).toMatchObject({ code: 'VALIDATION_FAILED', details: { version: '2' } });
    expect(await tableExists(app.database, 't_id')).toBe(false);
    expect(await tableExists(app.database, 'made')).toBe(false);
    await app.database.query('delete from t');
    await app.up();
    expect(await app.applied()).toEqual(['1', '2']);
  });

  it('runs a repeatable migration last, and again when it changes, and only then', async () => {
    const app = await createWorkspace(
      {
        'R__view.sql': 'create or replace view v as select id from t;',
        '0007_marked.sql': '-- repeatable\ncreate or replace view w as select id from t;',
        '9_t.sql': 'create table t (id int, n int);',
      },
      { server },
    );
    expect((await app.up()).applied.map((done) => done.version)).toEqual(['9', '0007', 'R__view']);
    expect((await app.up()).applied).toEqual([]);
    app.write({
      'R__view.sql': 'create or replace view v as select id, n from t;',
      '10_u.sql': 'create table u (id int);',
    });
    expect((await app.up()).applied.map((done) => done.version)).toEqual(['10', 'R__view']);
    expect(await columnExists(app.database, 'v', 'n')).toBe(true);
    expect((await app.up()).applied).toEqual([]);
    expect(
      await app.database.query(
        "select count(*)::int as n from lockkeeper.schema_migrations where version like 'R%'",
      ),
    ).toEqual([{ n: 1 }]);
  });

  it('runs a repeatable migration of several steps again, too', async () => {
    const app = await createWorkspace(
      {
        '1_t.sql': 'create table t (id int, n int);',
        'R__indexes.sql': 'create index concurrently if not exists t_id on t (id);',
      },
      { server },
    );
    await app.up();
    app.write({
      'R__indexes.sql':
        'create index concurrently if not exists t_id on t (id); create index concurrently if not exists t_n on t (n);',
    });
    expect((await app.up()).applied.map((done) => done.version)).toEqual(['R__indexes']);
    expect(await tableExists(app.database, 't_n')).toBe(true);
    expect((await app.up()).applied).toEqual([]);
  });

  it('orders by dependency before version', async () => {
    const app = await createWorkspace(
      {
        '1_a.sql': '-- depends: 3\ncreate table a (id int references c);',
        '2_b.sql': 'create table b (id int);',
        '3_c.sql': 'create table c (id int primary key);',
      },
      { server },
    );
    expect((await app.up()).applied.map((done) => done.version)).toEqual(['3', '1', '2']);
    expect(await app.applied()).toEqual(['3', '1', '2']);
  });

  it('runs a migration only in the environments that it names, by any of their names', async () => {
    const app = await createWorkspace(
      {
        '1_all.sql': 'create table everywhere (id int);',
        '2_dev.sql': '-- environments: dev, testing\ncreate table playground (id int);',
        '3_prod.sql': '-- environments: production\ncreate table serious (id int);',
      },
      { server },
    );
    expect((await app.up()).applied.map((done) => done.version)).toEqual(['1', '2']);
    expect((await (await app.open()).status()).pending).toEqual([]);
  });

  it('reports a late-merged older migration, and runs or refuses it by policy', async () => {
    const app = await createWorkspace(
      { '1_a.sql': 'create table a (id int);', '3_c.sql': 'create table c (id int);' },
      { server },
    );
    await app.up();
    app.write({ '2_b.sql': 'create table b (id int);' });
    const lockkeeper = await app.open();
    expect(await lockkeeper.status()).toMatchObject({
      pending: [{ version: '2' }],
      outOfOrder: [{ version: '2', name: 'b' }],
    });
    app.project.write('lockkeeper.config.json', '{"outOfOrder": "refuse"}');
    expect(await failure(app.up())).toMatchObject({ code: 'OUT_OF_ORDER_REFUSED', exit: 5 });
    expect(await app.applied()).toEqual(['1', '3']);
    app.project.write('lockkeeper.config.json', '{"outOfOrder": "warn"}');
    const report = await app.up();
    expect(report.warnings.map((warning) => warning.code)).toEqual(['out-of-order']);
    expect(await app.applied()).toEqual(['1', '3', '2']);
  });

  it('tells listeners what happens in order', async () => {
    const app = await createWorkspace(
      { '1_a.sql': "do $$ begin raise notice 'hello'; end $$; create table a (id int);" },
      { server },
    );
    const lockkeeper = await app.open();
    const seen: string[] = [];
    for (const name of [
      'lock:acquired',
      'run:start',
      'migration:apply:start',
      'step:start',
      'notice',
      'step:success',
      'migration:apply:success',
      'run:success',
    ] as const)
      lockkeeper.on(name, () => void seen.push(name));
    const notices = record(lockkeeper, 'notice');
    await lockkeeper.up();
    expect(seen).toEqual([
      'lock:acquired',
      'run:start',
      'migration:apply:start',
      'step:start',
      'notice',
      'step:success',
      'migration:apply:success',
      'run:success',
    ]);
    expect(notices[0]).toMatchObject({ severity: 'NOTICE', message: 'hello' });
  });

  it('lets no fault of a listener change what the run does or reports', async () => {
    const app = await createWorkspace(
      { '1_a.sql': 'create table a (id int);', '2_b.sql': 'create table b (id int);' },
      { server },
    );
    const lockkeeper = await app.open();
    for (const name of ['run:start', 'migration:apply:success', 'run:success'] as const)
      lockkeeper.on(name, () => {
        throw new Error(`fault in ${name}`);
      });
    const report = (await lockkeeper.up()) as RunReport;
    expect(report.failed).toBeNull();
    expect(await app.applied()).toEqual(['1', '2']);
    expect(
      report.warnings.map(({ code, message }) => [code, /fault in ([\w:]+)/.exec(message)?.[1]]),
    ).toEqual([
      ['listener-failed', 'run:start'],
      ['listener-failed', 'migration:apply:success'],
      ['listener-failed', 'run:success'],
    ]);
  });

  it('keeps the same version of two folders apart', async () => {
    const app = await createWorkspace(
      {},
      {
        server,
        config: {
          migrations: [
            { dir: 'core', name: 'core' },
            { dir: 'billing', name: 'billing' },
          ],
        },
      },
    );
    app.project.write('core/0001_a.sql', 'create table a (id int);\n-- nothing');
    app.project.write('billing/0001_b.sql', 'create table b (id int);');
    expect(((await (await app.open()).up()) as RunReport).applied).toHaveLength(2);
    expect(
      await app.database.query('select source, version from lockkeeper.schema_migrations order by seq'),
    ).toEqual([
      { source: 'core', version: '0001' },
      { source: 'billing', version: '0001' },
    ]);
    expect((await (await app.open()).status()).pending).toEqual([]);
  });
});

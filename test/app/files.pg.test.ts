import { chmodSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LockkeeperError } from '../../src/core/errors.js';
import { runsAsRoot } from '../support/binaries.js';
import { servers, userTables } from '../support/database.js';
import { codesOf, createWorkspace, failure, type Workspace } from './workspace.js';

const good = (name: string): string => `create table ${name} (id int);`;

/** Nothing was run and nothing was installed but perhaps our own schema. */
async function mustBeUntouched(app: Workspace): Promise<void> {
  expect(await userTables(app.database)).toEqual([]);
}

const places = (error: LockkeeperError): readonly string[] =>
  (error.problems.length === 0 ? [error] : error.problems).map(
    (problem) =>
      `${problem.code} ${problem.location?.file ?? ''}:${problem.location?.line ?? ''}:${problem.location?.column ?? ''}`,
  );

describe.each(servers)('files that cannot be used on PostgreSQL $major', (server) => {
  it('finds a syntax error in file 7 of 9 before the first statement runs', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 9 }, (_, index) => [`${index + 1}_t.sql`, good(`t${index + 1}`)]),
    );
    const app = await createWorkspace(
      { ...files, '7_t.sql': "create table ok (id int);\n\nselect '😀', from x;\ncreate tabel t7 (id int);" },
      { server },
    );
    const error = await failure(app.up());
    expect(error).toMatchObject({ code: 'MIGRATIONS_UNUSABLE', exit: 2 });
    expect(places(error).toSorted()).toEqual(
      ['SQL_SYNTAX migrations/7_t.sql:3:13', 'SQL_SYNTAX migrations/7_t.sql:4:8'].toSorted(),
    );
    expect(error.problems.find((problem) => problem.location?.line === 4)?.location).toMatchObject({
      lineText: 'create tabel t7 (id int);',
      length: 5,
    });
    await mustBeUntouched(app);
    const verified = await (await app.open()).verify();
    expect(verified).toMatchObject({ ok: false, checked: 9 });
    expect(verified.problems).toHaveLength(2);
  });

  it.each([
    ['COMMIT', 'begin; create table a (id int); commit insert into a values (1);'],
    ['BEGIN', 'begin atomic select 1; end;'],
    ['END', 'begin; create table a (id int); end if;'],
  ])('judges what a forgotten semicolon put behind %s, and drops nothing silently', async (_, sql) => {
    const app = await createWorkspace({ '1_a.sql': sql }, { server });
    expect(codesOf(await failure(app.up()))).toEqual(['SQL_SYNTAX']);
    await mustBeUntouched(app);
  });

  it('reports everything that is wrong in one go', async () => {
    const app = await createWorkspace(
      {
        '01_applied.sql': good('a'),
        '02_gone.sql': good('b'),
      },
      { server },
    );
    await app.up();
    app.project.delete('migrations/02_gone.sql');
    app.write({
      '01_applied.sql': 'create table a (id bigint);',
      '03_empty.sql': '\n-- nothing\n',
      '04_bad.sql': '-- risk: enormous\nselect 1;',
      '05_one.sql': '-- depends: 06\nselect 1;',
      '06_two.sql': '-- depends: 05\nselect 1;',
      '07_quote.sql': "select 'never ends;",
      '08_twice.sql': 'select 1;',
      '8_twice.sql': 'select 2;',
      '09_psql.sql': 'select 1;\n\\i other.sql\n',
      '10_latin.sql': Buffer.from("select 'gr\xfc\xdfe';\n", 'latin1'),
      '11_utf16.sql': Buffer.from('\ufeffselect 1;', 'utf16le'),
      '12_unknown.sql': '-- depends: 99\nselect 1;',
      '13_code.ts': 'export const up = ;',
      '14_shape.ts': 'export const dwon = "select 1";',
      '15_syntax.sql': 'selec 1;',
      '16_control.sql': 'commit;',
      '17_drop.sql': 'create table z (id int);\n-- down\ndrop table z;',
      'no_version.sql': 'select 1;',
    });
    const lockkeeper = await app.open();
    const error = await failure(lockkeeper.up());
    expect(error).toMatchObject({ code: 'MIGRATIONS_UNUSABLE', exit: 2 });
    expect(codesOf(error).toSorted()).toEqual(
      [
        'MIGRATION_CHANGED',
        'MIGRATION_DEPENDENCY_CYCLE',
        'MIGRATION_DEPENDENCY_UNKNOWN',
        'MIGRATION_DUPLICATE',
        'MIGRATION_EMPTY',
        'MIGRATION_LOAD_FAILED',
        'MIGRATION_MARKERS_MISSING',
        'MIGRATION_METADATA_INVALID',
        'MIGRATION_MISSING',
        'MIGRATION_NAME_INVALID',
        'MIGRATION_SHAPE_INVALID',
        'MIGRATION_UNREADABLE',
        'MIGRATION_UNREADABLE',
        'PSQL_COMMAND_REFUSED',
        'SQL_SYNTAX',
        'SQL_UNTERMINATED',
        'TRANSACTION_CONTROL_REFUSED',
      ].toSorted(),
    );
    const verified = await lockkeeper.verify();
    expect(verified.ok).toBe(false);
    expect(verified.problems.map((problem) => problem.code).toSorted()).toEqual(codesOf(error).toSorted());
    for (const problem of verified.problems) expect(problem.hint).toBeTruthy();
    expect(await userTables(app.database)).toEqual(['public.a', 'public.b']);
  });

  it('judges by the grammar of the target, not by that of another major', async () => {
    const app = await createWorkspace(
      {
        '1_new.sql':
          'create table t (id int, n int generated always as (id + 1) virtual);\nalter table t add constraint c check (id > 0) not enforced;',
      },
      { server },
    );
    if (server.major >= 18) {
      await app.up();
      return;
    }
    expect(codesOf(await failure(app.up()))).toEqual(['SQL_SYNTAX', 'SQL_SYNTAX']);
    await mustBeUntouched(app);
    // Words that are reserved from 16 on.
    if (server.major >= 16) return;
    app.write({
      '1_new.sql':
        'create table system_user (id int);\ncreate function json_array(int) returns int language sql as $$ select $1 $$;',
    });
    await app.up();
  });

  it('does not take a table that is not there yet for a mistake', async () => {
    const merge =
      server.major < 15 ? '' : 'merge into a using a b on a.id = b.id when matched then delete;\n';
    const app = await createWorkspace(
      {
        '1_a.sql': good('a'),
        '2_b.sql': `insert into a select * from a where id = 1;\nwith x as (delete from a returning *) select * from x;\n${merge}explain select * from a;\ncreate view v as select * from a;\ncreate table c as select * from a;`,
      },
      { server },
    );
    await app.up();
    expect(await app.applied()).toEqual(['1', '2']);
  });
});

describe('each kind of bad file', () => {
  it('names both files of a duplicate version', async () => {
    const app = await createWorkspace({ '0001_a.sql': good('a'), '1_b.sql': good('b') });
    const error = await failure(app.up());
    expect(error).toMatchObject({
      code: 'MIGRATION_DUPLICATE',
      exit: 2,
      details: { files: ['migrations/0001_a.sql', 'migrations/1_b.sql'] },
    });
    expect(error.message).toContain('migrations/0001_a.sql');
    expect(error.message).toContain('migrations/1_b.sql');
    expect(await failure((await app.open()).status())).toMatchObject({ code: 'MIGRATION_DUPLICATE' });
    expect(await (await app.open()).verify()).toMatchObject({
      ok: false,
      problems: [{ code: 'MIGRATION_DUPLICATE' }],
    });
    await mustBeUntouched(app);
  });

  it('says what was edited, and what to do', async () => {
    const app = await createWorkspace({ '1_a.sql': good('a'), '2_b.sql': good('b') });
    await app.up();
    app.write({ '1_a.sql': 'create table a (id bigint);', '3_c.sql': good('c') });
    const error = await failure(app.up());
    expect(error).toMatchObject({
      code: 'MIGRATION_CHANGED',
      exit: 2,
      details: { version: '1', name: 'a', file: 'migrations/1_a.sql' },
    });
    expect(error.hint).toContain('lockkeeper repair 1');
    expect(await userTables(app.database)).toEqual(['public.a', 'public.b']);
    expect((await (await app.open()).status()).changed).toEqual([
      { version: '1', name: 'a', file: 'migrations/1_a.sql' },
    ]);
    await (await app.open()).repair({ version: '1', why: 'it is a comment', yes: true });
    expect((await app.up()).applied.map((done) => done.version)).toEqual(['3']);
  });

  it('counts an applied file that can no longer be parsed as changed', async () => {
    const app = await createWorkspace({
      '1_a.sql': good('a'),
      '2_b.ts': "export const up = 'create table b (id int)';",
    });
    await app.up();
    app.write({ '1_a.sql': "create table a ('", '2_b.ts': 'export const up = ;' });
    expect(codesOf(await failure(app.up()))).toEqual(['MIGRATION_CHANGED', 'MIGRATION_CHANGED']);
    expect((await (await app.open()).status()).changed).toHaveLength(2);
  });

  it('says what is missing, and what to do', async () => {
    const app = await createWorkspace({ '1_a.sql': good('a'), '2_b.sql': good('b') });
    await app.up();
    app.project.delete('migrations/1_a.sql');
    const error = await failure(app.up());
    expect(error).toMatchObject({ code: 'MIGRATION_MISSING', exit: 2, details: { version: '1' } });
    expect(error.hint).toContain('lockkeeper mark 1 --pending');
    expect(await (await app.open()).status()).toMatchObject({ missing: [{ version: '1', name: 'a' }] });
    expect(await (await app.open()).verify()).toMatchObject({
      ok: false,
      problems: [{ code: 'MIGRATION_MISSING' }],
    });
  });

  it.skipIf(runsAsRoot)('says which file may not be read', async () => {
    const app = await createWorkspace({ '1_a.sql': good('a'), '2_b.sql': good('b') });
    chmodSync(join(app.project.dir, 'migrations/2_b.sql'), 0o000);
    expect(await failure(app.up())).toMatchObject({
      code: 'MIGRATION_UNREADABLE',
      exit: 2,
      details: { file: 'migrations/2_b.sql' },
    });
    await mustBeUntouched(app);
  });

  it('says which file cannot be read: a link to nowhere, a folder under the name of a file', async () => {
    const app = await createWorkspace({ '1_a.sql': good('a'), '2_dir.sql/3_x.sql': good('x') });
    symlinkSync('/nowhere/at/all.sql', join(app.project.dir, 'migrations/4_link.sql'));
    const error = await failure(app.up());
    expect(codesOf(error)).toContain('MIGRATION_UNREADABLE');
    expect(error.exit).toBe(2);
    await mustBeUntouched(app);
  });

  it('refuses an empty file, one of comments, an empty section', async () => {
    const app = await createWorkspace({
      '1_a.sql': '',
      '2_b.sql': '/* nothing */ ;;',
      '3_c.sql': '-- migrate:up\n-- migrate:down\ndrop table x;',
    });
    expect(codesOf(await failure(app.up()))).toEqual([
      'MIGRATION_EMPTY',
      'MIGRATION_EMPTY',
      'MIGRATION_EMPTY',
    ]);
  });

  it('names the whole circle of dependencies', async () => {
    const app = await createWorkspace({
      '1_a.sql': `-- depends: c\n${good('a')}`,
      '2_b.sql': `-- depends: 1\n${good('b')}`,
      '3_c.sql': `-- depends: 2_b\n${good('c')}`,
    });
    const error = await failure(app.up());
    expect(error).toMatchObject({ code: 'MIGRATION_DEPENDENCY_CYCLE', exit: 2 });
    expect(error.message).toMatch(/1 → 3 → 2 → 1/);
    await mustBeUntouched(app);
  });

  it.each([
    ['-- risk: enormous', 1],
    ['-- hello\n-- transaction: sometimes', 2],
    ['-- requires-downtime: perhaps', 1],
    ['-- estimated-duration: soonish', 1],
    ['-- depnds: 1', 1],
    ['-- lint-ignore some-rule', 1],
  ])('refuses bad metadata by line: %j', async (head, line) => {
    const app = await createWorkspace({ '1_a.sql': good('a'), '2_b.sql': `${head}\n${good('b')}` });
    expect(await failure(app.up())).toMatchObject({
      code: 'MIGRATION_METADATA_INVALID',
      exit: 2,
      location: { file: 'migrations/2_b.sql', line, column: 1 },
    });
    await mustBeUntouched(app);
  });

  it('tells a file without markers that creates and then drops', async () => {
    const sql = 'create table users (id int);\n\n-- down\ndrop table users;\n';
    const app = await createWorkspace({ '1_users.sql': sql });
    const error = await failure(app.up());
    expect(error).toMatchObject({
      code: 'MIGRATION_MARKERS_MISSING',
      exit: 2,
      location: { file: 'migrations/1_users.sql', line: 4 },
    });
    expect(error.hint).toContain('-- migrate:down');
    expect((await (await app.open()).verify()).problems).toMatchObject([
      { code: 'MIGRATION_MARKERS_MISSING' },
    ]);
    await mustBeUntouched(app);
    app.write({ '1_users.sql': `-- migrate:up\n${sql}` });
    expect((await app.up()).applied).toHaveLength(1);
  });

  it.each([
    '\\i other.sql',
    '\\copy t from x.csv',
    '\\connect other',
    '\\! rm -rf x',
    '\\set x 1',
    'select 1 \\gexec',
    '\\unrestrict x',
  ])('refuses the psql command %s by line, and runs no shell', async (command) => {
    const app = await createWorkspace({ '1_a.sql': `${good('a')}\n${command}\n` });
    expect(await failure(app.up())).toMatchObject({
      code: 'PSQL_COMMAND_REFUSED',
      exit: 2,
      location: { file: 'migrations/1_a.sql', line: 2 },
    });
    await mustBeUntouched(app);
  });

  it('says that the folder is not there', async () => {
    const app = await createWorkspace();
    const lockkeeper = await app.open({ migrations: 'nowhere' });
    const error = await failure(lockkeeper.up());
    expect(error).toMatchObject({ code: 'MIGRATIONS_DIR_MISSING', exit: 2 });
    expect(error.message).toContain('nowhere');
    expect(await failure(lockkeeper.status())).toMatchObject({ code: 'MIGRATIONS_DIR_MISSING' });
  });

  it('runs files with a byte order mark, Windows line ends, and odd but lawful contents', async () => {
    const app = await createWorkspace({
      '1_bom.sql': Buffer.concat([
        Buffer.from([0xef, 0xbb, 0xbf]),
        Buffer.from('-- description: with a mark\r\ncreate table a (id int);\r\n'),
      ]),
      '2_odd.sql': `create table b (t text);
insert into b values ($q$-- migrate:down
'; drop table a; --$q$), ('it''s; -- not a comment'), (E'a\\'; b'), ('/*');
/* a comment /* nested; */ ; */
create function f() returns text language plpgsql as $$ begin return 'a;b'; end; $$;
create procedure p() begin atomic select 1; select 2; end;
create rule r as on insert to a do also (select 1; select 2);`,
    });
    await app.up();
    expect(await app.database.query('select count(*)::int as n, f() as f from b')).toEqual([
      { n: 4, f: 'a;b' },
    ]);
    const [row] = await app.database.query(
      "select description from lockkeeper.schema_migrations where version = '1'",
    );
    expect(row).toEqual({ description: 'with a mark' });
  });

  it('puts versions of mixed width and form into the order that a person means', async () => {
    const app = await createWorkspace({
      '10_c.sql': 'select 1;',
      '9_b.sql': 'select 1;',
      '0002_a.sql': 'select 1;',
      '20240101_d.sql': 'select 1;',
      '2017-09-23-182408_old.sql': 'select 1;',
      '1710000000000_e.sql': 'select 1;',
    });
    await app.up();
    expect(await app.applied()).toEqual([
      '0002',
      '9',
      '10',
      '2017-09-23-182408',
      '20240101',
      '1710000000000',
    ]);
  });
});

describe('hostile names', () => {
  const nasty = `it's "quoted" ;-- \\ $1 é 😀`;

  it('keeps every name of a file as data', async () => {
    const app = await createWorkspace(
      { [`0001_${nasty}.sql`]: '-- migrate:up\ncreate table a (id int);\n-- migrate:down\ndrop table a;' },
      { prefix: "lock keeper's ;-- é-" },
    );
    const report = await app.up();
    expect(report.applied).toMatchObject([{ version: '0001', name: nasty }]);
    const lockkeeper = await app.open();
    expect((await lockkeeper.status()).applied).toMatchObject([{ name: nasty }]);
    app.write({
      [`0001_${nasty}.sql`]: '-- migrate:up\ncreate table a (id bigint);\n-- migrate:down\ndrop table a;',
    });
    await lockkeeper.repair({ version: '0001', why: nasty, yes: true });
    expect((await lockkeeper.history()).entries[0]?.error).toBe(nasty);
    await lockkeeper.down();
    await lockkeeper.mark({ version: '0001', as: 'applied', why: nasty, yes: true });
    expect(await app.applied()).toEqual(['0001']);
  });

  it.each([
    ['schema', `sch"ema';--\\ é 😀 \n$x$ { a, b }`],
    ['schema', 'select'],
    ['schema', 'Mixed Case.with dot'],
    ['schema', 'x'.repeat(63)],
    ['table', `ta"ble';--\\ é 😀 \n$x$`],
    ['table', 'x'.repeat(63)],
  ])('keeps its history in a %s of any name: %j', async (what, name) => {
    const history = what === 'schema' ? { schema: name } : { table: name };
    const app = await createWorkspace(
      {
        '1_a.sql': '-- migrate:up\ncreate table a (id int);\n-- migrate:down\ndrop table a;',
        '2_b.sql': 'create index concurrently a_id on a (id);',
      },
      { config: { history } },
    );
    await app.up();
    const lockkeeper = await app.open();
    expect((await lockkeeper.status()).applied).toHaveLength(2);
    expect(await app.up()).toMatchObject({ applied: [] });
    const [row] = await app.database.query(
      "select count(*)::int as n from pg_class where relkind = 'r' and relnamespace = (select oid from pg_namespace where nspname = $1) and relname = $2",
      [what === 'schema' ? name : 'lockkeeper', what === 'table' ? name : 'schema_migrations'],
    );
    expect(row).toEqual({ n: 1 });
    await lockkeeper.mark({ version: '2', as: 'pending', why: 'x', yes: true });
    await lockkeeper.tag('v1');
    await lockkeeper.down();
    app.project.delete('migrations/2_b.sql');
    expect(await (await app.open()).fresh({ yes: true })).toMatchObject({
      up: { applied: [{ version: '1' }] },
    });
  });

  it.each([
    ['schema', 'x'.repeat(64)],
    ['schema', 'é'.repeat(32)],
    ['table', '😀'.repeat(16)],
    ['table', 'database_info'],
    ['table', 'migration_execution_log'],
    ['schema', 'pg_mine'],
    ['schema', 'a\0b'],
    ['schema', ''],
  ])('refuses a %s that the server would cut or that is taken: %j', async (what, name) => {
    const history = what === 'schema' ? { schema: name } : { table: name };
    const app = await createWorkspace({ '1_a.sql': good('a') }, { config: { history } });
    const error = await failure(app.up());
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', exit: 2 });
    await mustBeUntouched(app);
  });

  it('works as a role of any name', async () => {
    const app = await createWorkspace({
      '1_a.sql': 'create table a (id int);\ncreate index concurrently on a (id);',
    });
    const [row] = await app.database.query<{ name: string }>(`select format('%I', $1::text) as name`, [
      `ro"le';--\\ é ${app.database.name}`,
    ]);
    const quoted = row?.name ?? '';
    await app.database.query(
      `create role ${quoted}; grant create on database ${app.database.name} to ${quoted}; grant all on schema public to ${quoted}`,
    );
    app.project.write(
      'lockkeeper.config.json',
      JSON.stringify({ role: `ro"le';--\\ é ${app.database.name}` }),
    );
    await app.up();
    expect(
      await app.database.query(
        "select tableowner from pg_tables where tablename in ('a', 'schema_migrations')",
      ),
    ).toEqual([
      { tableowner: `ro"le';--\\ é ${app.database.name}` },
      { tableowner: `ro"le';--\\ é ${app.database.name}` },
    ]);
    await app.database.query(`drop owned by ${quoted}; drop role ${quoted}`);
  });

  it('sets a search_path of any names', async () => {
    const app = await createWorkspace({
      '1_a.sql': "create table a (id int);\nset work_mem = '9MB';",
      '2_b.sql': 'create table b (id int);',
    });
    const name = `Sp ace, "q" 'x' \\ ;-- é`;
    await app.database.query(`create schema "${name.replaceAll('"', '""')}"`);
    app.project.write('lockkeeper.config.json', JSON.stringify({ searchPath: [name, 'public'] }));
    await app.up();
    expect(
      await app.database.query('select tablename from pg_tables where schemaname = $1 order by 1', [name]),
    ).toEqual([{ tablename: 'a' }, { tablename: 'b' }]);
  });

  it('refuses a file name that holds a control character', async () => {
    const app = await createWorkspace({ '1_a\n;drop.sql': good('a') });
    const error = await failure(app.up());
    expect(error).toMatchObject({ code: 'MIGRATION_NAME_INVALID', exit: 2 });
    expect(error.message).not.toContain('\n');
    await mustBeUntouched(app);
  });
});

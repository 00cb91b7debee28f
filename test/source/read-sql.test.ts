import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Migration, SqlScript } from '../../src/migration/migration.js';
import { createSource, type Source } from '../../src/source/source.js';
import { tempProject, type TempProject } from '../support/project.js';

let project: TempProject | undefined;
afterEach(() => project?.remove());

type Files = Readonly<Record<string, string | Uint8Array>>;

function source(files: Files): Source {
  project = tempProject();
  mkdirSync(join(project.dir, 'migrations'), { recursive: true });
  for (const [name, content] of Object.entries(files)) project.write(`migrations/${name}`, content);
  const options = { name: 'migrations', dir: join(project.dir, 'migrations'), format: 'native' } as const;
  return createSource(options, { root: project.dir });
}

async function readAll(files: Files) {
  const opened = source(files);
  const listing = opened.list();
  const reading = await opened.read(listing.files);
  return { ...reading, problems: [...listing.problems, ...reading.problems] };
}

async function readOne(files: Files): Promise<Migration> {
  const { migrations, problems } = await readAll(files);
  expect(problems.map((problem) => problem.message)).toEqual([]);
  expect(migrations).toHaveLength(1);
  return migrations[0]!;
}

function sql(script: Migration['up'] | null): string[] {
  const { text, statements } = script as SqlScript;
  return statements.map((statement) => text.slice(statement.start, statement.end));
}

/** Code, line and message of the problems of one file named 0001_a.sql. */
async function problemsOf(content: string | Uint8Array): Promise<unknown[]> {
  const { problems, migrations } = await readAll({ '0001_a.sql': content });
  expect(migrations).toEqual([]);
  return problems.map(({ code, location, message }) => [code, location?.line, message]);
}

describe('a directive below the first statement', () => {
  it('is told by its line, and only where it is a comment between statements', async () => {
    const { migrations, warnings } = await readAll({
      '1_a.sql': `-- risk: low
-- migrate:up
-- tags: a
create table a (
  -- tags: jsonb
  id int
); -- risk: high
-- depends: 0007
/*
-- risk: high
*/
create function f() returns text language sql as $$
-- risk: high
select '
-- risk: high
' $$;
copy a from stdin;
-- risk: high
\\.

  -- transaction: none
-- migrate:down
-- irreversible: the rows are gone
drop table a;
`,
    });
    expect(migrations).toMatchObject([{ metadata: { risk: 'low', tags: ['a'], depends: [] } }]);
    expect(warnings.map(({ code, message }) => [code, message])).toEqual([
      ['directive-ignored', expect.stringContaining('migrations/1_a.sql:8: "-- depends: 0007" stands below')],
      ['directive-ignored', expect.stringContaining('migrations/1_a.sql:21: "-- transaction: none"')],
      ['directive-ignored', expect.stringContaining('migrations/1_a.sql:23: "-- irreversible: the rows')],
    ]);
  });

  it('is told in a file without markers, with the line ends of Windows, and in the file of the way down', async () => {
    const { warnings } = await readAll({
      '1_a.up.sql': 'select 1;\r\n-- risk: high\r\n',
      '1_a.down.sql': '-- transaction: none\nselect 1;\n-- repeatable\n',
    });
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining('migrations/1_a.up.sql:2: "-- risk: high"'),
      expect.stringContaining('migrations/1_a.down.sql:3: "-- repeatable"'),
    ]);
  });
});

describe('reading SQL migrations', () => {
  it('reads a file with markers, its metadata and its sections', async () => {
    const migration = await readOne({
      '20240101093000_create_users.sql': `-- description: Users
-- transaction: per-statement
-- migrate:up
create table users (id int);
create index on users (id);

-- migrate:validate-after
select 1 from users where id is null;

-- migrate:down
drop table users;
`,
    });
    expect(migration).toMatchObject({ version: '20240101093000', name: 'create_users', format: 'sql' });
    expect(migration.metadata).toMatchObject({ description: 'Users', transaction: 'per-statement' });
    expect(sql(migration.up)).toEqual(['create table users (id int)', 'create index on users (id)']);
    expect(sql(migration.down)).toEqual(['drop table users']);
    expect(sql(migration.validateAfter)).toEqual(['select 1 from users where id is null']);
    expect(migration.validateBefore).toBeNull();
    expect(migration.up).toMatchObject({ file: 'migrations/20240101093000_create_users.sql', lineOffset: 3 });
    expect(migration.down).toMatchObject({ lineOffset: 10 });
    expect(migration.tokenChecksum).toMatch(/^v1:[0-9a-f]{64}:[0-9a-f]{64}$/);
  });

  it('reads a pair, with directives in both halves', async () => {
    const migration = await readOne({
      '000001_a.up.sql': '-- risk: low\ncreate table a ();',
      '000001_a.down.sql': '-- transaction: none\ndrop table a;',
    });
    expect(sql(migration.up)).toEqual(['create table a ()']);
    expect(sql(migration.down)).toEqual(['drop table a']);
    expect(migration.down).toMatchObject({ file: 'migrations/000001_a.down.sql', lineOffset: 0 });
    expect(migration.metadata).toMatchObject({ risk: 'low', transaction: 'auto', transactionDown: 'none' });
  });

  it('reads a plain file as a way up only', async () => {
    const migration = await readOne({ '001_create_types.sql': "create type mood as enum ('ok');" });
    expect(sql(migration.up)).toEqual(["create type mood as enum ('ok')"]);
    expect(migration.down).toBeNull();
    expect(migration.tokenChecksum).toMatch(/:$/);
  });

  it('takes an empty way down for none', async () => {
    const migration = await readOne({
      '1_a.sql': '-- migrate:up\nselect 1;\n-- migrate:down\n-- nothing yet\n',
    });
    expect(migration.down).toBeNull();
  });

  it("honours dbmate's transaction option for each way", async () => {
    const migration = await readOne({
      '1_a.sql':
        '-- migrate:up transaction:false\ncreate index concurrently i on t (a);\n-- migrate:down\ndrop index i;',
    });
    expect(migration.metadata).toMatchObject({ transaction: 'none', transactionDown: null });
    const other = await readOne({
      '1_a.sql': '-- migrate:up\nselect 1;\n-- migrate:down transaction:false\ndrop index concurrently i;',
    });
    expect(other.metadata).toMatchObject({ transaction: 'auto', transactionDown: 'none' });
  });

  it("reads Diesel's folders with run_in_transaction, and tells of settings it does not know", async () => {
    const { migrations, problems, warnings } = await readAll({
      '2017-09-23-182408_posts/up.sql': 'create table posts ();',
      '2017-09-23-182408_posts/down.sql': 'drop table posts;',
      '2017-09-23-182408_posts/metadata.toml': 'run_in_transaction = false # CIC\nother = 1\n',
      '2017-09-24-000000_tags/up.sql': 'create table tags ();',
    });
    expect(problems).toEqual([]);
    expect(migrations.map((each) => [each.version, each.name, each.metadata.transaction])).toEqual([
      ['2017-09-23-182408', 'posts', 'none'],
      ['2017-09-24-000000', 'tags', 'auto'],
    ]);
    expect(warnings).toMatchObject([
      {
        code: 'setting-ignored',
        message: expect.stringMatching(/posts\/metadata.toml: the setting "other"/) as string,
      },
    ]);
  });

  it('marks repeatable migrations', async () => {
    const { migrations } = await readAll({
      'R__v.sql': 'create or replace view v as select 1',
      '1_w.sql': '-- repeatable\ncreate or replace view w as select 1',
    });
    expect(migrations.map((each) => [each.version, each.repeatable, each.metadata.repeatable])).toEqual([
      ['1', true, true],
      ['R__v', true, true],
    ]);
  });

  it('leaves out a byte order mark and keeps text of many bytes', async () => {
    const migration = await readOne({ '1_a.sql': "\uFEFF-- risk: high\nselect '表 😀';" });
    expect(migration.metadata.risk).toBe('high');
    expect(sql(migration.up)).toEqual(["select '表 😀'"]);
  });

  it('keeps COPY data, and passes over the restrict lines of pg_dump', async () => {
    const migration = await readOne({
      '1_dump.sql': '\\restrict abc\ncopy t from stdin;\n1\ta\n\\.\nselect 1;\n\\unrestrict abc\n',
    });
    expect(sql(migration.up)).toEqual(['copy t from stdin', 'select 1']);
    const { text, statements } = migration.up as SqlScript;
    const data = statements[0]?.copyData;
    expect(text.slice(data?.start, data?.end)).toBe('1\ta\n');
  });

  it('warns of a directive that may be prose, and goes on', async () => {
    const { migrations, warnings } = await readAll({ '1_a.sql': '-- risk: rather small I think\nselect 1;' });
    expect(migrations).toHaveLength(1);
    expect(warnings).toMatchObject([
      { code: 'directive-ignored', message: expect.stringMatching(/^migrations\/1_a.sql:1: /) as string },
    ]);
  });
});

describe('what is wrong with an SQL file', () => {
  it.each([
    ['', 'MIGRATION_EMPTY', 1, /is empty/],
    ['\n \n', 'MIGRATION_EMPTY', 1, /is empty/],
    ['-- only\n/* comments */\n', 'MIGRATION_EMPTY', 1, /comments only/],
    [
      '-- migrate:up\n\n-- migrate:down\ndrop table t;',
      'MIGRATION_EMPTY',
      1,
      /^The section "-- migrate:up" of/,
    ],
    [';;;', 'MIGRATION_EMPTY', 1, /comments only/],
    ["select 1;\nselect 'x;\n", 'SQL_UNTERMINATED', 2, /string/],
    ['-- migrate:up\nselect 1;\ndo $$ begin\n', 'SQL_UNTERMINATED', 3, /dollar/],
    ['select 1;\n\\connect other\n', 'PSQL_COMMAND_REFUSED', 2, /connect/],
    ['-- migrate:up\nselect 1;\n-- migrate:down\n\\i x.sql\n', 'PSQL_COMMAND_REFUSED', 4, /\\i/],
    ['-- a\n-- transaction: maybe\nselect 1;', 'MIGRATION_METADATA_INVALID', 2, /"maybe"/],
    ['-- depnds: 0001\nselect 1;', 'MIGRATION_METADATA_INVALID', 1, /"depends"/],
    ['select 1;\n-- migrate:down\nselect 2;', 'MIGRATION_MARKERS_INVALID', 1, /above the first marker/],
    ['select 1;\nselect \0;', 'MIGRATION_UNREADABLE', 2, /NUL/],
    [
      '-- +goose Up\ncreate table a ();\n-- +goose Down\ndrop table a;',
      'MIGRATION_MARKERS_MISSING',
      1,
      /goose/,
    ],
    [
      'create table a ();\n-- Down\ndrop table a;\n',
      'MIGRATION_MARKERS_MISSING',
      3,
      /table a on line 1 .* line 3/,
    ],
  ])('tells of %j', async (content, code, line, message) => {
    expect(await problemsOf(content)).toContainEqual([code, line, expect.stringMatching(message)]);
  });

  it.each([
    ['+goose', 'goose'],
    ['+migrate', 'sql-migrate'],
  ])('names the format whose markers are %s', async (word, format) => {
    const { problems } = await readAll({
      '1_a.sql': `-- ${word} Up\ncreate table a ();\n-- ${word} Down\ndrop table a;`,
    });
    expect(problems.map(({ hint }) => hint)).toEqual([expect.stringContaining(`format: '${format}'`)]);
  });

  it('lets a marked file create and drop as it likes', async () => {
    const migration = await readOne({
      '1_a.sql': '-- migrate:up\ncreate table a ();\n-- Down\ndrop table a;\n',
    });
    expect(migration.down).toBeNull();
  });

  it('names the line of the first byte that is no UTF-8', async () => {
    expect(await problemsOf(Buffer.from("select 1;\nselect 'caf\xe9';", 'latin1'))).toEqual([
      ['MIGRATION_UNREADABLE', 2, expect.stringMatching(/first bad byte is on line 2/)],
    ]);
  });

  it('recognises UTF-16', async () => {
    expect(await problemsOf(Buffer.from('\uFEFFselect 1;', 'utf16le'))).toEqual([
      ['MIGRATION_UNREADABLE', undefined, expect.stringMatching(/UTF-16/)],
    ]);
  });

  it('underlines a bad directive', async () => {
    const { problems } = await readAll({ '1_a.sql': '  -- risk: hgih\nselect 1;' });
    expect(problems[0]?.location).toEqual({
      file: 'migrations/1_a.sql',
      line: 1,
      column: 3,
      lineText: '  -- risk: hgih',
      length: 13,
    });
  });

  it('refuses a way down in the file and another beside it', async () => {
    const { problems } = await readAll({
      '1_a.sql': '-- migrate:up\nselect 1;\n-- migrate:down\nselect 2;',
      '1_a.down.sql': 'select 3;',
    });
    expect(problems).toMatchObject([{ code: 'MIGRATION_MARKERS_INVALID', location: { line: 3 } }]);
  });

  it('collects the problems of all files, each with all of its own, and reads the rest', async () => {
    const { migrations, problems } = await readAll({
      '1_a.sql': 'select 1;',
      '2_b.sql': "-- risk: hgih\n-- depnds: 1\nselect 'x",
      '3_c.sql': '',
      '4_d.sql': 'select 1;',
      'no_version.sql': 'select 1;',
    });
    expect(migrations.map((each) => each.version)).toEqual(['1', '4']);
    expect(problems.map((problem) => [problem.code, problem.location?.file])).toEqual([
      ['MIGRATION_NAME_INVALID', undefined],
      ['SQL_UNTERMINATED', 'migrations/2_b.sql'],
      ['MIGRATION_METADATA_INVALID', 'migrations/2_b.sql'],
      ['MIGRATION_METADATA_INVALID', 'migrations/2_b.sql'],
      ['MIGRATION_EMPTY', 'migrations/3_c.sql'],
    ]);
  });

  it('reads what it listed, whatever becomes of the files in between', async () => {
    const opened = source({ '1_a.sql': 'select 1;', '2_b.sql': 'select 1;' });
    const { files } = opened.list();
    project?.write('migrations/1_a.sql', 'select 2;');
    project?.delete('migrations/2_b.sql');
    const { migrations, problems } = await opened.read(files);
    expect(problems).toEqual([]);
    expect(migrations.map(({ up }) => (up as SqlScript).text)).toEqual(['select 1;', 'select 1;']);
  });

  it('notices a file too large to keep that is changed, or taken away, between listing and reading', async () => {
    const large = `select 1; -- ${'x'.repeat(300_000)}`;
    const opened = source({ '1_a.sql': large, '2_b.sql': large, '3_c.sql': large });
    const { files } = opened.list();
    project?.write('migrations/1_a.sql', 'select 2;');
    project?.delete('migrations/2_b.sql');
    const { migrations, problems } = await opened.read(files);
    expect(migrations.map(({ version }) => version)).toEqual(['3']);
    expect(problems.map(({ code, message }) => [code, message])).toEqual([
      ['MIGRATION_UNREADABLE', expect.stringMatching(/was changed while/)],
      ['MIGRATION_UNREADABLE', expect.stringMatching(/cannot be read/)],
    ]);
  });
});

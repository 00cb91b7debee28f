import { describe, expect, it } from 'vitest';
import { lexScript, needsParser } from '../../src/sql/script.js';

function split(text: string): string[] {
  const { statements, problems } = lexScript(text);
  expect(problems).toEqual([]);
  return statements.map(({ start, end }) => text.slice(start, end));
}

function problems(text: string) {
  return lexScript(text).problems.map(({ code, location }) => ({
    code,
    line: location?.line,
    column: location?.column,
    lineText: location?.lineText,
  }));
}

describe('lexScript', () => {
  it.each<[string, string, string[]]>([
    ['cuts at semicolons', 'select 1; select 2', ['select 1', 'select 2']],
    ['loses empty statements', ';; select 1 ;; /* a */ ; -- b', ['select 1']],
    ['leaves leading comments outside', '-- a\n/* b */ select 1 /* c */ ;', ['select 1']],
    [
      'keeps a planner hint with its statement',
      '/* a */ /*+ SeqScan(t) */ select 1;',
      ['/*+ SeqScan(t) */ select 1'],
    ],
    ['loses a hint that belongs to nothing', '/*+ x */ ; select 1', ['select 1']],
    [
      'keeps the commands of a rule together',
      'create rule r as on insert to t do (a; b); select 1',
      ['create rule r as on insert to t do (a; b)', 'select 1'],
    ],
    [
      'keeps CREATE SCHEMA with its elements together',
      'create schema s create table t (a int) create view v as select 1;',
      ['create schema s create table t (a int) create view v as select 1'],
    ],
    [
      'keeps a body with BEGIN ATOMIC together',
      'create function f() returns int begin atomic select case when a then b end; select 2; end; select 3',
      [
        'create function f() returns int begin atomic select case when a then b end; select 2; end',
        'select 3',
      ],
    ],
    [
      'follows nested CASE in such a body',
      'create or replace procedure p() begin atomic select case case 1 when 1 then 2 end when 2 then 3 end; end; x',
      [
        'create or replace procedure p() begin atomic select case case 1 when 1 then 2 end when 2 then 3 end; end',
        'x',
      ],
    ],
    [
      'is not misled by labels named like keywords in such a body',
      'create function f() returns int begin atomic select 1 as end; select t.end, t.case from t; end; x',
      ['create function f() returns int begin atomic select 1 as end; select t.end, t.case from t; end', 'x'],
    ],
    [
      'takes a function named begin for what it is',
      'create function begin(atomic int) returns int return 1; x',
      ['create function begin(atomic int) returns int return 1', 'x'],
    ],
    ['lets a transaction begin', 'begin; select 1; end; commit', ['begin', 'select 1', 'end', 'commit']],
    [
      'does not cut in strings, bodies and comments',
      "select ';', $$;$$, E'\\';', \";\" /*;*/ --;\n; x",
      ["select ';', $$;$$, E'\\';', \";\"", 'x'],
    ],
  ])('%s', (_, text, expected) => {
    expect(split(text)).toEqual(expected);
  });

  it('counts lines from 1, with every kind of line end', () => {
    const { statements } = lexScript('-- a\r\nselect 1;\r\n\r\nselect\n2; select 3;\nselect 4');
    expect(statements.map(({ line }) => line)).toEqual([2, 4, 5, 6]);
  });

  it('gives nothing for a text without statements', () => {
    expect(lexScript(' \n-- nothing\n;')).toEqual({ statements: [], problems: [] });
  });
});

describe('COPY data', () => {
  it.each([
    ['copy t from stdin;', "1\t;\n'--\n"],
    ['COPY "t" (a, b) FROM STDIN WITH (FORMAT csv);', '1,"\n'],
    ['copy t from stdout;', '\\N\n'],
    ['copy t from stdin; -- the data', '\\.x\n \\.\n'],
    ['copy t from stdin;', ''],
  ])('belongs to %j', (copy, data) => {
    const text = `${copy}\n${data}\\.\nselect 1;`;
    const { statements, problems: found } = lexScript(text);
    expect(found).toEqual([]);
    expect(statements).toHaveLength(2);
    const block = statements[0]?.copyData;
    expect(text.slice(block?.start, block?.end)).toBe(data);
    expect(text.slice(statements[1]?.start)).toBe('select 1;');
  });

  it('may end the script, and may have Windows line ends', () => {
    const text = 'copy t from stdin;\r\n1\r\n\\.';
    const [copy] = lexScript(text).statements;
    expect(text.slice(copy?.copyData?.start, copy?.copyData?.end)).toBe('1\r\n');
  });

  it.each([
    'copy t to stdout;',
    'copy (select * from stdin) to stdout;',
    "copy t from '/f';",
    "copy t from program 'x';",
  ])('does not belong to %j', (copy) => {
    const { statements } = lexScript(`${copy}\nselect 1;`);
    expect(statements.map(({ copyData }) => copyData)).toEqual([null, null]);
  });

  it('without an end is a problem at its COPY', () => {
    expect(problems('select 1;\n  copy t from stdin;\n1\n')).toEqual([
      { code: 'SQL_UNTERMINATED', line: 2, column: 3, lineText: '  copy t from stdin;' },
    ]);
    expect(problems('copy t from stdin')).toMatchObject([{ code: 'SQL_UNTERMINATED', line: 1 }]);
  });

  it('refuses a statement between COPY and its data', () => {
    expect(problems('copy t from stdin; select 1;\n1\n\\.\n')).toMatchObject([
      { code: 'SQL_SYNTAX', line: 1, column: 20 },
    ]);
  });
});

describe('psql commands', () => {
  it('lets the restrict pair of pg_dump pass', () => {
    expect(split('--\n-- dump\n--\n\n\\restrict aB3\n\nset x = 1;\n\n\\unrestrict aB3\r\n\n')).toEqual([
      'set x = 1',
    ]);
  });

  it.each([
    ['\\connect other\nselect 1;', 1, 1],
    ['select 1;\n  \\i file.sql', 2, 3],
    ['select 1 \\gexec\nselect 2;', 1, 10],
    ['\\.', 1, 1],
    ['select 1;\n\\restrict a\n', 2, 1],
    ['\\unrestrict a', 1, 1],
    ['\\restrict a\n\\unrestrict b', 2, 1],
    ['\\restrict a\n\\restrict b\n\\unrestrict b', 2, 1],
    ['select 1; \\restrict a\n\\unrestrict a', 1, 11],
    ['\\! rm -rf /', 1, 1],
  ])('refuses %j by line', (text, line, column) => {
    expect(problems(text)[0]).toMatchObject({ code: 'PSQL_COMMAND_REFUSED', line, column });
  });

  it('does not see them in strings, bodies and comments', () => {
    expect(problems("select '\\i x', $$ \\! $$ /* \\c */; -- \\q")).toEqual([]);
  });

  it('goes on behind a refused command', () => {
    const text = '\\set x 1\nselect 1;\n\\echo done\nselect 2;';
    expect(problems(text).map(({ line }) => line)).toEqual([1, 3]);
    expect(lexScript(text).statements).toHaveLength(2);
  });
});

describe('things without an end', () => {
  it.each([
    ["select 1;\nselect 'é😀' || 'abc\n;", 2, 16],
    ['/* a\n/* b */', 1, 1],
    ['do $a$ x', 1, 4],
    ['select "a', 1, 8],
  ])('are told where they begin: %j', (text, line, column) => {
    expect(problems(text)).toMatchObject([{ code: 'SQL_UNTERMINATED', line, column }]);
  });
});

describe('needsParser', () => {
  it.each([
    ['create table t (a int); insert into t values (1)', false],
    ['frobnicate all tables', true],
    ['create table t (a int', true],
    ['select 1) ; select 2', true],
    ['create function f() returns int begin atomic select 1; end', true],
  ])('says of %j: %j', (text, expected) => {
    expect(needsParser(lexScript(text).statements)).toBe(expected);
  });
});

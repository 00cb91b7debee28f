import * as fc from 'fast-check';

/** Pieces out of which lexers go wrong when they meet in the wrong order. */
const pieces = [
  "'",
  "''",
  "E'",
  "e'",
  "\\'",
  '\\\\',
  "B'01'",
  "x'1f'",
  "N'",
  "U&'",
  'U&"',
  '"',
  '""',
  '$$',
  '$a$',
  '$ab$',
  '$ä$',
  '$1',
  '$',
  'a$b',
  'a$a$',
  '--',
  '-',
  '/*',
  '*/',
  '/',
  '*',
  ';',
  '(',
  ')',
  '[',
  ']',
  ',',
  '::',
  ':=',
  ':',
  '..',
  '.',
  '1',
  '1.5',
  '.5',
  '1e5',
  '1e',
  '0x1F',
  '1_000',
  'e',
  'E',
  'u',
  'U&',
  'x',
  'b',
  'n',
  'abc',
  'é😀',
  'ab_1$',
  ' ',
  '  ',
  '\n',
  '\r\n',
  '\t',
  '+',
  '<=',
  '@',
  '\\',
];

/** Short texts of such pieces; about half of them are lexically sound. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 14 })
  .map((parts) => parts.join(''));

const innards = fc
  .array(
    fc.constantFrom(
      'a',
      ';',
      '--',
      '/*',
      '*/',
      '$',
      '$$',
      '"',
      'é',
      '😀',
      '\n',
      'begin',
      'end',
      '(',
      ')',
      '\\.',
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''));

const quoted = innards.map((text) => `'${text.replaceAll("'", "''")}'`);
const escaped = innards.map((text) => `E'${text}\\'${text}\\\\'`);
const dollar = innards.map((text) => `$t$${text}$t$`);
const identifier = innards.map((text) => `"x${text.replaceAll('"', '""')}"`);
const continued = innards.map((text) => `E'a\\'${text.replaceAll('--', '')}' \n\t 'b\\';'`);
const value = fc.oneof(
  quoted,
  escaped,
  dollar,
  continued,
  fc.constantFrom('1', '$1', '1.5e3', "x'1f'", 'null'),
);
const blank = fc.constantFrom('', ' ', '\n', ' -- it; "s\n', "/* a ; /* nested ; */ ' */", '\r\n\t');

const body = fc
  .tuple(value, value)
  .map(([a, b]) => `select ${a}; insert into t values (case when true then ${b} end);`);

const core = fc.oneof(
  fc.tuple(value, identifier).map(([v, name]) => `select ${v} as ${name}`),
  fc.tuple(identifier, value).map(([name, v]) => `insert into ${name} values (${v}, (${v}))`),
  identifier.map((name) => `create table ${name} (a int, b text default ';')`),
  dollar.map((text) => `create function f() returns int language sql as ${text}`),
  body.map((text) => `create function f() returns int begin atomic ${text} end`),
  body.map((text) => `create or replace procedure p(a int) begin atomic ${text} end`),
  value.map((v) => `create rule r as on insert to t do also (select ${v}; update t set a = 1;)`),
  fc.constantFrom(
    'begin',
    'commit',
    'savepoint a',
    'end',
    'create schema s create table t (a int) create view v as select 1',
    'create function begin(atomic int) returns int return 1',
    'select a.end, b.case as end from a, b',
    'do $$ begin perform 1; end $$',
    "select U&'d\\0061t' uescape '!'",
    'select 1 as begin',
    'comment on table t is null',
    '',
  ),
);

/** One statement with what may stand around it, ended by a semicolon. */
export const statementText: fc.Arbitrary<string> = fc
  .tuple(blank, core, blank)
  .map(([before, sql, after]) => `${before}${sql}${after};`);

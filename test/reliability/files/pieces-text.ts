import { all, fresh, piece, type Context, type Piece, table } from './piece.js';

const literals = [
  "''", "'a'", "'it''s'", "';'", "'--'", "'/*'", "E'\\''", "E'\\\\'", "e'a\\n;b'", "U&'\\0041;'", "u&'d!0061' uescape '!'".replaceAll('!', '#'),
  "B'101'", "x'1F'", "N'n;'", '$$$$', '$$a$$', "$$it's;$$", '$q$ $$ ; $$ $q$', '$_1$a$_1$', '$é$x;$é$', "'a'\n'b;'", "'a' -- c ;\n 'b'", "'a\\'", "'\\\\'", "'é;😀'", '\'"\'', "'$$'", "'a\n;b'", "'-- migrate:down'", "'\n-- migrate:down\n'", "$$\n-- migrate:up\n$$",
]; // prettier-ignore

const expressions = [
  '1', '1.', '.5', '1.5e3', '1e-3', '-1', '- -1', '1 - -1', '1+-1', '@ -5', '2 ^ 3', '5 % 3', '1::int', "'1'::int4", 'cast(1 as int)',
  '(array[1,2,3])[1:2]', '(array[1,2])[1]', "'{\"a\":1}'::json->>'a'", 'null', "interval '1 day'", 'row(1,2)', "date '2020-01-01'", '1<>2', '1 < 2',
  '2>=1', '~1', '1&3', '1#3', '1<<2', "'a'~'b'", "'a' like 'b'", 'case when true then 1 else 2 end', 'exists(select 1)', "'a'||'b'".replace('||', '::text||'.slice(0, 6)),
  '(select 1)', "'x' collate \"C\"", '1--2\n', '1/*2*/', '1/**//*;*/', '3*-1', "(select ';' as \"a;b\")", '"é"(1)', '0x1F', '1_000', '0b11', '1x', '$1', ':a', ':"a"', ":'a'",
]; // prettier-ignore

const comments = [
  '-- plain', '-- it\'s "open; $$ (', '/* ; */', '/* /* ; */ \' */', '--', '/**/', '/***/', '-- /*', '/* -- */', '/*+ SeqScan(t) */', '-- \\echo',
  '/* begin; */', '-- commit;', '-- é 😀', '/* \n-- migrate:down\n */', '--\\', '/*/ */', '/* */ -- \r', ';', ';;', ' ; ; ',
]; // prettier-ignore

const copyLines = [
  '1\tone', '2\t-- not a comment', '3\tit\'s', '4\t$$', '5\t;', '6\t/*', '7\t\\\\.', '8\t\\N', '9\té😀', '10\t\\t', '11\tbegin;', '12\t', '13\t\\x41',
  '14\t"q', '15\tcopy x from stdin;', '16\t-- migrate:down', '\\.x', ' \\.', '17\t\\', '', '18\ta\tb',
]; // prettier-ignore

function copy(context: Context): string {
  const { random } = context;
  const name = fresh(context, 'cp');
  const from = random.pick([
    'from stdin',
    'FROM STDIN',
    'from stdin with (format text)',
    'from stdin csv',
    "from stdin with (delimiter E'\\t')",
    'from\n/* ; */ stdin',
    'from stdout',
  ]);
  const lines = Array.from({ length: random.int(5) }, () =>
    random.chance(0.85) ? random.pick(copyLines.slice(0, 13)) : random.pick(copyLines),
  );
  const end = random.chance(0.94) ? ['\\.'] : random.pick([[], ['\\. '], ['\\.', '\\.'], ['\\.;']]);
  const after = random.chance(0.93) ? '' : random.pick([' ', ' -- c', ' select 1;', '\r']);
  return [`create table ${name} (a int, b text);`, `copy ${name}${random.pick(['', ' (a, b)', ''])} ${from};${after}`, ...lines, ...end].join('\n'); // prettier-ignore
}

const commands = [
  '\\echo hi', '\\set x 1', '\\i other.sql', '\\restrict abc\n\\unrestrict abc', '\\restrict abc', 'select 1 \\g', 'select 1\\; select 2;', '\\q', '\\unset x',
  'select 1 \\gset', '\\if true\nselect 1;\n\\endif', '\\pset pager off', '\\timing off', '\\encoding UTF8', '\\encoding LATIN1', 'select 1 as a \\gexec', '\\.', '\\\\',
  "\\set ON_ERROR_STOP 0", '\\r', 'select (1 \\r\nselect 2;', 'select 1 \\bind \\g', '\\p',
]; // prettier-ignore

const odd = [
  'select 1;select 2;select 3;', 'select 1', 'values (1), (2);', 'table base;', '(select 1) union (select 2);', 'select (1;', 'select 1);', "select 'open;", 'select "open;', 'select $$open;',
  '/* open', 'select 1 /* open', 'select 1 as "a""b;";', 'select [1;2];', 'select\u00a01;', 'select\v1;', 'select\f1;', 'select 1 as \u00e9t\u00e9;', 'select 1 as a\u200bb;', 'select {fn 1};',
  'select 1 as "begin atomic";', 'select 1; begin atomic select 1; end;', 'create function q() returns int begin atomic select 1;', 'explain select 1;', 'show all;', 'select e\'a\';', 'select e \'a\';',
  "select U & 'a';", 'select n\'a\';', "select 1e'a';", "select 0x'a';", 'select $a;', 'select $1a;', 'select a$$b$$ from (select 1 as a$$b$$) x;', 'select 1 "$$";', 'select $a$b$a$c$a$;', 'select 1 operator(pg_catalog.+) 2;',
  'select 1 *-- c\n 2;', 'select 1 +/* c */ 2;', 'select @-1;', 'select 1 where 1<-1;', 'select 2*/*;*/3;', 'select 1 as end;', 'select 1 as "end"; end;', "select 'a' 'b';", "select 'a'\n\n'b';", "select 'a' /* c */\n'b';",
  "select x'1'\n'f';", "select U&'a'\n'b' uescape '#';", "select '\\';", "select '\\''; select ';';", "select E'\\\\'; select ';';", 'select 1;\ufeffselect 2;', 'listen x; notify x, \'a;b\'; unlisten *;', '\u001a', '\u0001', 'select \'\u0001\';',
]; // prettier-ignore

/** Strings, comments, COPY data, psql commands: everything that decides where a statement ends. */
export const textPieces: readonly Piece[] = [
  ...[1, 2, 3].map(() =>
    piece(all, (c) => `create table ${fresh(c, 'l')} as select ${c.random.pick(literals)} as a, ${c.random.pick(literals)} as b;`),
  ),
  ...[1, 2, 3].map(() =>
    piece(all, (c) => `create table ${fresh(c, 'n')} as select ${c.random.pick(expressions)} as a, ${c.random.pick(literals)} as b;`),
  ),
  ...[1, 2, 3].map(() => piece(all, (c) => c.random.pick(comments))),
  ...[1, 2, 3, 4].map(() => piece(all, copy)),
  ...[1, 2].map(() => piece(all, (c) => c.random.pick(odd))),
  piece(all, (c) => (c.random.chance(0.5) ? c.random.pick(commands) : c.random.pick(comments))),
  piece(all, (c) => `insert into ${table(c)} (a) values (${c.random.pick(expressions)});`),
  piece(all, (c) => `do ${c.random.pick(["'begin end'", '$$begin end$$', "language plpgsql 'begin perform '';''; end'", "E'begin perform 1;\\n end'"])};`),
  piece(all, (c) => `create table ${fresh(c, 'w')} (${c.random.pick(literals.slice(1)).replaceAll(/[^a-z]/gi, 'q')} int, "${c.random.pick(['a;b', 'a""b', '--', '/*', "'", '$$'])}" int);`),
]; // prettier-ignore

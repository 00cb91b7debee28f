import { aloneAndWords } from './pieces-transactions.js';
import { all, fresh, piece, table, type Context, type Piece } from './piece.js';
import { sessionPieces } from './pieces-session.js';
import { textPieces } from './pieces-text.js';

function createTable(context: Context): string {
  const name = fresh(context, 't');
  const { random } = context;
  context.tables.push(name);
  const blank = random.pick([
    ' ',
    '\n',
    '\t',
    ' /* a; b */ ',
    ' -- ; \n',
    '/**/',
    ' /* /* \' */ " */ ',
    '\f',
  ]);
  const written = random.pick([
    name,
    name.toUpperCase(),
    `"${name}"`,
    `U&"\\00${name.charCodeAt(0).toString(16)}${name.slice(1)}"`,
  ]);
  const extra = random.pick([
    '',
    ", b text default ';'",
    ", b text default 'it''s; /*'",
    ", b text default E'\\';\\n'",
    ', b text default $$;$$',
    ', b text check (b <> $x$ -- ; $x$)',
    ', b int generated always as identity',
    ", b numeric default 1.5e3, c int[] default '{1,2}'",
    ', "b;c" text',
    ", b text default 'a'\n  'b;'",
  ]);
  return `create table${blank}${written} (a int primary key${extra});`;
}

const definitions: readonly Piece[] = [
  piece(all, createTable),
  piece(all, createTable),
  piece(all, (c) => `insert into ${table(c)} (a) values (${c.random.int(50)}), (${50 + c.random.int(50)});`),
  piece(all, (c) => `insert into ${table(c)} (a) select g from generate_series(${c.random.int(9)}00, ${c.random.int(9)}10) g;`),
  piece(all, (c) => `update ${table(c)} set a = a + 1000 where a % 2 = 0; delete from ${table(c)} where a < 3;`),
  piece(all, (c) => `alter table ${table(c)} add column n${fresh(c, '')} ${c.random.pick(['int', "text default 'x;y'", 'int not null default 7'])};`),
  piece(all, (c) => `create index ${fresh(c, 'i')} on ${table(c)} (a) where a > 3;`),
  piece(all, (c) => `create view ${fresh(c, 'v')} as select a, ';' as s, a::text as w from ${table(c)};`),
  piece(all, (c) => `comment on table ${table(c)} is ${c.random.pick(["'x; -- y'", "$$it's$$", "E'a\\'b'", "U&'d\\0061t'", 'null'])};`),
  piece(all, (c) => `create rule ${fresh(c, 'r')} as on insert to ${table(c)} do also (select 1; select 2; notify x);`),
  piece(all, (c) => `drop table if exists ${c.random.pick(['nothing', 'nothing, nobody'])} cascade;`),
  piece(all, (c) => `do $$ begin raise notice 'x;'; execute 'create table ${fresh(c, 'd')} (a int)'; end $$;`),
  piece(all, (c) => `do $a$ begin perform $$;$$; insert into ${table(c)} (a) values (${2000 + c.random.int(9)}); exception when others then null; end $a$;`),
  piece(all, (c) => `create schema ${c.schema}_${fresh(c, 's')} create table inner_t (a int) create view inner_v as select ';';`),
  piece(all, (c) => `create table ${c.schema}_app.${fresh(c, 'x')} (a int);`),
  piece(all, (c) => `create type ${fresh(c, 'e')} as enum ('a;', 'b''c');`),
  piece(all, (c) => `alter table ${table(c)} add constraint ${fresh(c, 'c')} check (a > -5) not valid;`),
  piece(all, (c) => `create table ${fresh(c, 'k')} (a int references ${table(c)} (a) deferrable initially deferred);`),
  piece(all, (c) => `create function ${fresh(c, 'f')}() returns int language sql as 'select 1; select 2 /* '' */';`),
  piece(all, (c) => `create function ${fresh(c, 'f')}() returns trigger language plpgsql as $body$\nbegin\n  if true then return new; end if;\nend;\n$body$;`),
  piece(all, (c) => `create function ${fresh(c, 'f')}(a int) returns int begin atomic select 1; select case when a > 1 then 2 else 3 end; end;`),
  piece(all, (c) => `create or replace procedure ${fresh(c, 'p')}() begin atomic insert into ${table(c)} (a) values (3000); end;`),
  piece(all, (c) => `create function ${fresh(c, 'f')}() returns int return case when 1 = 1 then 1 else 2 end;`),
  piece(all, () => `create function atomic() returns int language sql as $f$ select 1 as "begin atomic" $f$;`),
  piece(all, (c) => `create table ${fresh(c, 'g')} as select 1 as "end", 2 as "case", 3 as atomic;`),
  piece(all, (c) => `merge into ${table(c)} using (select 1 as z) s on a = z when not matched then insert (a) values (4000) when matched then do nothing;`),
  piece(all, (c) => `with w as (insert into ${table(c)} (a) values (${5000 + c.random.int(5)}) returning a) select * from w;`),
  piece(all, (c) => `create sequence ${fresh(c, 's')} start 5; select nextval('s${c.next}');`),
  piece(all, (c) => `grant select on ${table(c)} to reliability_role; revoke all on ${table(c)} from public;`),
  piece(all, (c) => `create trigger ${fresh(c, 'tr')} before insert on ${table(c)} for each row execute function suppress_redundant_updates_trigger();`),
  piece(all, (c) => `create materialized view ${fresh(c, 'm')} as select count(*) from ${table(c)}; refresh materialized view m${c.next};`),
  piece(all, (c) => `create domain ${fresh(c, 'o')} as text check (value ~ $$^;\\d$$);`),
  piece(all, (c) => `insert into ${table(c)} (a) values (1), (1);`),
  piece(all, () => 'select 1/0;'),
  piece(all, () => 'insert into nowhere values (1);'),
  piece(all, () => 'selec 1;'),
]; // prettier-ignore

export const pieces: readonly Piece[] = [
  ...definitions,
  ...definitions.slice(0, 12),
  ...textPieces,
  ...sessionPieces,
  ...aloneAndWords,
];

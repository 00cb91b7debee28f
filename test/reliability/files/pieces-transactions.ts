import { fresh, piece, type Context, type Piece, type Style, table } from './piece.js';

/** `psql -1` knows no other transaction, so these are compared with plain psql only. */
const free: readonly Style[] = ['each', 'mixed'];

const opens = ['begin', 'BEGIN', 'begin work', 'begin transaction', 'start transaction', 'begin isolation level serializable', 'begin read write, isolation level repeatable read', 'start transaction read only']; // prettier-ignore
const closes = ['commit', 'COMMIT', 'commit work', 'end', 'end transaction', 'commit and no chain'];
const loose = [
  'begin', 'commit', 'rollback', 'abort', 'end', 'commit and chain', 'rollback and chain', "prepare transaction 'x'", "commit prepared 'x'", 'rollback to a', 'release a', 'start transaction',
  'set transaction isolation level serializable', 'set transaction read only', 'set session characteristics as transaction read only', 'rollback work', 'begin; begin', 'commit; commit', 'set local work_mem = 1024',
]; // prettier-ignore

function block(context: Context): string {
  const { random } = context;
  const inner = Array.from({ length: 1 + random.int(3) }, () =>
    random.pick([
      () => `create table ${fresh(context, 'b')} (a int);`,
      () => `insert into ${table(context)} (a) values (${random.int(20)});`,
      () => `savepoint s; insert into ${table(context)} (a) values (${random.int(20)}); rollback to s;`,
      () => `set local search_path = ${context.schema}_app; create table ${fresh(context, 'b')} (a int);`,
      () => `lock table ${table(context)};`,
      () => 'set transaction isolation level repeatable read;',
      () => "declare c cursor for select ';'; fetch all c;",
      () => '-- commit;',
      () => "select 'commit;';",
      () => 'select 1/0;',
    ])(),
  );
  return [`${random.pick(opens)};`, ...inner, `${random.pick(closes)};`].join(
    random.pick(['\n', ' ', '\n\n']),
  );
}

/** BEGIN and COMMIT in all their forms, and what PostgreSQL refuses inside a transaction. */
export const aloneAndWords: readonly Piece[] = [
  ...[1, 2, 3, 4, 5, 6].map(() => piece(free, block)),
  ...[1, 2].map(() => piece(free, (c) => `${c.random.pick(loose)};`)),
  piece(free, (c) => `create index concurrently ${fresh(c, 'ci')} on ${table(c)} (a);`),
  piece(free, (c) => `create unique index concurrently if not exists ${fresh(c, 'ci')} on ${table(c)} (a, (a + 1)) where a > 0;`),
  piece(free, (c) => `create index concurrently on ${table(c)} ((a * 2)); create index on ${table(c)} (a desc);`),
  piece(free, (c) => `create index ${fresh(c, 'di')} on ${table(c)} (a); drop index concurrently di${c.next};`),
  piece(free, (c) => `reindex table concurrently ${table(c)};`),
  piece(free, (c) => `reindex (verbose) table ${table(c)};`),
  piece(free, (c) => `vacuum ${c.random.pick(['', 'analyze ', '(full) ', 'freeze '])}${table(c)};`),
  piece(free, (c) => `analyze ${table(c)};`),
  piece(free, (c) => `create type ${fresh(c, 'en')} as enum ('a'); alter type en${c.next} add value 'b;'; create table ${fresh(c, 'eu')} (a en${c.next - 1} default 'b;'); insert into eu${c.next} default values;`),
  piece(free, (c) => `create type ${fresh(c, 'en')} as enum ('a'); alter type en${c.next} add value if not exists 'b' before 'a';`),
  piece(free, (c) => `create procedure ${fresh(c, 'pc')}() language plpgsql as $$ begin insert into ${table(c)} (a) values (9000); commit; end $$; call pc${c.next}();`),
  piece(free, (c) => `do $$ begin insert into ${table(c)} (a) values (9001); commit; end $$;`),
  piece(free, (c) => `create table ${fresh(c, 'pt')} (a int) partition by range (a); create table ${fresh(c, 'pp')} partition of pt${c.next - 1} for values from (0) to (10); alter table pt${c.next - 1} detach partition pp${c.next} concurrently;`),
  piece(free, (c) => `create table ${fresh(c, 'pt')} (a int primary key) partition by list (a); reindex table pt${c.next};`),
  piece(free, (c) => `create table ${fresh(c, 'cl')} (a int primary key); cluster cl${c.next} using cl${c.next}_pkey;`),
  piece(free, (c) => `alter table ${table(c)} add constraint ${fresh(c, 'nv')} check (a is not null) not valid; alter table ${c.tables.at(-1)} validate constraint nv${c.next};`),
  piece(free, (c) => `create materialized view ${fresh(c, 'mc')} as select a from ${table(c)}; create unique index on mc${c.next} (a); refresh materialized view concurrently mc${c.next};`),
]; // prettier-ignore

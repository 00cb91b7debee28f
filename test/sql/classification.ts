import type { StatementTraits } from '../../src/sql/statement.js';

/** Objects that the statements below name. Each statement runs in a transaction of its own that is rolled back. */
export const fixture = `
  create table plain (id int primary key, a int, b text);
  create index plain_a on plain (a);
  alter table plain add constraint plain_check check (a > 0) not valid;
  create table part (id int not null) partition by range (id);
  create table part1 partition of part for values from (0) to (10);
  create table part2 partition of part for values from (10) to (20);
  create index part_id on part (id);
  create materialized view mv as select 1 as id;
  create unique index mv_id on mv (id);
  create view v as select 1 as one;
  create type mood as enum ('sad');
  create domain positive as int;
  create sequence seq;
  create procedure commits() language plpgsql as 'begin commit; end';
  create procedure quiet() language plpgsql as 'begin perform 1; end';
  create schema other;
`;

/** What a server answers inside BEGIN. */
export type Answer = 'ok' | '25001' | '2D000';

export interface Claim {
  readonly sql: string;
  readonly inTransaction: StatementTraits['inTransaction'];
  /** Statements before it, in the same transaction. */
  readonly before?: string;
  /** What the server answers; by default that which `inTransaction` claims, and for `relkind` and `opaque` "ok". */
  readonly answer?: Answer;
  /** Where it depends on more than syntax: refused here in some cases, so it always travels alone. */
  readonly cautious?: boolean;
  /** First major that has the statement. @default 14 */
  readonly since?: number;
  /** SQLSTATE of another mistake, which shows that the server got past its check of the transaction. */
  readonly failsWith?: string;
}

const claim = (
  inTransaction: Claim['inTransaction'],
  sql: string,
  more: Omit<Claim, 'sql' | 'inTransaction'> = {},
): Claim => ({ sql, inTransaction, ...more });

const yes = (sql: string, more: Omit<Claim, 'sql' | 'inTransaction'> = {}) => claim('yes', sql, more);
const no = (sql: string, more: Omit<Claim, 'sql' | 'inTransaction'> = {}) => claim('no', sql, more);

export const claims: readonly Claim[] = [
  // Indexes
  yes('create index on plain (b)'),
  yes('create unique index if not exists i on only plain (b)'),
  no('create index concurrently on plain (b)'),
  no('create unique index concurrently if not exists i on plain (b)'),
  yes('drop index plain_a'),
  no('drop index concurrently plain_a'),
  no('DROP INDEX CONCURRENTLY IF EXISTS plain_a'),
  yes('alter index plain_a set (fillfactor = 80)'),
  // REINDEX
  claim('relkind', 'reindex table plain'),
  claim('relkind', 'reindex (verbose) index plain_a'),
  claim('relkind', 'reindex (concurrently false) table plain'),
  claim('relkind', 'reindex table part', { answer: '25001' }),
  claim('relkind', 'reindex index part_id', { answer: '25001' }),
  no('reindex table concurrently plain'),
  no('reindex index concurrently plain_a'),
  no('reindex (concurrently) table plain'),
  no('reindex (verbose, concurrently on) index plain_a'),
  no('reindex schema other'),
  no('reindex (verbose) schema concurrently other'),
  // CLUSTER and VACUUM
  claim('relkind', 'cluster plain using plain_a'),
  claim('relkind', 'cluster verbose plain using plain_a'),
  claim('relkind', 'cluster plain_a on plain'),
  claim('relkind', 'cluster part using part_id', { answer: '25001', since: 15 }),
  no('cluster'),
  no('cluster verbose'),
  no('vacuum'),
  no('vacuum full plain'),
  no('vacuum (analyze, verbose) plain'),
  yes('analyze plain'),
  yes('analyze (verbose) plain'),
  yes('checkpoint'),
  // Materialized views
  yes('refresh materialized view mv'),
  yes('refresh materialized view concurrently mv'),
  // Partitions
  yes('alter table part detach partition part1'),
  no('alter table part detach partition part1 concurrently'),
  no('alter table only public.part detach partition public.part1 concurrently'),
  yes('alter table part detach partition part1 finalize', { failsWith: '55000' }),
  yes('alter table part attach partition other for values from (20) to (30)', {
    before: 'create table other (id int not null)',
  }),
  // Types
  yes("alter type mood add value 'glad'"),
  yes("alter type mood add value if not exists 'glad' before 'sad'"),
  yes("alter type mood rename value 'sad' to 'blue'"),
  // The cluster
  no('create database d'),
  no('drop database d'),
  no('drop database if exists d with (force)'),
  no("create tablespace s location '/nowhere'"),
  no('drop tablespace s'),
  no("alter system set work_mem = '8MB'"),
  no('alter system reset all'),
  no('alter database postgres set tablespace pg_default'),
  yes("alter database postgres set search_path = 'public'"),
  yes('alter database postgres with connection limit -1'),
  yes('create role somebody_else_1'),
  // Subscriptions
  no("create subscription s connection 'dbname=x' publication p"),
  no("create subscription s connection 'dbname=x' publication p with (enabled = false)"),
  yes("create subscription s connection 'dbname=x' publication p with (connect = false)"),
  yes(
    "create subscription s connection 'dbname=x port=1 host=127.0.0.1' publication p with (create_slot = off)",
    {
      failsWith: '08006',
    },
  ),
  no('alter subscription with_slot refresh publication'),
  no('alter subscription with_slot set publication q'),
  no('alter subscription with_slot add publication q with (refresh = true)'),
  yes('alter subscription with_slot set publication q with (refresh = false)'),
  yes('alter subscription with_slot disable'),
  yes("alter subscription with_slot set (synchronous_commit = 'off')"),
  no('drop subscription with_slot'),
  no('drop subscription without_slot', { cautious: true }),
  // Transactions and sessions
  no("commit prepared 'x'"),
  no("rollback prepared 'x'"),
  no('discard all'),
  yes('discard plans'),
  yes('discard temp'),
  yes("set search_path = 'public'"),
  yes('reset all'),
  yes('set constraints all immediate'),
  yes('savepoint a'),
  yes('declare c cursor for select 1'),
  yes('declare c cursor with hold for select 1'),
  yes('lock table plain'),
  yes('prepare p as select 1'),
  yes('listen x'),
  yes("notify x, 'y'"),
  yes("load 'plpgsql'"),
  // Code
  claim('opaque', 'call quiet()'),
  claim('opaque', 'call commits()', { answer: '2D000' }),
  claim('opaque', "do 'begin perform 1; end'"),
  claim('opaque', 'do $$ begin commit; end $$', { answer: '2D000' }),
  // Everyday statements
  yes('create table t (a int)'),
  yes('create table t as select 1 as a'),
  yes('select 1 as a into t'),
  yes('create temp table t (a int) on commit drop'),
  yes('create unlogged table t (a int)'),
  yes('create or replace view v as select 1 as one'),
  yes('create materialized view m2 as select 1 as a'),
  yes('create sequence s2'),
  yes('create schema s2 create table t (a int) create index on t (a)'),
  yes('create function f() returns int begin atomic select 1; select 2; end'),
  yes("create function f() returns int language sql as 'select 1'"),
  yes(
    'create trigger t before update on plain for each row execute function suppress_redundant_updates_trigger()',
  ),
  yes('create rule r as on update to plain do also (select 1; select 2)'),
  yes('create policy p on plain using (true)'),
  yes('create extension plpgsql', { failsWith: '42710' }),
  yes('create publication pub for table plain'),
  yes('create statistics st on a, b from plain'),
  yes('alter table plain add column c text default now()'),
  yes('alter table plain add constraint c check (a < 100) not valid'),
  yes('alter table plain validate constraint plain_check'),
  yes('alter domain positive add constraint c check (value > 0) not valid'),
  yes('alter table plain enable row level security'),
  yes('drop table plain, part cascade'),
  yes('drop function if exists f(int), g(text)'),
  yes('drop owned by somebody', { before: 'create role somebody' }),
  yes('truncate plain'),
  yes('insert into plain values (1, 2, 3)'),
  yes('with x as (select 1) update plain set a = 1'),
  yes('delete from only plain'),
  yes('merge into plain using (select 1 as id) s on plain.id = s.id when matched then delete', { since: 15 }),
  yes('values (1)'),
  yes('table plain'),
  yes('(select 1) union (select 2)'),
  yes('explain analyze select 1'),
  yes('copy plain to stdout'),
  yes('copy (select 1) to stdout'),
  yes("comment on table plain is 'x'"),
  yes("security label on table plain is 'x'", { failsWith: '22023' }),
  yes('grant select on plain to public'),
  yes('reassign owned by somebody to current_user', { before: 'create role somebody' }),
  yes('import foreign schema a from server s into public', { failsWith: '42704' }),
  yes('show search_path'),
  yes("select set_config('a.b', 'c', true)"),
];

const table = 'create table t (a int primary key, b text); insert into t values (1), (2);';
const partitioned =
  'create table p (a int primary key) partition by range (a); create table p1 partition of p for values from (0) to (10);';

/** One project for each rule of a run. */
export const rules: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'statements share one transaction': { '1_a.sql': `${table} create index on t (b); alter table t add column c int;` },
  'BEGIN and COMMIT around the file are dropped': { '1_a.sql': `begin; ${table} commit;` },
  'several blocks are one step each': { '1_a.sql': 'begin; create table a (a int); commit; create table b (a int); begin; create table c (a int); commit;' },
  'ROLLBACK is refused': { '1_a.sql': `${table} rollback;` },
  'text behind COMMIT is not lost': { '1_a.sql': 'begin; create table a (a int); commit insert into a values (1);' },
  'CREATE INDEX CONCURRENTLY runs alone': { '1_a.sql': `${table} create index concurrently on t (b); select 1;` },
  'DROP INDEX CONCURRENTLY runs alone': { '1_a.sql': `${table} create index i on t (b); drop index concurrently i;` },
  'REINDEX TABLE CONCURRENTLY runs alone': { '1_a.sql': table, '2_b.sql': 'reindex table concurrently t;' },
  'REINDEX TABLE shares a transaction': { '1_a.sql': `${table} reindex table t;` },
  'REINDEX of a partitioned table runs alone': { '1_a.sql': partitioned, '2_b.sql': 'reindex table p;' },
  'CLUSTER shares a transaction': { '1_a.sql': `${table} cluster t using t_pkey;` },
  'CLUSTER of a partitioned table runs alone': { '1_a.sql': partitioned, '2_b.sql': 'cluster p using p_pkey;' },
  'DETACH CONCURRENTLY runs alone': { '1_a.sql': partitioned, '2_b.sql': 'alter table p detach partition p1 concurrently;' },
  'VACUUM runs alone': { '1_a.sql': `${table} vacuum t;` },
  'REFRESH MATERIALIZED VIEW CONCURRENTLY shares a transaction': { '1_a.sql': 'create materialized view m as select 1 as a; create unique index on m (a); refresh materialized view concurrently m;' },
  'ALTER SYSTEM runs alone': { '1_a.sql': `alter system set work_mem = '5MB'; alter system reset work_mem;` },
  'a new enum value is committed before it is used': { '1_a.sql': "create type e as enum ('a');", '2_b.sql': "alter type e add value 'b'; create table t (v e default 'b'); insert into t default values;" },
  'a new value of a new type': { '1_a.sql': "create type e as enum ('a'); alter type e add value 'b'; create table t (v e default 'b'); insert into t default values;" },
  'VALIDATE is split from NOT VALID': { '1_a.sql': table, '2_b.sql': 'alter table t add constraint c check (a > 0) not valid; alter table t validate constraint c;' },
  'pending trigger events are told (55006)': { '1_a.sql': 'create table a (a int primary key); create table b (a int references a deferrable initially deferred);', '2_b.sql': 'insert into b values (1); insert into a values (1); alter table b add column c int;' },
  'a deferred constraint fails at COMMIT': { '1_a.sql': 'create table a (a int primary key deferrable initially deferred); insert into a values (1), (1);' },
  'DO with COMMIT is rolled back (2D000)': { '1_a.sql': `${table} do $$ begin commit; end $$;` },
  'DO with COMMIT runs with transaction: none': { '1_a.sql': `-- transaction: none\n${table}\ndo $$ begin commit; end $$;` },
  'SET LOCAL over a split is refused': { '1_a.sql': `set local work_mem = '5MB'; ${table} vacuum t;` },
  'SET ROLE does not reach the history': { '1_a.sql': `${table} set role pg_read_all_data;` },
  'what a file sets is gone in the next': { '1_a.sql': `set search_path = ''; create table public.t (a int);`, '2_b.sql': 'select * from t;' },
  'DISCARD ALL is refused': { '1_a.sql': `${table} discard all;` },
  'standard_conforming_strings = off is refused': { '1_a.sql': `set standard_conforming_strings = off; select 'a\\';` },
  'COPY FROM STDIN is sent as data': { '1_a.sql': `${table} copy t from stdin;\n3\tx\n\\.\nselect 1;` },
  'psql commands are refused': { '1_a.sql': `\\set x 1\n${table}` },
  'restrict lines of pg_dump are passed over': { '1_a.sql': `\\restrict abc\n${table}\n\\unrestrict abc\n` },
  'a syntax error anywhere runs nothing': { '1_a.sql': table, '2_b.sql': 'create tabel u (a int);' },
  'a table called system_user': { '1_a.sql': 'create table system_user (a int);' },
  'a function called json_array': { '1_a.sql': "create function json_array(a int) returns int language sql as 'select 1';" },
  'a constraint NOT ENFORCED': { '1_a.sql': 'create table t (a int check (a > 0) not enforced);' },
  'a virtual generated column': { '1_a.sql': 'create table t (a int, b int generated always as (a + 1) virtual);' },
  'hexadecimal numbers': { '1_a.sql': 'create table t as select 0x1F as a;' },
  'lastval() across steps is refused': { '1_a.sql': `create sequence s; select nextval('s'); ${table} vacuum t; select lastval();` },
  'a failed unique index is removed': { '1_a.sql': 'create table t (a int); insert into t values (1), (1);', '2_b.sql': 'create unique index concurrently on t (a);' },
}; // prettier-ignore

/** Where majors differ, because PostgreSQL does: the major that changed it, and the outcomes before and from it on. */
export const stated: readonly Stated[] = [
  {
    rule: 'CLUSTER of a partitioned table runs alone',
    since: 15,
    before: 'refused: MIGRATION_FAILED 0A000',
    from: 'applied, steps 1 and 1',
    why: 'New in 15.',
  },
  {
    rule: 'a new value of a new type',
    since: 17,
    before: 'applied, steps 2',
    from: 'applied, steps 1',
    why: 'From 17 on, values of a type that the same transaction made may be used at once.',
  },
  {
    rule: 'a table called system_user',
    since: 16,
    before: 'applied, steps 1',
    from: 'refused: SQL_SYNTAX',
    why: 'SYSTEM_USER is a reserved word from 16 on.',
  },
  {
    rule: 'a function called json_array',
    since: 16,
    before: 'applied, steps 1',
    from: 'refused: SQL_SYNTAX',
    why: 'JSON_ARRAY has a syntax of its own from 16 on.',
  },
  {
    rule: 'a constraint NOT ENFORCED',
    since: 18,
    before: 'refused: SQL_SYNTAX',
    from: 'applied, steps 1',
    why: 'It is new in 18.',
  },
  {
    rule: 'a virtual generated column',
    since: 18,
    before: 'refused: SQL_SYNTAX',
    from: 'applied, steps 1',
    why: 'It is new in 18.',
  },
  {
    rule: 'hexadecimal numbers',
    since: 16,
    before: 'refused: MIGRATION_FAILED 42601',
    from: 'applied, steps 1',
    why: 'New in 16. An older server refuses it when the statement runs, not before: whatever reads tables cannot be parsed there beforehand, since they may not be there yet. Its transaction is rolled back.',
  },
];

export interface Stated {
  readonly rule: string;
  readonly since: number;
  readonly before: string;
  readonly from: string;
  readonly why: string;
}

import { describe, expect, it } from 'vitest';
import { droppedObjects, foldName } from '../../src/sql/object-name.js';
import { lexScript } from '../../src/sql/script.js';
import type { StatementTraits } from '../../src/sql/statement.js';
import { claims } from './classification.js';

function traitsOf(sql: string): StatementTraits {
  const { statements } = lexScript(sql);
  expect(statements).toHaveLength(1);
  return statements[0]!.traits;
}

describe('every statement of the table', () => {
  // The same claims are put to real servers in classify.pg.test.ts.
  it.each(claims)('$sql is $inTransaction in a transaction', ({ sql, inTransaction }) => {
    expect(traitsOf(sql)).toMatchObject({ inTransaction, certain: !/begin atomic/i.test(sql) });
  });
});

describe('forms that no server here can be asked about', () => {
  it.each([
    ['reindex database postgres', 'no'],
    ['reindex system postgres', 'no'],
    ['reindex (concurrently) database postgres', 'no'],
    ['alter subscription s set (failover = true)', 'no'],
    ['alter subscription s set (two_phase = false)', 'no'],
    ['alter subscription s drop publication p', 'no'],
    ['alter subscription s drop publication p with (refresh = off)', 'yes'],
    ['alter subscription s skip (lsn = none)', 'yes'],
    ['alter table t detach partition "concurrently"', 'yes'],
    ['alter table t rename column concurrently to x', 'yes'],
    ['create index "concurrently" on t (a)', 'yes'],
    ["insert into t values ('vacuum')", 'yes'],
    ['/* vacuum */ select 1', 'yes'],
  ])('%s: %s', (sql, inTransaction) => {
    expect(traitsOf(sql).inTransaction).toBe(inTransaction);
  });
});

describe('labels', () => {
  it.each([
    ['create or replace view v as select 1', 'CREATE VIEW'],
    ['create unlogged table t (a int)', 'CREATE TABLE'],
    ['create temporary table t (a int)', 'CREATE TABLE'],
    ['create unique index concurrently i on t (a)', 'CREATE INDEX CONCURRENTLY'],
    ['drop index concurrently i', 'DROP INDEX CONCURRENTLY'],
    ['reindex (concurrently) table t', 'REINDEX TABLE CONCURRENTLY'],
    ['alter table t detach partition p concurrently', 'ALTER TABLE DETACH CONCURRENTLY'],
    ['alter table t detach partition p finalize', 'ALTER TABLE DETACH FINALIZE'],
    ["alter type t add value 'x'", 'ALTER TYPE ADD VALUE'],
    ['refresh materialized view concurrently v', 'REFRESH MATERIALIZED VIEW'],
    ['create text search configuration c (parser = default)', 'CREATE TEXT SEARCH CONFIGURATION'],
    ['create foreign data wrapper w', 'CREATE FOREIGN DATA WRAPPER'],
    ['drop materialized view m', 'DROP MATERIALIZED VIEW'],
    ['alter default privileges grant select on tables to x', 'ALTER DEFAULT PRIVILEGES'],
    ['with x as (select 1) insert into t select * from x', 'INSERT'],
    ['(values (1))', 'SELECT'],
    ['start transaction', 'START TRANSACTION'],
    ['end', 'COMMIT'],
    ['abort', 'ROLLBACK'],
    ['rollback work to savepoint a', 'ROLLBACK TO SAVEPOINT'],
    ['set local lock_timeout = 1', 'SET LOCAL lock_timeout'],
    ['set role a', 'SET ROLE'],
    ['set time zone utc', 'SET TIME ZONE'],
    ['set session authorization default', 'SET SESSION AUTHORIZATION'],
    ['copy t from stdin', 'COPY FROM STDIN'],
  ])('%s is %s', (sql, label) => {
    expect(lexScript(sql).statements[0]?.traits.label).toBe(label);
  });
});

describe('transaction commands', () => {
  it.each([
    ['begin', 'begin', null],
    ['BEGIN WORK', 'begin', null],
    [
      'begin transaction isolation level serializable, read only, not deferrable',
      'begin',
      'ISOLATION LEVEL SERIALIZABLE, READ ONLY, NOT DEFERRABLE',
    ],
    ['begin isolation level /* x */ repeatable read', 'begin', 'ISOLATION LEVEL REPEATABLE READ'],
    ['start transaction read write', 'begin', 'READ WRITE'],
    ['set transaction isolation level serializable', 'set-transaction', 'ISOLATION LEVEL SERIALIZABLE'],
    ['set local transaction read only', 'set-transaction', 'READ ONLY'],
    ["set transaction snapshot '00000003-0000001B-1'", 'set-transaction', null],
    ['commit', 'commit', null],
    ['commit work and no chain', 'commit', null],
    ['end transaction', 'commit', null],
    ['commit and chain', 'chain', null],
    ['rollback transaction and chain', 'chain', null],
    ['rollback', 'rollback', null],
    ['abort work', 'rollback', null],
    ['rollback to a', 'savepoint', null],
    ['release a', 'savepoint', null],
    ['savepoint a', 'savepoint', null],
    ["prepare transaction 'x'", 'prepare', null],
    ["commit prepared 'x'", 'commit-prepared', null],
    ["rollback prepared 'x'", 'commit-prepared', null],
    ['prepare transaction as select 1', null, null],
    ['set session characteristics as transaction read only', null, null],
    ['select 1', null, null],
  ])('%s is %s with options %s', (sql, control, transactionOptions) => {
    expect(traitsOf(sql)).toMatchObject({ control, transactionOptions });
  });
});

describe('state', () => {
  it.each([
    ['set local search_path = a', 'SET LOCAL search_path'],
    ["select set_config('a.b', 'c', true)", 'set_config(…, true)'],
    ["select pg_catalog.set_config('a.b', 'c', x.local) from x", 'set_config(…, true)'],
    ["select set_config('a.b', f(1, 2), is_local => true)", 'set_config(…, true)'],
    ['set constraints all deferred', 'SET CONSTRAINTS … DEFERRED'],
    ['create temp table t (a int) on commit drop', 'CREATE TEMP TABLE … ON COMMIT DROP'],
    ['create temp table t on commit delete rows as select 1', 'CREATE TEMP TABLE … ON COMMIT DELETE ROWS'],
    ['declare c cursor for select 1', 'DECLARE c CURSOR'],
    ['lock t', 'LOCK TABLE'],
    ['savepoint a', 'SAVEPOINT a'],
    ['select pg_try_advisory_xact_lock_shared(1)', 'pg_try_advisory_xact_lock_shared()'],
    ['insert into t select "pg_advisory_xact_lock"(1)', 'pg_advisory_xact_lock()'],
    ['set constraints all immediate', null],
    ['create temp table t (a int) on commit preserve rows', null],
    ['declare c cursor with hold for select 1', null],
    ["select set_config('a.b', 'c', false)", null],
    ["select 'pg_advisory_xact_lock(1)', pg_advisory_xact_lock from t", null],
    ['do $$ begin perform pg_advisory_xact_lock(1); end $$', null],
    ['create view v as select pg_advisory_xact_lock(1)', null],
  ])('of the transaction is told of %j: %j', (sql, transactionState) => {
    expect(traitsOf(sql).transactionState).toBe(transactionState);
  });

  it.each([
    ['set search_path = a', 'set'],
    ['set session search_path = a', 'set'],
    ['set role a', 'set'],
    ['set session authorization a', 'set'],
    ['set session characteristics as transaction isolation level serializable', 'set'],
    ['reset all', 'set'],
    ["select pg_catalog.set_config('search_path', '', false)", 'set'],
    ["select set_config('search_path', '', 'f'::boolean)", 'set'],
    ["select set_config('a.b', 'c', false) as x, set_config('a.c', current_setting('d'), false)", 'set'],
    ["select set_config('a.b', 'c', false), f()", 'prepare'],
    ["select set_config('a.b', c, false) from t", 'prepare'],
    ["insert into t select set_config('a.b', 'c', false)", 'prepare'],
    ["create table t as select set_config('a.b', 'c', false)", 'prepare'],
    ["load 'x'", 'set'],
    ['create temp table t (a int)', 'temp'],
    ['create local temporary view v as select 1', 'temp'],
    ['create table pg_temp.t (a int)', 'temp'],
    ['create temp sequence s', 'temp'],
    ['select 1 into temp t', 'temp'],
    ['prepare p as select 1', 'prepare'],
    ['declare c scroll cursor with hold for select 1', 'prepare'],
    ['set local search_path = a', null],
    ['create temp table t (a int) on commit drop', null],
    ['create table temp (a int)', null],
    ['select 1', null],
  ])('of the session is told of %j: %j', (sql, sessionState) => {
    expect(traitsOf(sql).sessionState).toBe(sessionState);
  });

  it.each([
    ["select currval('s')", true],
    ['insert into t values (lastval())', true],
    ["select nextval('s'), 'currval()'", false],
  ])('of sequences is told of %j: %j', (sql, readsSequenceState) => {
    expect(traitsOf(sql).readsSequenceState).toBe(readsSequenceState);
  });
});

describe('what is refused', () => {
  it.each([
    ['create index on t (a) where d > current_timestamp', true],
    ['create index concurrently i on only s.t (a) where (d > NOW() - interval $$1 day$$)', true],
    ['create unique index i on t ((a + random()))', true],
    ['create index i on t (a) where d > app.now()', false],
    ['create index i on t (a) where "now"() > d', false],
    ["create index current_time_idx on t (a) where note <> 'current_date'", false],
    ['create index i on t (now)', false],
    ['discard all', true],
    ['discard temp', false],
    ['select pg_advisory_unlock_all()', true],
    ['select 1 from t where "pg_advisory_unlock_all" ( ) is null', true],
    ["select 'pg_advisory_unlock_all()'", false],
    ['select pg_advisory_unlock_all from t', false],
    ['do $$ select pg_advisory_unlock_all() $$', false],
    ['set standard_conforming_strings = off', true],
    ["SET Standard_Conforming_Strings TO 'FALSE'", true],
    ['set local standard_conforming_strings = 0', true],
    ["select set_config('standard_conforming_strings', 'off', true)", true],
    ["select set_config('standard_conforming_strings', x, true)", true],
    ['set standard_conforming_strings = on', false],
    ['set standard_conforming_strings to true', false],
    ['set standard_conforming_strings to default', false],
    ["set client_encoding = 'UTF8'", false],
    ["set client_encoding to 'utf-8'", false],
    ["set names 'UNICODE'", false],
    ["set names 'LATIN1'", true],
    ['set client_encoding = sql_ascii', true],
    ["select set_config('client_encoding', 'latin1', false)", true],
    ["alter role a set client_encoding = 'latin1'", false],
    ['set session characteristics as transaction read only', true],
    ['set session characteristics as transaction isolation level serializable, read only', true],
    ['set session characteristics as transaction read write', false],
    ['set default_transaction_read_only = on', true],
    ["select set_config('default_transaction_read_only', 'true', false)", true],
    ['set default_transaction_read_only to off', false],
    ['set default_transaction_read_only to default', false],
  ])('%j: %j', (sql, refused) => {
    expect(traitsOf(sql).refused !== null).toBe(refused);
  });
});

describe('timeouts', () => {
  it.each([
    ['set lock_timeout = 0', true],
    ["set local statement_timeout to '5s'", true],
    ['set session "Lock_Timeout" = 0', true],
    ["select set_config('lock_timeout', '0', false)", true],
    ['set idle_in_transaction_session_timeout = 0', false],
    ["select 'set lock_timeout = 0'", false],
  ])('%j: %j', (sql, setsTimeout) => {
    expect(traitsOf(sql).setsTimeout).toBe(setsTimeout);
  });
});

describe('waiting for snapshots', () => {
  it.each([
    ['create index concurrently i on t (a)', true],
    ['drop index concurrently i', true],
    ['reindex index concurrently i', true],
    ['alter table t detach partition p concurrently', false],
    ['refresh materialized view concurrently v', false],
    ['vacuum t', false],
  ])('%s: %j', (sql, waitsForSnapshots) => {
    expect(traitsOf(sql).waitsForSnapshots).toBe(waitsForSnapshots);
  });
});

describe('NOT VALID, VALIDATE and ADD VALUE', () => {
  it.each([
    ['alter table t add constraint c check (a > 0) not valid', { addsNotValid: true, validates: false }],
    ['alter table t add foreign key (a) references u not valid', { addsNotValid: true }],
    ['alter domain d add constraint c check (value > 0) not valid', { addsNotValid: true }],
    ['alter table t validate constraint c', { validates: true, addsNotValid: false }],
    ['alter domain d validate constraint c', { validates: true }],
    ['alter table t add constraint c check (a > 0)', { addsNotValid: false, validates: false }],
    ["alter type m add value 'x'", { commitAfter: true }],
    ["alter type m rename value 'x' to 'y'", { commitAfter: false }],
    ['alter type m add attribute value int', { commitAfter: false }],
  ])('%s', (sql, expected) => {
    expect(traitsOf(sql)).toMatchObject(expected);
  });
});

describe('objects', () => {
  it.each([
    ['create table Public."Users" (a int)', 'table public."Users"', 'Public."Users"'],
    ['create table if not exists t (a int)', 'table t', 't'],
    ['create table "users" (a int)', 'table users', '"users"'],
    ['create table a . b (a int)', 'table a.b', 'a.b'],
    ['create table U&"d\\0061t" (a int)', 'table dat', '"dat"'],
    ['create table Ünder (a int)', 'table Ünder', 'Ünder'],
    ['create unlogged table t as select 1', 'table t', 't'],
    ['create unique index concurrently if not exists i on only s.t using btree (a)', 'index i', 's.t'],
    ['create index on t (a)', null, 't'],
    ['create or replace function s.f(a int) returns int language sql as $$ $$', 'function s.f', null],
    ['create type mood as enum ()', 'type mood', null],
    ['create user bob', 'role bob', null],
    ['create schema if not exists s', 'schema s', null],
    ['create schema authorization bob', 'schema bob', null],
    ['create extension if not exists "uuid-ossp"', 'extension "uuid-ossp"', null],
    [
      'create constraint trigger g after insert on s.t for each row execute function f()',
      'trigger g on s.t',
      's.t',
    ],
    ['create policy p on t using (true)', 'policy p on t', 't'],
    ['create rule r as on insert to t do nothing', 'rule r on t', 't'],
    ['create materialized view s.m as select 1', 'materialized view s.m', 's.m'],
    ['select 1 as a into s.t', 'table s.t', 's.t'],
    ['insert into s.t values (1)', null, 's.t'],
    ['update only t set a = 1', null, 't'],
    ['with x as (select 1) delete from s.t', null, 's.t'],
    ['truncate table only a, b', null, 'a'],
    ['lock table only t in share mode', null, 't'],
    ['copy s.t (a) from stdin', null, 's.t'],
    ['alter table if exists only s.t add a int', null, 's.t'],
    ['reindex table concurrently s.t', null, 's.t'],
    ['cluster i on t', null, 't'],
    ['vacuum (analyze) s.t', null, 's.t'],
    ['refresh materialized view concurrently m', null, 'm'],
    ["alter type S.Mood add value 'x'", null, 'S.Mood'],
  ])('%s creates %j, and names %j', (sql, creates, relation) => {
    expect(lexScript(sql).statements[0]?.traits).toMatchObject({ creates, relation, drops: null });
  });

  it.each([
    ['drop table if exists Public.Users cascade', ['table public.users']],
    ['drop table a, "B".c', ['table a', 'table "B".c']],
    ['drop function f(int, numeric(1, 2)), g', ['function f', 'function g']],
    ['drop index concurrently if exists i', ['index i']],
    ['drop trigger g on t', ['trigger g on t']],
    ['drop policy if exists p on s.t', ['policy p on s.t']],
    ['drop group g', ['role g']],
    ['drop materialized view m', ['materialized view m']],
    ['delete from t', []],
  ])('%s drops %j', (sql, dropped) => {
    const [statement] = lexScript(sql).statements;
    expect(statement?.traits.drops).toBe(dropped[0] ?? null);
    expect(statement && droppedObjects(sql, statement)).toEqual(dropped);
  });

  it.each([
    ['Public."Users"', 'public."Users"'],
    ['"public" . T', 'public.t'],
    ['"a.b"', '"a.b"'],
    ['', ''],
  ])('%j folds to %j', (written, folded) => {
    expect(foldName(written)).toBe(folded);
  });
});

describe('what no one knows', () => {
  it.each(['frobnicate t', 'create widget w', '1 + 1', '"select" 1', 'import'])(
    '%s is told as a guess or plain',
    (sql) => {
      expect(traitsOf(sql)).toMatchObject({ inTransaction: 'yes', certain: sql === 'import' });
    },
  );
});

import { describe, expect, it, onTestFinished } from 'vitest';
import {
  createDatabase,
  latest,
  servers,
  startServer,
  userTables,
  type TestDatabase,
} from '../support/database.js';
import { createWorkspace, failure } from './workspace.js';

const files = { '1_a.sql': '-- migrate:up\ncreate table a (id int);\n-- migrate:down\ndrop table a;\n' };

/** One of nearly everything that a schema can hold. */
const everything = `
create schema "Odd ""Schema"";--";
create schema owner_of_ext;
create type mood as enum ('ok', 'great');
create type pair as (x int, m mood);
create domain positive as int check (value > 0);
create type span as range (subtype = int4);
create type shell;
create sequence counter;
create table "Odd ""Schema"";--"."Ta ble;--" (id int generated always as identity primary key, s serial, m mood, p positive[], f pair);
create table parts (id int, at date) partition by range (at);
create table parts_1 partition of parts for values from ('2020-01-01') to ('2021-01-01');
create table parent (id int); create table child () inherits (parent);
create table other (id int primary key); create table refers (id int references other);
create unlogged table fast (id int);
create view v as select * from parent; create view vv as select * from v;
create materialized view mv as select * from vv;
create index on parent (id); create statistics st on id, at from parts;
create function f(a int, variadic b text[] default '{}') returns int language sql as 'select 1';
create function f(text) returns text language sql as 'select $1';
create procedure pr(inout a int) language plpgsql as $$ begin a := 1; end $$;
create procedure pr(out a text, b date) language plpgsql as $$ begin a := 1; end $$;
create aggregate agg(int) (sfunc = int4pl, stype = int, initcond = '0');
create function count_up(bigint) returns bigint language sql as 'select $1 + 1';
create aggregate count_all(*) (sfunc = count_up, stype = bigint, initcond = '0');
create function op(mood, text) returns bool language sql as 'select true';
create operator === (leftarg = mood, rightarg = text, function = op);
create operator family of_family using btree;
create operator class of_class for type int using btree family of_family as function 1 btint4cmp(int, int);
create cast (mood as int) with inout;
create collation coll from "C";
create conversion conv for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
create text search configuration ts (copy = simple);
create text search dictionary dict (template = simple);
create text search parser psr (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);
create text search template tmpl (lexize = dsimple_lexize);
create foreign data wrapper fdw; create server srv foreign data wrapper fdw; create foreign table ft (id int) server srv;
create rule r as on insert to parent do also notify x;
create policy pol on parent;
create publication pub for table other;
create function trg() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger t before insert on other for each row execute function trg();
create function evt() returns event_trigger language plpgsql as $$ begin end $$;
create event trigger et on sql_drop execute function evt();
`;

async function leftovers(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ what: string }>(`
    with mine as (select oid, nspname from pg_namespace where nspname !~ '^pg_' and nspname not in ('information_schema', 'lockkeeper')),
    member as (select classid, objid from pg_depend where deptype = 'e')
    select what from (
      select 'relation ' || relname as what, 'pg_class'::regclass as class, c.oid from pg_class c join mine on mine.oid = relnamespace
      union all select 'type ' || typname, 'pg_type'::regclass, t.oid from pg_type t join mine on mine.oid = typnamespace where typtype <> 'b' or typelem = 0
      union all select 'routine ' || proname, 'pg_proc'::regclass, p.oid from pg_proc p join mine on mine.oid = pronamespace
      union all select 'operator ' || oprname, 'pg_operator'::regclass, o.oid from pg_operator o join mine on mine.oid = oprnamespace
      union all select 'operator class ' || opcname, 'pg_opclass'::regclass, o.oid from pg_opclass o join mine on mine.oid = opcnamespace
      union all select 'operator family ' || opfname, 'pg_opfamily'::regclass, o.oid from pg_opfamily o join mine on mine.oid = opfnamespace
      union all select 'collation ' || collname, 'pg_collation'::regclass, o.oid from pg_collation o join mine on mine.oid = collnamespace
      union all select 'conversion ' || conname, 'pg_conversion'::regclass, o.oid from pg_conversion o join mine on mine.oid = connamespace
      union all select 'configuration ' || cfgname, 'pg_ts_config'::regclass, o.oid from pg_ts_config o join mine on mine.oid = cfgnamespace
      union all select 'dictionary ' || dictname, 'pg_ts_dict'::regclass, o.oid from pg_ts_dict o join mine on mine.oid = dictnamespace
      union all select 'parser ' || prsname, 'pg_ts_parser'::regclass, o.oid from pg_ts_parser o join mine on mine.oid = prsnamespace
      union all select 'template ' || tmplname, 'pg_ts_template'::regclass, o.oid from pg_ts_template o join mine on mine.oid = tmplnamespace
      union all select 'event trigger ' || evtname, 'pg_event_trigger'::regclass, oid from pg_event_trigger
      union all select 'publication ' || pubname, 'pg_publication'::regclass, oid from pg_publication
      union all select 'schema ' || nspname, 'pg_namespace'::regclass, oid from mine where nspname <> 'public'
    ) everything where not exists (select from member where classid = class and objid = everything.oid)
    order by 1`);
  return rows.map((row) => row.what);
}

describe.each(servers)('fresh on PostgreSQL $major', (server) => {
  it('drops whatever there is, whoever made it, and applies everything', async () => {
    const app = await createWorkspace(files, { server });
    await app.up();
    await app.database.query(everything);
    const report = await (await app.open()).fresh({ yes: true });
    expect(report.up.applied.map((done) => done.version)).toEqual(['1']);
    expect(report.removed).toContain('table parts');
    expect(await leftovers(app.database)).toEqual(['relation a', 'type a']);
    expect(await app.applied()).toEqual(['1']);
  });

  it('keeps extensions and everything that is theirs, in whatever schema they are', async () => {
    const app = await createWorkspace(files, { server });
    await app.database.query(
      'create schema ext; create extension citext with schema ext; create extension hstore; create table t (c ext.citext, h hstore)',
    );
    await (await app.open()).fresh({ yes: true });
    expect(
      await app.database.query("select extname from pg_extension where extname <> 'plpgsql' order by 1"),
    ).toEqual([{ extname: 'citext' }, { extname: 'hstore' }]);
    expect(
      await app.database.query(
        "select 'A'::ext.citext operator(ext.=) 'a'::ext.citext as same, 'a=>1'::hstore -> 'a' as one",
      ),
    ).toEqual([{ same: true, one: '1' }]);
    expect(await userTables(app.database)).toEqual(['public.a']);
  });

  it('keeps public and its extensions where the history lives in public', async () => {
    const app = await createWorkspace(files, { server, config: { history: { schema: 'public' } } });
    await app.database.query(
      'create extension hstore; grant usage on schema public to pg_monitor; create table stray (h hstore)',
    );
    await app.up();
    await (await app.open()).fresh({ yes: true });
    expect(
      await app.database.query("select extname from pg_extension where extname = 'hstore'"),
    ).toHaveLength(1);
    expect(await userTables(app.database)).toEqual([
      'public.a',
      'public.backfills',
      'public.database_info',
      'public.lease',
      'public.migration_errors',
      'public.migration_execution_log',
      'public.schema_migrations',
    ]);
    expect(
      await app.database.query("select has_schema_privilege('pg_monitor', 'public', 'usage') as kept"),
    ).toEqual([{ kept: true }]);
  });

  it('drops what others put into the schema of the history, too', async () => {
    const app = await createWorkspace(files, { server });
    await app.up();
    await app.database.query(
      'create table lockkeeper.stray (id int); create view lockkeeper.report as select * from lockkeeper.schema_migrations',
    );
    await (await app.open()).fresh({ yes: true });
    expect(
      await app.database.query(
        "select to_regclass('lockkeeper.stray') as stray, to_regclass('lockkeeper.report') as report",
      ),
    ).toEqual([{ stray: null, report: null }]);
  });

  it('asks first, shows what would go, and drops nothing without an answer or with files that cannot be applied', async () => {
    const app = await createWorkspace(files, { server });
    await app.up();
    await app.database.query('create table precious (id int)');
    expect(await failure((await app.open()).fresh())).toMatchObject({
      code: 'CONFIRMATION_MISSING',
      exit: 5,
    });
    const plans: (readonly string[])[] = [];
    const lockkeeper = await app.open({ ask: ({ plan }) => Promise.resolve(plans.push(plan) < 0) });
    expect(await failure(lockkeeper.fresh())).toMatchObject({ code: 'CONFIRMATION_MISSING' });
    expect(plans[0]).toContain('table precious');
    app.write({ '2_bad.sql': 'create tabel x;' });
    expect(await failure((await app.open()).fresh({ yes: true }))).toMatchObject({ code: 'SQL_SYNTAX' });
    expect(await userTables(app.database)).toEqual(['public.a', 'public.precious']);
  });

  it('names the object that it may not drop', async () => {
    const app = await createWorkspace(files, { server });
    const role = await app.role();
    await app.database.query(
      `grant create on database ${app.database.name} to ${role.name}; grant all on schema public to ${role.name}; create table "not yours" (id int)`,
    );
    const error = await failure((await app.open({ url: role.url })).fresh({ yes: true }));
    expect(error).toMatchObject({ code: 'QUERY_FAILED', exit: 3, details: { sqlstate: '42501' } });
    expect(error.message).toContain('"not yours"');
    expect(await userTables(app.database)).toEqual(['public."not yours"'.replaceAll('"', '')]);
  });
});

it('drops thousands of tables with the smallest of lock tables', async () => {
  const server = await startServer(latest.major, {
    max_locks_per_transaction: '10',
    max_connections: '10',
    max_prepared_transactions: '0',
  });
  onTestFinished(() => server.remove());
  const target = { major: server.major, url: server.url, superuser: 'postgres' };
  const app = await createWorkspace(files, { server: target });
  await app.database.query(
    "do $$ begin for i in 1..2000 loop execute format('create table t%s (id int primary key, v text)', i); if i % 100 = 0 then commit; end if; end loop; end $$",
  );
  const report = await (await app.open()).fresh({ yes: true });
  expect(report.removed.length).toBeGreaterThanOrEqual(2000);
  expect(await userTables(app.database)).toEqual(['public.a']);
});

it('says that a database made for another environment stays as it is', async () => {
  const app = await createWorkspace(files);
  await (await app.open({ env: 'staging' })).up();
  expect(await failure((await app.open({ env: 'test' })).fresh({ yes: true }))).toMatchObject({
    code: 'ENVIRONMENT_MISMATCH',
    exit: 5,
  });
  expect(await userTables(app.database)).toEqual(['public.a']);
  const empty = await createDatabase();
  onTestFinished(() => empty.drop());
  expect(
    (await (await app.open({ env: 'test', url: empty.url })).fresh({ yes: true })).up.applied,
  ).toHaveLength(1);
});

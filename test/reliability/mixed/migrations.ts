/** Data that were there before the migrations, so that index builds take a while. */
export const data = `
create table ledger (id bigint generated always as identity, what text not null);
create table account (id int primary key, email text, code int, age int, note text);
insert into account select i, 'user' || i || '@example.org', i, i % 90, repeat('x', 100) from generate_series(1, 20000) i;
create index account_note on account (note);
create table log (id int, what text) partition by range (id);
create table log_1 partition of log for values from (0) to (1000);
create table log_2 partition of log for values from (1000) to (2000);
insert into log select i, 'line ' || i from generate_series(0, 1999) i;
create table filled (id int primary key, times int not null default 0);
insert into filled select i from generate_series(1, 3000) i;
`;

/** Every kind of step that may be interrupted. Each transaction writes a line, so that what runs twice shows. */
export const migrations = {
  '0001_tables.sql': `
create type mood as enum ('calm');
create schema app;
create table app.event (id int primary key, mood mood not null);
insert into ledger (what) values ('0001');
select pg_sleep(0.05);
`,
  '0002_named.sql': `
insert into ledger (what) values ('0002 before');
create index concurrently account_email on account (email);
insert into ledger (what) values ('0002 between');
create index concurrently account_age on account (age) where age > 17;
insert into ledger (what) values ('0002 after');
`,
  '0003_unnamed.sql': `
create index concurrently on account (lower(email), age);
create index concurrently on account (age desc) include (email);
insert into ledger (what) values ('0003');
`,
  '0004_unique.sql': 'create unique index concurrently if not exists account_code on account (code);',
  '0005_values.sql': `
alter type mood add value 'wild';
insert into app.event values (1, 'wild');
insert into ledger (what) values ('0005 first');
alter type mood add value 'tired' before 'wild';
insert into app.event values (2, 'tired');
insert into ledger (what) values ('0005 second');
`,
  '0006_code.ts': `
export default {
  up: async (db: any) => {
    for (let i = 10; i < 20; i++) await db.query("insert into app.event values ($1, 'calm')", [i]);
    await db.query('select pg_sleep(0.1)');
    await db.exec("insert into ledger (what) values ('0006')");
  },
};
`,
  '0007_vacuum.sql': `
update account set age = age + 1 where id % 10 = 0;
insert into ledger (what) values ('0007 before');
vacuum (analyze) account;
insert into ledger (what) values ('0007 after');
`,
  '0008_steps.sql': `
set search_path = app;
begin;
create table part (id int primary key);
insert into public.ledger (what) values ('0008 first');
select pg_sleep(0.05);
commit;
create index concurrently on part (id, (id + 1));
begin;
create table other (id int references part);
insert into public.ledger (what) values ('0008 second');
commit;
drop index concurrently public.account_note;
`,
  '0009_copy.sql': `
create table app.loaded (id int, name text);
copy app.loaded from stdin;
1	one
2	two
\\.
insert into ledger (what) values ('0009');
`,
  '0010_detach.sql': `
insert into ledger (what) values ('0010 before');
alter table log detach partition log_1 concurrently;
insert into ledger (what) values ('0010 after');
`,
  '0011_reindex.sql': `
reindex index concurrently account_pkey;
insert into ledger (what) values ('0011 between');
reindex table concurrently account;
insert into ledger (what) values ('0011 after');
`,
  '0012_backfill.sql': `
insert into ledger (what) values ('0012 before');
-- backfill: batch-rows=100
update filled set times = times + 1;
insert into ledger (what) values ('0012 after');
`,
  '0013_last.sql': 'create index concurrently loaded_name on app.loaded (name);',
};

/** What stands in the ledger at the end, each line once. */
export const everyLine: readonly string[] = [
  '0001', '0002 after', '0002 before', '0002 between', '0003', '0005 first', '0005 second', '0006', '0007 after',
  '0007 before', '0008 first', '0008 second', '0009', '0010 after', '0010 before', '0011 after',
  '0011 between', '0012 after', '0012 before',
]; // prettier-ignore

import { describe, expect, it } from 'vitest';
import type { RunReport } from '../../src/core/report.js';
import { servers, tableExists } from '../support/database.js';
import { createWorkspace, failure, reportOf } from '../app/workspace.js';
import { lockHolders } from './support.js';

/** Raises where the session is not as it began. */
const assertClean = `do $$
declare found text;
begin
  if exists (select from pg_prepared_statements) then raise 'prepared statements'; end if;
  if exists (select from pg_cursors) then raise 'cursors'; end if;
  if exists (select from pg_listening_channels()) then raise 'listening'; end if;
  if to_regclass('pg_temp.scratch') is not null then raise 'temp table'; end if;
  if current_user <> session_user then raise 'role %', current_user; end if;
  if current_setting('is_superuser') <> 'on' then raise 'session user %', session_user; end if;
  select string_agg(name || '=' || setting, ', ') into found from pg_settings
  where (name, setting) in (('search_path', 'nowhere'), ('lock_timeout', '0'), ('statement_timeout', '77000'),
    ('row_security', 'off'), ('work_mem', '1024'), ('TimeZone', 'Pacific/Auckland'), ('DateStyle', 'German, DMY'),
    ('default_transaction_isolation', 'serializable'), ('session_replication_role', 'replica'));
  if found is not null then raise 'settings %', found; end if;
  if coalesce(current_setting('my.own', true), '') <> '' then raise 'my.own'; end if;
  begin perform currval('counter'); raise 'currval'; exception when object_not_in_prerequisite_state then null; end;
end $$;
insert into witness values (1);`;

const leaks: readonly (readonly [string, string])[] = [
  ['a temporary table', 'create temp table scratch (id int);'],
  ['a prepared statement', 'prepare p as select 1;'],
  ['a cursor that outlives its transaction', 'declare c cursor with hold for select 1;'],
  ['LISTEN', 'listen news;'],
  ['SET ROLE', 'set role pg_monitor;'],
  ['SET SESSION AUTHORIZATION', 'set session authorization pg_monitor;'],
  ['an empty search_path', `set search_path = nowhere;`],
  ['time-outs', `set lock_timeout = 0; set statement_timeout = '77s';`],
  [
    'settings of many kinds',
    `set row_security = off; set work_mem = '1MB'; set timezone = 'Pacific/Auckland'; set datestyle = 'German'; set my.own = 'x';`,
  ],
  [
    'modes of the session',
    `set session characteristics as transaction isolation level serializable; set session_replication_role = replica;`,
  ],
  ['the state of a sequence', `select nextval('public.counter');`],
  [
    'set_config()',
    `select set_config('search_path', 'nowhere', false), set_config('work_mem', '1MB', false);`,
  ],
  [
    'the head of a dump',
    `SET statement_timeout = 0; SET lock_timeout = 0; SELECT pg_catalog.set_config('search_path', 'nowhere', false); SET row_security = off;`,
  ],
];

const shapes: readonly (readonly [string, (sql: string) => Readonly<Record<string, string>>])[] = [
  ['in a transaction', (sql) => ({ '1_leak.sql': sql })],
  ['in steps', (sql) => ({ '1_leak.sql': `${sql} create index concurrently on public.t (id);` })],
  [
    'in code',
    (sql) => ({
      '1_leak.ts': `export default { up: async (db: any) => { await db.exec(${JSON.stringify(sql)}); } };`,
    }),
  ],
];

describe.each(servers)('the session between migrations, on PostgreSQL $major', (server) => {
  it.each(leaks)('keeps nothing of %s', async (_, sql) => {
    for (const [shape, files] of shapes) {
      const workspace = await createWorkspace({ ...files(sql), '2_clean.sql': assertClean }, { server });
      await workspace.database.query(
        'create sequence counter; create table t (id int); create table witness (id int); alter table t owner to pg_monitor; grant create on schema public to pg_monitor',
      );
      const report = await workspace.up().catch((error: unknown) => error);
      expect([shape, report instanceof Error ? report.message : null]).toEqual([shape, null]);
      expect([shape, (report as RunReport).applied.map((done) => done.version)]).toEqual([shape, ['1', '2']]);
      expect(await workspace.database.query('select count(*)::int as n from witness')).toEqual([{ n: 1 }]);
    }
  });

  it.each([
    ['of SQL', { '1_x.sql': 'select unlock();' }],
    ['of SQL in steps', { '1_x.sql': 'select unlock(); create index concurrently on t (id);' }],
    [
      'of code',
      { '1_x.ts': `export default { up: async (db: any) => { await db.query('select unlock()'); } };` },
    ],
    [
      'of code that uses the driver',
      {
        '1_x.ts': `export default { up: async (db: any) => { await db.client.query('select unlock()'); } };`,
      },
    ],
  ])(
    'has lost the lock where a function of a migration %s gave it away, and nothing more runs',
    async (_, files) => {
      const workspace = await createWorkspace(
        { ...files, '2_next.sql': 'create table next (id int);' },
        { server },
      );
      const { database } = workspace;
      await database.query(
        `create table t (id int); create function unlock() returns void language sql as 'select pg_advisory_unlock_all()'`,
      );
      const error = await failure(workspace.up());
      expect(error).toMatchObject({ code: 'LOCK_LOST', exit: 3 });
      expect(reportOf(error).notRun.map(({ version }) => version)).not.toContain('1');
      expect([await tableExists(database, 'next'), await lockHolders(database)]).toEqual([false, []]);
      await database.query(`create or replace function unlock() returns void language sql as ''`);
      await workspace.up();
      expect(await workspace.applied()).toEqual(['1', '2']);
    },
  );

  it('refuses what would give the lock away in plain sight, before anything runs', async () => {
    const workspace = await createWorkspace(
      {
        '1_a.sql': 'create table a (id int);',
        '2_x.sql': 'select pg_advisory_unlock_all();',
        '3_y.sql': 'discard all;',
      },
      { server },
    );
    const error = await failure(workspace.up());
    expect([error.exit, error.problems.map(({ code }) => code)]).toEqual([
      2,
      ['SESSION_COMMAND_REFUSED', 'SESSION_COMMAND_REFUSED'],
    ]);
    expect(await tableExists(workspace.database, 'a')).toBe(false);
  });
});

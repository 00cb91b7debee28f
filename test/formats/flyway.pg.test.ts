import { describe, expect, it } from 'vitest';
import type { DryRunReport } from '../../src/app/lockkeeper.js';
import { servers, tableExists, type TestServer } from '../support/database.js';
import { codesOf, createWorkspace, failure, record, type Workspace } from '../app/workspace.js';

const files = {
  'V1__create_berths.sql': 'create table berth (id int primary key, name text not null);\n',
  'U1__drop_berths.sql': 'drop table berth;\n',
  'V1_1__create_calls.sql': "create table call (id int, currency text default '${currency}');\n",
  'V10__index.sql': 'create index concurrently call_id on call (id);\n',
  'V10__index.sql.conf': 'executeInTransaction=false\n',
  'U10__no_index.sql': 'drop index concurrently call_id;\n',
  'sub/R__names.sql': "create or replace view names as select name, '${currency}' as currency from berth;\n",
};

const open = (
  server: TestServer,
  more: Readonly<Record<string, string>> = {},
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Workspace> =>
  createWorkspace(
    { ...files, ...more },
    {
      server,
      config: {
        migrations: { dir: 'migrations', format: 'flyway', placeholders: { currency: 'EUR' }, ...settings },
      },
    },
  );

const rows = async ({ database }: Workspace, table = 'flyway_schema_history'): Promise<readonly string[]> => {
  const found = await database.query<{ row: string }>(
    `select concat_ws('|', installed_rank, coalesce(version, '-'), description, type, script, checksum, success) as row
     from ${table} order by installed_rank`,
  );
  return found.map(({ row }) => row);
};

const pending = async (app: Workspace): Promise<readonly string[]> =>
  (await (await app.open()).status()).pending.map(({ version }) => version);

// The checksums are those that Flyway 11.20.3 itself wrote for these files.
const written = [
  '1|1|create berths|SQL|V1__create_berths.sql|883369838|t',
  '2|1.1|create calls|SQL|V1_1__create_calls.sql|421399470|t',
  '3|10|index|SQL|V10__index.sql|1726377534|t',
  '4|-|names|SQL|sub/R__names.sql|-1182688366|t',
];

describe.each(servers)('a project of Flyway on PostgreSQL $major', (server) => {
  it('runs as it is, and its history is what Flyway writes', async () => {
    const app = await open(server);
    await app.up();
    expect(await rows(app)).toEqual(written);
    expect(await app.applied()).toEqual(['1', '1.1', '10', 'R__names']);
    expect(await app.database.query('select currency from names')).toEqual([]);
  });

  it('goes back by its undo files, and says so in a way that every edition reads', async () => {
    const app = await open(server);
    await app.up();
    await (await app.open()).down();
    expect((await rows(app)).slice(4)).toEqual(['5|10|index|DELETE|V10__index.sql|1726377534|t']);
    expect(await pending(app)).toEqual(['10']);
    await app.up();
    expect((await rows(app)).slice(5)).toEqual(['6|10|index|SQL|V10__index.sql|1726377534|t']);
    expect(await pending(app)).toEqual([]);
  });

  it('writes what was undone as the editions with "flyway undo" do, where one of them is in use', async () => {
    const said = await open(server, {}, { undoneAs: 'UNDO_SQL' });
    await said.up();
    await (await said.open()).down();
    expect((await rows(said)).slice(4)).toEqual(['5|10|no index|UNDO_SQL|U10__no_index.sql|-2017933969|t']);
    const seen = await open(server);
    await seen.up();
    await seen.database.query(`insert into flyway_schema_history
      select 5, '9', 'x', 'UNDO_SQL', 'U9__x.sql', 0, 'a', now(), 0, true`);
    await (await seen.open()).down();
    expect((await rows(seen)).slice(5)).toEqual(['6|10|no index|UNDO_SQL|U10__no_index.sql|-2017933969|t']);
  });

  it('follows what Flyway applied, repeated, undid and failed at', async () => {
    const app = await open(server);
    await (await app.open()).up({ to: '1.1' });
    const insert = (values: string): Promise<unknown> =>
      app.database.query(`insert into flyway_schema_history values ${values}`);
    await app.database.query('create index call_id on call (id)');
    await insert(`(3, '10', 'index', 'SQL', 'V10__index.sql', 1, 'a', now(), 0, true)`);
    expect(await pending(app)).toEqual(['R__names']);
    await insert(`(4, '10', 'no index', 'UNDO_SQL', 'U10__no_index.sql', 1, 'a', now(), 0, true)`);
    expect(await pending(app)).toEqual(['10', 'R__names']);
    await insert(`(5, '10', 'index', 'SQL', 'V10__index.sql', 1, 'a', now(), 0, false)`);
    expect((await failure(app.up())).code).toBe('FOREIGN_HISTORY_FAILED');
  });

  it('counts what a baseline stands for as applied', async () => {
    const app = await open(server);
    await app.database.query(`create table berth (id int primary key, name text not null);
      create table call (id int, currency text)`);
    await app.database
      .query(`create table flyway_schema_history (installed_rank int primary key, version varchar(50), description varchar(200) not null,
      type varchar(20) not null, script varchar(1000) not null, checksum int, installed_by varchar(100) not null,
      installed_on timestamp not null default now(), execution_time int not null, success boolean not null);
      insert into flyway_schema_history values (1, '1.1', '<< Flyway Baseline >>', 'BASELINE', '<< Flyway Baseline >>', null, 'a', now(), 0, true)`);
    await (await app.open()).adopt({ yes: true });
    expect(await pending(app)).toEqual(['10', 'R__names']);
    await app.up();
    expect((await rows(app)).slice(1).map((row) => row.split('|', 4).join('|'))).toEqual(['2|10|index|SQL', '3|-|names|SQL']); // prettier-ignore
  });

  it('makes the schemas that the configuration names, and marks them', async () => {
    const app = await open(
      server,
      { 'V11__t.sql': 'create table inside (id int);' },
      { schemas: ['port', 'more'], table: 'history', installedBy: 'me' },
    );
    await app.up();
    expect((await rows(app, 'port.history'))[0]).toBe(
      '0|-|<< Flyway Schema Creation >>|SCHEMA|"port","more"|t',
    );
    expect(await tableExists(app.database, 'port.inside')).toBe(true);
    expect(await app.database.query(`select distinct installed_by from port.history`)).toEqual([{ installed_by: 'me' }]); // prettier-ignore
  });

  it('runs a repeatable migration again when its text has changed', async () => {
    const app = await open(server);
    await app.up();
    app.write({ 'sub/R__names.sql': 'drop view names; create view names as select id from berth;' });
    expect(await pending(app)).toEqual(['R__names']);
    await app.up();
    expect((await rows(app)).map((row) => row.split('|', 3).join('|')).at(-1)).toBe('5|-|names');
  });

  it('runs the callbacks around each migration, and names the others', async () => {
    const app = await open(server, {
      'beforeEachMigrate.sql': "create temp table if not exists seen (what text); insert into seen values ('before');",
      'afterEachMigrate__note.sql': "insert into seen values ('after'); create table if not exists noted (n int); insert into noted select count(*) from seen;",
      'afterVersioned.sql': 'select 1;',
    }); // prettier-ignore
    const lockkeeper = await app.open();
    const warnings = record(lockkeeper, 'warning');
    await lockkeeper.up();
    expect((await app.database.query('select n from noted')).length).toBe(4);
    expect(warnings.map(({ code }) => code)).toContain('callback-not-run');
    app.write({ 'beforeEachMigrate.sql': 'select 2;' });
    expect((await lockkeeper.verify()).ok).toBe(true);
  });

  it('runs the callbacks of a whole run once, in the order of Flyway, also where nothing is pending', async () => {
    const events = ['beforeValidate', 'afterValidate', 'beforeMigrate', 'afterMigrateApplied', 'afterMigrate', 'afterMigrateError']; // prettier-ignore
    const note = (event: string): string => `create table if not exists told (n serial, event text); insert into told (event) values ('${event}');`; // prettier-ignore
    const app = await open(
      server,
      Object.fromEntries(events.map((event) => [`${event}__note.sql`, note(event)])),
    );
    const told = async (): Promise<readonly unknown[]> =>
      (await app.database.query('with gone as (delete from told returning *) select event from gone order by n')).map(({ event }) => event); // prettier-ignore
    const dry = (await (await app.open()).up({ dryRun: true })) as DryRunReport;
    expect(dry.warnings.filter(({ code }) => code === 'callback-not-shown')).toHaveLength(6);
    expect(await tableExists(app.database, 'told')).toBe(false);
    await app.up();
    expect(await told()).toEqual(events.slice(0, 5));
    await app.up();
    expect(await told()).toEqual(['beforeValidate', 'afterValidate', 'beforeMigrate', 'afterMigrate']);
    app.write({ 'V12__broken.sql': 'select 1 / 0;' });
    expect((await failure(app.up())).code).toBe('MIGRATION_FAILED');
    expect(await told()).toEqual([...events.slice(0, 3), 'afterMigrateError']);
    app.write({
      'V12__broken.sql': 'select 1;',
      'afterMigrate__note.sql': 'set role nobody_at_all; select 1;',
    });
    const error = await failure(app.up());
    expect(error.message).toContain('afterMigrate__note.sql (afterMigrate) failed, and was rolled back');
    expect(await pending(app)).toEqual([]);
  });

  it('lets no setting of a callback reach a migration', async () => {
    const app = await open(server, {
      'beforeMigrate__set.sql': "set lock_timeout = '7s'; set work_mem = '7MB';",
      'V12__seen.sql':
        "create table seen as select current_setting('lock_timeout') as waits, current_setting('work_mem') as memory;",
    });
    await app.up();
    const [seen] = await app.database.query('select waits, memory from seen');
    expect(seen).not.toMatchObject({ waits: '7s' });
    expect(seen).not.toMatchObject({ memory: '7MB' });
  });

  it('has the row of a failure while a migration is applied in part', async () => {
    const half = 'create table half (id int);\ncreate index concurrently half_id on half (id);\ninsert into missing values (1);'; // prettier-ignore
    const app = await open(server, { 'V12__half.sql': half });
    const last = async (): Promise<string | undefined> => (await rows(app)).filter((row) => row.includes('|half|')).join(' '); // prettier-ignore
    for (const attempt of [1, 2]) {
      expect((await failure(app.up())).code, `attempt ${attempt}`).toBe('MIGRATION_FAILED');
      expect(await last()).toMatch(/^\d+\|12\|half\|SQL\|.*V12__half\.sql\|-?\d+\|f$/);
    }
    await app.database.query('create table missing (id int)');
    await app.up();
    expect(await last()).toMatch(/^\d+\|12\|half\|SQL\|.*V12__half\.sql\|-?\d+\|t$/);
    expect(await pending(app)).toEqual([]);
  });

  it.each([
    ['a Java migration', { 'V11__Load.java': 'class V11__Load {}' }, ['FOREIGN_STEP_REFUSED']],
    ['a placeholder without a value', { 'V11__x.sql': "select '${nothing}';" }, ['MIGRATION_PLACEHOLDER_MISSING']],
    ['one version twice', { 'V01.1__other.sql': 'select 1;' }, ['MIGRATION_DUPLICATE']],
    ['a name that is nearly one', { 'V12_x.sql': 'select 1;' }, ['MIGRATION_NAME_INVALID']],
    ['an expression for Flyway', { 'V11__x.sql': 'select 1;', 'V11__x.sql.conf': 'shouldExecute=1==2' }, ['FOREIGN_STEP_REFUSED']],
    ['a way down alone', { 'U12__x.sql': 'select 1;' }, ['MIGRATION_NAME_INVALID']],
  ])('refuses %s before anything runs', async (_, more, codes) => {
    const app = await open(server, more);
    expect(codesOf(await failure(app.up()))).toEqual(codes);
    expect(await tableExists(app.database, 'berth')).toBe(false);
  }); // prettier-ignore

  it('holds the lock that Flyway takes, with the schema said and not said', async () => {
    for (const settings of [{}, { defaultSchema: 'public' }]) {
      const app = await open(server, {}, settings);
      const other = await app.database.connect();
      await other.query('select pg_advisory_lock(77433833903597)');
      expect((await failure(app.up())).code).toBe('FOREIGN_LOCK_HELD');
      await other.query('select pg_advisory_unlock_all()');
      await app.up();
    }
  });
});

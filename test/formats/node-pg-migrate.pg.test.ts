import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createWorkspace, failure, type Workspace } from '../app/workspace.js';
import {
  createDatabase,
  servers,
  spawnCli,
  type TestDatabase,
  type TestServer,
} from '../support/database.js';
import { repository } from '../support/project.js';
import { describeSchema } from '../support/schema.js';
import { linkTools, runTool } from '../support/tools.js';

const config = { migrations: { dir: 'migrations', format: 'node-pg-migrate' } };
const last = '1700010000000_watch-states';

/** A copy of the example with the real library, and a second database for the real tool. */
async function withExample(
  server: TestServer,
  work: (workspace: Workspace, native: TestDatabase) => Promise<void>,
): Promise<void> {
  const workspace = await createWorkspace({}, { server, config });
  workspace.project.delete('migrations/.keep');
  cpSync(join(repository, 'examples', 'node-pg-migrate'), workspace.project.dir, { recursive: true });
  linkTools(workspace.project);
  const native = await createDatabase(server);
  try {
    await work(workspace, native);
  } finally {
    await native.drop();
  }
}

/** Runs the real tool; gives what it printed. */
function tool({ project }: Workspace, database: TestDatabase, ...args: readonly string[]): string {
  const { dir } = project;
  const flags = ['--config-file', 'migrate-config.json', '--no-verbose'];
  const ran = runTool('node-pg-migrate', [...args, ...flags], {
    cwd: dir,
    env: { DATABASE_URL: database.url },
  });
  expect(ran.code, `${ran.stdout}\n${ran.stderr}`).toBe(0);
  return ran.stdout;
}

async function rows(database: TestDatabase): Promise<readonly unknown[]> {
  return await database.query('select id, name from bike_migrations order by id');
}

const data = `select (select json_agg(s order by id) from station s) as stations,
  (select count(*) from bike) as bikes, (select json_agg(t order by name) from tariff t) as tariffs`;

// The real tool takes seconds to start where the machine is busy.
describe.each(servers)('node-pg-migrate on PostgreSQL $major', { timeout: 240_000 }, (server) => {
  it('leaves what the real tool leaves: schema, data and history', async () => {
    await withExample(server, async (workspace, native) => {
      const { database } = workspace;
      tool(workspace, native, 'up');
      const report = await workspace.up();
      expect(report.applied.map(({ version }) => version).at(-1)).toBe(last);
      expect(await describeSchema(database)).toBe(await describeSchema(native));
      expect(await rows(database)).toEqual(await rows(native));
      expect(await database.query(data)).toEqual(await native.query(data));
      expect(tool(workspace, database, 'up')).toContain('No migrations to run!');
    });
  });

  it('undoes what the real tool undoes, one by one and all', async () => {
    await withExample(server, async (workspace, native) => {
      const { database } = workspace;
      tool(workspace, native, 'up');
      await workspace.up();
      const lockkeeper = await workspace.open();
      for (const count of [1, 1, 2]) {
        tool(workspace, native, 'down', String(count));
        await lockkeeper.down({ steps: count });
        expect(await describeSchema(database)).toBe(await describeSchema(native));
        expect(await rows(database)).toEqual(await rows(native));
      }
      expect(tool(workspace, database, 'up', '--dry-run')).toContain('1700000200000_tariffs');
      await lockkeeper.down({ all: true });
      tool(workspace, native, 'down', '2');
      expect(await describeSchema(database)).toBe(await describeSchema(native));
      expect(await rows(database)).toEqual([]);
    });
  });

  it('lets the tool and Lockkeeper take turns', async () => {
    await withExample(server, async (workspace) => {
      const { database } = workspace;
      tool(workspace, database, 'up', '2');
      const lockkeeper = await workspace.open();
      await lockkeeper.adopt({ yes: true });
      expect((await lockkeeper.status()).pending).toHaveLength(4);
      await lockkeeper.up({ steps: 2 });
      tool(workspace, database, 'up', '1');
      tool(workspace, database, 'down', '1');
      const names = (await lockkeeper.status()).pending.map(({ version }) => version);
      expect(names).toEqual(['20231115000000000_repairs', last]);
      await lockkeeper.up();
      expect(tool(workspace, database, 'up')).toContain('No migrations to run!');
    });
  });
});

describe('a migration of node-pg-migrate', () => {
  const open = async (files: Readonly<Record<string, string>>): Promise<Workspace> => {
    const workspace = await createWorkspace(files, { config });
    workspace.project.delete('migrations/.keep');
    linkTools(workspace.project);
    return workspace;
  };

  it('waits for the callback, and fails with the error that it is given', async () => {
    const workspace = await open({
      '1_a.js':
        "exports.up = (pgm, run) => { setTimeout(() => { pgm.sql('create table a ()'); run(); }, 20); };",
      '2_b.js': "exports.up = (pgm, run) => { pgm.sql('create table b ()'); run(new Error('not today')); };",
    });
    const error = await failure(workspace.up());
    expect(error.message).toContain('not today');
    expect(await workspace.applied()).toEqual(['1_a']);
  });

  it('takes the shorthands of files that are applied, and of those alone', async () => {
    const workspace = await open({
      '1_a.js':
        "exports.shorthands = { short: 'varchar(3)' }; exports.up = (pgm) => { pgm.createTable('a', { x: 'short' }); };",
    });
    await workspace.up();
    workspace.write({
      '2_b.js':
        "exports.shorthands = { short: 'varchar(5)' }; exports.up = (pgm) => { pgm.createTable('b', { x: 'short' }); };",
      '3_c.ts': "export const up = (pgm: any) => { pgm.createTable('c', { x: 'short' }); };",
    });
    await workspace.up();
    const columns = await workspace.database.query(
      "select table_name as name, character_maximum_length as size from information_schema.columns where column_name = 'x' order by 1",
    );
    expect(columns).toEqual([
      { name: 'a', size: 3 },
      { name: 'b', size: 5 },
      { name: 'c', size: 5 },
    ]);
  });

  it('runs a concurrent index by itself also where nobody asked for no transaction', async () => {
    const workspace = await open({
      '1_a.js':
        "exports.up = (pgm) => { pgm.createTable('a', { x: 'int' }); pgm.createIndex('a', 'x', { concurrently: true }); };",
    });
    await workspace.up();
    const valid = await workspace.database.query(
      "select indisvalid from pg_index where indexrelid = 'a_x_index'::regclass",
    );
    expect(valid).toEqual([{ indisvalid: true }]);
  });

  it('keeps the queries of the function in one transaction with its steps', async () => {
    const workspace = await open({
      '1_a.js':
        "exports.up = async (pgm) => { await pgm.db.query('create table a ()'); pgm.sql('select 1/0'); };",
    });
    expect((await failure(workspace.up())).details['sqlstate']).toBe('22012');
    expect(await workspace.database.query("select to_regclass('a') as a")).toEqual([{ a: null }]);
  });

  it('ends the transaction where the function says noTransaction, and only there', async () => {
    const workspace = await open({
      '1_enum.js': "exports.up = (pgm) => { pgm.createType('e', ['a']); };",
      '2_use.js': `exports.up = (pgm) => {
        pgm.noTransaction();
        pgm.addTypeValue('e', 'b');
        pgm.sql("create table t as select 'b'::e as value");
      };
      exports.down = (pgm) => { pgm.dropTable('t'); pgm.sql('select 1/0'); };`,
    });
    await workspace.up();
    expect(await workspace.database.query('select value::text from t')).toEqual([{ value: 'b' }]);
    const lockkeeper = await workspace.open();
    await failure(lockkeeper.down());
    expect(await workspace.database.query("select to_regclass('t')::text as t")).toEqual([{ t: 't' }]);
  });

  it('refuses noTransaction that is said elsewhere, before it sends anything', async () => {
    const workspace = await open({
      '1_a.js':
        "const { free } = require('../free.cjs'); exports.up = (pgm) => { free(pgm); pgm.sql('create table a ()'); };",
    });
    workspace.project.write('free.cjs', 'exports.free = (pgm) => pgm.noTransaction();');
    expect((await failure(workspace.up())).code).toBe('TRANSACTION_CONTROL_REFUSED');
    expect(await workspace.database.query("select to_regclass('a') as a")).toEqual([{ a: null }]);
  });

  it.each([
    ['down is false', "exports.up = (pgm) => { pgm.createTable('a', {}); }; exports.down = false;", '1_a'],
    ['SQL has no section for it', null, '1_a'],
    [
      'the way up cannot be turned round',
      "exports.up = (pgm) => { pgm.sql('create table a ()'); };",
      'Impossible to automatically infer down migration',
    ],
  ])('has no way back where %s', async (_, code, said) => {
    const workspace = await open(
      code === null ? { '1_a.sql': '-- Up Migration\ncreate table a ();' } : { '1_a.js': code },
    );
    await workspace.up();
    const lockkeeper = await workspace.open();
    expect((await failure(lockkeeper.down())).message).toContain(said);
    expect(await workspace.applied()).toEqual(['1_a']);
  });

  it('leaves settings of the session to the next file, as one connection of the tool does', async () => {
    const workspace = await open({
      '1_a.sql': 'create schema other; set search_path to other;',
      '2_b.js': "exports.up = (pgm) => { pgm.createTable('b', { x: 'int' }); };",
    });
    await workspace.up();
    expect(await workspace.database.query("select to_regclass('other.b')::text as b")).toEqual([
      { b: 'other.b' },
    ]);
  });

  it('makes the schemas that it is told of, and keeps its table in the one that is named', async () => {
    const workspace = await open({
      '1_a.sql': 'create table a ();',
      '2_b.js': "exports.up = (pgm) => { pgm.createTable('b', {}); };",
    });
    workspace.project.write(
      'migrate-config.json',
      JSON.stringify({
        schema: ['shop', 'public'],
        'create-schema': true,
        'migrations-schema': 'ours',
        'create-migrations-schema': true,
      }),
    );
    await workspace.up();
    expect(
      await workspace.database.query(
        "select array_agg(schemaname || '.' || tablename order by schemaname, tablename) as t from pg_tables where schemaname in ('shop', 'ours', 'public')",
      ),
    ).toEqual([{ t: ['ours.pgmigrations', 'shop.a', 'shop.b'] }]);
  });

  it('says where a statement failed', async () => {
    const workspace = await open({
      '1_a.sql': '-- Up Migration\n\nselect 1;\nselect nothing_there;\n-- Down Migration\n',
    });
    const error = await failure(workspace.up());
    expect(error.location).toMatchObject({ file: 'migrations/1_a.sql', line: 4 });
  });

  it.each([
    [
      'up',
      "exports.up = (pgm) => {\n  pgm.createTable('a', { id: 'id' });\n  pgm.sql('select wrong');\n};",
      3,
    ],
    [
      'down',
      "exports.up = (pgm) => {\n  pgm.createTable('a', { id: 'id' });\n  pgm.createTable('b', { id: 'id' });\n};",
      2,
    ],
  ])('says in which line of the function a statement was said, on the way %s', async (way, text, line) => {
    const workspace = await open({ '1_a.js': text });
    if (way === 'down') {
      await workspace.up();
      await workspace.database.query('create view v as select * from a');
    }
    const app = await workspace.open();
    const error = await failure(way === 'up' ? app.up() : app.down());
    expect(error.location).toMatchObject({ file: 'migrations/1_a.js', line });
  });

  it('does not run while the tool holds its own lock', async () => {
    const workspace = await open({ '1_a.sql': 'create table a ();' });
    const session = await workspace.database.connect();
    await session.query('select pg_advisory_lock(7241865325823964)');
    expect((await failure(workspace.up())).code).toBe('FOREIGN_LOCK_HELD');
    await session.query('select pg_advisory_unlock(7241865325823964)');
    await workspace.up();
    expect(await workspace.applied()).toEqual(['1_a']);
  });

  it('leaves both histories true when its process is killed in the middle', async () => {
    const workspace = await open({
      '1_a.js': "exports.up = (pgm) => { pgm.createTable('a', {}); };",
      '2_b.js': `exports.up = async (pgm) => {
        await pgm.db.query('create table b ()');
        await pgm.db.query('select pg_sleep(case when count(*) = 0 then 0 else 300 end) from gate');
      };`,
    });
    const { database, project } = workspace;
    await database.query('create table gate as select 1 as shut');
    const running = spawnCli(['up'], { cwd: project.dir, env: { DATABASE_URL: database.url } });
    const asleep =
      "select pid from pg_stat_activity where query like '%pg_sleep(case%' and pid <> pg_backend_pid()";
    for (let rest = 600; rest > 0 && (await database.query(asleep)).length === 0; rest -= 1) await sleep(50);
    running.kill('SIGKILL');
    await running.ended;
    await database.query('delete from gate');
    await database.query(`select pg_terminate_backend(pid) from (${asleep}) s`);
    await workspace.up();
    expect(await workspace.applied()).toEqual(['1_a', '2_b']);
    expect(await database.query('select name from pgmigrations order by id')).toEqual([
      { name: '1_a' },
      { name: '2_b' },
    ]);
  });
});

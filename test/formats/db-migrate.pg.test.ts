import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createWorkspace, failure, type Workspace } from '../app/workspace.js';
import { createDatabase, servers, type TestDatabase, type TestServer } from '../support/database.js';
import { repository } from '../support/project.js';
import { describeSchema } from '../support/schema.js';
import { linkTools, runTool } from '../support/tools.js';

const config = { migrations: { dir: 'migrations', format: 'db-migrate' } };

/** A copy of the example with the real library, and a second database for the real tool. */
async function withExample(
  server: TestServer,
  work: (workspace: Workspace, native: TestDatabase) => Promise<void>,
): Promise<void> {
  const workspace = await createWorkspace({}, { server, config });
  cpSync(join(repository, 'examples', 'db-migrate'), workspace.project.dir, { recursive: true });
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
  const ran = runTool('db-migrate', args, { cwd: project.dir, env: { DATABASE_URL: database.url } });
  expect(ran.code, `${ran.stdout}\n${ran.stderr}`).toBe(0);
  return ran.stdout;
}

async function rows(database: TestDatabase): Promise<readonly unknown[]> {
  return await database.query('select id, name from migrations order by id');
}

const data = `select (select json_agg(json_build_array(id, name, voice)) from singer) as singers,
  (select json_agg(json_build_array(title, conductor_id)) from piece) as pieces, (select json_agg(c) from concert c) as concerts`;

// The real tool takes seconds to start where the machine is busy.
describe.each(servers)('db-migrate on PostgreSQL $major', { timeout: 240_000 }, (server) => {
  it('leaves what the real tool leaves, up and down: schema, data and history', async () => {
    await withExample(server, async (workspace, native) => {
      const { database } = workspace;
      tool(workspace, native, 'up');
      await workspace.up();
      expect(await describeSchema(database)).toBe(await describeSchema(native));
      expect(await rows(database)).toEqual(await rows(native));
      expect(await database.query(data)).toEqual(await native.query(data));
      expect(tool(workspace, database, 'up')).toContain('No migrations to run');
      const lockkeeper = await workspace.open();
      for (const count of [1, 2, 1]) {
        tool(workspace, native, 'down', '-c', String(count));
        await lockkeeper.down({ steps: count });
        expect(await describeSchema(database)).toBe(await describeSchema(native));
        expect(await rows(database)).toEqual(await rows(native));
      }
    });
  });

  it('lets the tool and Lockkeeper take turns', async () => {
    await withExample(server, async (workspace) => {
      const { database } = workspace;
      tool(workspace, database, 'up', '-c', '2');
      const lockkeeper = await workspace.open();
      await lockkeeper.adopt({ yes: true });
      await lockkeeper.up({ steps: 1 });
      tool(workspace, database, 'up');
      expect((await lockkeeper.status()).pending).toEqual([]);
      tool(workspace, database, 'down', '-c', '2');
      const { pending } = await lockkeeper.status();
      expect(pending.map(({ version }) => version)).toEqual([
        '20240103080000-concerts',
        '20240104080000-programme',
      ]);
      await lockkeeper.up();
      expect(tool(workspace, database, 'up')).toContain('No migrations to run');
    });
  });
});

describe('a migration of db-migrate', () => {
  const open = async (
    files: Readonly<Record<string, string>>,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<Workspace> => {
    const migrations = { ...config.migrations, ...more };
    const workspace = await createWorkspace(files, { config: { migrations } });
    linkTools(workspace.project);
    return workspace;
  };

  const name = '20240101000000-a';
  const reg = "select to_regclass('a')::text as a, to_regclass('b')::text as b";

  it.each([
    [
      'an error of the callback',
      "exports.up = (db, cb) => db.runSql('create table a ()', () => cb(new Error('not today')));",
    ],
    [
      'a promise that is rejected',
      "exports.up = async (db) => { await db.runSql('create table a ()'); throw new Error('not today'); };",
    ],
    ['an error that is thrown', "exports.up = () => { throw new Error('not today'); };"],
  ])('fails with %s, and leaves nothing', async (_, code) => {
    const workspace = await open({ [`${name}.js`]: code });
    expect((await failure(workspace.up())).message).toContain('not today');
    expect(await workspace.database.query(reg)).toEqual([{ a: null, b: null }]);
    expect(await workspace.database.query('select * from migrations')).toEqual([]);
  });

  it('refuses a function of which nobody can know when it has ended', async () => {
    const workspace = await open({
      [`${name}.js`]: "exports.up = (db) => { db.runSql('create table a ()'); };",
    });
    expect((await failure(workspace.up())).code).toBe('MIGRATION_SHAPE_INVALID');
  });

  it('may end the transaction of its tool, as some do', async () => {
    const workspace = await open({
      [`${name}.js`]:
        "exports.up = (db, cb) => db.runSql('create table a (); COMMIT; create table b ()', cb); exports.down = (db, cb) => db.runSql('drop table b; select 1/0', cb);",
    });
    await workspace.up();
    expect(await workspace.database.query(reg)).toEqual([{ a: 'a', b: 'b' }]);
    expect(await rows(workspace.database)).toEqual([{ id: 1, name: `/${name}` }]);
  });

  it('runs a concurrent index by itself', async () => {
    const workspace = await open({
      [`${name}.js`]:
        "exports.up = async (db) => { await db.runSql('create table a (x int)'); await db.runSql('create index concurrently b on a (x)'); };",
    });
    await workspace.up();
    expect(await workspace.database.query(reg)).toEqual([{ a: 'a', b: 'b' }]);
  });

  it('has the schema before the search_path from the first migration of a run, and only then', async () => {
    const workspace = await open(
      {
        [`${name}.js`]: "exports.up = (db) => db.runSql('create table a ()');",
        '20240102000000-b.js':
          "exports.up = (db) => db.runSql('set search_path to public; create table b ()');",
        '20240103000000-c.js': "exports.up = (db) => db.createTable('c', { id: 'int' });",
      },
      { schema: 'shop' },
    );
    await workspace.database.query('create schema shop');
    await workspace.up();
    expect(
      await workspace.database.query(
        "select array_agg(schemaname || '.' || tablename order by schemaname, tablename) as t from pg_tables where schemaname in ('shop', 'public')",
      ),
    ).toEqual([{ t: ['public.b', 'public.c', 'shop.a', 'shop.migrations'] }]);
  });

  it('keeps a scope apart', async () => {
    const code = "exports.up = (db) => db.runSql('select 1');";
    const workspace = await createWorkspace(
      { [`${name}.js`]: code, [`more/${name}.js`]: code },
      {
        config: {
          migrations: [config.migrations, { dir: 'migrations/more', format: 'db-migrate', scope: 'more' }],
        },
      },
    );
    linkTools(workspace.project);
    await workspace.up();
    const names = await workspace.database.query('select name from migrations order by name');
    expect(names).toEqual([{ name: `/${name}` }, { name: `more/${name}` }]);
    const lockkeeper = await workspace.open();
    expect((await lockkeeper.status()).pending).toEqual([]);
  });

  it('is changed when its SQL beside it is changed', async () => {
    const workspace = await open({
      [`${name}.js`]:
        "const fs = require('node:fs'); exports.up = (db) => db.runSql(fs.readFileSync(`${__dirname}/sqls/20240101000000-a-up.sql`, 'utf8'));",
      [`sqls/${name}-up.sql`]: 'create table a ();',
    });
    await workspace.up();
    workspace.write({ [`sqls/${name}-up.sql`]: 'create table changed ();' });
    const lockkeeper = await workspace.open();
    expect((await lockkeeper.status()).changed.map(({ version }) => version)).toEqual([name]);
  });

  it('refuses a seeder', async () => {
    const workspace = await open({
      [`${name}.js`]:
        "let seed; exports.setup = (options, link) => { seed = link; }; exports.up = (db) => seed.seed('x');",
    });
    expect((await failure(workspace.up())).code).toBe('FOREIGN_STEP_REFUSED');
  });
});

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createLockkeeper } from '../../src/app/create-lockkeeper.js';
import type { RunReport } from '../../src/core/report.js';
import {
  assertNothingLeft,
  createDatabase,
  tempProject,
  type TempProject,
  type TestDatabase,
  type TestServer,
} from '../support/database.js';
import { repository } from '../support/project.js';
import { dumpableServers, dumpSchema } from '../support/schema-dump.js';
import { linkTools, runTool } from '../support/tools.js';

/** A copy of the example with a database of its own, for the one tool or the other, or both. */
interface Side {
  readonly database: TestDatabase;
  readonly project: TempProject;
  knex(...words: readonly string[]): string;
  up(options?: { readonly steps?: number }): Promise<RunReport>;
  down(steps: number): Promise<RunReport>;
  pending(): Promise<readonly string[]>;
  history(): Promise<readonly { readonly name: string; readonly batch: number }[]>;
}

const sides: Side[] = [];

afterEach(async () => {
  for (const { database, project } of sides.splice(0)) {
    await assertNothingLeft(database);
    await database.drop();
    project.remove();
  }
});

async function createSide(server: TestServer): Promise<Side> {
  const database = await createDatabase(server);
  const project = tempProject();
  cpSync(join(repository, 'examples', 'knex'), project.dir, { recursive: true });
  linkTools(project);
  const open = () => createLockkeeper({ cwd: project.dir, url: database.url, variables: {}, lockWait: 0 });
  const side: Side = {
    database,
    project,
    knex: (...words) => {
      const env = { DATABASE_URL: database.url };
      const { code, stdout, stderr } = runTool('knex', words, { cwd: project.dir, env });
      if (code !== 0) throw new Error(`knex ${words.join(' ')}: ${stdout}${stderr}`);
      return stdout;
    },
    up: async (options = {}) => (await (await open()).up(options)) as RunReport,
    down: async (steps) => (await (await open()).down({ steps })) as RunReport,
    pending: async () => (await (await open()).status()).pending.map(({ version }) => version),
    history: () => database.query('select name, batch from knex_migrations order by id'),
  };
  sides.push(side);
  return side;
}

const names = [
  '20250301090000_create_customers.js',
  '20250302100000_create_orders.js',
  '20250303110000_load_breads.js',
  '20250304120000_find_open_orders.js',
  '20250305130000_watch_orders.cjs',
  '20250306140000_rename_fetched.mjs',
];

// A dozen programs are run, each of which takes a second and more on a busy machine.
describe.each(dumpableServers)('examples/knex on PostgreSQL $major', { timeout: 240_000 }, (server) => {
  it('comes to the same schema, data and history as with Knex, up and down', async () => {
    const [theirs, ours] = [await createSide(server), await createSide(server)];
    theirs.knex('migrate:latest');
    const { applied } = await ours.up();
    expect(applied.map(({ version }) => version)).toEqual(names.map((name) => name.replace(/\.\w+$/, '')));
    expect(dumpSchema(ours.database.url)).toBe(dumpSchema(theirs.database.url));
    expect(await ours.history()).toEqual(await theirs.history());
    const breads = 'select name, price, recipe from breads order by id';
    expect(await ours.database.query(breads)).toEqual(await theirs.database.query(breads));
    expect(ours.knex('migrate:latest')).toContain('Already up to date');
    expect(ours.knex('migrate:list')).toBe(theirs.knex('migrate:list'));

    for (const _ of [1, 2]) theirs.knex('migrate:down');
    await ours.down(2);
    expect(dumpSchema(ours.database.url)).toBe(dumpSchema(theirs.database.url));
    expect(await ours.history()).toEqual(await theirs.history());

    theirs.knex('migrate:rollback', '--all');
    await ours.down(4);
    expect(dumpSchema(ours.database.url)).toBe(dumpSchema(theirs.database.url));
    expect(await ours.history()).toEqual([]);
  });

  it('takes turns with Knex in one database', async () => {
    const both = await createSide(server);
    await both.up({ steps: 2 });
    both.knex('migrate:up');
    expect(await both.pending()).toEqual(names.slice(3).map((name) => name.replace(/\.\w+$/, '')));
    await both.up({ steps: 1 });
    both.knex('migrate:latest');
    expect((await both.up()).applied).toEqual([]);
    expect((await both.history()).map(({ name, batch }) => [name, batch])).toEqual(
      names.map((name, index) => [name, [1, 1, 2, 3, 4, 4][index]]),
    );
    both.knex('migrate:rollback');
    expect(await both.pending()).toHaveLength(2);
    await both.down(1);
    expect(both.knex('migrate:list')).toMatch(/Found 3 Completed[^]*Found 3 Pending/);
    await both.up();
    expect(both.knex('migrate:status')).toContain('No Pending');
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../execute/support.js';
import { runCli, spawnCli } from '../support/cli.js';
import {
  assertNothingLeft,
  createDatabase,
  latest,
  tempProject,
  type TempProject,
  type TestDatabase,
} from '../support/database.js';
import { linkTools, runTool } from '../support/tools.js';

// A run of Knex's migrations that is killed: what Knex keeps must be true afterwards, and its lock row be free again.

const files = {
  'knexfile.js': `module.exports = { client: 'pg', connection: process.env.DATABASE_URL, migrations: { directory: './migrations' } };`,
  'migrations/1_table.js': `
exports.up = (knex) => knex.schema.createTable('orders', (table) => { table.increments(); table.text('state'); });
exports.down = (knex) => knex.schema.dropTable('orders');`,
  'migrations/2_slow.js': `
exports.up = async (knex) => {
  await knex('orders').insert([{ state: 'new' }, { state: 'old' }]);
  await knex.raw('select pg_sleep(?)', [Number(process.env.SLEEP)]);
  await knex.raw('create index concurrently orders_state on orders (state)');
  await knex.raw('select pg_sleep(?)', [Number(process.env.SLEEP_AFTER)]);
  await knex('orders').insert({ state: 'last' });
};
exports.down = (knex) => knex.raw('drop index orders_state; delete from orders');`,
  'migrations/3_after.js': `
exports.up = (knex) => knex.schema.table('orders', (table) => table.text('note'));
exports.down = (knex) => knex.schema.table('orders', (table) => table.dropColumn('note'));`,
};

const made: { project: TempProject; database: TestDatabase }[] = [];

afterEach(async () => {
  for (const { project, database } of made.splice(0)) {
    await assertNothingLeft(database);
    await database.drop();
    project.remove();
  }
});

async function open() {
  const database = await createDatabase(latest);
  const project = tempProject(files);
  linkTools(project);
  made.push({ project, database });
  const env = (sleep: number, after: number) => ({
    DATABASE_URL: database.url,
    SLEEP: String(sleep),
    SLEEP_AFTER: String(after),
  });
  const sleeping = () =>
    eventually('the migration sleeps', async () => {
      const rows = await database.query(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
      );
      return rows.length > 0 ? true : null;
    });
  const up = () => runCli(['up', '--yes'], { cwd: project.dir, env: env(0, 0) });
  const knex = (...words: readonly string[]) => runTool('knex', words, { cwd: project.dir, env: env(0, 0) });
  const states = async () =>
    (await database.query<{ state: string }>('select state from orders order by id')).map(
      ({ state }) => state,
    );
  return { database, project, env, sleeping, up, knex, states };
}

const locked = 'select is_locked::int as locked from knex_migrations_lock';

describe('kill -9 in the middle of a migration of Knex', { timeout: 240_000 }, () => {
  it.each([
    ['in its first transaction', 30, 0],
    ['behind a statement that ran alone', 0, 30],
  ])('%s: the next up finishes it, and Knex agrees', async (_, before, after) => {
    const app = await open();
    const running = spawnCli(['up', '--yes'], {
      cwd: app.project.dir,
      env: app.env(before, after),
      input: '',
    });
    await app.sleeping();
    running.kill('SIGKILL');
    await running.ended;
    expect(await app.database.query('select name from knex_migrations')).toEqual([{ name: '1_table.js' }]);
    // Nobody is left to give the row back; Knex itself would stop here until somebody unlocks it by hand.
    expect(await app.database.query(locked)).toEqual([{ locked: 1 }]);
    expect(await app.up()).toMatchObject({ code: 0 });
    expect(await app.database.query(locked)).toEqual([{ locked: 0 }]);
    expect(await app.states()).toEqual(['new', 'old', 'last']);
    expect(await app.database.query('select 1 from pg_index where not indisvalid')).toEqual([]);
    expect(app.knex('migrate:latest').stdout).toContain('Already up to date');
  });

  it('clears no lock row that Knex itself has set', async () => {
    const app = await open();
    // Knex cannot run the second one: CREATE INDEX CONCURRENTLY inside its transaction.
    expect(app.knex('migrate:up').code).toBe(0);
    expect(app.knex('migrate:down').code).toBe(0);
    await app.database.query('update knex_migrations_lock set is_locked = 1');
    const env = app.env(0, 0);
    const refused = await runCli(['up', '--yes', '--lock-wait', '0'], { cwd: app.project.dir, env });
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain('FOREIGN_LOCK_HELD');
    expect(refused.stderr).toContain('knex migrate:unlock');
    expect(await app.database.query(locked)).toEqual([{ locked: 1 }]);
    expect(app.knex('migrate:unlock').code).toBe(0);
    expect(await app.up()).toMatchObject({ code: 0 });
  });

  it('two tools at once: Knex waits for nobody and says so, and each migration is applied once', async () => {
    const app = await open();
    const running = spawnCli(['up', '--yes'], { cwd: app.project.dir, env: app.env(2, 0), input: '' });
    await app.sleeping();
    const knex = app.knex('migrate:latest');
    expect(knex.code).not.toBe(0);
    expect(`${knex.stdout}${knex.stderr}`).toContain('already locked');
    expect(await running.ended).toMatchObject({ code: 0 });
    expect(await app.states()).toEqual(['new', 'old', 'last']);
    expect(app.knex('migrate:latest').stdout).toContain('Already up to date');
  });
});

// umzug with pg and a table of its own, as its manual shows it. usage: umzug.mjs up|status|down <project>
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Pool } from 'pg';
import { Umzug } from 'umzug';

const [verb, project] = process.argv.slice(2);
const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 1 });
await pool.query('create table if not exists umzug (name text primary key)');

function resolve({ name, path, context }) {
  if (path.endsWith('.sql')) {
    const run = (file) => context.query(readFileSync(file, 'utf8'));
    return { name, up: async () => run(path), down: async () => run(join(project, 'down', basename(path))) };
  }
  const load = () => import(pathToFileURL(path).href);
  return {
    name,
    up: async (params) => (await load()).up(params),
    down: async (params) => (await load()).down(params),
  };
}

const storage = {
  async logMigration({ name }) {
    await pool.query('insert into umzug values ($1)', [name]);
  },
  async unlogMigration({ name }) {
    await pool.query('delete from umzug where name = $1', [name]);
  },
  async executed() {
    const { rows } = await pool.query('select name from umzug order by name');
    return rows.map((row) => row.name);
  },
};

const umzug = new Umzug({
  migrations: { glob: ['migrations/*.{sql,ts}', { cwd: project }], resolve },
  context: pool,
  storage,
  logger: undefined,
});
const verbs = {
  up: () => umzug.up(),
  down: () => umzug.down({ to: 0 }),
  async status() {
    const [applied, pending] = [await umzug.executed(), await umzug.pending()];
    console.log(`${applied.length} applied, ${pending.length} pending`);
  },
};
await verbs[verb]();
await pool.end();

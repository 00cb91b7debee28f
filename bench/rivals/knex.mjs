// knex as a library. usage: knex.mjs up|status|down <project>
import { join } from 'node:path';
import knexLibrary from 'knex';

const [verb, project] = process.argv.slice(2);
const knex = knexLibrary({
  client: 'pg',
  connection: process.env.DATABASE_URL,
  migrations: { directory: join(project, 'migrations'), loadExtensions: ['.js'] },
});
const verbs = {
  up: () => knex.migrate.latest(),
  down: () => knex.migrate.rollback(undefined, true),
  async status() {
    const [applied, pending] = await knex.migrate.list();
    console.log(`${applied.length} applied, ${pending.length} pending`);
  },
};
await verbs[verb]();
await knex.destroy();

import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  assertNothingLeft,
  createDatabase,
  createRole,
  servers,
  startServer,
  tableExists,
} from './database.js';
import { invalidIndexes, tempProject, userTables, type TestDatabase } from './database.js';

describe.each(servers)('the test support on PostgreSQL $major', (server) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(server);
  });
  afterAll(() => database.drop());

  it('gives a real server of the major that it names', async () => {
    const [row] = await database.query<{ version: string }>(
      "select current_setting('server_version_num') as version",
    );
    expect(Math.floor(Number(row?.version) / 10_000)).toBe(server.major);
  });

  it('gives an empty database, and tells when a table is there', async () => {
    expect(await userTables(database)).toEqual([]);
    await database.query('create table widget (id int primary key)');
    expect(await tableExists(database, 'widget')).toBe(true);
    expect(await tableExists(database, 'gadget')).toBe(false);
    expect(await userTables(database)).toEqual(['public.widget']);
    expect(await invalidIndexes(database)).toEqual([]);
  });

  it('notices a session and a lock that were left behind', async () => {
    const client = await database.connect();
    await client.query("set application_name = 'lockkeeper: test'");
    await client.query('select pg_advisory_lock(42)');
    await expect(assertNothingLeft(database)).rejects.toThrow(/session .*\n.*advisory lock/s);
    await client.end();
    await assertNothingLeft(database);
  });

  it('makes a role that is no superuser', async () => {
    const role = await createRole(database);
    const [row] = await database.query('select rolsuper from pg_roles where rolname = $1', [role.name]);
    expect(row).toEqual({ rolsuper: false });
    await role.drop();
  });
});

it('restarts a private server with its data and deletes it at the end', async () => {
  const server = await startServer(undefined, { max_locks_per_transaction: '20' });
  const target = { major: server.major, url: server.url, superuser: 'postgres' };
  const database = await createDatabase(target);
  await database.query('create table kept (id int)');
  await server.stop('immediate');
  await server.start();
  const again = await createDatabase(target);
  const rows = await again.query('select 1 from pg_database where datname = $1', [database.name]);
  expect(rows).toHaveLength(1);
  await again.drop();
  await server.remove();
  expect(existsSync(server.dir)).toBe(false);
});

it('makes a project folder and removes it', () => {
  const project = tempProject({ 'migrations/1_a.sql': 'select 1;' });
  expect(project.read('migrations/1_a.sql')).toBe('select 1;');
  expect(project.list('migrations')).toEqual(['1_a.sql']);
  project.remove();
  expect(existsSync(project.dir)).toBe(false);
});

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type QueryResult, type QueryResultRow } from 'pg';
import { inject } from 'vitest';
import type { TestServer } from './global-setup.js';

export type { TestServer } from './global-setup.js';
export { startReplica, startServer, type RunningServer, type ServerSettings } from './server.js';
export { tempProject, type TempProject } from './project.js';
export { runCli, spawnCli, type CliOptions, type CliResult, type RunningCli } from './cli.js';

/** The real servers of this run, newest major first. */
export const servers: readonly TestServer[] = inject('servers');

/** The newest of them. */
export const latest: TestServer = servers[0]!;

/** A database that one test or one test file has for itself. */
export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  readonly server: TestServer;
  /** Runs SQL on a session of the test's own and gives its rows; without parameters it may hold several statements. */
  query<Row extends QueryResultRow = QueryResultRow>(
    sql: string,
    params?: readonly unknown[],
  ): Promise<readonly Row[]>;
  /** Opens one more session; `drop` ends it. */
  connect(): Promise<Client>;
  /** Drops it, ending whoever is still connected. */
  drop(): Promise<void>;
}

/** Creates an empty database. Its name is random, so that files can run side by side. */
export async function createDatabase(server: TestServer = latest): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer(server, `create database ${name}`);
  const url = urlOf(server, name);
  const clients: Client[] = [];
  const connect = async (): Promise<Client> => {
    const client = await openClient(url);
    clients.push(client);
    return client;
  };
  let own: Promise<Client> | null = null;
  // A server that was stopped on purpose ends the session; the next query opens another.
  const forget = (): void => void (own = null);
  const openOwn = async (): Promise<Client> => (await connect()).once('end', forget);
  return {
    url,
    name,
    server,
    connect,
    query: async <Row extends QueryResultRow>(sql: string, params?: readonly unknown[]) => {
      own ??= openOwn();
      const client = await own.catch((error: unknown) => {
        forget();
        throw error;
      });
      const result = await (params === undefined
        ? client.query<Row>(sql)
        : client.query<Row>(sql, [...params]));
      return Array.isArray(result) ? ((result.at(-1) as QueryResult<Row>).rows ?? []) : result.rows;
    },
    drop: async () => {
      await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
      await onServer(server, `drop database if exists ${name} with (force)`);
    },
  };
}

/** Creates a login role with exactly these attributes and gives the URL with which it connects to the database. */
export async function createRole(database: TestDatabase, attributes = ''): Promise<TestRole> {
  const name = `role_${randomBytes(6).toString('hex')}`;
  await database.query(`create role ${name} login password 'secret' ${attributes}`);
  const url = new URL(database.url);
  url.username = name;
  url.password = 'secret';
  return {
    name,
    url: url.href,
    drop: async () => {
      await database.query(`drop owned by ${name}`);
      await database.query(`drop role ${name}`);
    },
  };
}

export interface TestRole {
  readonly name: string;
  readonly url: string;
  /** Drops what it owns in the database, and the role. Call it before the database is dropped. */
  drop(): Promise<void>;
}

/** Whether a table, view or other relation of that name exists; `users` or `app.users`. */
export async function tableExists(database: TestDatabase, name: string): Promise<boolean> {
  const [row] = await database.query<{ found: boolean }>('select to_regclass($1) is not null as found', [
    name,
  ]);
  return row?.found === true;
}

export async function columnExists(database: TestDatabase, table: string, column: string): Promise<boolean> {
  const rows = await database.query(
    `select 1 from pg_attribute
     where attrelid = to_regclass($1) and attname = $2 and attnum > 0 and not attisdropped`,
    [table, column],
  );
  return rows.length > 0;
}

/** Names of indexes that CREATE INDEX CONCURRENTLY left behind unusable. */
export async function invalidIndexes(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ name: string }>(
    `select indexrelid::regclass::text as name from pg_index where not indisvalid order by 1`,
  );
  return rows.map((row) => row.name);
}

/** The tables and views outside PostgreSQL's own schemas and Lockkeeper's, as `schema.name`, sorted. */
export async function userTables(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ name: string }>(
    `select n.nspname || '.' || c.relname as name
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'f')
       and n.nspname <> 'lockkeeper' and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
     order by 1`,
  );
  return rows.map((row) => row.name);
}

/**
 * What a run must not leave behind: sessions that call themselves lockkeeper, and advisory locks of sessions that
 * are not the test's. A session that is just closing gets a moment.
 */
export async function assertNothingLeft(database: TestDatabase): Promise<void> {
  let left: readonly string[] = [];
  for (let attempt = 0; attempt < 40; attempt++) {
    left = await findLeftovers(database);
    if (left.length === 0) return;
    await sleep(50);
  }
  throw new Error(`Left behind in ${database.name}:\n${left.join('\n')}`);
}

async function findLeftovers(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ what: string }>(
    `select format('session %s (%s): %s', pid, application_name, query) as what
     from pg_stat_activity
     where datname = current_database() and application_name ilike 'lockkeeper%'
     union all
     select format('advisory lock %s/%s of session %s', classid, objid, pid)
     from pg_locks
     where locktype = 'advisory' and pid <> pg_backend_pid()
       and database = (select oid from pg_database where datname = current_database())
     union all
     select format('prepared transaction %s', gid) from pg_prepared_xacts where database = current_database()`,
  );
  return rows.map((row) => row.what);
}

async function onServer(server: TestServer, sql: string): Promise<void> {
  const client = await openClient(server.url);
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function openClient(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString, application_name: 'test' });
  // A server that is stopped on purpose, or a forced drop, ends sessions that no query is running on.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

function urlOf(server: TestServer, name: string): string {
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return url.href;
}

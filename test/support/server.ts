import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chownSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { findBinaries, owner, runsAsRoot, type Binaries } from './binaries.js';

/** How a server is stopped: `fast` ends the sessions in order, `immediate` is a crash. */
export type StopMode = 'fast' | 'immediate';

/** A real server that a test may stop and start again. */
export interface RunningServer {
  readonly major: number;
  /** Connects to its `postgres` database as the superuser. */
  readonly url: string;
  readonly port: number;
  readonly dir: string;
  /** Stops it; its data stay. */
  stop(mode?: StopMode): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
  /** Stops it for good and deletes its data. */
  remove(): Promise<void>;
}

/** Settings beyond the ones that every test server has, e.g. `{ max_locks_per_transaction: '10' }`. */
export type ServerSettings = Readonly<Record<string, string>>;

// The shell outlives nobody: when the test process dies, even by SIGKILL, its end of the pipe closes, the read
// fails, and the server is stopped and deleted. A line on the pipe names a signal and keeps the data.
const keeper = `
  dir=$1; shift
  "$@" </dev/null >>"$dir/log" 2>&1 &
  pid=$!
  if read -r signal; then kill -s "$signal" "$pid"; wait "$pid"; exit 0; fi
  kill -s INT "$pid"; wait "$pid"; rm -rf "$dir"
`;

/** Starts a server of its own for one test; the majors are those that `findBinaries` gives. */
export async function startServer(major?: number, settings: ServerSettings = {}): Promise<RunningServer> {
  const all = findBinaries();
  const binaries = major === undefined ? all[0] : all.find((candidate) => candidate.major === major);
  if (binaries === undefined) {
    throw new Error(
      `No PostgreSQL ${major ?? ''} for the tests: install the optional dependencies, or a server.`,
    );
  }
  return startServerOf(binaries, settings);
}

export async function startServerOf(
  binaries: Binaries,
  settings: ServerSettings = {},
): Promise<RunningServer> {
  const dir = createDataFolder(binaries);
  return await run({ binaries, dir, port: await freePort(), settings });
}

async function run(launched: Launch): Promise<RunningServer> {
  const { binaries, dir, port } = launched;
  let child = await launch(launched);
  return {
    major: binaries.major,
    url: urlOf(port),
    port,
    dir,
    stop: (mode = 'fast') => endWith(child, mode === 'fast' ? 'INT\n' : 'QUIT\n'),
    start: async () => {
      child = await launch(launched);
    },
    remove: async () => {
      await endWith(child, null);
      if (existsSync(dir)) spawnSync('rm', ['-rf', dir]);
    },
  };
}

/**
 * Starts a streaming replica of a server, which is stopped for a moment so that its files can be copied. It follows
 * asynchronously, and reports under the name `replica`.
 */
export async function startReplica(primary: RunningServer): Promise<RunningServer> {
  const binaries = findBinaries().find(({ major }) => major === primary.major);
  if (binaries === undefined) throw new Error(`No PostgreSQL ${primary.major} for a replica.`);
  const dir = mkdtempSync(join(tmpdir(), 'lockkeeper-test-'));
  if (runsAsRoot) chownSync(dir, owner.uid ?? 0, owner.gid ?? 0);
  await primary.stop();
  const data = join(dir, 'data');
  const copied = spawnSync('cp', ['-a', join(primary.dir, 'data'), data]);
  await primary.start();
  if (copied.status !== 0) throw new Error(`The data could not be copied: ${copied.stderr.toString()}`);
  const conninfo = `host=127.0.0.1 port=${primary.port} user=postgres application_name=replica`;
  appendFileSync(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${conninfo}'\n`);
  writeFileSync(join(data, 'standby.signal'), '');
  const settings = { wal_receiver_status_interval: '1s' };
  return await run({ binaries, dir, port: await freePort(), settings });
}

function createDataFolder({ bin }: Binaries): string {
  const dir = mkdtempSync(join(tmpdir(), 'lockkeeper-test-'));
  if (runsAsRoot) chownSync(dir, owner.uid ?? 0, owner.gid ?? 0);
  const args = ['--auth=trust', '--username=postgres', '--encoding=UTF8', '--locale=C', '--no-sync'];
  const made = spawnSync(join(bin, 'initdb'), [...args, '-D', join(dir, 'data')], { ...owner, cwd: dir });
  if (made.status === 0) return dir;
  throw new Error(`initdb of ${bin} failed: ${made.error?.message ?? made.stderr.toString()}`);
}

interface Launch {
  readonly binaries: Binaries;
  readonly dir: string;
  readonly port: number;
  readonly settings: ServerSettings;
}

async function launch({ binaries, dir, port, settings }: Launch): Promise<ChildProcess> {
  const all: ServerSettings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: dir,
    fsync: 'off',
    full_page_writes: 'off',
    max_connections: '100',
    wal_level: 'logical',
    max_prepared_transactions: '10',
    ...settings,
  };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const command = [join(binaries.bin, 'postgres'), '-D', join(dir, 'data'), '-p', String(port), ...flags];
  const child = spawn('sh', ['-c', keeper, 'keeper', dir, ...command], {
    ...owner,
    cwd: dir,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.stdin?.on('error', () => undefined);
  await untilReady(port, dir);
  return child;
}

async function untilReady(port: number, dir: string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (await answers(port)) return;
    await sleep(50);
  }
  throw new Error(`The test server did not start:\n${readFileSync(join(dir, 'log'), 'utf8').slice(-2000)}`);
}

async function answers(port: number): Promise<boolean> {
  const client = new Client(urlOf(port));
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    // Not up yet; the caller tries again.
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Null closes the pipe, which stops the server and deletes it. */
async function endWith(child: ChildProcess, line: string | null): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  if (line === null) child.stdin?.end();
  else child.stdin?.write(line);
  await ended;
}

/** A port that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port is free.');
  return address.port;
}

function urlOf(port: number): string {
  return `postgres://postgres@127.0.0.1:${port}/postgres`;
}

import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { accountOf, callAs, type Call } from './account.js';
import { preparePrograms, type Package, type Programs } from './binaries.js';
import { serverHost } from './client.js';
import { startFailed } from './failure.js';
import { keepOwner, logSize, readLog, type Layout } from './layout.js';
import { freePort } from './port.js';
import { readPostmaster, type Postmaster } from './postmaster.js';
import { waitFor } from './wait.js';

/** Recovery after a crash takes its time; a server that ends by itself is noticed at once. */
const readyTimeoutMs = 60_000;
/** Backends that outlive a killed postmaster end within moments, unless one is in a long statement. */
const orphanTimeoutMs = 20_000;
const portAttempts = 8;
const largestLog = 4_000_000;

export interface LaunchOptions {
  /** The port to take when it is free; a server keeps its port, so that urls stay true. */
  readonly port: number | null;
  readonly signal: AbortSignal | null;
}

export interface Launched {
  readonly postmaster: Postmaster;
  readonly bin: string;
}

/** Starts the server on a complete data folder and waits until it serves. To be called under the lock. */
export async function launch(layout: Layout, found: Package, options: LaunchOptions): Promise<Launched> {
  const account = accountOf(layout.data);
  const programs = preparePrograms(found, account);
  if (programs === null) throw unreadable(layout, found);
  if (logSize(layout) > largestLog) truncateSync(layout.log);
  const patience = performance.now() + orphanTimeoutMs;
  let preferred = options.port;
  for (let attempt = 1; ;) {
    const port = await freePort(preferred);
    const offset = logSize(layout);
    const postmaster = await launchOnce(layout, callFor(layout, programs, port, account), options.signal);
    if (postmaster !== null) return { postmaster, bin: programs.bin };
    const said = readLog(layout, offset);
    // Somebody took the port between our look and the server's.
    const portTaken =
      /could not bind|could not create any TCP\/IP sockets/.test(said) && attempt < portAttempts;
    const orphans = /pre-existing shared memory block/.test(said) && performance.now() < patience;
    if (!portTaken && !orphans) throw notStarted(layout, offset);
    if (portTaken) {
      attempt += 1;
      preferred = null;
    } else {
      await waitFor(() => null, {
        doing: 'waiting for the sessions of a killed server to end',
        timeoutMs: 200,
        signal: options.signal,
      });
    }
  }
}

function callFor(
  layout: Layout,
  programs: Programs,
  port: number,
  account: ReturnType<typeof accountOf>,
): Call {
  // The data folder is given absolute and listen addresses are not left to the configuration file: never beyond this machine.
  const settings = [`port=${port}`, `listen_addresses=${serverHost}`, 'unix_socket_directories='];
  if (process.platform !== 'win32') {
    return callAs(account, programs.postgres, [
      '-D',
      layout.data,
      ...settings.flatMap((setting) => ['-c', setting]),
    ]);
  }
  // Only pg_ctl lets an administrator start a server on Windows (it drops the rights first).
  const options = settings.map((setting) => `-c ${setting}`).join(' ');
  const pgCtl = join(programs.bin, 'pg_ctl.exe');
  return callAs(account, pgCtl, ['start', '-W', '-D', layout.data, '-l', layout.log, '-o', options]);
}

/** Null where the server ended before it was ready. */
async function launchOnce(
  layout: Layout,
  call: Call,
  signal: AbortSignal | null,
): Promise<Postmaster | null> {
  const child = spawnDetached(layout, call);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  let failure: { readonly cause: unknown } | null = null;
  let isOver = false;
  ended.then(
    // On Windows the child is pg_ctl, which leaves the server behind.
    (status) => (isOver = process.platform !== 'win32' || status !== 0),
    (cause: unknown) => (failure = { cause }),
  );
  try {
    const state = await waitFor(() => (failure !== null || isOver ? 'over' : readyServer(layout, child)), {
      doing: 'starting the embedded server',
      timeoutMs: readyTimeoutMs,
      signal,
    });
    if (failure !== null) throw notSpawned(layout, call, failure);
    if (state === null) throw notReady(layout);
    return state === 'over' ? null : state;
  } catch (error) {
    // SIGQUIT: the immediate shutdown, which leaves nothing running.
    child.kill('SIGQUIT');
    throw error;
  }
}

function readyServer(layout: Layout, child: ChildProcess): Postmaster | null {
  const postmaster = readPostmaster(layout);
  if (postmaster === null || !postmaster.ready) return null;
  return process.platform === 'win32' || postmaster.pid === child.pid ? postmaster : null;
}

/** In a session of its own, so that Ctrl-C in our terminal is not meant for it, and without a tie to our exit. */
function spawnDetached(layout: Layout, call: Call): ChildProcess {
  const log = openSync(layout.log, 'a', 0o600);
  try {
    keepOwner(layout.log);
    const stdio = process.platform === 'win32' ? 'ignore' : (['ignore', log, log] as const);
    const child = spawn(call.program, call.args, {
      ...call.options,
      detached: true,
      stdio: typeof stdio === 'string' ? stdio : [...stdio],
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

function unreadable(layout: Layout, found: Package): Error {
  return startFailed(layout, {
    what: `The PostgreSQL binaries in "${found.dir}" cannot be read by the server's user, and no copy of them could be made.`,
    hint: 'Make that folder readable for everyone, or give a database url.',
  });
}

function notStarted(layout: Layout, logOffset: number): Error {
  return startFailed(layout, {
    what: 'The embedded server ended while it started.',
    hint: `Its whole log is "${layout.log}". When its data is not needed, delete "${layout.home}" and run again.`,
    logOffset,
  });
}

function notReady(layout: Layout): Error {
  return startFailed(layout, {
    what: `The embedded server was not ready after ${readyTimeoutMs / 1000} seconds, and was ended.`,
    hint: `Its whole log is "${layout.log}".`,
    logOffset: Math.max(0, logSize(layout) - 4_000),
  });
}

function notSpawned(layout: Layout, call: Call, failure: { readonly cause: unknown }): Error {
  return startFailed(layout, {
    what: `The program "${call.program}" could not be run.`,
    hint: 'Install the package again, or give a database url.',
    cause: failure.cause,
  });
}

import type { Context } from '../../core/context.js';
import { findPackage } from './binaries.js';
import { databaseExists, ensureDatabase, loadDriver, readPassword } from './client.js';
import { createData, hasData, removeUnfinished } from './create.js';
import { doubtful, startFailed } from './failure.js';
import { launch } from './launch.js';
import { makeHome, type Layout } from './layout.js';
import { isLocked, withLock } from './lock.js';
import {
  disownPidFile,
  folderIdentity,
  isKnown,
  judge,
  readPostmaster,
  type Postmaster,
} from './postmaster.js';
import { isAlive, processIdentity } from './process.js';
import { markUsed, readState, writeState, type ServerState } from './state.js';
import { spawnSupervisor } from './watch.js';
import { waitFor } from './wait.js';

const adoptTimeoutMs = 60_000;

export interface EnsureOptions {
  readonly database: string;
  /** It runs until it is stopped, whether idle or not. */
  readonly keep: boolean;
  /** How long a server that is not kept lives without sessions. */
  readonly idleMs: number;
}

export interface Running {
  readonly layout: Layout;
  readonly state: ServerState;
}

/** Gives the running server, with the database in it: the one that runs, else one that is started, else made. */
export async function ensureRunning(
  layout: Layout,
  options: EnsureOptions,
  context: Context,
): Promise<Running> {
  const known = knownServer(layout, options);
  // The supervisor decides under the lock and looks at our mark after taking it: where there is no lock
  // after our mark, it sees the mark and leaves the server alone.
  if (known !== null && !isLocked(layout.lock)) return { layout, state: known };
  makeHome(layout.home);
  return withLock(layout.lock, context.stop.finish, async () => {
    const state = knownServer(layout, options);
    return state === null ? raise(layout, options, context) : { layout, state };
  });
}

/** The server as an earlier process left it, when nothing about it has changed; null when it has to be looked at. */
function knownServer(layout: Layout, options: EnsureOptions): ServerState | null {
  const state = readState(layout);
  if (state === null) return null;
  markUsed(layout);
  const postmaster = readPostmaster(layout);
  if (postmaster === null || !postmaster.ready || !isKnown(layout, postmaster, state)) return null;
  const oid = state.databases[options.database];
  if (oid === undefined || !databaseExists(layout, oid)) return null;
  return isWatchedAs(state, options.keep) ? state : null;
}

/** Whether the right one looks after the server: nobody when it is kept, else a supervisor that lives. */
function isWatchedAs(state: ServerState, keep: boolean): boolean {
  return state.keep || (!keep && state.supervisor !== null && isAlive(state.supervisor));
}

async function raise(layout: Layout, options: EnsureOptions, context: Context): Promise<Running> {
  const before = readState(layout);
  const adopted = await adopt(layout, context.stop.finish);
  const server = adopted ?? (await start(layout, before, context));
  const { layout: at, postmaster } = server;
  const isSame = before !== null && isKnown(at, postmaster, before);
  const state: ServerState = {
    ...factsOf(at, postmaster),
    keep: options.keep || (isSame && before.keep),
    supervisor: isSame && before.supervisor !== null && isAlive(before.supervisor) ? before.supervisor : null,
    databases: isSame ? before.databases : {},
    version: before?.version ?? '',
    bin: server.bin ?? before?.bin ?? '',
  };
  // Written first, so that a supervisor finds it, and so that the server is known if this process is killed now.
  writeState(at, state);
  const supervisor = state.keep ? null : (state.supervisor ?? spawnSupervisor(at, options.idleMs));
  const found = await ensureDatabase(at, state.port, options.database);
  const databases = { ...state.databases, [options.database]: found.oid };
  const complete = { ...state, supervisor, databases, version: found.version };
  writeState(at, complete);
  return { layout: at, state: complete };
}

/** The server that runs on the folder, started by whomever; null where there is none. */
async function adopt(layout: Layout, signal: AbortSignal): Promise<Server | null> {
  const postmaster = readPostmaster(layout);
  if (postmaster === null) return null;
  const verdict = await judge(layout, postmaster);
  if (verdict === 'unknown') throw doubtful(layout, postmaster.pid);
  if (verdict !== 'ours') {
    disownPidFile(layout);
    return null;
  }
  assertPassword(layout);
  // It may still be starting, by a process that was killed meanwhile; or it is ending, and then its file goes away.
  const settled = await waitFor(() => settle(layout, postmaster.pid), {
    doing: 'waiting for the embedded server',
    timeoutMs: adoptTimeoutMs,
    signal,
  });
  if (settled === null) throw doubtful(layout, postmaster.pid);
  return settled === 'ended' ? null : { layout, postmaster: settled, bin: null };
}

function settle(layout: Layout, pid: number): Postmaster | 'ended' | null {
  const now = readPostmaster(layout);
  if (now === null || now.pid !== pid || !isAlive(pid)) return 'ended';
  return now.ready ? now : null;
}

interface Server {
  readonly layout: Layout;
  readonly postmaster: Postmaster;
  /** Null where another process started it. */
  readonly bin: string | null;
}

async function start(layout: Layout, before: ServerState | null, context: Context): Promise<Server> {
  const found = findPackage(context.root);
  removeUnfinished(layout);
  const at = hasData(layout) ? layout : await createData(layout, found, context);
  assertPassword(at);
  const options = { port: before?.port ?? null, signal: context.stop.finish };
  const [launched] = await Promise.all([launch(at, found, options), loadDriver()]);
  context.events.emit('server:start', { pid: launched.postmaster.pid, port: launched.postmaster.port });
  return { layout: at, ...launched };
}

type Facts = Pick<ServerState, 'pid' | 'startedAt' | 'port' | 'identity' | 'folder'>;

function factsOf(layout: Layout, { pid, startedAt, port }: Postmaster): Facts {
  return { pid, startedAt, port, identity: processIdentity(pid), folder: folderIdentity(layout) ?? '' };
}

function assertPassword(layout: Layout): void {
  if (readPassword(layout) !== null) return;
  throw startFailed(layout, {
    what: `The password of the embedded server is gone: "${layout.password}" does not exist.`,
    hint: `Put the file back; or run "lockkeeper db stop" and delete "${layout.home}" when its data is not needed.`,
  });
}

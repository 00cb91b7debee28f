import type { Context } from '../../core/context.js';
import type { ConnectionOptions, Target } from '../options.js';
import { readPassword, serverHost, serverUser } from './client.js';
import { ensureRunning, type Running } from './ensure.js';
import { doubtful, explain } from './failure.js';
import { layoutOf, type Layout } from './layout.js';
import { withLock } from './lock.js';
import { isKnown, judge, readPostmaster } from './postmaster.js';
import { readState } from './state.js';
import { endServer } from './stop.js';

/** The part of a target that names an embedded server. */
export type EmbeddedTarget = Extract<Target, { kind: 'embedded' }>;

export interface EmbeddedOptions {
  /** The server runs until it is stopped. @default false */
  readonly keep?: boolean;
  /** How long a server that is not kept lives without sessions. @default 300000 */
  readonly idleMs?: number;
}

/** The embedded server as it is now. */
export interface ServerStatus {
  readonly running: boolean;
  readonly pid: number | null;
  readonly port: number | null;
  /** With its password: it is what a caller needs to connect. Never logged. */
  readonly url: string | null;
  readonly dir: string;
  readonly version: string | null;
}

/** After `stopServer`. */
export interface StoppedServer extends ServerStatus {
  /** It was running, and this call ended it. */
  readonly stopped: boolean;
}

const idleMs = 300_000;

/**
 * How to connect to the embedded server and the target's database. The server is adopted where it runs, started
 * where it does not, made where there is none; the database is created when it is missing.
 * @throws {EMBEDDED_UNAVAILABLE} where the binaries are not installed.
 * @throws {EMBEDDED_START_FAILED} with the last lines of the server's log.
 */
export async function ensureServer(
  target: EmbeddedTarget,
  context: Context,
  options: EmbeddedOptions = {},
): Promise<ConnectionOptions> {
  return connectionOf(target, await raise(target, context, options));
}

/** Starts the server, and with `keep` leaves it running until `stopServer`. */
export async function startServer(
  target: EmbeddedTarget,
  context: Context,
  options: EmbeddedOptions = {},
): Promise<ServerStatus> {
  const { layout, state } = await raise(target, context, options);
  return statusOf(target, layout, { pid: state.pid, port: state.port, version: state.version });
}

/** Looks without changing anything. */
export async function serverStatus(target: EmbeddedTarget): Promise<ServerStatus> {
  const layout = layoutOf(target.dir);
  return explained(layout, async () => {
    const server = await runningServer(layout);
    return server === null ? stopped(target) : statusOf(target, layout, server);
  });
}

/** Ends the server where it runs, kept or not, with all its sessions; its data stays. */
export async function stopServer(target: EmbeddedTarget, context?: Context): Promise<StoppedServer> {
  const layout = layoutOf(target.dir);
  return explained(layout, async () => {
    if (readPostmaster(layout) === null) return { ...stopped(target), stopped: false };
    const ended = await withLock(layout.lock, context?.stop.finish ?? null, async () => {
      const server = await runningServer(layout);
      if (server !== null) await endServer(layout, server);
      return server !== null;
    });
    return { ...stopped(target), stopped: ended };
  });
}

/** A url with the password, for psql and for applications; null while no server runs. */
export async function serverUrl(target: EmbeddedTarget): Promise<string | null> {
  return (await serverStatus(target)).url;
}

async function raise(target: EmbeddedTarget, context: Context, options: EmbeddedOptions): Promise<Running> {
  const layout = layoutOf(target.dir);
  const wanted = { database: target.database, keep: options.keep ?? false, idleMs: options.idleMs ?? idleMs };
  return explained(layout, () => ensureRunning(layout, wanted, context));
}

async function explained<Result>(layout: Layout, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw explain(layout, error);
  }
}

interface RunningServer {
  readonly pid: number;
  readonly port: number;
  readonly version: string;
  readonly bin: string;
}

async function runningServer(layout: Layout): Promise<RunningServer | null> {
  const postmaster = readPostmaster(layout);
  if (postmaster === null) return null;
  const state = readState(layout);
  if (state === null || !isKnown(layout, postmaster, state)) {
    const verdict = await judge(layout, postmaster);
    if (verdict === 'unknown') throw doubtful(layout, postmaster.pid);
    if (verdict !== 'ours') return null;
  }
  return { pid: postmaster.pid, port: postmaster.port, version: state?.version ?? '', bin: state?.bin ?? '' };
}

function statusOf(
  target: EmbeddedTarget,
  layout: Layout,
  server: { readonly pid: number; readonly port: number; readonly version: string },
): ServerStatus {
  const { pid, port, version } = server;
  const password = readPassword(layout);
  const url =
    password === null
      ? null
      : `postgresql://${serverUser}:${password}@${serverHost}:${port}/${encodeURIComponent(target.database)}`;
  return { running: true, pid, port, url, dir: target.dir, version: version === '' ? null : version };
}

function stopped(target: EmbeddedTarget): ServerStatus {
  return { running: false, pid: null, port: null, url: null, dir: target.dir, version: null };
}

function connectionOf(target: EmbeddedTarget, { layout, state }: Running): ConnectionOptions {
  return {
    host: serverHost,
    port: state.port,
    database: target.database,
    user: serverUser,
    password: readPassword(layout),
    ssl: false,
    applicationName: target.applicationName,
    connectTimeoutMs: 10_000,
    role: target.role,
    searchPath: target.searchPath,
  };
}

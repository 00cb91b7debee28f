import { hostname, userInfo } from 'node:os';
import { randomUUID } from 'node:crypto';
import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import type { Direction, Warning } from '../core/report.js';
import { acquireRunLock, type Run, Watch } from '../execute/index.js';
import {
  emptyHistory,
  ensureInstalled,
  type HistoryState,
  type HistoryTables,
  historyTables,
  type Installation,
  readHistory,
  readInstallation,
} from '../history/index.js';
import { historyLockKey, openSession, type Session, stillLockedSql } from '../pg/index.js';
import { packageVersion } from '../core/version.js';
import { assertCanMigrate, type Opened } from './session.js';

/** A database that is open and, for a run, locked, with its history read after the lock was taken. */
export interface Prepared {
  readonly opened: Opened;
  readonly tables: HistoryTables;
  readonly installation: Installation;
  readonly history: HistoryState;
  readonly warnings: readonly Warning[];
}

/** Reads what is there and takes no lock; creates nothing. */
export async function prepareToRead(config: ResolvedConfig, opened: Opened): Promise<Prepared> {
  const tables = historyTables(config.history);
  const installation = await readInstallation(opened.session, tables);
  const history = installation.schemaVersion === 0 ? emptyHistory : await readHistory(opened.session, tables);
  return { opened, tables, installation, history, warnings: stampWarnings(config, installation) };
}

/**
 * Takes the lock on the session that will do the work, and only then reads the history: what was read before it
 * could be of the run that just ended.
 * @throws {LOCK_HELD} {DATABASE_READ_ONLY} {DATABASE_POOLED} {HISTORY_UNREADABLE} {HISTORY_NEWER} {HISTORY_INSTALL_FAILED}
 */
export async function prepareToRun(
  config: ResolvedConfig,
  context: Context,
  opened: Opened,
): Promise<Prepared> {
  await assertCanMigrate(opened, config);
  const key = historyLockKey(config.history.schema, config.history.table);
  await acquireRunLock(opened.session, key, { waitMs: config.run.lockWaitMs, context });
  const tables = historyTables(config.history);
  const installation = await readInstallation(opened.session, tables);
  await ensureInstalled(opened.session, tables, {
    found: installation,
    environment: config.environment.name,
  });
  const history = installation.schemaVersion === 0 ? emptyHistory : await readHistory(opened.session, tables);
  return { opened, tables, installation, history, warnings: stampWarnings(config, installation) };
}

/** An environment that is not the one the database was stamped with deserves a word, also before harmless verbs. */
function stampWarnings(config: ResolvedConfig, installation: Installation): readonly Warning[] {
  const { environment } = installation;
  if (environment === null || environment === config.environment.name) return [];
  return [
    {
      code: 'environment-mismatch',
      message: `This database says that it is "${environment}"; this command was started as "${config.environment.name}".`,
      hint: `Give --env ${environment}, or check the connection URL.`,
    },
  ];
}

/**
 * A wrong DATABASE_URL must not be able to reset production: destructive verbs work only as the environment that the
 * database was stamped with at its first run.
 * @throws {ENVIRONMENT_MISMATCH}
 */
export function assertEnvironment(config: ResolvedConfig, installation: Installation, verb: string): void {
  const { environment } = installation;
  if (environment === null || environment === config.environment.name) return;
  throw new LockkeeperError('ENVIRONMENT_MISMATCH', {
    message: `"${verb}" was refused: the database at hand says that it is "${environment}", and this command was started as "${config.environment.name}".`,
    hint: `Check the connection URL (lockkeeper config --explain). When it is the right database, start the command with --env ${environment}.`,
    details: { verb, database: environment, environment: config.environment.name },
  });
}

/** Puts together what the run of a plan shares. */
export function createRun(
  config: ResolvedConfig,
  context: Context,
  prepared: Prepared & { readonly direction: Direction },
): Run {
  const { opened, tables, history, direction } = prepared;
  const key = historyLockKey(config.history.schema, config.history.table);
  const newestBatch = history.applied.reduce((newest, row) => Math.max(newest, row.batch), 0);
  const openObserver = (): Promise<Session> => openObserverOf(opened);
  return {
    context,
    direction,
    environment: config.environment.name,
    session: opened.session,
    tables,
    stamp: { runId: randomUUID(), batch: newestBatch + 1, context: executionContext(opened) },
    options: config.run,
    guard: stillLockedSql(key),
    watch: new Watch({ context, workerPid: opened.session.info.pid, options: config.run, openObserver }),
    openObserver,
  };
}

/**
 * A second session of the same login role: that role may see and cancel what the worker does, whatever role the
 * migrations work as (pg_cancel_backend compares login roles).
 */
async function openObserverOf({ connection }: Opened): Promise<Session> {
  const { applicationName, connectTimeoutMs } = connection;
  const session = await openSession(
    {
      ...connection,
      role: null,
      applicationName: `${applicationName} observer`,
      connectTimeoutMs: connectTimeoutMs === 0 ? observerMs : Math.min(connectTimeoutMs, observerMs),
    },
    { lockTimeoutMs: observerMs, statementTimeoutMs: observerMs },
  );
  if (session.info.proxied) await session.applyBaseline();
  return session;
}

const observerMs = 2000;

/** Who ran it, where, with what: kept with every journal row. */
export function executionContext(opened: Opened): string {
  return JSON.stringify({
    host: hostname(),
    pid: process.pid,
    user: userName(),
    lockkeeper: packageVersion(),
    node: process.versions.node,
    server: opened.session.info.versionText,
  });
}

/** userInfo() throws for a uid without an entry in the password file, as in many containers. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`; // the number says as much
  }
}

import { randomUUID } from 'node:crypto';
import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import type { Direction, Warning } from '../core/report.js';
import { type Run, Watch } from '../execute/index.js';
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
import { openSession, type Session } from '../pg/index.js';
import { executionContext } from './execution-context.js';
import { lockDatabase, type RunLock, sessionLock } from './run-lock.js';
import type { Opened } from './session.js';

/** A database that is open and, for a run, locked, with its history read after the lock was taken. */
export interface Prepared {
  readonly opened: Opened;
  readonly tables: HistoryTables;
  readonly installation: Installation;
  readonly history: HistoryState;
  readonly warnings: readonly Warning[];
  /** Of a run; what it would be like for those who only read. */
  readonly lock: RunLock;
  /** Whether it is held. */
  readonly locked: boolean;
}

/** Reads what is there and takes no lock; creates nothing. */
export async function prepareToRead(config: ResolvedConfig, opened: Opened): Promise<Prepared> {
  const tables = historyTables(config.history);
  const installation = await readInstallation(opened.session, tables);
  const history = installation.schemaVersion === 0 ? emptyHistory : await readHistory(opened.session, tables);
  const warnings = stampWarnings(config, installation);
  return {
    opened,
    tables,
    installation,
    history,
    warnings,
    lock: sessionLock(config, opened),
    locked: false,
  };
}

/**
 * Takes the lock on the session that will do the work, and only then reads the history: what was read before it
 * could be of the run that just ended.
 * @throws {LOCK_HELD} {DATABASE_READ_ONLY} {HISTORY_UNREADABLE} {HISTORY_NEWER} {HISTORY_INSTALL_FAILED}
 */
export async function prepareToRun(
  config: ResolvedConfig,
  context: Context,
  opened: Opened,
): Promise<Prepared> {
  const tables = historyTables(config.history);
  const { lock, installation } = await lockDatabase(config, context, { opened, tables });
  await ensureInstalled(opened.session, tables, {
    found: installation,
    environment: config.environment.name,
  });
  const history = installation.schemaVersion === 0 ? emptyHistory : await readHistory(opened.session, tables);
  return {
    opened,
    tables,
    installation,
    history,
    warnings: stampWarnings(config, installation),
    lock,
    locked: true,
  };
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
  const { opened, tables, history, direction, lock } = prepared;
  const newestBatch = history.applied.reduce((newest, row) => Math.max(newest, row.batch), 0);
  const openObserver = (): Promise<Session> => openObserverOf(opened, lock.lease !== null);
  // Through a transaction pooler there is no process to be watched: each transaction has another one.
  const options = { ...config.run, observer: config.run.observer && lock.lease === null };
  return {
    context,
    direction,
    environment: config.environment.name,
    session: opened.session,
    tables,
    stamp: {
      runId: lock.lease?.runId ?? randomUUID(),
      batch: newestBatch + 1,
      context: executionContext(opened),
    },
    options,
    ...lock,
    watch: new Watch({ context, workerPid: opened.session.info.pid, options, openObserver }),
    openObserver,
  };
}

/**
 * A second session of the same login role: that role may see and cancel what the worker does, whatever role the
 * migrations work as (pg_cancel_backend compares login roles).
 */
async function openObserverOf({ connection }: Opened, pooled: boolean): Promise<Session> {
  const { applicationName, connectTimeoutMs } = connection;
  const session = await openSession(
    {
      ...connection,
      role: null,
      applicationName: `${applicationName} observer`,
      connectTimeoutMs: connectTimeoutMs === 0 ? observerMs : Math.min(connectTimeoutMs, observerMs),
    },
    { lockTimeoutMs: observerMs, statementTimeoutMs: observerMs, pooled },
  );
  if (session.info.proxied && !pooled) await session.applyBaseline();
  return session;
}

const observerMs = 2000;

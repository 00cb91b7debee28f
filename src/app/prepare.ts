import { randomUUID } from 'node:crypto';
import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import type { Direction } from '../core/report.js';
import { type Run, Watch } from '../execute/index.js';
import { emptyHistory, ensureInstalled, historyTables, readHistory } from '../history/index.js';
import { openSession, type Session } from '../pg/index.js';
import { executionContext } from './execution-context.js';
import { type Locked, type Prepared, projectWarnings } from './prepare-read.js';
import { lockDatabase, type RunLock } from './run-lock.js';
import type { Opened } from './session.js';

/**
 * Takes the lock on the session that will do the work, and only then reads the history: what was read before it
 * could be of the run that just ended.
 * @throws {LOCK_HELD} {DATABASE_READ_ONLY} {HISTORY_UNREADABLE} {HISTORY_NEWER} {HISTORY_INSTALL_FAILED}
 */
export async function prepareToRun(
  config: ResolvedConfig,
  context: Context,
  opened: Opened,
): Promise<Locked> {
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
    warnings: projectWarnings(config, installation),
    foreign: new Map(),
    foreignLocks: null,
    lock,
  };
}

/** Puts together what the run of a plan shares. */
export function createRun(
  config: ResolvedConfig,
  context: Context,
  prepared: Prepared & { readonly lock: RunLock; readonly direction: Direction },
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
    foreign: prepared.foreign,
    foreignLocks: prepared.foreignLocks,
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

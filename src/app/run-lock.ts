import { randomUUID } from 'node:crypto';
import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import {
  acquireLease,
  acquireRunLock,
  type Frame,
  type HeldLease,
  leaseFrame,
  outwaitLease,
  sessionFrame,
} from '../execute/index.js';
import {
  type HistoryTables,
  type Installation,
  leaseGuard,
  readInstallation,
  renewInside,
  runMark,
} from '../history/index.js';
import {
  type AdvisoryKey,
  baselineOf,
  historyLockKey,
  openSession,
  stillLockedSql,
  transactionBaseline,
} from '../pg/index.js';
import { executionContext } from './execution-context.js';
import { assertCanMigrate, findPooling, type Opened } from './session.js';

/** How a run keeps others away, and how its transactions have to look because of it. */
export interface RunLock {
  /** SQL that gives 1 while the lock is held, and raises otherwise. */
  readonly guard: string;
  readonly frame: Frame;
  /** Behind a transaction pooler. */
  readonly lease: HeldLease | null;
}

/** The lock of a session of its own, as it is before anybody has taken it. */
export function sessionLock(config: ResolvedConfig, { session }: Opened): RunLock {
  return { guard: stillLockedSql(keyOf(config)), frame: sessionFrame(session), lease: null };
}

const keyOf = ({ history }: ResolvedConfig): AdvisoryKey => historyLockKey(history.schema, history.table);

/**
 * Keeps other runs away from this history: by a lock on the session that does the work, or by the lease where a pooler
 * gives every transaction another session (ENGINE A1, A5). Either of them keeps the other away.
 * @throws {LOCK_HELD} {DATABASE_READ_ONLY} {INTERRUPTED} and what reading the installation throws.
 */
export async function lockDatabase(
  config: ResolvedConfig,
  context: Context,
  request: { readonly opened: Opened; readonly tables: HistoryTables },
): Promise<{ readonly lock: RunLock; readonly installation: Installation }> {
  const { opened, tables } = request;
  const { session } = opened;
  const waitMs = config.run.lockWaitMs;
  if ((await assertCanMigrate(opened, config)) === 'transaction') {
    const lock = await takeLease(config, context, request);
    return { lock, installation: await readInstallation(session, tables) };
  }
  await acquireRunLock(session, keyOf(config), { waitMs, context });
  const installation = await readInstallation(session, tables, { lease: true });
  if (installation.leased) await outwaitLease(session, tables, { waitMs, context });
  return { lock: sessionLock(config, opened), installation };
}

/**
 * The lock that a run would take, for those who only show what it would send: nothing is taken, nothing is written. A
 * lease that nobody has given out has no token yet, and 0 stands for it.
 */
export async function previewLock(
  config: ResolvedConfig,
  { opened, tables }: { readonly opened: Opened; readonly tables: HistoryTables },
): Promise<RunLock> {
  if ((await findPooling(opened, config)) !== 'transaction') return sessionLock(config, opened);
  const lease = { runId: randomUUID(), token: '0', release: () => Promise.resolve() };
  return leaseLock(config, { opened, tables }, lease);
}

/** A live run on a busy machine takes its time between two messages of one transaction. */
const shortestIdleMs = 2000;

async function takeLease(
  config: ResolvedConfig,
  context: Context,
  { opened, tables }: { readonly opened: Opened; readonly tables: HistoryTables },
): Promise<RunLock> {
  const { session, connection } = opened;
  const { lockWaitMs: waitMs, leaseTimeoutMs: lifetimeMs } = config.run;
  const runId = randomUUID();
  const lease = await acquireLease(session, {
    tables,
    key: keyOf(config),
    runId,
    holder: executionContext(opened),
    environment: config.environment.name,
    lifetimeMs,
    waitMs,
    context,
    open: () => openSession(connection, { lockTimeoutMs: 0, statementTimeoutMs: 0, pooled: true }),
  });
  opened.closing.push(lease.release);
  return leaseLock(config, { opened, tables }, lease);
}

/** How transactions look under a lease. */
function leaseLock(
  config: ResolvedConfig,
  { opened, tables }: { readonly opened: Opened; readonly tables: HistoryTables },
  lease: HeldLease,
): RunLock {
  const { session, connection } = opened;
  const guard = leaseGuard(tables, lease.token);
  const frame = leaseFrame({
    mark: runMark(lease.runId),
    baseline: transactionBaseline(baselineOf(connection, config.run), {
      major: session.info.major,
      idleInTransactionMs: Math.max(config.run.leaseTimeoutMs, shortestIdleMs),
    }),
    role: connection.role,
    guard,
    renewal: renewInside(tables, lease.token),
  });
  return { guard, frame, lease };
}

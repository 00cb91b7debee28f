import { isLockkeeperError, LockkeeperError } from '../core/errors.js';
import type { Context } from '../core/context.js';
import { formatDuration } from '../core/duration.js';
import type { LockHolder } from '../core/events.js';
import {
  ensureInstalled,
  expireLease,
  heartbeat,
  type HistoryTables,
  isInstalled,
  isLive,
  type Lease,
  readInstallation,
  readLease,
  releaseLease,
  takeLease,
} from '../history/index.js';
import { type AdvisoryKey, openedWithin, type Session, sqlstate, withLimit } from '../pg/index.js';
import type { HeldLease } from './run.js';
import { heldBySession, type LockAttempt, pollForLock } from './run-lock.js';

export interface LeaseOptions {
  readonly tables: HistoryTables;
  /** The lock of runs with a session of their own, which excludes a lease and is excluded by one. */
  readonly key: AdvisoryKey;
  readonly runId: string;
  /** JSON that says who runs it. */
  readonly holder: string;
  readonly environment: string;
  readonly lifetimeMs: number;
  readonly waitMs: number;
  readonly context: Context;
  /** Opens another connection, for the heartbeats. */
  readonly open: () => Promise<Session>;
}

/**
 * Takes the lease of a history, installing what is missing first, and keeps it alive by heartbeats on a connection of
 * their own. No lock and no setting outlives a transaction on the way.
 * @throws {LOCK_HELD} {INTERRUPTED} {HISTORY_INSTALL_FAILED} and what reading the history throws.
 */
export async function acquireLease(session: Session, options: LeaseOptions): Promise<HeldLease> {
  const beats = await openBeats(options);
  try {
    const began = options.context.now();
    const token = await pollForLock(options, () => attempt(session, options));
    options.context.events.emit('lock:acquired', { waitedMs: options.context.now() - began });
    return startHeartbeats(session, beats, { ...options, token });
  } catch (error) {
    await beats?.end();
    throw error;
  }
}

/** A pool without a free connection has no room for heartbeats; the run's own steps then give the signs of life. */
function openBeats(options: LeaseOptions): Promise<Session | null> {
  return openedWithin(options.open(), 2000);
}

async function attempt(session: Session, options: LeaseOptions): Promise<LockAttempt<string>> {
  const { tables, key } = options;
  if (!(await install(session, options))) return heldBySession(session, key);
  const seen = await readLease(session, tables);
  if (seen !== null && isLive(seen)) return heldByLease(seen);
  const token = await takeLease(session, tables, { ...options, seen });
  return token === null ? heldBySession(session, key) : { value: token };
}

/**
 * For a run with a session of its own, which has taken the lock already, so that nobody can take the lease any more:
 * waits until the run that has it ends, and locks it out where it gives no sign of life.
 * @throws {LOCK_HELD} {INTERRUPTED}
 */
export async function outwaitLease(
  session: Session,
  tables: HistoryTables,
  options: { readonly waitMs: number; readonly context: Context },
): Promise<void> {
  await pollForLock(options, async () => {
    const seen = await readLease(session, tables);
    if (seen === null || seen.runId === null) return { value: true };
    if (isLive(seen) || !(await expireLease(session, tables, seen))) return heldByLease(seen);
    return { value: true };
  });
}

/** SQLSTATEs of two sessions that make the same thing at once (ENGINE E22). */
const madeMeanwhile = new Set<unknown>([
  sqlstate.uniqueViolation,
  sqlstate.duplicateSchema,
  sqlstate.duplicateTable,
  sqlstate.deadlockDetected,
  sqlstate.lockNotAvailable,
  // Ours: somebody has the lock.
  sqlstate.divisionByZero,
]);

/** False where somebody else is at it, or has the lock, so that it has to be tried again. */
async function install(session: Session, { tables, key, environment }: LeaseOptions): Promise<boolean> {
  const found = await readInstallation(session, tables);
  if (isInstalled(found)) return true;
  const lock = `select 1 / pg_catalog.pg_try_advisory_xact_lock(${key.classId}, ${key.objectId})::int`;
  const opening = ['begin', `set local lock_timeout = '2s'`, lock];
  try {
    await ensureInstalled(session, tables, { found, environment, opening });
    return true;
  } catch (error) {
    const isFinal = isLockkeeperError(error) && error.details['taken'] !== undefined;
    if (isLockkeeperError(error) && !isFinal && madeMeanwhile.has(error.details['sqlstate'])) return false;
    throw error;
  }
}

/** The answer to a try that met the lease of another run. */
function heldByLease<Value>(lease: Lease): LockAttempt<Value> {
  const { host, pid, user } = lease.holder;
  const holder: LockHolder = {
    host: host ?? 'an unknown host',
    pid: pid ?? 0,
    applicationName: null,
    user,
    clientAddress: null,
    since: lease.acquiredAt,
    query: null,
  };
  return {
    who: () => Promise.resolve(holder),
    refusal: (_, waitedMs) =>
      new LockkeeperError('LOCK_HELD', {
        message: `The migration lease is held by ${describeRun(lease)}; its last sign of life is ${formatDuration(lease.silentMs)} old${waitedMs > 0 ? `; waited ${formatDuration(waitedMs)}` : ''}.`,
        hint: `Wait for that run to end. One that has died is taken over ${formatDuration(lease.lifetimeMs)} after its last sign of life.`,
        details: { holder, runId: lease.runId },
      }),
  };
}

/** `process 12 of ada on ci-7 since 2026-01-01T00:00:00Z (run …)`, as far as it is known. */
export function describeRun({ holder, acquiredAt, runId }: Lease): string {
  const user = holder.user === null ? '' : ` of ${holder.user}`;
  const where = holder.host === null ? '' : ` on ${holder.host}`;
  return `process ${holder.pid ?? '?'}${user}${where} since ${acquiredAt} (run ${runId ?? '?'})`;
}

const beatsPerLifetime = 6;

function startHeartbeats(
  session: Session,
  beats: Session | null,
  held: LeaseOptions & { readonly token: string },
): HeldLease {
  const { tables, token, runId, lifetimeMs } = held;
  let beating: Promise<unknown> | null = null;
  const beat = (): void => {
    if (beats === null || beats.lost !== null || beating !== null) return;
    // A heartbeat that fails is a heartbeat missed: whether the lease is still ours, every claim asks by itself.
    beating = sendBeat(beats, heartbeat(tables, token)).finally(() => (beating = null));
  };
  const timer = setInterval(beat, Math.max(50, Math.round(lifetimeMs / beatsPerLifetime)));
  timer.unref();
  return {
    runId,
    token,
    release: async () => {
      clearInterval(timer);
      if (beating !== null) await withLimit(beating, 2000);
      const giver = session.lost === null && session.transactionStatus === 'I' ? session : beats;
      // Where it cannot be given back, it ends by itself when its lifetime is over.
      if (giver !== null)
        await withLimit(
          giver.send(releaseLease(tables, token)).catch(() => null),
          2000,
        );
      await beats?.end();
    },
  };
}

async function sendBeat(beats: Session, text: string): Promise<void> {
  try {
    await beats.send(text);
  } catch {
    // Its connection is gone, or somebody holds the row: see `beat`.
    await beats.rollBack().catch(() => null);
  }
}

import { LockkeeperError } from '../core/errors.js';
import { type HistoryTables, type Lease, readLease } from '../history/index.js';
import { openedWithin } from '../pg/index.js';
import { describeRun } from './lease.js';
import type { Run } from './run.js';

const patienceMs = 5000;

/**
 * A run that was paused for longer than its lease lives comes back to a connection that is gone, or to a claim that
 * is refused. Whether somebody has taken over is asked on a connection of its own; then that is the failure.
 */
export async function explainLoss(run: Run, failure: LockkeeperError): Promise<LockkeeperError> {
  const { lease, tables } = run;
  if (lease === null || (failure.code !== 'LOCK_LOST' && failure.code !== 'CONNECTION_LOST')) return failure;
  const now = await leaseNow(run, tables);
  if (now === null || now.token === lease.token) return failure;
  return leaseLost(now, failure);
}

/** @returns null where nobody can be asked; then what is known already has to do. */
async function leaseNow(run: Run, tables: HistoryTables): Promise<Lease | null> {
  try {
    const observer = await openedWithin(run.openObserver(), patienceMs);
    if (observer === null) return null;
    try {
      return await readLease(observer, tables);
    } finally {
      await observer.end();
    }
  } catch {
    return null; // the failure at hand is told as it is
  }
}

/** What a run says that finds its lease in other hands. */
export function leaseLost(now: Lease, failure: LockkeeperError): LockkeeperError {
  const version = failure.details['version'];
  const what = typeof version === 'string' ? `Migration ${version}` : 'The run';
  const taker = now.runId === null ? 'somebody ended it' : `${describeRun(now)} took it over`;
  return new LockkeeperError('LEASE_LOST', {
    message: `${what} was stopped: this run no longer holds the migration lease; it gave no sign of life for too long, and ${taker}. Nothing of the running step was kept.`,
    hint: 'Run the command again; it goes on behind what is applied. Was this process paused, or its machine asleep?',
    details: { ...failure.details, ...(now.runId === null ? {} : { takenBy: now.runId }) },
    cause: failure,
  });
}

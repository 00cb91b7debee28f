import { setTimeout as sleep } from 'node:timers/promises';
import { isLockkeeperError } from '../core/errors.js';
import { MessageRefused, sqlstate } from '../pg/index.js';
import type { Run } from './run.js';
import { PartRefused } from './send-parts.js';

/**
 * Failures that another try may not meet: a lock that was not to be had, a deadlock, and two sessions at one
 * cluster-wide catalog row (XX000 "tuple concurrently updated", ENGINE A7).
 */
export function retryableState(error: unknown): string | null {
  const server = error instanceof PartRefused || error instanceof MessageRefused ? error.server : null;
  if (server === null) return null;
  if (server.code === sqlstate.lockNotAvailable || server.code === sqlstate.deadlockDetected)
    return server.code;
  const concurrent =
    server.code === sqlstate.internalError && server.message.includes('tuple concurrently updated');
  return concurrent ? server.code : null;
}

/** The SQLSTATE with which the server refused something; null for any other failure. */
export function sqlstateOf(error: unknown): string | null {
  if (error instanceof PartRefused || error instanceof MessageRefused) return error.server.code;
  const state = isLockkeeperError(error) ? error.details['sqlstate'] : null;
  return typeof state === 'string' ? state : null;
}

const firstDelayMs = 200;
const longestDelayMs = 10_000;

/** Doubling pause with full jitter on its second half, so that two waiting runs do not meet again. */
export function retryDelayMs(attempt: number): number {
  const ceiling = Math.min(longestDelayMs, firstDelayMs * 2 ** (attempt - 1));
  return Math.round(ceiling / 2 + (Math.random() * ceiling) / 2);
}

/** Waits, and gives false when it was told to stop instead. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(delayMs, undefined, { signal });
    return true;
  } catch {
    return false; // aborted: the caller stops
  }
}

/** Tries a statement that is done or not done as a whole until it gets its lock, within the budget of the run. */
export async function untilLocked(run: Run, work: () => Promise<void>): Promise<void> {
  for (let retries = 0; ; retries += 1) {
    try {
      await work();
      return;
    } catch (error) {
      const { cancel } = run.context.stop;
      if (retryableState(error) === null || retries >= run.options.lockRetries || cancel.aborted) throw error;
      if (!(await pause(retryDelayMs(retries + 1), run.context.stop.finish))) throw error;
    }
  }
}

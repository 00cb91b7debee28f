import { type GuestAnswer, MessageRefused, type ServerError } from '../../pg/index.js';
import type { StepRun } from '../step-run.js';
import { retryableState } from '../retry.js';
import type { Run } from '../run.js';
import { type Attempts, pauseBeforeRetry } from '../transaction-step.js';

/** SQLSTATE of a lock that was not to be had, wherever in the causes of an error it stands; null for all else. */
export function lockTrouble(error: unknown): string | null {
  let candidate = error as (Partial<ServerError> & { readonly cause?: unknown }) | null | undefined;
  for (let depth = 0; depth < 5 && typeof candidate === 'object' && candidate !== null; depth++) {
    if (typeof candidate.severity === 'string' && typeof candidate.code === 'string')
      return retryableState(new MessageRefused(candidate as ServerError, 0));
    candidate = candidate.cause as typeof candidate;
  }
  return null;
}

/** Counts a try, says so, and waits. Gives false where all tries are used up. @throws {INTERRUPTED} */
export async function waitForNextTry(
  run: Run,
  { planned, step }: Pick<StepRun, 'planned' | 'step'>,
  { attempts, sqlstate }: { readonly attempts: Attempts; readonly sqlstate: string },
): Promise<boolean> {
  if (attempts.retries >= run.options.lockRetries) return false;
  attempts.retries += 1;
  await pauseBeforeRetry(
    run,
    { planned, step },
    { attempt: attempts.retries, state: sqlstate, rolledBack: 'step' },
  );
  return true;
}

/** A lock that was not to be had, or our own watch, which ended what made others wait for too long. */
export function lockTroubleIn({ watch }: Run, error: NonNullable<GuestAnswer['error']>): string | null {
  const state = lockTrouble(error);
  if (state !== null) return state;
  return watch.takesBlame(error.code ?? null) ? (error.code ?? null) : null;
}

import { pause, retryDelayMs } from '../retry.js';
import { paused, statementRefused, stopped } from './failure.js';
import type { LagWatch } from './lag.js';
import type { ProgressTeller } from './progress.js';
import type { Paced } from './state.js';

/** Between two batches nothing is locked: the moment to stop, to wait for replicas, and to leave others their share. */
export async function rest(
  work: Paced,
  about: { readonly lag: LagWatch; readonly teller: ProgressTeller },
): Promise<void> {
  stopIfAsked(work);
  if (!(await about.lag.wait((phase) => about.teller.tell(true, phase)))) stopIfAsked(work);
}

export async function restFor({ run }: Paced, ms: number): Promise<void> {
  if (ms >= 1) await pause(ms, run.context.stop.finish);
}

/** @throws {INTERRUPTED} {BACKFILL_PAUSED} */
export function stopIfAsked({ run, stepRun, done, total, paused: isPaused }: Paced): void {
  const { finish, cancel } = run.context.stop;
  const record = { done, total, pausedBy: null };
  if (finish.aborted || cancel.aborted) throw stopped(stepRun, record);
  if (isPaused) throw paused(stepRun, record);
}

/** Somebody else works on a row of the batch: it gets time to end, and the batch gets smaller. */
export async function backOff(work: Paced, error: unknown, retries: number): Promise<void> {
  const { run, stepRun } = work;
  if (retries > run.options.lockRetries) throw statementRefused(stepRun, error, retries - 1);
  const delayMs = retryDelayMs(retries);
  const { version, name } = stepRun.planned.migration;
  // One row that is busy for a moment is nothing to speak of.
  if (retries > 1) {
    run.context.events.emit('step:retry', {
      runId: run.stamp.runId,
      version,
      name,
      direction: run.direction,
      step: stepRun.step.number,
      attempt: retries,
      delayMs,
      sqlstate: (error as { code: string }).code,
      rolledBack: 'step',
    });
  }
  await pause(delayMs, run.context.stop.finish);
}

import type { StepReport } from '../core/report.js';
import type { TransactionStep } from '../migration/step.js';
import { transactionParts, type StepRun } from './envelope.js';
import { assertNotStopped, cancellable } from './interrupt.js';
import { isQuick, type LookAhead } from './look-ahead.js';
import { pause, retryableState, retryDelayMs } from './retry.js';
import type { Run } from './run.js';
import { sendParts } from './send-parts.js';

/** Where the number of tries is kept for the error that may come. */
export interface Attempts {
  /** Sends plain migrations before their turn. */
  readonly ahead?: LookAhead;
  retries: number;
  /** What the last try left could not be removed, so another one must not begin. */
  final?: boolean;
}

/**
 * Runs one transactional step. A lock that is not to be had rolls the whole transaction back before the next try: a
 * retry inside it would keep the locks that it has, and make everybody behind them wait (ENGINE D20).
 */
export async function runTransactionStep(
  run: Run,
  stepRun: StepRun & { readonly step: TransactionStep },
  attempts: Attempts,
): Promise<StepReport> {
  const began = run.context.now();
  const { ahead } = attempts;
  const work =
    ahead !== undefined && isQuick(stepRun.planned, stepRun.step)
      ? () => ahead.send(stepRun, attempts.retries === 0)
      : () => sendParts(run.session, transactionParts(run, stepRun));
  await withRetries(run, stepRun, attempts, () => cancellable(run, work));
  return {
    step: stepRun.step.number,
    transaction: true,
    statements: stepRun.step.statements.length,
    durationMs: run.context.now() - began,
    retries: attempts.retries,
  };
}

/** Tries until it works, the budget is used up, or something else is wrong. Always leaves the session out of any transaction. */
export async function withRetries(
  run: Run,
  stepRun: StepRun,
  attempts: Attempts,
  work: () => Promise<void>,
): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      await attempts.ahead?.settle();
      if (run.session.lost === null && run.session.transactionStatus !== 'I')
        await run.session.send('rollback');
      const sqlstate = stepRun.insideSingleTransaction ? null : retryableState(error);
      if (sqlstate === null || attempts.final === true || attempts.retries >= run.options.lockRetries)
        throw error;
      attempts.retries += 1;
      const delayMs = retryDelayMs(attempts.retries);
      run.context.events.emit('step:retry', {
        runId: run.stamp.runId,
        version: stepRun.planned.migration.version,
        name: stepRun.planned.migration.name,
        direction: run.direction,
        step: stepRun.step.number,
        attempt: attempts.retries,
        delayMs,
        sqlstate,
        rolledBack: 'step',
      });
      if (!(await pause(delayMs, run.context.stop.finish))) assertNotStopped(run);
    }
  }
}

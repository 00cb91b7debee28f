import type { StepReport } from '../core/report.js';
import type { Step, TransactionStep } from '../migration/step.js';
import { transactionParts } from './envelope.js';
import type { StepRun } from './step-run.js';
import { assertNotStopped, cancellable } from './interrupt.js';
import { isQuick, type LookAhead } from './look-ahead.js';
import { pause, retryableState, retryDelayMs, sqlstateOf } from './retry.js';
import type { Run } from './run.js';
import { sendParts } from './send-parts.js';
import type { Watched } from './watch/turn.js';

/** Where the number of tries is kept for the error that may come. */
export interface Attempts {
  /** Sends plain migrations before their turn. */
  readonly ahead?: LookAhead;
  retries: number;
  /** What the last try left could not be removed, so another one must not begin. */
  final?: boolean;
  /** The last try was ended by our own watch, because others waited for longer than the budget. */
  overBudget?: boolean;
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
    // Under a lease nothing is sent ahead: the mark that ties two messages together is a setting of the session.
    ahead !== undefined && run.lease === null && isQuick(stepRun.planned, stepRun.step)
      ? () => ahead.send(stepRun, attempts.retries === 0)
      : () => sendParts(run.session, transactionParts(run, stepRun));
  await withRetries(run, stepRun, attempts, () => cancellable<unknown>(run, work));
  return {
    step: stepRun.step.number,
    transaction: true,
    statements: stepRun.step.statements.length,
    durationMs: run.context.now() - began,
    retries: attempts.retries,
    ...seen(run),
  };
}

/** Who was seen in the way of the step that has just ended; nothing where nobody was. */
export function seen({ watch }: Run): Pick<StepReport, 'blockers'> {
  const { blockers } = watch;
  return blockers.length === 0 ? {} : { blockers };
}

/** Tries until it works, the budget is used up, or something else is wrong. Always leaves the session out of any transaction. */
export async function withRetries(
  run: Run,
  stepRun: StepRun,
  attempts: Attempts,
  work: () => Promise<unknown>,
): Promise<void> {
  for (;;) {
    try {
      await watched(run, stepRun, attempts, work);
      return;
    } catch (error) {
      await attempts.ahead?.settle();
      // One transaction for all: whoever began it decides.
      if (stepRun.insideSingleTransaction) throw error;
      await run.session.rollBack();
      const state = attempts.overBudget === true ? sqlstateOf(error) : retryableState(error);
      if (state === null || attempts.final === true || attempts.retries >= run.options.lockRetries)
        throw error;
      attempts.retries += 1;
      await pauseBeforeRetry(run, stepRun, { attempt: attempts.retries, state, rolledBack: 'step' });
    }
  }
}

/** Says that there will be another try, and waits for it. @throws {INTERRUPTED} */
export async function pauseBeforeRetry(
  run: Run,
  { planned, step }: Pick<StepRun, 'planned' | 'step'>,
  again: { readonly attempt: number; readonly state: string; readonly rolledBack: 'step' | 'run' },
): Promise<void> {
  const { attempt, state, rolledBack } = again;
  const delayMs = retryDelayMs(attempt);
  const subject = subjectOf(run, planned, step);
  run.context.events.emit('step:retry', { ...subject, attempt, delayMs, sqlstate: state, rolledBack });
  if (!(await pause(delayMs, run.context.stop.finish))) assertNotStopped(run);
}

/** One try, under the eyes of the watch. */
export async function watched<Value>(
  run: Run,
  stepRun: StepRun,
  attempts: Attempts,
  work: () => Promise<Value>,
): Promise<Value> {
  const { watch } = run;
  const beginning = beginTurn(run, stepRun, attempts);
  if (beginning !== null) await beginning;
  let value: Value;
  try {
    value = await work();
  } catch (error) {
    await watch.end();
    attempts.overBudget = watch.takesBlame(sqlstateOf(error));
    throw error;
  }
  const ending = watch.end();
  if (ending !== null) await ending;
  return value;
}

/** From here on the watch looks at this step; null where there is nothing to wait for. */
export function beginTurn(run: Run, stepRun: StepRun, attempts: Attempts): Promise<void> | null {
  const { watch, options } = run;
  const { planned, step, insideSingleTransaction } = stepRun;
  if (!insideSingleTransaction) watch.renewBudget();
  attempts.overBudget = false;
  return watch.begin(subjectOf(run, planned, step), {
    budgetMs: hasBudget(step) ? options.lockTimeoutMs : 0,
    alone: needsEmptyDatabase(step),
    again: attempts.retries > 0,
  });
}

const subjectOf = (run: Run, { migration }: StepRun['planned'], { number }: Step): Watched => ({
  runId: run.stamp.runId,
  version: migration.version,
  name: migration.name,
  direction: run.direction,
  step: number,
});

/** What waits for old snapshots has a deadline, and a backfill short transactions of its own (ENGINE D21). */
const hasBudget = (step: Step): boolean =>
  step.kind === 'alone'
    ? !step.statement.traits.waitsForSnapshots
    : step.kind === 'transaction' || step.kind === 'code';

/** A second session of ours in the database would make it fail: ours may be its template, or what it moves (ENGINE E26). */
const needsEmptyDatabase = (step: Step): boolean =>
  step.kind === 'alone' && /^(CREATE|ALTER|DROP) DATABASE/.test(step.statement.traits.label);

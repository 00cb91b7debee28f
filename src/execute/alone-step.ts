import type { StepReport } from '../core/report.js';
import { claimStep, completeStep, failStep } from '../history/index.js';
import type { SqlScript } from '../migration/migration.js';
import type { AloneStep } from '../migration/step.js';
import { redact } from '../core/redact.js';
import { journalStep } from './history-parts.js';
import type { StepRun } from './step-run.js';
import { cancellable } from './interrupt.js';
import { ourRole, ours, type Part, theirs } from './parts.js';
import { settleFailed } from './recovery/failed-statement.js';
import { capturePreState } from './recovery/pre-state.js';
import type { PreState, Settlement } from './recovery/remedy.js';
import { remedyFor } from './recovery/table.js';
import { retryableState, sqlstateOf } from './retry.js';
import type { Run } from './run.js';
import { sendParts } from './send-parts.js';
import { type Attempts, seen, withRetries } from './transaction-step.js';

type AloneRun = StepRun & { readonly step: AloneStep };

/**
 * Runs one statement that no transaction can hold. The journal says that it was begun, and what was found before it,
 * in a transaction of its own; so the next run can decide what became of it.
 */
export async function runAloneStep(run: Run, stepRun: AloneRun, attempts: Attempts): Promise<StepReport> {
  const began = run.context.now();
  await withRetries(run, stepRun, attempts, () => attempt(run, { ...stepRun, began }, attempts));
  return {
    step: stepRun.step.number,
    transaction: false,
    statements: 1,
    durationMs: run.context.now() - began,
    retries: attempts.retries,
    ...seen(run),
  };
}

async function attempt(
  run: Run,
  stepRun: AloneRun & { readonly began: number },
  attempts: Attempts,
): Promise<void> {
  const { session, tables } = run;
  const { statement } = stepRun.step;
  const part = theirs(stepRun.planned.script as SqlScript, statement);
  const before = await capturePreState(session, { text: part.text, statement }, stepRun.replay);
  const journal = journalStep(run, stepRun, JSON.stringify(before));
  await sendParts(session, [ours(claimStep(tables, journal, run.stamp, run.guard), 'INSERT 0 1')]);
  try {
    await sendParts(session, [...stepRun.replay, ...budget(run, stepRun)]);
    await withoutForeignLocks(run, stepRun, () => cancellable(run, () => sendParts(session, [part])));
    await restoreBudget(run);
    const about = { version: stepRun.planned.migration.version, step: stepRun.step.number };
    const { replay } = stepRun;
    const question = { ...about, text: part.text, statement, before, lockTimeoutMs: 0, replay };
    await remedyFor(statement.traits.label)?.check?.(run, question);
  } catch (error) {
    if (session.lost !== null) throw error;
    await run.watch.suspendBudget();
    const isRetryable = retryableState(error) !== null || run.watch.isToBlame(sqlstateOf(error));
    const settlement = await giveUp(run, stepRun, { before, error });
    attempts.final = settlement === null;
    // What another try was to do is done already, such as a detached partition that only FINALIZE was missing for.
    if (settlement !== 'done' || !isRetryable) throw error;
    return;
  }
  await sendParts(session, [ours(completeStep(tables, journal), 'UPDATE 1')]);
}

/**
 * Another tool that waits for its advisory lock holds a snapshot: a statement that waits for snapshots would wait for it,
 * and it for us (ENGINE A2).
 */
async function withoutForeignLocks(
  { foreignLocks, session }: Run,
  { step }: AloneRun,
  work: () => Promise<unknown>,
): Promise<void> {
  const letsGo = foreignLocks?.hasAdvisory === true && step.statement.traits.waitsForSnapshots;
  if (letsGo) await foreignLocks.letGo();
  try {
    await work();
  } finally {
    if (letsGo && session.lost === null) await foreignLocks.retake();
  }
}

/**
 * A statement that waits for older snapshots must not be ended by a short lock_timeout: it would leave an invalid
 * index behind (ENGINE D21). It has a deadline instead.
 */
function budget(run: Run, { step, began }: AloneRun & { readonly began: number }): readonly Part[] {
  if (!step.statement.traits.waitsForSnapshots) return [];
  const { concurrentDeadlineMs } = run.options;
  // All tries together have one deadline; 0 would mean none.
  const leftMs = concurrentDeadlineMs - (run.context.now() - began);
  const timeoutMs = concurrentDeadlineMs === 0 ? 0 : Math.max(1, leftMs);
  return [ours(`set lock_timeout = 0; set statement_timeout = ${timeoutMs}`, null, 2)];
}

/** Our role and our budgets again, for the journal; the role that the file chose is replayed before its next step. */
async function restoreBudget(run: Run): Promise<void> {
  const { lockTimeoutMs, statementTimeoutMs } = run.options;
  await sendParts(run.session, [
    ourRole,
    ours(`set lock_timeout = ${lockTimeoutMs}; set statement_timeout = ${statementTimeoutMs}`, null, 2),
  ]);
}

/** The statement failed and the session lives: what it left is settled now, and the journal says so. */
async function giveUp(
  run: Run,
  stepRun: AloneRun,
  { before, error }: { readonly before: PreState; readonly error: unknown },
): Promise<Settlement | null> {
  await restoreBudget(run);
  const settlement = await settleFailed(run, stepRun, before);
  if (settlement === null) return null;
  const journal = journalStep(run, stepRun, null);
  const message = redact(error instanceof Error ? error.message : String(error));
  const text =
    settlement === 'done' ? completeStep(run.tables, journal) : failStep(run.tables, journal, message);
  await sendParts(run.session, [ours(text, 'UPDATE 1')]);
  return settlement;
}

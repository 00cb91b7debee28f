import type { StepReport } from '../core/report.js';
import { claimStep, completeStep, failStep } from '../history/index.js';
import type { SqlScript } from '../migration/migration.js';
import type { AloneStep } from '../migration/step.js';
import { redact } from '../core/redact.js';
import { journalStep, type StepRun } from './envelope.js';
import { cancellable } from './interrupt.js';
import { ours, theirs } from './parts.js';
import { assertIndexValid, captureIndexState, settleCreateIndex } from './recovery/create-index.js';
import type { IndexPreState } from './recovery/index-state.js';
import type { Run } from './run.js';
import { sendParts } from './send-parts.js';
import { type Attempts, withRetries } from './transaction-step.js';

/**
 * Runs one statement that no transaction can hold. The journal says that it was begun, and what was found before it,
 * in a transaction of its own; so the next run can decide what became of it.
 */
export async function runAloneStep(
  run: Run,
  stepRun: StepRun & { readonly step: AloneStep },
  attempts: Attempts,
): Promise<StepReport> {
  const began = run.context.now();
  await withRetries(run, stepRun, attempts, () => attempt(run, stepRun, attempts));
  return {
    step: stepRun.step.number,
    transaction: false,
    statements: 1,
    durationMs: run.context.now() - began,
    retries: attempts.retries,
  };
}

async function attempt(
  run: Run,
  stepRun: StepRun & { readonly step: AloneStep },
  attempts: Attempts,
): Promise<void> {
  const { session, tables } = run;
  const { statement } = stepRun.step;
  const preState = await capture(run, stepRun);
  const journal = journalStep(run, stepRun, JSON.stringify(preState));
  await sendParts(session, [ours(claimStep(tables, journal, run.stamp, run.guard), 'INSERT 0 1')]);
  try {
    await sendParts(session, [...stepRun.replay, ...budget(run, statement.traits.waitsForSnapshots)]);
    const part = theirs(stepRun.planned.script as SqlScript, statement);
    await cancellable(run, () => sendParts(session, [part]));
    await restoreBudget(run);
    if (preState.kind === 'create-index') await assertIndexValid(session, statement, preState);
  } catch (error) {
    if (session.lost === null) attempts.final = !(await giveUp(run, stepRun, { preState, error }));
    throw error;
  }
  await sendParts(session, [ours(completeStep(tables, journal), 'UPDATE 1')]);
}

type PreState =
  IndexPreState | { readonly kind: 'none'; readonly pid: number; readonly backendStart: string };

async function capture(run: Run, stepRun: StepRun & { readonly step: AloneStep }): Promise<PreState> {
  const { statement } = stepRun.step;
  if (statement.traits.label === 'CREATE INDEX CONCURRENTLY') {
    if (stepRun.replay.length === 0) return await captureIndexState(run.session, statement);
    // The table's name means what it means under the settings of the earlier steps; the journal is written as us.
    await sendParts(run.session, stepRun.replay);
    const state = await captureIndexState(run.session, statement);
    await sendParts(run.session, [ourRole]);
    return state;
  }
  const { pid, backendStart } = await run.session.identity();
  return { kind: 'none', pid, backendStart };
}

/**
 * A statement that waits for older snapshots must not be ended by a short lock_timeout: it would leave an invalid
 * index behind (ENGINE D21). It has a deadline instead.
 */
function budget(run: Run, waitsForSnapshots: boolean): readonly ReturnType<typeof ours>[] {
  if (!waitsForSnapshots) return [];
  return [ours(`set lock_timeout = 0; set statement_timeout = ${run.options.concurrentDeadlineMs}`, null, 2)];
}

const ourRole = ours('set session authorization default; reset role', null, 2);

/** Our role and our budgets again, for the journal; the role that the file chose is replayed before its next step. */
async function restoreBudget(run: Run): Promise<void> {
  const { lockTimeoutMs, statementTimeoutMs } = run.options;
  await sendParts(run.session, [
    ourRole,
    ours(`set lock_timeout = ${lockTimeoutMs}; set statement_timeout = ${statementTimeoutMs}`, null, 2),
  ]);
}

interface Failure {
  readonly preState: PreState;
  readonly error: unknown;
}

/**
 * The statement failed and the session lives: what it left is removed now, and the journal says so. Gives false where
 * that is not possible; then the step stays open in the journal, and the next run removes it.
 */
async function giveUp(
  run: Run,
  stepRun: StepRun & { readonly step: AloneStep },
  { preState, error }: Failure,
): Promise<boolean> {
  await restoreBudget(run);
  if (preState.kind === 'create-index' && !(await cleanUp(run, stepRun, preState))) return false;
  const message = redact(error instanceof Error ? error.message : String(error));
  const journal = journalStep(run, stepRun, null);
  await sendParts(run.session, [ours(failStep(run.tables, journal, message), 'UPDATE 1')]);
  return true;
}

async function cleanUp(
  run: Run,
  stepRun: StepRun & { readonly step: AloneStep },
  before: IndexPreState,
): Promise<boolean> {
  const sql = theirs(stepRun.planned.script as SqlScript, stepRun.step.statement).text;
  const cancelled = run.context.stop.cancel.aborted;
  // Who has cancelled wants to leave, so the removal then waits no longer than any other statement.
  const lockTimeoutMs = cancelled ? run.options.lockTimeoutMs : 0;
  const settle = (): Promise<unknown> => settleCreateIndex(run, { before, sql, lockTimeoutMs });
  try {
    await (cancelled ? settle() : cancellable(run, settle));
    return true;
  } catch (error) {
    if (run.session.lost !== null) throw error;
    run.context.events.emit('warning', {
      code: 'clean-up-postponed',
      message: `What the failed ${stepRun.step.statement.traits.label} left could not be removed: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'The next run removes it before anything else.',
    });
    return false;
  }
}

import type { MigrationReport, StepReport } from '../core/report.js';
import type { Step } from '../migration/step.js';
import type { PlannedMigration } from '../plan/plan.js';
import type { RestoreRun } from './backfill/restore.js';
import type { BackfillRun } from './backfill/state.js';
import type * as Code from './code/step.js';
import { closing, closingTransaction, opening, validationParts } from './envelope.js';
import type { StepRun } from './step-run.js';
import { assertNotStopped, cancellable } from './interrupt.js';
import { replayParts } from './replay.js';
import type { Run } from './run.js';
import { sendParts } from './send-parts.js';
import { type Attempts, runTransactionStep, seen, watched } from './transaction-step.js';

/** How far one migration has come; filled while it runs, so that a failure can tell what remains of it. */
export interface Progress {
  readonly steps: StepReport[];
  readonly attempts: Attempts;
}

const nothingDone: ReadonlySet<number> = new Set();

/** Kept, because a folder of functions asks a thousand times, and each import() is looked up anew. */
let codeSteps: Promise<typeof Code> | null = null;

/** Runs one migration from wherever it stands. */
export async function runMigration(
  run: Run,
  planned: PlannedMigration,
  progress: Progress & { readonly insideSingleTransaction: boolean },
): Promise<MigrationReport> {
  const began = run.context.now();
  const { migration, steps } = planned;
  const done = planned.open.length === 0 ? nothingDone : await settle(run, planned);
  let closed = false;
  for (const step of steps) {
    if (done.has(step.number)) continue;
    if (progress.attempts.ahead?.holds(planned) !== true) assertNotStopped(run);
    const event = eventOf(run, planned);
    run.context.events.emit('step:start', {
      ...event,
      step: step.number,
      steps: steps.length,
      transaction: step.kind === 'transaction' || step.kind === 'code',
    });
    progress.attempts.retries = 0;
    const replay = replayParts(planned, step, done.size > 0);
    const stepRun = { planned, step, replay, insideSingleTransaction: progress.insideSingleTransaction };
    const report = await runStep(run, stepRun, progress);
    progress.steps.push(report);
    run.context.events.emit('step:success', { ...event, report });
    closed = step.number === steps.length && closesMigration(step);
  }
  if (steps.length === 0) await runEmpty(run, planned, progress.insideSingleTransaction);
  else if (!closed) await sendParts(run.session, closingTransaction(run, planned));
  return {
    version: migration.version,
    name: migration.name,
    durationMs: run.context.now() - began,
    steps: [...progress.steps],
  };
}

export function eventOf(
  run: Run,
  planned: PlannedMigration,
): { runId: string; version: string; name: string; direction: Run['direction'] } {
  const { version, name } = planned.migration;
  return { runId: run.stamp.runId, version, name, direction: run.direction };
}

/** A transactional last step writes the history in its own transaction. */
function closesMigration(step: Step): boolean {
  return step.kind === 'transaction' || (step.kind === 'code' && step.transaction);
}

async function runStep(run: Run, stepRun: StepRun, progress: Progress): Promise<StepReport> {
  const { step } = stepRun;
  const { attempts } = progress;
  // A backfill that goes on had its validation before its first batch.
  const goesOn = step.kind === 'backfill' && stepRun.planned.open.length > 0;
  if (step.number === 1 && !closesMigration(step) && !goesOn) await validateBefore(run, stepRun);
  // All but the first are loaded where they are needed: most runs consist of transactions only.
  switch (step.kind) {
    case 'transaction':
      return await runTransactionStep(run, { ...stepRun, step }, attempts);
    case 'alone':
      return await (await import('./alone-step.js')).runAloneStep(run, { ...stepRun, step }, attempts);
    case 'code':
      codeSteps ??= import('./code/step.js');
      return await (await codeSteps).runCodeStep(run, { ...stepRun, step }, progress);
    case 'backfill':
      return await runBackfill(run, { ...stepRun, step }, attempts);
    case 'restore':
      return await runRestore(run, { ...stepRun, step }, attempts);
    default:
      return step satisfies never;
  }
}

/** Finds out what an earlier run left open, and which steps are done. */
async function settle(run: Run, planned: PlannedMigration): Promise<ReadonlySet<number>> {
  return await (await import('./recovery/open-steps.js')).settleOpenSteps(run, planned);
}

/** No budget of ours: each batch is a short transaction of its own. It is looked at all the same. */
async function runBackfill(run: Run, stepRun: BackfillRun, attempts: Attempts): Promise<StepReport> {
  const { runBackfillStep } = await import('./backfill/step.js');
  const report = await watched(run, stepRun, attempts, () => runBackfillStep(run, stepRun));
  return { ...report, ...seen(run) };
}

/** The same on the way back. */
async function runRestore(run: Run, stepRun: RestoreRun, attempts: Attempts): Promise<StepReport> {
  const { runRestoreStep } = await import('./backfill/restore.js');
  const report = await watched(run, stepRun, attempts, () => runRestoreStep(run, stepRun));
  return { ...report, ...seen(run) };
}

/** A transaction has the validation inside; before a first step without one it stands alone. */
async function validateBefore(run: Run, { planned }: StepRun): Promise<void> {
  if (run.direction === 'down') return;
  const parts = validationParts(planned.migration.validateBefore);
  if (parts.length > 0) await cancellable(run, () => sendParts(run.session, parts));
}

/** A way back that has nothing to do (a repeatable migration without a down script): only the history moves. */
async function runEmpty(
  run: Run,
  planned: PlannedMigration,
  insideSingleTransaction: boolean,
): Promise<void> {
  const step: Step = { kind: 'transaction', number: 1, hash: '', statements: [], begin: null };
  const stepRun = { planned, step, replay: [], insideSingleTransaction };
  const parts = [...opening(run, stepRun, null), ...closing(run, stepRun)];
  await sendParts(run.session, parts);
}

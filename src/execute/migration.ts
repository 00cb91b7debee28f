import { LockkeeperError } from '../core/errors.js';
import type { MigrationReport, StepReport } from '../core/report.js';
import { completeStep, failStep } from '../history/index.js';
import type { Script } from '../migration/migration.js';
import type { Step } from '../migration/step.js';
import type { Statement } from '../sql/statement.js';
import { isAtomic, type PlannedMigration } from '../plan/plan.js';
import { runAloneStep } from './alone-step.js';
import { runCodeStep } from './code-step.js';
import {
  closing,
  closingTransaction,
  journalStep,
  opening,
  type StepRun,
  validationParts,
} from './envelope.js';
import { assertNotStopped, cancellable } from './interrupt.js';
import { ours, type Part, theirs } from './parts.js';
import { settleStep } from './recovery/settle.js';
import type { Run } from './run.js';
import { sendParts } from './send-parts.js';
import { type Attempts, runTransactionStep } from './transaction-step.js';

/** How far one migration has come; filled while it runs, so that a failure can tell what remains of it. */
export interface Progress {
  readonly steps: StepReport[];
  readonly attempts: Attempts;
}

/** Runs one migration from wherever it stands. */
export async function runMigration(
  run: Run,
  planned: PlannedMigration,
  progress: Progress & { readonly insideSingleTransaction: boolean },
): Promise<MigrationReport> {
  const began = run.context.now();
  const { migration, steps } = planned;
  const done = await settleOpenSteps(run, planned);
  let closed = false;
  for (const step of steps) {
    if (done.has(step.number)) continue;
    if (progress.attempts.ahead?.holds(planned) !== true) assertNotStopped(run);
    const event = eventOf(run, planned);
    run.context.events.emit('step:start', {
      ...event,
      step: step.number,
      steps: steps.length,
      transaction: step.kind !== 'alone',
    });
    progress.attempts.retries = 0;
    const replay = replayParts(planned, step, done.size > 0);
    const stepRun = { planned, step, replay, insideSingleTransaction: progress.insideSingleTransaction };
    const report = await runStep(run, stepRun, progress.attempts);
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

async function runStep(run: Run, stepRun: StepRun, attempts: Attempts): Promise<StepReport> {
  const { step } = stepRun;
  if (step.number === 1 && !closesMigration(step)) await validateBefore(run, stepRun);
  switch (step.kind) {
    case 'transaction':
      return await runTransactionStep(run, { ...stepRun, step }, attempts);
    case 'alone':
      return await runAloneStep(run, { ...stepRun, step }, attempts);
    case 'code':
      return await runCodeStep(run, { ...stepRun, step });
    default:
      return step satisfies never;
  }
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

/**
 * Settings that earlier steps made for the session. Within one session only roles and timeouts have to be set again
 * (both are reset before the history is written); after a resume everything has (ENGINE B9).
 */
function replayParts(planned: PlannedMigration, step: Step, resumed: boolean): readonly Part[] {
  const { script, steps } = planned;
  if (script.kind === 'code') return [];
  return steps
    .filter((earlier) => earlier.number < step.number)
    .flatMap(statementsOf)
    .filter(({ traits }) => traits.sessionState === 'set')
    .filter(({ traits }) => resumed || traits.setsTimeout || changesRole(traits.label))
    .map((statement) => theirs(script satisfies Script, statement));
}

function statementsOf(step: Step): readonly Statement[] {
  if (step.kind === 'transaction') return step.statements;
  return step.kind === 'alone' ? [step.statement] : [];
}

const changesRole = (label: string): boolean => /ROLE|SESSION AUTHORIZATION/.test(label);

/**
 * Finds out which steps of an interrupted run are done.
 * @throws {RECOVERY_CHANGED} the file no longer says what was committed. {RECOVERY_UNDECIDED} nobody can know, or go on.
 */
async function settleOpenSteps(run: Run, planned: PlannedMigration): Promise<ReadonlySet<number>> {
  const done = new Set<number>();
  if (isAtomic(planned)) return done;
  for (const open of planned.open) {
    const step = planned.steps.find((candidate) => candidate.number === open.step);
    if (step === undefined || (open.hash !== null && open.hash !== step.hash))
      throw changed(planned, open.step);
    if (open.status === 'completed') {
      done.add(open.step);
      continue;
    }
    const replay = replayParts(planned, step, true);
    const settlement = await settleStep(run, { open, step, script: planned.script, replay });
    run.context.events.emit('recovery:decision', {
      version: open.version,
      step: open.step,
      decision: settlement,
      why:
        settlement === 'done' ? 'What the step makes is in place.' : 'The step left nothing; it runs again.',
    });
    const journal = journalStep(run, { planned, step }, null);
    if (settlement === 'done') {
      await sendParts(run.session, [ours(completeStep(run.tables, journal), 'UPDATE 1')]);
      done.add(open.step);
    } else {
      const text = failStep(run.tables, journal, 'Interrupted; run again.');
      await sendParts(run.session, [ours(text, 'UPDATE 1')]);
    }
  }
  if (done.size > 0 && planned.notResumable !== null) throw sessionGone(planned, planned.notResumable);
  return done;
}

/** Going on would find nothing, or something else of the same name: a table behind a temporary one. */
function sessionGone(planned: PlannedMigration, obstacle: string): LockkeeperError {
  const { version } = planned.migration;
  return new LockkeeperError('RECOVERY_UNDECIDED', {
    message: `Migration ${version} was interrupted between its steps, and what its later steps need went with the session. ${obstacle}`,
    hint: `Do the rest by hand and run lockkeeper mark ${version} --applied --why "…"; or undo what is there, mark it --pending, and run it again.`,
    details: { version },
  });
}

function changed(planned: PlannedMigration, step: number): LockkeeperError {
  const { version } = planned.migration;
  return new LockkeeperError('RECOVERY_CHANGED', {
    message: `Migration ${version} was edited after its step ${step} had been committed, so it cannot be finished as it stands.`,
    hint: `Put the file back as it was and run the command again; or settle it by hand with lockkeeper mark ${version}.`,
    details: { version, step },
  });
}

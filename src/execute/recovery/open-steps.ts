import { LockkeeperError } from '../../core/errors.js';
import { completeStep, failStep } from '../../history/index.js';
import type { Step } from '../../migration/step.js';
import { isAtomic, type PlannedMigration } from '../../plan/plan.js';
import { stopAtInterruptedFunction } from '../code/recovery.js';
import { journalStep } from '../history-parts.js';
import { ours, type Part } from '../parts.js';
import { replayParts } from '../replay.js';
import type { Run } from '../run.js';
import { sendParts } from '../send-parts.js';
import type { Settlement } from './remedy.js';
import { settleStep } from './settle.js';

/**
 * Finds out which steps of an interrupted run are done. A transactional step needs no question: its journal row was
 * committed with its work or not at all, also when the connection was lost during the COMMIT (ENGINE D18).
 * @throws {RECOVERY_CHANGED} the file no longer says what was committed. {RECOVERY_UNDECIDED} nobody can know, or go on.
 */
export async function settleOpenSteps(run: Run, planned: PlannedMigration): Promise<ReadonlySet<number>> {
  const done = new Set<number>();
  const [first] = planned.steps;
  // What a function in a transaction has committed is read where the function is called again.
  if (isAtomic(planned) || (first?.kind === 'code' && first.transaction)) return done;
  for (const open of planned.open) {
    const step = planned.steps.find((candidate) => candidate.number === open.step);
    if (step === undefined || (open.hash !== null && open.hash !== step.hash))
      throw changed(planned, open.step);
    if (open.status === 'completed') {
      done.add(open.step);
      continue;
    }
    // Its own record says, batch by batch, what is done.
    if (step.kind === 'backfill' || step.kind === 'restore') continue;
    if (step.kind === 'code') await stopAtInterruptedFunction(run, { open, step, script: planned.script });
    const replay: readonly Part[] = replayParts(planned, step, true);
    const settlement = await settleStep(run, { open, step, script: planned.script }, replay);
    run.context.events.emit('recovery:decision', {
      version: open.version,
      step: open.step,
      decision: settlement,
      why:
        settlement === 'done' ? 'What the step makes is in place.' : 'The step left nothing; it runs again.',
    });
    await journal(run, { planned, step }, settlement);
    if (settlement === 'done') done.add(open.step);
  }
  if (done.size > 0 && planned.notResumable !== null) throw sessionGone(planned, planned.notResumable);
  return done;
}

async function journal(
  run: Run,
  about: { readonly planned: PlannedMigration; readonly step: Step },
  settlement: Settlement,
): Promise<void> {
  const row = journalStep(run, about, null);
  const text =
    settlement === 'done'
      ? completeStep(run.tables, row)
      : failStep(run.tables, row, 'Interrupted; run again.');
  await sendParts(run.session, [ours(text, 'UPDATE 1')]);
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

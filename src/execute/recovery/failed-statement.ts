import type { SqlScript } from '../../migration/migration.js';
import type { AloneStep } from '../../migration/step.js';
import type { StepRun } from '../step-run.js';
import { cancellable } from '../interrupt.js';
import { theirs } from '../parts.js';
import type { Run } from '../run.js';
import type { PreState, Settlement } from './remedy.js';
import { remedyFor } from './table.js';

/**
 * Settles a statement that failed while the session lives: what it left is removed or finished at once. Null where
 * that is not possible now; the step then stays open in the journal, and the next run does it.
 */
export async function settleFailed(
  run: Run,
  { planned, step, replay }: StepRun & { readonly step: AloneStep },
  before: PreState,
): Promise<Settlement | null> {
  const { label } = step.statement.traits;
  const remedy = remedyFor(label);
  if (remedy === null || !remedy.leavesRemains) return 'again';
  const cancelled = run.context.stop.cancel.aborted;
  // Who has cancelled wants to leave, so a removal then waits no longer than any other statement.
  const lockTimeoutMs = cancelled ? run.options.lockTimeoutMs : 0;
  const { text } = theirs(planned.script as SqlScript, step.statement);
  const about = { version: planned.migration.version, step: step.number };
  const settle = (): Promise<Settlement> =>
    remedy.settle(run, { ...about, text, statement: step.statement, before, lockTimeoutMs, replay });
  try {
    return await (cancelled ? settle() : cancellable(run, settle));
  } catch (error) {
    if (run.session.lost !== null) throw error;
    run.context.events.emit('warning', {
      code: 'clean-up-postponed',
      message: `What the failed ${label} left could not be cleaned up: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'The next run does it before anything else.',
    });
    return null;
  }
}

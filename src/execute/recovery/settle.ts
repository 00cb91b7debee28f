import type { SqlScript } from '../../migration/migration.js';
import type { AloneStep } from '../../migration/step.js';
import { cancellable } from '../interrupt.js';
import { type Part, theirs } from '../parts.js';
import type { Run } from '../run.js';
import { waitForBackend } from './backend.js';
import { followDirective } from './directive.js';
import { isOfThisDatabase } from './pre-state.js';
import type { PreState, Settlement } from './remedy.js';
import { remedyFor } from './table.js';
import { type InterruptedStep, undecided } from './undecided.js';

/**
 * Decides what became of a step that no transaction protected and that was begun and not finished. `replay` are the
 * settings of earlier steps, under which the statement is understood and a check of the author's runs.
 * @throws {RECOVERY_UNDECIDED} where PostgreSQL does not record it: nothing is guessed.
 */
export async function settleStep(
  run: Run,
  interrupted: InterruptedStep,
  replay: readonly Part[],
): Promise<Settlement> {
  const { open, step } = interrupted;
  const preState = open.preState as PreState | null;
  const ofAnother = preState !== null && !(await isOfThisDatabase(run.session, preState));
  if (preState !== null && !ofAnother) await waitForBackend(run, open, preState);
  if (step.kind !== 'alone') throw undecided(interrupted, unrecorded);
  if (ofAnother) return await settleElsewhere(run, { ...interrupted, step }, replay);
  const remedy = remedyFor(step.statement.traits.label);
  // A row of another kind was written for another statement, or by a version that had no remedy for this one.
  if (remedy !== null && (remedy.kind === preState?.kind || remedy.kind === 'repeatable')) {
    const before = preState as PreState;
    const about = { version: open.version, step: step.number, before, lockTimeoutMs: 0, replay };
    const question = { ...loneStatement(interrupted, step), ...about };
    return await cancellable(run, () => remedy.settle(run, question));
  }
  const told = await followDirective(run, { ...interrupted, step }, replay);
  if (told !== null) return told;
  throw undecided(interrupted, unrecorded);
}

const unrecorded = 'PostgreSQL does not record whether it took effect.';

/**
 * The journal came along in a copy of a database. Its oids name other objects here, so nothing is compared and
 * nothing is removed; what asks this database itself, or may run twice anywhere, still decides.
 */
async function settleElsewhere(
  run: Run,
  interrupted: InterruptedStep & { readonly step: AloneStep },
  replay: readonly Part[],
): Promise<Settlement> {
  if (remedyFor(interrupted.step.statement.traits.label)?.kind === 'repeatable') return 'again';
  const told = await followDirective(run, interrupted, replay);
  if (told !== null) return told;
  throw undecided(
    interrupted,
    'That was in another database: this one is a copy of it, and its journal came along. What the step left here cannot be told from what was there before, so nothing was removed.',
  );
}

function loneStatement(
  { script }: InterruptedStep,
  { statement }: AloneStep,
): { readonly text: string; readonly statement: AloneStep['statement'] } {
  return { text: theirs(script as SqlScript, statement).text, statement };
}

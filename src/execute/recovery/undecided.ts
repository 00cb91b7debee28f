import { LockkeeperError } from '../../core/errors.js';
import type { OpenStep } from '../../history/index.js';
import type { Script } from '../../migration/migration.js';
import type { Step } from '../../migration/step.js';
import type { Statement } from '../../sql/statement.js';
import { statementLocation } from '../failure.js';
import { theirs } from '../parts.js';

/** A step that the journal has as begun, with what the file says of it now. */
export interface InterruptedStep {
  readonly open: OpenStep;
  readonly step: Step;
  readonly script: Script;
}

/** Nobody but a person can know: says what is known, where it stands, and how to tell what was found. */
export function undecided(
  { open, step, script }: InterruptedStep,
  why: string,
  cause?: unknown,
): LockkeeperError {
  const { version, step: number } = open;
  const statement = statementOf(step);
  const part = statement === null || script.kind === 'code' ? null : theirs(script, statement);
  const location = part === null ? null : statementLocation(part, null);
  const what = statement?.traits.label ?? 'the function of the migration';
  const verb = `lockkeeper repair ${version} --step ${number}`;
  return new LockkeeperError('RECOVERY_UNDECIDED', {
    message: `Step ${number} of migration ${version}, ${what}, was begun at ${open.startedAt} and interrupted. ${why}`,
    hint: `Look at the database and say what you found. The step took effect: ${verb} --done --why "…". It left nothing, or may run again: ${verb} --again --why "…".`,
    details: { version, step: number, startedAt: open.startedAt },
    ...(location === null ? {} : { location }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The statement to be shown: the first of several; none where the step is no SQL of the file. */
function statementOf(step: Step): Statement | null {
  if ('statement' in step) return step.statement;
  return step.kind === 'transaction' ? (step.statements[0] ?? null) : null;
}

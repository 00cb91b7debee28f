import type { SqlScript } from '../../migration/migration.js';
import { lexScript } from '../../sql/script.js';
import type { StepRun } from '../step-run.js';

/** A statement of a function as a script of its own, for the steps that run one statement alone. */
export function aloneScript(text: string, { planned }: Pick<StepRun, 'planned'>): SqlScript {
  const file = planned.script.kind === 'code' ? planned.script.file : planned.migration.path;
  return { kind: 'sql', text, statements: lexScript(text).statements, file, lineOffset: 0 };
}

import type { SqlScript } from '../migration/migration.js';
import type { Step } from '../migration/step.js';
import type { PlannedMigration } from '../plan/plan.js';
import type { Statement } from '../sql/statement.js';
import { type Part, theirs } from './parts.js';

/**
 * Settings that earlier steps made for the session. Within one session only roles and timeouts have to be set again
 * (both are reset before the history is written); after a resume everything has (ENGINE B9).
 */
export function replayParts(planned: PlannedMigration, step: Step, resumed: boolean): readonly Part[] {
  const { script, steps } = planned;
  if (script.kind === 'code' || step.number === 1) return [];
  return steps
    .filter((earlier) => earlier.number < step.number)
    .flatMap(statementsOf)
    .filter(({ traits }) => traits.sessionState === 'set')
    .filter(({ traits }) => resumed || traits.setsTimeout || changesRole(traits.label))
    .map((statement) => theirs(script satisfies SqlScript, statement));
}

function statementsOf(step: Step): readonly Statement[] {
  if (step.kind === 'transaction') return step.statements;
  return step.kind === 'alone' ? [step.statement] : [];
}

const changesRole = (label: string): boolean => /ROLE|SESSION AUTHORIZATION/.test(label);

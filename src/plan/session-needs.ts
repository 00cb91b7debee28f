import type { Script, SqlScript } from '../migration/migration.js';
import type { Step } from '../migration/step.js';
import type { Statement } from '../sql/statement.js';
import type { Plan, PlannedMigration } from './plan.js';

/** What of a plan no transaction pooler can carry. */
export interface SessionNeed {
  readonly planned: PlannedMigration;
  readonly script: Script;
  /** Null for a function, and for a way back that has no text. */
  readonly statement: Statement | null;
  /** Completes "… " after the name of the statement. */
  readonly why: string;
}

/**
 * Finds what needs a session of its own: statements that no transaction can hold, that leave something behind in the
 * session, or that lean on what an earlier transaction left there; backfills, which look after themselves between
 * their transactions; and functions, which may do any of this.
 */
export function findSessionNeeds(plan: Plan): readonly SessionNeed[] {
  return plan.migrations.flatMap((planned) => needsOf(planned, plan.direction === 'up'));
}

function needsOf(planned: PlannedMigration, up: boolean): readonly SessionNeed[] {
  const { script, migration, steps } = planned;
  const alone = new Map(steps.flatMap(needOfStep));
  const validation = up ? [migration.validateBefore, migration.validateAfter] : [];
  const scripts = [script, ...validation].filter((each): each is Script => each !== null);
  const restores = steps.some((step) => step.kind === 'restore');
  const restore = { planned, script, statement: null, why: 'puts saved rows back in many transactions' };
  const needs = scripts.flatMap((each): SessionNeed[] => {
    if (each.kind === 'code') return [{ planned, script: each, statement: null, why: codeWhy }];
    return each.statements.flatMap((statement) => {
      const why = alone.get(statement) ?? whyOf(each, statement, steps.length > 1);
      return why === null ? [] : [{ planned, script: each, statement, why }];
    });
  });
  return restores ? [restore, ...needs] : needs;
}

/** A statement that is a step by itself. */
function needOfStep(step: Step): readonly (readonly [Statement, string])[] {
  if (step.kind === 'alone') return [[step.statement, 'cannot run in a transaction']];
  return step.kind === 'backfill' ? [[step.statement, 'is a backfill, which runs in many transactions']] : [];
}

const codeWhy = 'may set whatever it likes for the session that it is given';

/** Commands whose whole point is the session. */
const sessionCommands = /^(?:LISTEN|UNLISTEN|DEALLOCATE|EXECUTE|DISCARD\b.*)$/;
const sessionLock = /\bpg_(?:try_)?advisory_lock(?:_shared)?\s*\(/i;

function whyOf(script: SqlScript, { traits, start, end }: Statement, hasSteps: boolean): string | null {
  if (sessionCommands.test(traits.label)) return 'is about the session, not the transaction';
  if (traits.readsSequenceState && hasSteps) return 'asks for a value that an earlier transaction drew';
  // The lock would stay with a session that belongs to somebody else next. In a function's body it is only text.
  if (traits.optimizable && sessionLock.test(script.text.slice(start, end)))
    return 'takes a lock for the session';
  switch (traits.sessionState) {
    case 'set':
      return 'changes a setting of the session, and not of the transaction (SET LOCAL does)';
    case 'prepare':
      return 'leaves something behind in the session';
    case 'temp':
      return 'makes something temporary that outlives the transaction (a table with ON COMMIT DROP does not)';
    default:
      return null;
  }
}

import { isLockkeeperError, LockkeeperError } from '../../core/errors.js';
import type { BackfillStep } from '../../migration/step.js';
import type { Session } from '../../pg/index.js';
import type { Plan, PlannedMigration } from '../../plan/plan.js';
import { locate } from '../../sql/position.js';
import { readTarget } from './target.js';

/**
 * Looks whether the tables of backfills can be walked through, before anything runs. A table that an earlier statement
 * of the plan names may be another one by then, and is looked at when its turn comes.
 */
export async function findBackfillProblems(
  session: Session,
  plan: Plan,
): Promise<readonly LockkeeperError[]> {
  const problems: LockkeeperError[] = [];
  let earlier = '';
  for (const planned of plan.migrations) {
    for (const step of planned.steps) {
      if (step.kind === 'backfill' && !earlier.includes(plainName(step.shape.table))) {
        const problem = await problemOf(session, planned, step);
        if (problem !== null) problems.push(problem);
      }
      earlier += textOf(planned, step).toLowerCase();
    }
  }
  return problems;
}

const plainName = (table: string): string =>
  (table.split('.').at(-1) ?? table).replaceAll('"', '').toLowerCase();

function textOf({ script }: PlannedMigration, step: PlannedMigration['steps'][number]): string {
  // What code does is not known; it may make any table.
  if (script.kind === 'code') return '';
  if (step.kind === 'transaction')
    return step.statements.map(({ start, end }) => script.text.slice(start, end)).join('\n');
  return step.kind === 'alone' ? script.text.slice(step.statement.start, step.statement.end) : '';
}

async function problemOf(
  session: Session,
  { script }: PlannedMigration,
  step: BackfillStep,
): Promise<LockkeeperError | null> {
  const [found] = await session.query<{ there: boolean }>('select to_regclass($1) is not null as there', [
    step.shape.table,
  ]);
  if (found?.there !== true || script.kind === 'code') return null;
  try {
    await readTarget(session, step.shape, step.backfill.settings);
    return null;
  } catch (error) {
    if (!isLockkeeperError(error, 'BACKFILL_IMPOSSIBLE')) throw error;
    const { start, end } = step.statement;
    const place = locate(script.text, start, end - start);
    return new LockkeeperError(error.code, {
      message: error.message,
      details: error.details,
      location: { ...place, file: script.file, line: place.line + script.lineOffset },
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}

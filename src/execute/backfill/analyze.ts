import type { Run } from '../run.js';
import { backToOurRole, replayed } from './batch.js';
import type { OwnStepRun } from './record.js';

/** The statistics of what was changed. What keeps ANALYZE from running keeps nobody from going on. */
export async function analyzeTable(run: Run, stepRun: OwnStepRun, table: string): Promise<void> {
  const work = { stepRun };
  try {
    await run.session.send([...replayed(work), `analyze ${table}`, ...backToOurRole(work)].join(';\n'));
  } catch (error) {
    if (run.session.lost !== null) throw error;
    run.context.events.emit('warning', {
      code: 'not-analyzed',
      message: `ANALYZE after the backfill of migration ${stepRun.planned.migration.version} did not run: ${error instanceof Error ? error.message : String(error)}.`,
      hint: 'Autovacuum will do it, or run it by hand.',
    });
  }
}

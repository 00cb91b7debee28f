import type { AloneStep } from '../../migration/step.js';
import { ourRole, type Part } from '../parts.js';
import type { Run } from '../run.js';
import { sendParts } from '../send-parts.js';
import type { Settlement } from './remedy.js';
import { type InterruptedStep, undecided } from './undecided.js';

/**
 * What the author says of a statement that PostgreSQL keeps no record of: `-- resume: again`, or `-- resume-check:`
 * with a query that says whether it is done. Null where the author says nothing.
 * @throws {RECOVERY_UNDECIDED} where the query fails, or gives anything but one boolean.
 */
export async function followDirective(
  run: Run,
  interrupted: InterruptedStep & { readonly step: AloneStep },
  replay: readonly Part[],
): Promise<Settlement | null> {
  const { resume } = interrupted.step;
  if (resume === null) return null;
  if (resume.kind === 'again') return 'again';
  const rows = await ask(run, resume.query, replay).catch((error: unknown) => {
    if (run.session.lost !== null) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw undecided(interrupted, `Its resume-check could not be answered: ${reason}.`, error);
  });
  const values = rows.length === 1 ? Object.values(rows[0] ?? {}) : [];
  const [value] = values;
  if (values.length === 1 && typeof value === 'boolean') return value ? 'done' : 'again';
  throw undecided(
    interrupted,
    'Its resume-check has to give one row of one boolean, and gave something else.',
  );
}

/** In a transaction that cannot write, under the settings that the statement itself ran under. */
async function ask(
  { session }: Run,
  query: string,
  replay: readonly Part[],
): Promise<readonly Record<string, unknown>[]> {
  await sendParts(session, replay);
  await session.send('begin read only');
  try {
    return await session.query(query);
  } finally {
    if (session.lost === null) {
      await session.send('rollback');
      await sendParts(session, [ourRole]);
    }
  }
}

import { quoteLiteral } from '../../sql/quote.js';
import { ours } from '../parts.js';
import { sendParts } from '../send-parts.js';
import { describeRow, rowRefused } from './failure.js';
import { keyObject } from './order.js';
import { ownRow, ownValues, positionLiteral } from './record.js';
import type { Slice, Work } from './state.js';

/**
 * Puts the one row of a failed batch aside: it is noted, and the position moves behind it in the same transaction, so
 * that no later batch, and no later run, meets it again.
 * @throws {BACKFILL_ROW_REFUSED} naming the row, where no more may fail. {LOCK_LOST} where it was our own guard.
 */
export async function setAside(work: Work, slice: Slice, error: unknown): Promise<void> {
  const { run, stepRun, relation, pace } = work;
  // The guard raises like a division by zero of the author's would: ask it alone before a row is blamed.
  await sendParts(run.session, [ours(`select ${run.guard}`)]);
  const key = keyObject(relation.order, slice.until ?? work.cursor ?? []);
  if (work.failed >= stepRun.step.backfill.settings.maxErrors || slice.until === null)
    throw rowRefused(stepRun, { table: relation.name, key, error, aside: work.failed });
  const { sqlstate, message } = describeRow(error);
  const state = sqlstate === null ? 'null' : quoteLiteral(sqlstate);
  await sendParts(run.session, [
    ours('begin', 'BEGIN'),
    ours(
      `insert into ${run.tables.errors} (run_id, source, migration_version, action, step, table_name, row_key, sqlstate, message) values (${quoteLiteral(run.stamp.runId)}, ${ownValues(run, stepRun)}, ${quoteLiteral(relation.name)}, ${quoteLiteral(JSON.stringify(key))}, ${state}, ${quoteLiteral(message.slice(0, 10_000))})`,
      'INSERT 0 1',
    ),
    ours(
      `update ${run.tables.backfills} set relation = ${relation.oid}, cursor = ${positionLiteral(slice.until)}, done = done + (${run.guard}), failed = failed + 1, updated_at = pg_catalog.clock_timestamp() where ${ownRow(run, stepRun)}`,
      'UPDATE 1',
    ),
    ours('commit', 'COMMIT'),
  ]);
  work.cursor = slice.until;
  work.failed += 1;
  work.done += 1;
  if (relation.order.byPlace) work.without.push(...slice.until);
  pace.widen();
}

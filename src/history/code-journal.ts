import { quoteLiteral } from '../sql/quote.js';
import type { HistoryTables } from './tables.js';
import { type JournalStep, keyValues, type MigrationKey, whereLog, whereOpenStep } from './write.js';

/** A setting of the transaction, for the row that its claim has taken away. */
const undoneSetting = 'lockkeeper.undone';

/**
 * Like `claimRollback`, for a function: where it comes to need several transactions, its migration is applied until the
 * last of them. So {@link undoneRow} tells what was taken away. Answers `SELECT 1`.
 */
export function claimUndo(tables: HistoryTables, key: MigrationKey, guard: string): string {
  const { source, version } = keyValues(key);
  return `with gone as (delete from ${tables.migrations} where source = ${source} and version = ${version} returning *) select (1 / (pg_catalog.count(*)::int)) * (${guard}), pg_catalog.set_config('${undoneSetting}', pg_catalog.max(pg_catalog.to_jsonb(gone)::text), true) from gone`;
}

/** SQL of the row that the claim of this transaction has taken away, as JSON. */
export const undoneRow = `pg_catalog.current_setting('${undoneSetting}', true)`;

/** Puts it back, where it is not there. */
export function restoreRow(tables: HistoryTables, row: string): string {
  return `insert into ${tables.migrations} overriding system value select (pg_catalog.jsonb_populate_record(null::${tables.migrations}, ${quoteLiteral(row)}::jsonb)).* on conflict do nothing`;
}

/** Marks a claimed step of code as completed, with what it sent; answers `UPDATE 1`. */
export function completeCodeStep(tables: HistoryTables, step: JournalStep): string {
  return `update ${tables.log} set status = 'completed', completed_at = pg_catalog.clock_timestamp(), pre_state = ${quoteLiteral(step.preState ?? 'null')} where ${whereOpenStep(step)}`;
}

/** Forgets what the steps of a finished migration sent: answers of the database do not belong into a journal for ever. */
export function forgetAnswers(tables: HistoryTables, { key }: JournalStep): string {
  return `update ${tables.log} set pre_state = pre_state - 'statements' where ${whereLog(key)} and open and pre_state ? 'statements'`;
}

/**
 * Notes how far a function without a transaction has come. One message, whatever role the function has taken on. It
 * does not wait for the disk: the commit of the statement behind it flushes the log up to there, so the note can
 * only be lost together with that statement.
 */
export function noteProgress(tables: HistoryTables, step: JournalStep): string {
  return [
    'begin',
    'set local session authorization default',
    'set local role to default',
    'set local synchronous_commit = off',
    `update ${tables.log} set pre_state = ${quoteLiteral(step.preState ?? 'null')} where ${whereOpenStep(step)}`,
    'commit',
  ].join('; ');
}

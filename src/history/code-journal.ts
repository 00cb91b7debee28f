import { quoteLiteral } from '../sql/quote.js';
import type { HistoryTables } from './tables.js';
import {
  claimApply,
  type HistoryRow,
  type JournalStep,
  keyValues,
  type MigrationKey,
  type RunStamp,
  type SqlKey,
  whereLog,
  whereOpenStep,
} from './write.js';

/** SQL of the transaction that a function begins in: the answer to its claim. */
const ownTransaction = 'pg_catalog.pg_current_xact_id()::text';

/** The claim of a function on the way up. Answers `INSERT 0 1`, and the transaction. */
export function claimCall(tables: HistoryTables, row: HistoryRow, stamp: RunStamp, guard: string): string {
  return answering(claimApply(tables, row, stamp, guard));
}

/** Has an INSERT answer its transaction. */
export const answering = (insert: string): string => `${insert} returning ${ownTransaction}`;

/**
 * Like `claimRollback`, for a function: where it comes to need several transactions, its migration is applied until the
 * last of them. So the answer is the transaction, a space, and the row that was taken away as JSON; `SELECT 1`.
 */
export function claimUndo(tables: HistoryTables, key: MigrationKey, guard: string): string {
  return takeRow(tables, keyValues(key), guard);
}

/** The same, of a key that is SQL. */
export function takeRow(
  tables: HistoryTables,
  { source, version }: Pick<SqlKey, 'source' | 'version'>,
  guard: string,
): string {
  return `with gone as (delete from ${tables.migrations} where source = ${source} and version = ${version} returning *) select ${ownTransaction} || ' ' || pg_catalog.max(pg_catalog.to_jsonb(gone)::text) from gone having (1 / (pg_catalog.count(*)::int)) * (${guard}) = 1`;
}

/** SQL that is true in the transaction of that id, which is SQL itself, and raises 22012 in any other. */
export const stillWithin = (id: string): string => `1 / (${ownTransaction} = ${id})::int = 1`;

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

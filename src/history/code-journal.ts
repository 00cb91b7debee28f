import { quoteLiteral } from '../sql/quote.js';
import type { HistoryTables } from './tables.js';
import { type JournalStep, whereLog, whereOpenStep } from './write.js';

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

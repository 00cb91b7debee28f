import type { Direction } from '../core/report.js';
import { quoteIdent, quoteLiteral } from '../sql/quote.js';
import { answering, stillWithin, takeRow } from './code-journal.js';
import { linkRow, unlinkRow } from './foreign.js';
import type { HistoryTables } from './tables.js';
import {
  completeRow,
  deleteRow,
  type HistoryRow,
  insertRow,
  journalRollback,
  keyValues,
  type MigrationKey,
  rowColumns,
  rowValues,
  type RunStamp,
} from './write.js';

// The claim and the finish of write.ts for many migrations in a row. Analysing and planning them anew for each costs
// the server 0.2 ms a migration, a fifth of what a small one takes.

/** A setting of the session that tells which migration was committed last; a message sent ahead asks for it. */
const markSetting = 'lockkeeper.done';

/** What each prepared statement of a run is made of. */
export interface Preparation {
  readonly tables: HistoryTables;
  readonly stamp: RunStamp;
  readonly direction: Direction;
  /** SQL that gives 1 while the session holds the lock, and raises otherwise. */
  readonly guard: string;
  /** Tells one preparation of a session from another. */
  readonly number: number;
  /** Whether the history of another tool is kept as well. */
  readonly foreign: boolean;
}

/** The parameters of a claim on the way up. */
const parameters = rowColumns.map((_, index) => `$${index + 1}`);

const claimName = (number: number): string => quoteIdent(`lockkeeper_claim_${number}`);
const finishName = (number: number): string => quoteIdent(`lockkeeper_finish_${number}`);

/** Sets the mark for the first link; at the end of the message before it. */
export function setMark(mark: string): string {
  return `set ${markSetting} = ${quoteLiteral(mark)}`;
}

/** PREPARE for a claim and a finish, to be executed with {@link executeClaim} and {@link executeFinish}. */
export function prepareLinks(preparation: Preparation): readonly [claim: string, finish: string] {
  const { tables, stamp, guard, number, direction } = preparation;
  const markParameter = direction === 'up' ? rowColumns.length + 1 : 3;
  // Raises (22012) unless the migration before is committed.
  const linked = `(${guard}) / (case when pg_catalog.current_setting('${markSetting}', true) = $${markParameter} then 1 else 0 end)`;
  const moves = `pg_catalog.set_config('${markSetting}', $3, false) is not null`;
  const key = { source: '$1', version: '$2', condition: '' };
  const claim =
    direction === 'up' ? insertRow(tables, parameters, stamp, linked) : deleteRow(tables, key, linked);
  const finish =
    direction === 'up'
      ? completeRow(tables, { ...key, condition: ` and ${moves}` }, stamp)
      : journalRollback(tables, { ...key, condition: ` where ${moves}` }, stamp);
  return [`prepare ${claimName(number)} as ${claim}`, `prepare ${finishName(number)} as ${finish}`];
}

/** Claims like `claimApply` and `claimRollback`, and raises unless the migration marked `after` was the last. */
export function executeClaim(preparation: Preparation, row: HistoryRow, after: string): string {
  const { source, version } = keyValues(row);
  const values = preparation.direction === 'up' ? rowValues(row) : [source, version];
  return `execute ${claimName(preparation.number)}(${values.join(', ')}, ${quoteLiteral(after)})`;
}

/** Finishes like `finishApply` and `finishRollback`; the transaction sets the mark when it commits. */
export function executeFinish(preparation: Preparation, key: MigrationKey, mark: string): string {
  const { source, version } = keyValues(key);
  return `execute ${finishName(preparation.number)}(${source}, ${version}, ${quoteLiteral(mark)})`;
}

const callName = (what: 'claim' | 'finish' | 'link', number: number): string =>
  quoteIdent(`lockkeeper_call_${what}_${number}`);

/** PREPARE for what stands around a function; to be executed by the four below. */
export function prepareCalls(preparation: Preparation): readonly string[] {
  const { tables, stamp, guard, number, direction } = preparation;
  const key = { source: '$1', version: '$2' };
  const same = stillWithin('$3');
  const [claim, finish, link] =
    direction === 'up'
      ? [
          answering(insertRow(tables, parameters, stamp, guard)),
          completeRow(tables, { ...key, condition: ` and ${same}` }, stamp),
          linkRow(tables, key, '$3'),
        ]
      : [
          takeRow(tables, key, guard),
          journalRollback(tables, { ...key, condition: ` where ${same}` }, stamp),
          unlinkRow(tables, key),
        ];
  return [
    `prepare ${callName('claim', number)} as ${claim}`,
    `prepare ${callName('finish', number)} as ${finish}`,
    ...(preparation.foreign ? [`prepare ${callName('link', number)} as ${link}`] : []),
  ];
}

/** Claims like `claimCall` and `claimUndo`. */
export function executeCallClaim({ direction, number }: Preparation, row: HistoryRow): string {
  const { source, version } = keyValues(row);
  const values = direction === 'up' ? rowValues(row) : [source, version];
  return `execute ${callName('claim', number)}(${values.join(', ')})`;
}

/** Finishes like `finishApply` and `finishRollback`, and raises 22012 in any transaction but the one of that id. */
export function executeCallFinish({ number }: Preparation, key: MigrationKey, id: string): string {
  const { source, version } = keyValues(key);
  return `execute ${callName('finish', number)}(${source}, ${version}, ${quoteLiteral(id)})`;
}

/** Links like `linkForeign` and `unlinkForeign`. */
export function executeCallLink(
  { direction, number }: Preparation,
  key: MigrationKey,
  foreignKey: string,
): string {
  const { source, version } = keyValues(key);
  const values = direction === 'up' ? [source, version, quoteLiteral(foreignKey)] : [source, version];
  return `execute ${callName('link', number)}(${values.join(', ')})`;
}

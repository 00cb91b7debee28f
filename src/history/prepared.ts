import type { Direction } from '../core/report.js';
import { quoteIdent, quoteLiteral } from '../sql/quote.js';
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
}

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
    direction === 'up'
      ? insertRow(
          tables,
          rowColumns.map((_, index) => `$${index + 1}`),
          stamp,
          linked,
        )
      : deleteRow(tables, key, linked);
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

import type { SavedRows } from '../migration/backfill.js';
import { migrationKey } from '../migration/migration.js';
import type { Session } from '../pg/index.js';
import { quoteQualified } from '../sql/quote.js';
import type { HistoryTables } from './tables.js';
import type { MigrationKey } from './write.js';

/** One backfill as its row says, and what the journal says of its step. */
export interface BackfillRow extends MigrationKey {
  readonly action: 'apply' | 'rollback';
  readonly step: number;
  readonly table: string;
  /** The columns that order the rows, and the values of the last row done; null before the first batch. */
  readonly key: readonly string[];
  readonly cursor: readonly string[] | null;
  /** Rows passed, and the planner's estimate of all of them. */
  readonly done: number;
  readonly total: number | null;
  readonly changed: number;
  /** Rows put aside. */
  readonly failed: number;
  readonly batches: number;
  readonly pausedAt: string | null;
  readonly pausedBy: string | null;
  readonly startedAt: string;
  readonly updatedAt: string;
  readonly completedAt: string | null;
  /** Rows whose old values are kept; null where none are. */
  readonly savedTable: string | null;
  readonly savedColumns: readonly string[];
  /** The step is begun and not finished. */
  readonly open: boolean;
  /** The backend that worked on it last. */
  readonly pid: number;
}

const utc = (column: string): string =>
  `pg_catalog.to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Every backfill that the database remembers, the newest first. */
export async function readBackfills(
  session: Session,
  tables: HistoryTables,
): Promise<readonly BackfillRow[]> {
  return await session.query<BackfillRow & Record<string, unknown>>(/* sql */ `
    select b.source, b.migration_version as version, b.action, b.step, b.table_name as "table", b.key_columns as key,
           b.cursor, b.done::float8 as done, b.total::float8 as total, b.changed::float8 as changed,
           b.failed::float8 as failed, b.batches::float8 as batches, ${utc('b.paused_at')} as "pausedAt",
           b.paused_by as "pausedBy", ${utc('b.started_at')} as "startedAt", ${utc('b.updated_at')} as "updatedAt",
           ${utc('b.completed_at')} as "completedAt", b.saved_table as "savedTable", b.saved_columns as "savedColumns",
           exists (select from ${tables.log} l where l.open and l.status = 'started' and l.source = b.source
                   and l.migration_version = b.migration_version and l.action = b.action and l.step = b.step) as open,
           b.pid
    from ${tables.backfills} b
    order by b.id desc`);
}

/** The old values that backfills of these migrations have kept, by `migrationKey`. */
export async function readSavedRows(
  session: Session,
  tables: HistoryTables,
  keys: readonly MigrationKey[],
): Promise<ReadonlyMap<string, readonly SavedRows[]>> {
  const wanted = new Set(keys.map(migrationKey));
  const saved = new Map<string, SavedRows[]>();
  for (const row of await readBackfills(session, tables)) {
    const key = migrationKey(row);
    if (row.action !== 'apply' || row.savedTable === null || !wanted.has(key)) continue;
    const rows = {
      ofStep: row.step,
      table: row.table,
      savedTable: row.savedTable,
      columns: row.savedColumns,
    };
    saved.set(key, [...(saved.get(key) ?? []), rows]);
  }
  return saved;
}

/** SQL that raises or clears the flag which a running backfill obeys at its next batch. Gives the rows it touched. */
export async function flagBackfill(
  session: Session,
  tables: HistoryTables,
  about: { readonly row: BackfillRow; readonly paused: boolean },
): Promise<void> {
  const { row, paused } = about;
  await session.query(
    `update ${tables.backfills} set paused_at = case when $5 then pg_catalog.clock_timestamp() end,
            paused_by = case when $5 then session_user end
     where source = $1 and migration_version = $2 and action = $3 and step = $4`,
    [row.source, row.version, row.action, row.step, paused],
  );
}

/** Drops the old values that a backfill has kept; its migration then has no way back but the one that was written. */
export async function forgetSaved(session: Session, tables: HistoryTables, row: BackfillRow): Promise<void> {
  if (row.savedTable === null) return;
  await session.send(
    `begin; drop table if exists ${quoteQualified(tables.schema, row.savedTable)}; update ${tables.backfills} set saved_table = null, saved_columns = '{}' where saved_table = '${row.savedTable.replaceAll("'", "''")}'; commit`,
  );
}

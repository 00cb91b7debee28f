import { migrationKey } from '../migration/migration.js';
import type { Session } from '../pg/index.js';
import { quoteLiteral } from '../sql/quote.js';
import type { HistoryTables } from './tables.js';
import {
  claimRollback,
  type HistoryRow,
  insertRow,
  keyValues,
  logRow,
  type MigrationKey,
  rowValues,
  type RunStamp,
  type SqlKey,
} from './write.js';

// What we know of the histories that other tools keep: which of our rows stand in theirs too, and which lock row of
// theirs is ours. The tables are made when the first foreign source is run; a native project never has them.

/** Makes the tables where they are missing. */
export function installForeign(tables: HistoryTables): readonly string[] {
  return [
    /* sql */ `create table if not exists ${tables.foreignMigrations} (
  source text collate "C" not null,
  version text collate "C" not null,
  -- What the other tool knows it by.
  foreign_key text not null,
  primary key (source, version)
)`,
    /* sql */ `create table if not exists ${tables.foreignLocks} (
  source text collate "C" primary key,
  run_id uuid not null,
  taken_at timestamptz not null default clock_timestamp()
)`,
  ];
}

/** Our rows that stand in the other history too: foreign keys by `migrationKey`. */
export async function readForeignLinks(
  session: Session,
  tables: HistoryTables,
): Promise<ReadonlyMap<string, string>> {
  const there = await session.query<{ there: boolean }>('select to_regclass($1) is not null as there', [
    tables.foreignMigrations,
  ]);
  if (there[0]?.there !== true) return new Map();
  const rows = await session.query<MigrationKey & { readonly foreign_key: string }>(
    `select source, version, foreign_key from ${tables.foreignMigrations}`,
  );
  return new Map(rows.map((row) => [migrationKey(row), row.foreign_key]));
}

/** Notes that a row of ours stands in the other history. */
export function linkForeign(tables: HistoryTables, key: MigrationKey, foreignKey: string): string {
  return linkRow(tables, keyValues(key), quoteLiteral(foreignKey));
}

export function unlinkForeign(tables: HistoryTables, key: MigrationKey): string {
  return unlinkRow(tables, keyValues(key));
}

/** A key whose parts are SQL. */
type Key = Pick<SqlKey, 'source' | 'version'>;

export function linkRow(tables: HistoryTables, { source, version }: Key, foreignKey: string): string {
  return `insert into ${tables.foreignMigrations} (source, version, foreign_key) values (${source}, ${version}, ${foreignKey}) on conflict (source, version) do update set foreign_key = excluded.foreign_key`;
}

export function unlinkRow(tables: HistoryTables, { source, version }: Key): string {
  return `delete from ${tables.foreignMigrations} where source = ${source} and version = ${version}`;
}

/** Forgets every link of a source, and with it that the source was ever taken over. */
export function unlinkSource(tables: HistoryTables, source: string): string {
  return `delete from ${tables.foreignMigrations} where source = ${quoteLiteral(source)}`;
}

/** A row for what the other tool has applied. `appliedAt` is ISO 8601; null where nobody knows. */
export function takeOverRow(
  tables: HistoryTables,
  row: HistoryRow,
  {
    stamp,
    appliedAt,
    why,
  }: { readonly stamp: RunStamp; readonly appliedAt: string | null; readonly why: string },
): readonly string[] {
  const { source, version } = keyValues(row);
  return [
    insertRow(tables, rowValues(row), stamp, '1'),
    // How long it took, nobody here knows.
    ...(appliedAt === null
      ? []
      : [
          `update ${tables.migrations} set applied_at = ${quoteLiteral(appliedAt)} where source = ${source} and version = ${version}`,
        ]),
    repairEntry(tables, row, { stamp, message: why }),
  ];
}

/** Takes our row away for what the other tool has undone. */
export function giveUpRow(
  tables: HistoryTables,
  key: MigrationKey,
  { stamp, why }: { readonly stamp: RunStamp; readonly why: string },
): readonly string[] {
  return [
    claimRollback(tables, key, '1'),
    unlinkForeign(tables, key),
    repairEntry(tables, key, { stamp, message: why }),
  ];
}

function repairEntry(
  tables: HistoryTables,
  { source, version }: MigrationKey,
  { stamp, message }: { readonly stamp: RunStamp; readonly message: string },
): string {
  const key = { source, version };
  return logRow(tables, { key, action: 'repair', status: 'completed', step: 0, message }, stamp);
}

/** Notes that the lock row of the other tool was set by us; in the transaction that sets it (ENGINE A3). */
export function noteForeignLock(tables: HistoryTables, source: string, runId: string): string {
  return `insert into ${tables.foreignLocks} (source, run_id) values (${quoteLiteral(source)}, ${quoteLiteral(runId)})`;
}

/** Forgets it; in the transaction that clears the row. Answers `DELETE 1` where it was ours. */
export function forgetForeignLock(tables: HistoryTables, source: string): string {
  return `delete from ${tables.foreignLocks} where source = ${quoteLiteral(source)}`;
}

/** The sources whose lock row a run of ours set and never cleared. Asked only under our own lock. */
export async function readForeignLocks(
  session: Session,
  tables: HistoryTables,
): Promise<ReadonlySet<string>> {
  const rows = await session.query<{ source: string }>(`select source from ${tables.foreignLocks}`);
  return new Set(rows.map(({ source }) => source));
}

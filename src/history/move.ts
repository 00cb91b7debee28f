import type { HistoryTables } from './tables.js';
import {
  type HistoryRow,
  keyValues,
  logRow,
  type MigrationKey,
  rowColumns,
  rowValues,
  type RunStamp,
} from './write.js';

/**
 * Gives the row of an applied migration another source, version and content; when it was applied, and by whom, stays.
 * Raises where the row is not there.
 */
export function moveRow(
  tables: HistoryTables,
  from: MigrationKey,
  to: HistoryRow,
  { stamp, why }: { readonly stamp: RunStamp; readonly why: string },
): readonly string[] {
  const { source, version } = keyValues(from);
  const values = rowValues(to);
  const set = rowColumns.map((column, index) => `${column} = ${values[index] ?? 'null'}`).join(', ');
  return [
    `with moved as (update ${tables.migrations} set ${set} where source = ${source} and version = ${version} returning 1) select 1 / pg_catalog.count(*)::int from moved`,
    logRow(tables, { key: to, action: 'repair', status: 'completed', step: 0, message: why }, stamp),
  ];
}

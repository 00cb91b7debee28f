import { quoteLiteral } from '../sql/quote.js';
import type { HistoryTables } from './tables.js';

/**
 * SQL text for the messages of a run. The simple protocol takes no parameters, so values go through `quoteLiteral`;
 * functions are schema-qualified, because a migration may have set any search_path before them.
 */

/** What a history row says of a migration. */
export interface HistoryRow {
  readonly source: string;
  readonly version: string;
  readonly name: string;
  readonly release: string | null;
  readonly description: string | null;
  readonly author: string | null;
  readonly format: string;
  readonly checksum: string;
  readonly tokenChecksum: string;
  readonly depends: readonly string[];
  readonly rollbackAvailable: boolean;
  readonly downScript: string | null;
  readonly downScriptHash: string | null;
  /** A repeatable migration replaces its row. */
  readonly repeatable: boolean;
}

/** What is the same for every row that a run writes. */
export interface RunStamp {
  readonly runId: string;
  readonly batch: number;
  /** Who, where and with what; kept with every journal row. */
  readonly context: string;
}

export interface MigrationKey {
  readonly source: string;
  readonly version: string;
}

const literal = (value: string | null): string => (value === null ? 'null' : quoteLiteral(value));
const textArray = (values: readonly string[]): string =>
  values.length === 0 ? `'{}'` : `array[${values.map(quoteLiteral).join(', ')}]::text[]`;
const where = (key: MigrationKey): string =>
  `source = ${quoteLiteral(key.source)} and version = ${quoteLiteral(key.version)}`;
export const whereLog = (key: MigrationKey): string =>
  `source = ${quoteLiteral(key.source)} and migration_version = ${quoteLiteral(key.version)}`;

/**
 * Claims a migration by its history row before any of its statements runs: a second runner meets the primary key
 * (23505) and not our DDL (ENGINE A6). `guard` is SQL that gives 1, or raises where the run lost its lock.
 */
export function claimApply(tables: HistoryTables, row: HistoryRow, stamp: RunStamp, guard: string): string {
  return `${insertRow(tables, rowValues(row), stamp, guard)}${row.repeatable ? replaceRow : ''}`;
}

/** The INSERT of a claim; its values are SQL. */
export function insertRow(
  tables: HistoryTables,
  values: readonly string[],
  stamp: RunStamp,
  guard: string,
): string {
  return `insert into ${tables.migrations} (${rowColumns.join(', ')}, batch, run_id) values (${values.join(', ')}, ${stamp.batch} * (${guard}), ${quoteLiteral(stamp.runId)})`;
}

export const rowColumns = [
  'source',
  'version',
  'name',
  'release',
  'description',
  'author',
  'format',
  'checksum',
  'checksum_tokens',
  'depends',
  'rollback_available',
  'down_script',
  'down_script_hash',
] as const;

/** What a migration puts into `rowColumns`, as SQL. */
export function rowValues(row: HistoryRow): readonly string[] {
  return [
    quoteLiteral(row.source),
    quoteLiteral(row.version),
    quoteLiteral(row.name),
    literal(row.release),
    literal(row.description),
    literal(row.author),
    quoteLiteral(row.format),
    quoteLiteral(row.checksum),
    quoteLiteral(row.tokenChecksum),
    textArray(row.depends),
    String(row.rollbackAvailable),
    literal(row.downScript),
    literal(row.downScriptHash),
  ];
}

const replaceRow = ` on conflict (source, version) do update set seq = default, applied_at = pg_catalog.clock_timestamp(), ${[
  ...rowColumns.slice(2),
  'batch',
  'run_id',
]
  .map((column) => `${column} = excluded.${column}`)
  .join(', ')}`;

/** Completes the row of `claimApply` and writes the journal; answers `INSERT 0 1`. */
export function finishApply(tables: HistoryTables, key: MigrationKey, stamp: RunStamp): string {
  return completeRow(tables, { ...keyValues(key), condition: '' }, stamp);
}

/** A key and perhaps a further condition, all of it SQL. */
export interface SqlKey {
  readonly source: string;
  readonly version: string;
  readonly condition: string;
}

export const keyValues = (key: MigrationKey) => ({
  source: quoteLiteral(key.source),
  version: quoteLiteral(key.version),
});

export function completeRow(
  tables: HistoryTables,
  { source, version, condition }: SqlKey,
  stamp: RunStamp,
): string {
  return `with done as (update ${tables.migrations} set execution_time_ms = pg_catalog.round(extract(epoch from pg_catalog.clock_timestamp() - applied_at) * 1000) where source = ${source} and version = ${version}${condition} returning source, version, applied_at) insert into ${tables.log} (run_id, source, migration_version, step, action, status, started_at, completed_at, execution_context) select ${quoteLiteral(stamp.runId)}, source, version, 0, 'apply', 'completed', applied_at, pg_catalog.clock_timestamp(), ${quoteLiteral(stamp.context)} from done`;
}

/** Takes the history row away before the way down runs; raises where it is gone already. Answers `SELECT 1`. */
export function claimRollback(tables: HistoryTables, key: MigrationKey, guard: string): string {
  return deleteRow(tables, { ...keyValues(key), condition: '' }, guard);
}

export function deleteRow(
  tables: HistoryTables,
  { source, version, condition }: SqlKey,
  guard: string,
): string {
  return `with gone as (delete from ${tables.migrations} where source = ${source} and version = ${version}${condition} returning 1) select (1 / (pg_catalog.count(*)::int)) * (${guard}) from gone`;
}

/** Writes the journal of an undone migration; answers `INSERT 0 1`. */
export function finishRollback(tables: HistoryTables, key: MigrationKey, stamp: RunStamp): string {
  return journalRollback(tables, { ...keyValues(key), condition: '' }, stamp);
}

export function journalRollback(
  tables: HistoryTables,
  { source, version, condition }: SqlKey,
  stamp: RunStamp,
): string {
  return `insert into ${tables.log} (run_id, source, migration_version, step, action, status, started_at, completed_at, execution_context) select ${quoteLiteral(stamp.runId)}, ${source}, ${version}, 0, 'rollback', 'completed', pg_catalog.transaction_timestamp(), pg_catalog.clock_timestamp(), ${quoteLiteral(stamp.context)}${condition}`;
}

export type JournalAction = 'apply' | 'rollback';

/** One step of a migration that has several. */
export interface JournalStep {
  readonly key: MigrationKey;
  readonly action: JournalAction;
  readonly step: number;
  readonly hash: string;
  /** JSON of what was found before a step that no transaction protects; null for others. */
  readonly preState: string | null;
  /** Of a repeatable migration: its row settles it only with this checksum. Null for all others. */
  readonly repeatedChecksum: string | null;
}

/**
 * Claims one step: the unique index on open steps refuses a second runner, and a division by zero one that comes
 * after the migration was finished (or undone) by somebody else. Answers `INSERT 0 1`.
 */
export function claimStep(tables: HistoryTables, step: JournalStep, stamp: RunStamp, guard: string): string {
  const same = step.repeatedChecksum === null ? '' : ` and checksum = ${quoteLiteral(step.repeatedChecksum)}`;
  const applied = `exists (select from ${tables.migrations} where ${where(step.key)}${step.action === 'apply' ? same : ''})`;
  const due = step.action === 'apply' ? `not ${applied}` : applied;
  return insertStep(tables, step, { stamp, number: `${step.step} / (${due})::int * (${guard})` });
}

function insertStep(
  tables: HistoryTables,
  step: JournalStep,
  { stamp, number }: { readonly stamp: RunStamp; readonly number: string },
): string {
  return `insert into ${tables.log} (run_id, source, migration_version, step, action, status, execution_context, step_hash, pre_state, open) values (${quoteLiteral(stamp.runId)}, ${quoteLiteral(step.key.source)}, ${quoteLiteral(step.key.version)}, ${number}, '${step.action}', 'started', ${quoteLiteral(stamp.context)}, ${quoteLiteral(step.hash)}, ${literal(step.preState)}, true)`;
}

/** Takes back a claim that somebody else's COMMIT has kept: the row of this run that was never finished. */
export function forgetClaim(tables: HistoryTables, key: MigrationKey, stamp: RunStamp): string {
  return `delete from ${tables.migrations} where ${where(key)} and run_id = ${quoteLiteral(stamp.runId)} and execution_time_ms is null`;
}

/** Says of a step that it was begun and that nobody knows what became of it; answers `INSERT 0 1`. */
export function leaveStepOpen(tables: HistoryTables, step: JournalStep, stamp: RunStamp): string {
  return insertStep(tables, step, { stamp, number: String(step.step) });
}

/** The journal row of a step that was begun in a migration that is not finished. */
export const whereOpenStep = ({ key, action, step }: JournalStep): string =>
  `${whereLog(key)} and action = '${action}' and step = ${step} and open`;

/** Marks a claimed step as completed; answers `UPDATE 1`. */
export function completeStep(tables: HistoryTables, step: JournalStep): string {
  return `update ${tables.log} set status = 'completed', completed_at = pg_catalog.clock_timestamp() where ${whereOpenStep(step)}`;
}

/** Forgets a claimed step whose work was cleaned up, so that it can be claimed again; answers `UPDATE 1`. */
export function failStep(tables: HistoryTables, step: JournalStep, message: string): string {
  return `update ${tables.log} set status = 'failed', completed_at = pg_catalog.clock_timestamp(), error_message = ${quoteLiteral(message)}, open = false where ${whereOpenStep(step)}`;
}

/** Closes a migration of several steps: history row, journal row, no step open any more. One statement each. */
export function closeApply(
  tables: HistoryTables,
  row: HistoryRow,
  stamp: RunStamp,
  guard: string,
): readonly string[] {
  return [
    claimApply(tables, row, stamp, guard),
    `update ${tables.migrations} m set applied_at = l.began from (select pg_catalog.min(started_at) as began from ${tables.log} where ${whereLog(row)} and open) l where m.${where(row).replace(' and version', ' and m.version')} and l.began is not null`,
    finishApply(tables, row, stamp),
    closeSteps(tables, row),
  ];
}

export function closeRollback(
  tables: HistoryTables,
  key: MigrationKey,
  stamp: RunStamp,
  guard: string,
): readonly string[] {
  return [claimRollback(tables, key, guard), finishRollback(tables, key, stamp), closeSteps(tables, key)];
}

export function closeSteps(tables: HistoryTables, key: MigrationKey): string {
  return `update ${tables.log} set open = false where ${whereLog(key)} and open`;
}

/** A journal row that stands alone: a failure (written after the ROLLBACK, or it would vanish), a repair. */
export function logRow(
  tables: HistoryTables,
  entry: {
    readonly key: MigrationKey;
    readonly action: JournalAction | 'repair' | 'verify';
    readonly status: 'completed' | 'failed';
    readonly step: number;
    readonly message: string | null;
  },
  stamp: Pick<RunStamp, 'runId' | 'context'>,
): string {
  return `insert into ${tables.log} (run_id, source, migration_version, step, action, status, completed_at, error_message, execution_context) values (${quoteLiteral(stamp.runId)}, ${quoteLiteral(entry.key.source)}, ${quoteLiteral(entry.key.version)}, ${entry.step}, '${entry.action}', '${entry.status}', pg_catalog.clock_timestamp(), ${literal(entry.message)}, ${quoteLiteral(stamp.context)})`;
}

/** Puts a label on one history row; answers `UPDATE 1`. */
export function tagRow(tables: HistoryTables, key: MigrationKey, tag: string): string {
  return `update ${tables.migrations} set tags = pg_catalog.array_append(tags, ${quoteLiteral(tag)}) where ${where(key)}`;
}

/**
 * Takes over what a file says now whose present content a person accepted: checksums, metadata, and the way back,
 * which would otherwise still be the old one on the day when the file is gone. Answers `UPDATE 1`.
 */
export function replaceContent(tables: HistoryTables, row: HistoryRow): string {
  const values = {
    name: quoteLiteral(row.name),
    release: literal(row.release),
    description: literal(row.description),
    author: literal(row.author),
    checksum: quoteLiteral(row.checksum),
    checksum_tokens: quoteLiteral(row.tokenChecksum),
    depends: textArray(row.depends),
    rollback_available: String(row.rollbackAvailable),
    down_script: literal(row.downScript),
    down_script_hash: literal(row.downScriptHash),
  };
  const set = Object.entries(values).map(([column, value]) => `${column} = ${value}`);
  return `update ${tables.migrations} set ${set.join(', ')} where ${where(row)}`;
}

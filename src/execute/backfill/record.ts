import type { BackfillStep, RestoreStep } from '../../migration/step.js';
import { claimStep, type JournalStep } from '../../history/index.js';
import { quoteLiteral } from '../../sql/quote.js';
import { journalStep } from '../history-parts.js';
import type { StepRun } from '../step-run.js';
import { ours } from '../parts.js';
import type { Run } from '../run.js';
import { sendParts } from '../send-parts.js';
import type { Position } from './order.js';

/** How far a backfill has come, as its row says. */
export interface BackfillRecord {
  readonly id: string;
  readonly relation: number | null;
  readonly cursor: Position | null;
  readonly keyColumns: readonly string[];
  readonly pass: number;
  readonly conflicts: readonly Position[];
  readonly finished: boolean;
  readonly total: number | null;
  readonly done: number;
  readonly changed: number;
  readonly passChanged: number;
  readonly failed: number;
  readonly pausedAt: string | null;
  readonly pausedBy: string | null;
}

type OwnStep = BackfillStep | RestoreStep;
export type OwnStepRun = StepRun & { readonly step: OwnStep };

/** Condition on the row of a step, in `backfills` as in `migration_errors`. */
export function ownRow(run: Run, stepRun: Pick<OwnStepRun, 'planned' | 'step'>): string {
  const { source, version } = stepRun.planned.migration;
  const action = run.direction === 'up' ? 'apply' : 'rollback';
  return `source = ${quoteLiteral(source)} and migration_version = ${quoteLiteral(version)} and action = '${action}' and step = ${stepRun.step.number}`;
}

/** The columns of `ownRow`, as values of an INSERT. */
export function ownValues(run: Run, stepRun: Pick<OwnStepRun, 'planned' | 'step'>): string {
  const { source, version } = stepRun.planned.migration;
  const action = run.direction === 'up' ? 'apply' : 'rollback';
  return `${quoteLiteral(source)}, ${quoteLiteral(version)}, '${action}', ${stepRun.step.number}`;
}

/** The row of an interrupted run, or null where this step has not begun. */
export async function readRecord(run: Run, stepRun: OwnStepRun): Promise<BackfillRecord | null> {
  const rows = await run.session.query<Record<string, unknown>>(/* sql */ `
    select id::text as id, relation::int8::text as relation, cursor, key_columns, pass, conflicts, finished,
           total::text as total, done::text as done, changed::text as changed, pass_changed::text as pass_changed,
           failed::text as failed, paused_at::text as paused_at, paused_by
    from ${run.tables.backfills} where ${ownRow(run, stepRun)}`);
  const row = rows[0];
  if (row === undefined) return null;
  return {
    id: row['id'] as string,
    relation: row['relation'] === null ? null : Number(row['relation']),
    cursor: row['cursor'] as Position | null,
    keyColumns: row['key_columns'] as string[],
    pass: row['pass'] as number,
    conflicts: row['conflicts'] as Position[],
    finished: row['finished'] === true,
    total: row['total'] === null ? null : Number(row['total']),
    done: Number(row['done']),
    changed: Number(row['changed']),
    passChanged: Number(row['pass_changed']),
    failed: Number(row['failed']),
    pausedAt: row['paused_at'] as string | null,
    pausedBy: row['paused_by'] as string | null,
  };
}

/** Whether the journal has this step as begun: then its row tells where to go on. */
export function isBegun({ planned, step }: OwnStepRun): boolean {
  return planned.open.some((open) => open.step === step.number && open.status === 'started');
}

/** Claims the step and begins its row, in one transaction; what an earlier and settled attempt left is forgotten. */
export async function beginRecord(
  run: Run,
  stepRun: OwnStepRun,
  about: { readonly table: string; readonly total: number | null },
): Promise<void> {
  const { tables, stamp } = run;
  const total = about.total === null ? 'null' : String(Math.round(about.total));
  await sendParts(run.session, [
    ours('begin', 'BEGIN'),
    ours(claimStep(tables, journalOf(run, stepRun), stamp, run.guard), 'INSERT 0 1'),
    ours(`delete from ${tables.errors} where ${ownRow(run, stepRun)}`),
    ours(`delete from ${tables.backfills} where ${ownRow(run, stepRun)}`),
    ours(
      `insert into ${tables.backfills} (source, migration_version, action, step, run_id, pid, table_name, total) values (${ownValues(run, stepRun)}, ${quoteLiteral(stamp.runId)}, pg_catalog.pg_backend_pid(), ${quoteLiteral(about.table)}, ${total})`,
    ),
    ours('commit', 'COMMIT'),
  ]);
}

/** A run that goes on says that the row is its own now. */
export async function adoptRecord(run: Run, stepRun: OwnStepRun): Promise<void> {
  await sendParts(run.session, [
    ours(
      `update ${run.tables.backfills} set run_id = ${quoteLiteral(run.stamp.runId)}, pid = pg_catalog.pg_backend_pid(), updated_at = pg_catalog.clock_timestamp() where ${ownRow(run, stepRun)}`,
      'UPDATE 1',
    ),
  ]);
}

/** The step's journal row; it stays open while the backfill is not finished, also after a failure. */
export function journalOf(run: Run, stepRun: OwnStepRun): JournalStep {
  return journalStep(run, stepRun, JSON.stringify({ kind: 'backfill' }));
}

/** What one batch did to the row, in SQL for its SET list. */
export interface Advance {
  /** Rows passed: a number, or SQL that counts them. */
  readonly rows: number | string;
  readonly set: Readonly<Record<string, string>>;
}

/** Name of the setting that carries the number of changed rows from the batch's statement to its record. */
export const rowsSetting = 'lockkeeper.rows';

/**
 * Writes how far the batch has come, in the batch's own transaction, and asks whether to go on. Raises where the run
 * has lost its lock. Gives one row: paused, changed by the batch, milliseconds so far, rows done in all.
 */
export function advanceSql(run: Run, stepRun: OwnStepRun, { rows, set }: Advance): string {
  const changed = `pg_catalog.current_setting('${rowsSetting}')::bigint`;
  const all: Readonly<Record<string, string>> = {
    done: `done + ${rows} * (${run.guard})`,
    changed: `changed + ${changed}`,
    pass_changed: `pass_changed + ${changed}`,
    batches: 'batches + 1',
    updated_at: 'pg_catalog.clock_timestamp()',
    ...set,
  };
  const list = Object.entries(all).map(([column, expression]) => `${column} = ${expression}`);
  return `with lockkeeper_row as (update ${run.tables.backfills} set ${list.join(', ')} where ${ownRow(run, stepRun)} returning paused_at, done) select paused_at is not null, ${changed}::text, (extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.transaction_timestamp()) * 1000)::text, done::text from lockkeeper_row`;
}

export const positionLiteral = (position: Position | null): string =>
  position === null ? 'null' : `${quoteLiteral(JSON.stringify(position))}::jsonb`;

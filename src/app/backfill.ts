import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import {
  type BackfillRow,
  flagBackfill,
  forgetSaved,
  readBackfills,
  versionOfBackfills,
} from '../history/index.js';
import { historyLockKey, lockHolder } from '../pg/index.js';
import { type Ask, confirmDanger } from './confirm.js';
import type { BackfillItem, BackfillOptions, BackfillReport } from './lockkeeper.js';
import { prepareToRead, type Prepared } from './prepare-read.js';
import { withDatabase } from './session.js';

/**
 * Shows the backfills of a database, pauses or resumes them, or drops the old values that they kept. It takes no lock:
 * a running backfill is told by its own row, which it looks at with every batch.
 * @throws {MIGRATION_NOT_FOUND} there is no such backfill, or none that could be paused or resumed.
 */
export async function backfills(
  config: ResolvedConfig,
  context: Context,
  request: { readonly options: BackfillOptions; readonly ask: Ask | undefined },
): Promise<BackfillReport> {
  const { action = 'status' } = request.options;
  return await withDatabase(config, context, async (opened) => {
    const prepared = await prepareToRead(config, opened);
    const rows = await rowsOf(prepared, request.options.version);
    const { session } = opened;
    const { tables } = prepared;
    if (action === 'pause' || action === 'resume') {
      const paused = action === 'pause';
      const due = rows.filter((row) => row.open && (row.pausedAt !== null) !== paused);
      if (due.length === 0) throw nothingTo(action, rows);
      for (const row of due) await flagBackfill(session, tables, { row, paused });
    }
    if (action === 'forget')
      await forget(config, prepared, { rows, ask: request.ask, options: request.options });
    const now = action === 'status' ? rows : await rowsOf(prepared, request.options.version);
    const worker = await workerOf(config, prepared);
    return { backfills: now.map((row) => itemOf(row, worker)) };
  });
}

async function rowsOf(prepared: Prepared, version: string | undefined): Promise<readonly BackfillRow[]> {
  const { opened, tables, installation } = prepared;
  if (installation.schemaVersion < versionOfBackfills) return [];
  const rows = await readBackfills(opened.session, tables);
  if (version === undefined) return rows;
  const named = rows.filter((row) => row.version === version || version.startsWith(`${row.version}_`));
  if (named.length > 0) return named;
  throw new LockkeeperError('MIGRATION_NOT_FOUND', {
    message: `No backfill of a migration "${version}" has begun in this database.`,
    hint: 'Give the version as `lockkeeper backfill status` shows it.',
    details: { word: version },
  });
}

function nothingTo(action: 'pause' | 'resume', rows: readonly BackfillRow[]): LockkeeperError {
  const open = rows.filter((row) => row.open).length;
  const state =
    open === 0
      ? 'No backfill is under way'
      : action === 'pause'
        ? 'Every backfill is paused already'
        : 'No backfill is paused';
  return new LockkeeperError('MIGRATION_NOT_FOUND', {
    message: `${state}, so there is nothing to ${action}.`,
    hint: 'Look at `lockkeeper backfill status`.',
  });
}

async function forget(
  config: ResolvedConfig,
  prepared: Prepared,
  about: {
    readonly rows: readonly BackfillRow[];
    readonly ask: Ask | undefined;
    readonly options: BackfillOptions;
  },
): Promise<void> {
  const due = about.rows.filter((row) => row.savedTable !== null && !row.open);
  if (due.length === 0) {
    throw new LockkeeperError('MIGRATION_NOT_FOUND', {
      message: 'No finished backfill keeps old values, so there is nothing to forget.',
      hint: 'Look at `lockkeeper backfill status`.',
    });
  }
  await confirmDanger(
    config,
    {
      verb: 'backfill forget',
      message: `Drop the old values of ${due.length} backfill(s)? Their way back is then gone.`,
      plan: due.map((row) => `${row.version} ${row.table} (${row.savedColumns.join(', ')})`),
    },
    { ...about.options, ask: about.ask },
  );
  for (const row of due) await forgetSaved(prepared.opened.session, prepared.tables, row);
}

/** The backend that holds the migration lock: only its backfill is running. */
async function workerOf(config: ResolvedConfig, { opened }: Prepared): Promise<number | null> {
  const holder = await lockHolder(
    opened.session,
    historyLockKey(config.history.schema, config.history.table),
  );
  return holder?.pid ?? null;
}

function itemOf(row: BackfillRow, worker: number | null): BackfillItem {
  const state = !row.open
    ? row.completedAt === null
      ? 'abandoned'
      : 'done'
    : row.pid === worker
      ? 'running'
      : row.pausedAt !== null
        ? 'paused'
        : 'interrupted';
  return {
    version: row.version,
    direction: row.action === 'apply' ? 'up' : 'down',
    step: row.step,
    table: row.table,
    state,
    done: row.done,
    total: row.total,
    percent: percentOf(row),
    changed: row.changed,
    failed: row.failed,
    batches: row.batches,
    key: row.key,
    cursor: row.cursor,
    pausedAt: row.pausedAt,
    pausedBy: row.pausedBy,
    startedAt: row.startedAt,
    updatedAt: row.updatedAt,
    completedAt: row.completedAt,
    keepsOldValues: row.savedTable !== null,
  };
}

/** Against an estimate, so an unfinished one never says 100. */
export function percentOf(row: Pick<BackfillRow, 'done' | 'total' | 'completedAt'>): number | null {
  if (row.completedAt !== null) return 100;
  if (row.total === null || row.total === 0) return null;
  return Math.min(99, Math.floor((row.done / row.total) * 100));
}

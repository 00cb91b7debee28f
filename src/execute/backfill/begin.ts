import { LockkeeperError } from '../../core/errors.js';
import { ourRole } from '../parts.js';
import type { Run } from '../run.js';
import { sendParts } from '../send-parts.js';
import { paused, progressText } from './failure.js';
import { Pace } from './pace.js';
import {
  adoptRecord,
  type BackfillRecord,
  beginRecord,
  isBegun,
  type OwnStepRun,
  ownRow,
  readRecord,
} from './record.js';
import { ensureSavedTable } from './saved.js';
import type { BackfillRun, Work } from './state.js';
import { readTarget, type Relation, type Target } from './target.js';

/**
 * Begins a backfill, or takes up the one of an interrupted run where its last batch left it.
 * @throws {BACKFILL_IMPOSSIBLE} {BACKFILL_PAUSED} {RECOVERY_CHANGED} the key is another than the one walked along so far
 */
export async function beginWork(run: Run, stepRun: BackfillRun): Promise<Work> {
  const { shape, backfill } = stepRun.step;
  await sendParts(run.session, stepRun.replay);
  const target = await readTarget(run.session, shape, backfill.settings);
  if (stepRun.replay.length > 0) await sendParts(run.session, [ourRole]);
  const record = await takeRecord(run, stepRun, { table: shape.table, total: target.total });
  const [relation, cursor] = whereToGoOn(target, record);
  const savedTable = backfill.settings.undo
    ? await ensureSavedTable(run, stepRun, { id: record.id, columns: shape.columns, target })
    : null;
  if (relation !== null) await noteKey(run, stepRun, { record, relation });
  return {
    run,
    stepRun,
    target,
    pace: new Pace(backfill.settings),
    savedTable,
    relation: relation ?? (target.relations[0] as Relation),
    cursor,
    conflicts: record.conflicts,
    pass: record.pass,
    passChanged: record.passChanged,
    done: record.done,
    changed: record.changed,
    failed: record.failed,
    batches: 0,
    retries: 0,
    paused: false,
    finished: record.finished || relation === null,
    total: Math.max(record.total ?? 0, Math.round(target.total)),
    without: await placesAside(run, stepRun),
  };
}

/** The row of the interrupted run, which is this run's from here on, or a new one. @throws {BACKFILL_PAUSED} */
export async function takeRecord(
  run: Run,
  stepRun: OwnStepRun,
  about: { readonly table: string; readonly total: number },
): Promise<BackfillRecord> {
  const found = isBegun(stepRun) ? await readRecord(run, stepRun) : null;
  if (found !== null && found.pausedAt !== null) throw paused(stepRun, found);
  if (found === null) {
    await beginRecord(run, stepRun, about);
  } else {
    await adoptRecord(run, stepRun);
    run.context.events.emit('recovery:decision', {
      version: stepRun.planned.migration.version,
      step: stepRun.step.number,
      decision: 'again',
      why: `It goes on behind its last batch: ${progressText(found)}.`,
    });
  }
  const record = await readRecord(run, stepRun);
  if (record === null) throw new LockkeeperError('INTERNAL', { message: 'The row of a backfill is gone.' });
  return record;
}

/** The table at work may be gone meanwhile (a detached partition): then the next one is begun. */
function whereToGoOn(target: Target, record: BackfillRecord): [Relation | null, readonly string[] | null] {
  if (record.finished) return [null, null];
  const from = record.relation ?? 0;
  const relation = target.relations.find(({ oid }) => oid >= from) ?? null;
  return [relation, relation !== null && relation.oid === record.relation ? record.cursor : null];
}

/** A position means something only along the key that it was taken from. */
async function noteKey(
  run: Run,
  stepRun: BackfillRun,
  about: { readonly record: BackfillRecord; readonly relation: Relation },
): Promise<void> {
  const { record, relation } = about;
  const columns = relation.order.columns.map(({ name }) => name);
  if (record.cursor !== null && record.keyColumns.length > 0 && record.keyColumns.join() !== columns.join()) {
    const { version } = stepRun.planned.migration;
    throw new LockkeeperError('RECOVERY_CHANGED', {
      message: `The backfill of migration ${version} was interrupted while it walked along (${record.keyColumns.join(', ')}), and would go on along (${columns.join(', ')}).`,
      hint: `Name the first key with the option key; or begin again: lockkeeper mark ${version} --pending --why "…".`,
      details: { version, before: record.keyColumns, now: columns },
    });
  }
  await run.session.query(
    `update ${run.tables.backfills} set key_columns = $1 where ${ownRow(run, stepRun)} and key_columns is distinct from $1`,
    [columns],
  );
}

async function placesAside(run: Run, stepRun: BackfillRun): Promise<string[]> {
  const rows = await run.session.query<{ place: string }>(
    `select row_key ->> 'ctid' as place from ${run.tables.errors} where ${ownRow(run, stepRun)} and row_key ? 'ctid'`,
  );
  return rows.map(({ place }) => place);
}

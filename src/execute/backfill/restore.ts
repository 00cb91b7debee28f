import type { StepReport } from '../../core/report.js';
import { completeStep } from '../../history/index.js';
import { type BackfillSettings, resolveBackfill } from '../../migration/backfill.js';
import type { RestoreStep } from '../../migration/step.js';
import { quoteIdent, quoteLiteral, quoteQualified } from '../../sql/quote.js';
import type { StepRun } from '../step-run.js';
import { cancellable } from '../interrupt.js';
import { ours } from '../parts.js';
import type { Run } from '../run.js';
import { sendParts } from '../send-parts.js';
import { analyzeTable } from './analyze.js';
import { batchSettings } from './batch.js';
import { takeRecord } from './begin.js';
import { sameRowSql, valuesSql } from './batch-sql.js';
import { backOff, rest, stopIfAsked } from './between.js';
import { judge, rowRefused, statementRefused } from './failure.js';
import { LagWatch } from './lag.js';
import { keyObject, type Position } from './order.js';
import { Pace } from './pace.js';
import { ProgressTeller } from './progress.js';
import { journalOf, ownRow, readRecord } from './record.js';
import { readTarget, type Relation } from './target.js';

export type RestoreRun = StepRun & { readonly step: RestoreStep };

/** Everything that one way back knows while it runs. */
interface RestoreWork {
  readonly run: Run;
  readonly stepRun: RestoreRun;
  readonly settings: BackfillSettings;
  readonly pace: Pace;
  readonly savedTable: string;
  readonly relations: readonly Relation[];
  relation: Relation;
  /** The kept rows before it are gone; looking for them again would read what they left in the index. */
  after: string;
  done: number;
  changed: number;
  readonly total: number;
  readonly pass: number;
  batches: number;
  retries: number;
  paused: boolean;
}

/**
 * Puts old values back, in batches, at the pace of a backfill. A kept row is deleted in the transaction that restores it,
 * so the table of kept rows is itself the position, and nothing is restored twice. A row whose columns are no longer what
 * the backfill wrote was edited since, and is left as it is.
 * @throws {BACKFILL_PAUSED} {BACKFILL_ROW_REFUSED} {INTERRUPTED}, after a complete batch
 */
export async function runRestoreStep(run: Run, stepRun: RestoreRun): Promise<StepReport> {
  const began = run.context.now();
  const work = await beginRestore(run, stepRun);
  const teller = new ProgressTeller(work, 'putting old values back');
  const lag = new LagWatch(run, work.settings.maxLagMs);
  teller.tell();
  for (const relation of work.relations) {
    work.relation = relation;
    work.after = '0';
    while (await oneBatch(work)) {
      teller.tell();
      await rest(work, { lag, teller });
    }
  }
  teller.tell(true);
  if (work.changed > 0) await analyzeTable(run, stepRun, stepRun.step.saved.table);
  await finish(work);
  return {
    step: stepRun.step.number,
    transaction: false,
    statements: work.batches,
    durationMs: run.context.now() - began,
    retries: work.retries,
  };
}

async function beginRestore(run: Run, stepRun: RestoreRun): Promise<RestoreWork> {
  const { saved } = stepRun.step;
  const { settings } = resolveBackfill({}, { transform: false });
  const savedTable = quoteQualified(run.tables.schema, saved.savedTable);
  const total = await countRows(run, savedTable);
  const record = await takeRecord(run, stepRun, { table: saved.table, total });
  const relations = await relationsOf(run, stepRun, settings);
  return {
    run,
    stepRun,
    settings,
    pace: new Pace(settings),
    savedTable,
    relations,
    relation: relations[0] as Relation,
    after: '0',
    done: record.done,
    changed: record.changed,
    total: record.total ?? total,
    pass: 1,
    batches: 0,
    retries: 0,
    paused: false,
  };
}

async function countRows(run: Run, savedTable: string): Promise<number> {
  const rows = await run.session.query<{ n: string }>(`select count(*)::text as n from ${savedTable}`);
  return Number(rows[0]?.n ?? 0);
}

/** The tables that hold the rows now; one that is gone took its rows with it. */
async function relationsOf(
  run: Run,
  { step }: RestoreRun,
  settings: BackfillSettings,
): Promise<readonly Relation[]> {
  const { saved } = step;
  const shape = {
    kind: 'update' as const,
    table: saved.table,
    only: false,
    alias: 'lk',
    head: '',
    middle: '',
    from: null,
    where: 'true',
    columns: saved.columns,
  };
  return (await readTarget(run.session, shape, settings)).relations;
}

/** Runs one batch, however often it has to be tried. Gives false when nothing of the present table is left to restore. */
async function oneBatch(work: RestoreWork): Promise<boolean> {
  const { run, stepRun, pace } = work;
  for (let retries = 0; ;) {
    try {
      const { taken, serverMs } = await restoreBatch(work);
      work.retries += retries;
      if (taken > 0) {
        work.batches += 1;
        pace.took(serverMs, taken);
      }
      return taken > 0;
    } catch (error) {
      await run.session.rollBack();
      const verdict = judge(error, run);
      if (verdict === 'final') throw statementRefused(stepRun, error, retries);
      if (verdict === 'row') {
        if (pace.rows === 1) throw await refusedRow(work, error);
        pace.narrow();
      } else {
        if (verdict === 'locked') await backOff(work, error, (retries += 1));
        pace.slower();
      }
      stopIfAsked(work);
    }
  }
}

/** The next kept row is the one to blame. */
async function refusedRow(work: RestoreWork, error: unknown): Promise<unknown> {
  const { run, stepRun, relation, savedTable, after } = work;
  const rows = await run.session.query<{ key: Position }>(
    `select row_key as key from ${savedTable} where relation = ${relation.oid} and id > ${after} order by id limit 1`,
  );
  const key = keyObject(relation.order, rows[0]?.key ?? []);
  return rowRefused(stepRun, { table: relation.name, key, error, aside: 0 });
}

interface Restored {
  readonly taken: number;
  readonly serverMs: number;
}

async function restoreBatch(work: RestoreWork): Promise<Restored> {
  const { run } = work;
  const text = [
    'begin',
    ...batchSettings(work, work.settings.synchronousCommit),
    // Each row is found by its key. With many rows the planner would rather read the whole table, for every batch.
    'set local enable_hashjoin = off',
    'set local enable_mergejoin = off',
    restoreSql(work),
    'commit',
  ].join(';\n');
  const answers = await cancellable(run, () => run.session.queryMany(text));
  const row = answers.at(-1)?.[0];
  if (row === undefined) throw new Error('The row of the way back is gone.');
  work.paused = row[0] === true;
  work.done = Number(row[3]);
  work.changed = Number(row[4]);
  if (row[5] !== null) work.after = String(row[5]);
  return { taken: Number(row[1]), serverMs: Number(row[2]) };
}

/** Gives one row: paused, rows taken, milliseconds so far, rows done and restored in all, the last kept row. */
function restoreSql({ run, stepRun, relation, savedTable, after, pace }: RestoreWork): string {
  const { columns } = stepRun.step.saved;
  const list = columns.map((column) => {
    const name = quoteIdent(column);
    return `${name} = case when s.before ? ${quoteLiteral(column)} then r.${name} else lk.${name} end`;
  });
  const now = `(select pg_catalog.jsonb_object_agg(e.key, e.value) from pg_catalog.jsonb_each(${valuesSql('lk', columns)}) as e where s.after ? e.key)`;
  return `with taken as (delete from ${savedTable} where id in (select id from ${savedTable} where relation = ${relation.oid} and id > ${after} order by id limit ${pace.rows}) returning id, row_key, before, after),
restored as (update only ${relation.name} as lk set ${list.join(', ')} from taken as s, lateral pg_catalog.jsonb_populate_record(null::${relation.name}, s.before) as r where ${sameRowSql(relation.order, 'lk', 's.row_key')} and ${now} = s.after returning 1),
counted as (select (select pg_catalog.count(*) from taken) as taken, (select pg_catalog.count(*) from restored) as restored, (select pg_catalog.max(id) from taken) as last),
noted as (update ${run.tables.backfills} b set done = done + taken * (${run.guard}), changed = changed + restored, failed = failed + taken - restored, batches = batches + sign(taken)::int, updated_at = pg_catalog.clock_timestamp() from counted where ${ownRow(run, stepRun)} returning paused_at, done, changed)
select noted.paused_at is not null, counted.taken::text, (extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.transaction_timestamp()) * 1000)::text, noted.done::text, noted.changed::text, counted.last::text from counted, noted`;
}

/** Everything is back: the kept values go, with the record of the way up. */
async function finish({ run, stepRun, savedTable }: RestoreWork): Promise<void> {
  const record = await readRecord(run, stepRun);
  const { source, version } = stepRun.planned.migration;
  await sendParts(run.session, [
    ours('begin', 'BEGIN'),
    ours(`drop table ${savedTable}`),
    ours(
      `delete from ${run.tables.backfills} where source = ${quoteLiteral(source)} and migration_version = ${quoteLiteral(version)} and action = 'apply' and step = ${stepRun.step.saved.ofStep}`,
    ),
    ours(
      `update ${run.tables.backfills} set finished = true, completed_at = pg_catalog.clock_timestamp() where ${ownRow(run, stepRun)}`,
    ),
    ours(completeStep(run.tables, journalOf(run, stepRun)), 'UPDATE 1'),
    ours('commit', 'COMMIT'),
  ]);
  const edited = record?.failed ?? 0;
  if (edited === 0) return;
  run.context.events.emit('warning', {
    code: 'rows-edited-since',
    message: `${edited} of the rows that migration ${version} had changed in ${stepRun.step.saved.table} were edited or deleted since, and are left as they are; ${record?.changed ?? 0} have their old values again.`,
  });
}

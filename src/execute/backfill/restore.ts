import type { StepReport } from '../../core/report.js';
import { completeStep } from '../../history/index.js';
import type { RestoreStep } from '../../migration/step.js';
import { quoteIdent, quoteLiteral, quoteQualified } from '../../sql/quote.js';
import type { StepRun } from '../envelope.js';
import { assertNotStopped, cancellable } from '../interrupt.js';
import { ours } from '../parts.js';
import type { Run } from '../run.js';
import { sendParts } from '../send-parts.js';
import { sameRowSql, valuesSql } from './batch-sql.js';
import { beginRecord, isBegun, journalOf, ownRow, readRecord } from './record.js';
import { readTarget, type Relation } from './target.js';

const batchRows = 2000;

type RestoreRun = StepRun & { readonly step: RestoreStep };

/**
 * Puts old values back, in batches. A kept row is deleted in the transaction that restores it, so the table of kept
 * rows is itself the position, and nothing is restored twice. A row whose columns are no longer what the backfill wrote
 * was edited since, and is left as it is.
 */
export async function runRestoreStep(run: Run, stepRun: RestoreRun): Promise<StepReport> {
  const began = run.context.now();
  const { saved } = stepRun.step;
  const savedTable = quoteQualified(run.tables.schema, saved.savedTable);
  const total = await countRows(run, savedTable);
  const fresh = !isBegun(stepRun) || (await readRecord(run, stepRun)) === null;
  if (fresh) await beginRecord(run, stepRun, { table: saved.table, total });
  const relations = await relationsOf(run, stepRun);
  let batches = 0;
  for (const relation of relations) {
    for (;;) {
      assertNotStopped(run);
      const rows = await restoreBatch(run, stepRun, { savedTable, relation });
      if (rows === 0) break;
      batches += 1;
    }
  }
  await finish(run, stepRun, savedTable);
  return {
    step: stepRun.step.number,
    transaction: false,
    statements: batches,
    durationMs: run.context.now() - began,
    retries: 0,
  };
}

async function countRows(run: Run, savedTable: string): Promise<number> {
  const rows = await run.session.query<{ n: string }>(`select count(*)::text as n from ${savedTable}`);
  return Number(rows[0]?.n ?? 0);
}

/** The tables that hold the rows now; one that is gone took its rows with it. */
async function relationsOf(run: Run, { step }: RestoreRun): Promise<readonly Relation[]> {
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
  const settings = {
    key: null,
    batchRows,
    targetMs: 50,
    share: 1,
    maxLagMs: 0,
    maxErrors: 0,
    undo: false,
    analyze: false,
  };
  return (await readTarget(run.session, shape, settings)).relations;
}

async function restoreBatch(
  run: Run,
  stepRun: RestoreRun,
  about: { readonly savedTable: string; readonly relation: Relation },
): Promise<number> {
  const { savedTable, relation } = about;
  const { columns } = stepRun.step.saved;
  const list = columns.map((column) => {
    const name = quoteIdent(column);
    return `${name} = case when s.before ? ${quoteLiteral(column)} then r.${name} else lk.${name} end`;
  });
  const now = `(select pg_catalog.jsonb_object_agg(e.key, e.value) from pg_catalog.jsonb_each(${valuesSql('lk', columns)}) as e where s.after ? e.key)`;
  const text = `begin;
set local lock_timeout = ${run.options.lockTimeoutMs};
with taken as (delete from ${savedTable} where id in (select id from ${savedTable} where relation = ${relation.oid} order by id limit ${batchRows}) returning row_key, before, after),
restored as (update only ${relation.name} as lk set ${list.join(', ')} from taken as s, lateral pg_catalog.jsonb_populate_record(null::${relation.name}, s.before) as r where ${sameRowSql(relation.order, 'lk', 's.row_key')} and ${now} = s.after returning 1),
counted as (select (select pg_catalog.count(*) from taken) as taken, (select pg_catalog.count(*) from restored) as restored),
noted as (update ${run.tables.backfills} b set done = done + taken * (${run.guard}), changed = changed + restored, failed = failed + taken - restored, batches = batches + 1, updated_at = pg_catalog.clock_timestamp() from counted where ${ownRow(run, stepRun)} returning 1)
select taken::text from counted where exists (select from noted);
commit`;
  const answers = await cancellable(run, () => run.session.queryMany(text));
  return Number(answers.at(-1)?.[0]?.[0] ?? 0);
}

/** Everything is back: the kept values go, with the record of the way up. */
async function finish(run: Run, stepRun: RestoreRun, savedTable: string): Promise<void> {
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

import type { StepReport } from '../../core/report.js';
import { completeStep } from '../../history/index.js';
import { quoteLiteral } from '../../sql/quote.js';
import { ourRole, ours } from '../parts.js';
import type { Run } from '../run.js';
import { sendParts } from '../send-parts.js';
import { analyzeTable } from './analyze.js';
import { setAside } from './aside.js';
import { advance, askSlice, runBatch } from './batch.js';
import { backOff, rest, restFor, stopIfAsked } from './between.js';
import { judge, statementRefused } from './failure.js';
import { LagWatch } from './lag.js';
import { ProgressTeller } from './progress.js';
import { journalOf, ownRow } from './record.js';
import { beginWork } from './begin.js';
import type { BackfillRun, Slice, Work } from './state.js';
import { resolveConflicts, runTransform } from './transform.js';

/**
 * Works through the rows of one statement in batches. Each batch is one message and one transaction, which writes how
 * far it has come together with its rows; so a crash at any moment loses nothing and repeats nothing.
 * @throws {BACKFILL_PAUSED} {BACKFILL_ROW_REFUSED} {BACKFILL_IMPOSSIBLE} {INTERRUPTED}, after a complete batch
 */
export async function runBackfillStep(run: Run, stepRun: BackfillRun): Promise<StepReport> {
  const began = run.context.now();
  const work = await beginWork(run, stepRun);
  const teller = new ProgressTeller(work);
  const lag = new LagWatch(run, stepRun.step.backfill.settings.maxLagMs);
  teller.tell();
  let next: Slice | null = null;
  while (!work.finished) {
    next = await oneBatch(work, next);
    teller.tell();
    if (work.finished) break;
    await rest(work, { lag, teller });
  }
  await resolveConflicts(work);
  teller.tell(true);
  await analyze(work);
  await finish(work);
  return {
    step: stepRun.step.number,
    transaction: false,
    statements: work.batches,
    durationMs: run.context.now() - began,
    retries: work.retries,
    backfill: { rows: work.done, changed: work.changed, failed: work.failed },
  };
}

/** Runs one batch, however often it has to be tried, and gives the slice behind it where that is known. */
async function oneBatch(work: Work, known: Slice | null): Promise<Slice | null> {
  const { run, stepRun, pace } = work;
  const { transform } = stepRun.step.backfill;
  let slice = known;
  for (let retries = 0; ;) {
    try {
      await resolveConflicts(work);
      slice ??= await askSlice(work);
      const began = run.context.now();
      const outcome = transform === null ? await runBatch(work, slice) : await runTransform(work, slice);
      pace.took(outcome.serverMs, slice.rows ?? pace.rows);
      work.retries += retries;
      advance(work, slice, outcome);
      await restFor(work, pace.restMs(run.context.now() - began));
      return outcome.next;
    } catch (error) {
      await run.session.rollBack();
      const verdict = judge(error, run);
      if (verdict === 'final') throw statementRefused(stepRun, error, retries);
      if (verdict === 'row' && slice !== null) {
        if (pace.rows === 1) {
          await setAside(work, slice, error);
          return null;
        }
        pace.narrow();
      } else {
        if (verdict === 'locked') await backOff(work, error, (retries += 1));
        pace.slower();
      }
      slice = null;
      stopIfAsked(work);
    }
  }
}

async function analyze(work: Work): Promise<void> {
  const { run, stepRun } = work;
  if (!stepRun.step.backfill.settings.analyze || work.changed === 0) return;
  const { shape } = stepRun.step;
  await analyzeTable(run, stepRun, shape.only ? work.relation.name : shape.table);
}

async function finish(work: Work): Promise<void> {
  const { run, stepRun } = work;
  const { tables, session } = run;
  await sendParts(session, [
    ourRole,
    ours('begin', 'BEGIN'),
    ours(
      `update ${tables.backfills} set completed_at = pg_catalog.clock_timestamp(), run_id = ${quoteLiteral(run.stamp.runId)} where ${ownRow(run, stepRun)}`,
      'UPDATE 1',
    ),
    ours(completeStep(tables, journalOf(run, stepRun)), 'UPDATE 1'),
    ours('commit', 'COMMIT'),
  ]);
}

import { isLockkeeperError, type LockkeeperError } from '../core/errors.js';
import type { FailedMigration, MigrationReport, RunReport } from '../core/report.js';
import { redact } from '../core/redact.js';
import { withFullStop } from '../core/text.js';
import { logRow } from '../history/index.js';
import type { Plan, PlannedMigration } from '../plan/plan.js';
import { commitFailure, stepFailure } from './failure.js';
import { announceFinish, assertNotStopped, cancellable } from './interrupt.js';
import { LookAhead } from './look-ahead.js';
import { eventOf, type Progress, runMigration } from './migration.js';
import { MigrationFailedError } from './migration-failed-error.js';
import { ours } from './parts.js';
import type { Run } from './run.js';
import { sendParts } from './send-parts.js';

/** What has happened so far; becomes the report, whichever way the run ends. */
interface Tally {
  readonly began: number;
  applied: MigrationReport[];
  failed: FailedMigration | null;
}

/**
 * Executes a plan, migration by migration.
 * @throws {MigrationFailedError} with a report of the same shape as success.
 */
export async function executePlan(run: Run, plan: Plan): Promise<RunReport> {
  const { events } = run.context;
  const tally: Tally = { began: run.context.now(), applied: [], failed: null };
  events.emit('run:start', {
    runId: run.stamp.runId,
    direction: run.direction,
    environment: run.environment,
    migrations: plan.migrations.map(({ migration }) => ({
      version: migration.version,
      name: migration.name,
    })),
  });
  const stopListening = run.session.onNotice((notice) => {
    events.emit('notice', {
      severity: notice.severity,
      message: notice.message,
      statement: notice.statement,
    });
  });
  const stopAnnouncing = announceFinish(run);
  try {
    if (plan.singleTransaction) await runAllInOne(run, plan, tally);
    else await runEach(run, plan, tally);
  } catch (error) {
    throw failedRun(run, plan, { tally, error });
  } finally {
    stopListening();
    stopAnnouncing();
  }
  const report = reportOf(run, plan, tally);
  events.emit('run:success', { report });
  return { ...report, warnings: [...plan.warnings, ...events.faults] };
}

async function runEach(run: Run, plan: Plan, tally: Tally): Promise<void> {
  const ahead = new LookAhead(run, plan);
  for (const [index, planned] of plan.migrations.entries()) {
    if (!ahead.holds(planned)) assertNotStopped(run);
    await runOne(run, planned, {
      tally,
      ahead,
      index,
      total: plan.migrations.length,
      insideSingleTransaction: plan.singleTransaction,
    });
  }
}

async function runAllInOne(run: Run, plan: Plan, tally: Tally): Promise<void> {
  await run.session.send('begin');
  try {
    await runEach(run, plan, tally);
    await commitAll(run, plan);
  } catch (error) {
    tally.applied = [];
    if (run.session.lost === null && run.session.transactionStatus !== 'I')
      await run.session.send('rollback');
    const failed = plan.migrations.find(({ migration }) => migration.version === tally.failed?.version);
    if (failed !== undefined && isLockkeeperError(error))
      await journalFailure(run, failed, { failure: error, step: 1 });
    throw error;
  }
}

async function commitAll(run: Run, plan: Plan): Promise<void> {
  try {
    await cancellable(run, () => sendParts(run.session, [ours('commit', 'COMMIT')]));
  } catch (error) {
    const last = plan.migrations.at(-1);
    throw last === undefined ? error : redact(commitFailure(error, last, run.context.stop.cancel.aborted));
  }
}

interface Turn {
  readonly tally: Tally;
  readonly ahead: LookAhead;
  readonly index: number;
  readonly total: number;
  readonly insideSingleTransaction: boolean;
}

async function runOne(run: Run, planned: PlannedMigration, turn: Turn): Promise<void> {
  const { events } = run.context;
  const event = eventOf(run, planned);
  const progress: Progress = { steps: [], attempts: { retries: 0, ahead: turn.ahead } };
  events.emit('migration:apply:start', { ...event, index: turn.index, total: turn.total });
  try {
    const report = await runMigration(run, planned, {
      ...progress,
      insideSingleTransaction: turn.insideSingleTransaction,
    });
    turn.tally.applied.push(report);
    events.emit('migration:apply:success', { ...event, report });
  } catch (error) {
    const failure = redact(
      stepFailure(error, planned, {
        cancelled: run.context.stop.cancel.aborted,
        retries: progress.attempts.retries,
        lost: run.session.lost !== null,
      }),
    );
    const completedSteps = turn.insideSingleTransaction ? [] : [...progress.steps];
    // A stop between steps is no failure of the migration.
    if (failure.code !== 'INTERRUPTED' || progress.steps.length > 0) {
      const { version, name } = planned.migration;
      turn.tally.failed = { version, name, error: failure.toJSON(), completedSteps };
    }
    events.emit('migration:apply:error', { ...event, error: failure.toJSON() });
    if (!turn.insideSingleTransaction)
      await journalFailure(run, planned, { failure, step: progress.steps.length + 1 });
    throw failure;
  }
}

/** Written in a transaction of its own after the ROLLBACK: in the failed one it would vanish (ENGINE C13). */
async function journalFailure(
  run: Run,
  planned: PlannedMigration,
  what: { readonly failure: LockkeeperError; readonly step: number },
): Promise<void> {
  if (run.session.lost !== null) return; // nowhere to write it; the next run finds the open step
  if (run.session.transactionStatus !== 'I') await run.session.send('rollback');
  const { message, details } = what.failure;
  const detail = details['detail'];
  const entry = {
    key: planned.migration,
    action: run.direction === 'up' ? ('apply' as const) : ('rollback' as const),
    status: 'failed' as const,
    step: what.step,
    message: typeof detail === 'string' ? `${message} ${detail}` : message,
  };
  try {
    await run.session.send(`set session authorization default; reset role`);
    await run.session.send(logRow(run.tables, entry, run.stamp));
  } catch (error) {
    run.context.events.emit('warning', {
      code: 'journal-not-written',
      message: `The failure could not be written to the journal: ${withFullStop(error instanceof Error ? error.message : String(error))}`,
    });
  }
}

function failedRun(run: Run, plan: Plan, end: { readonly tally: Tally; readonly error: unknown }): unknown {
  const { error, tally } = end;
  if (!isLockkeeperError(error)) return error;
  const report = reportOf(run, plan, tally);
  run.context.events.emit('run:error', { report, error: error.toJSON() });
  return new MigrationFailedError(
    error.code,
    {
      message: error.message,
      details: error.details,
      cause: error.cause ?? error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(error.location === undefined ? {} : { location: error.location }),
    },
    report,
  );
}

function reportOf(run: Run, plan: Plan, tally: Tally): RunReport {
  const settled = new Set([...tally.applied.map((done) => done.version), tally.failed?.version]);
  return {
    runId: run.stamp.runId,
    direction: run.direction,
    environment: run.environment,
    batch: run.direction === 'up' && tally.applied.length > 0 ? run.stamp.batch : null,
    applied: tally.applied,
    failed: tally.failed,
    notRun: plan.migrations
      .filter(({ migration }) => !settled.has(migration.version))
      .map(({ migration }) => ({ version: migration.version, name: migration.name })),
    warnings: [...plan.warnings, ...run.context.events.faults],
    durationMs: run.context.now() - tally.began,
  };
}

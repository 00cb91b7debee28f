import { isLockkeeperError, type LockkeeperError } from '../core/errors.js';
import type { FailedMigration, MigrationReport, RunReport, Warning } from '../core/report.js';
import { redact } from '../core/redact.js';
import { withFullStop } from '../core/text.js';
import { logRow } from '../history/index.js';
import type { Step } from '../migration/step.js';
import type { Plan, PlannedMigration } from '../plan/plan.js';
import { committing } from './envelope.js';
import { foreignUnfinished } from './foreign-rows.js';
import { commitFailure, stepFailure } from './failure.js';
import { heedStops, assertNotStopped, cancellable } from './interrupt.js';
import { Unflushed } from './durability.js';
import { explainLoss } from './lease-lost.js';
import { LookAhead } from './look-ahead.js';
import { eventOf, type Progress, runMigration } from './migration.js';
import { MigrationFailedError } from './migration-failed-error.js';
import { lockShareOfPlan, warnOfShortWait } from './lock-share.js';
import { retryableState, sqlstateOf } from './retry.js';
import type { Run } from './run.js';
import { sendParts } from './send-parts.js';
import { type Attempts, pauseBeforeRetry } from './transaction-step.js';

/** What has happened so far; becomes the report, whichever way the run ends. */
interface Tally {
  readonly began: number;
  applied: MigrationReport[];
  failed: FailedMigration | null;
  readonly unflushed: Unflushed;
}

/**
 * Executes a plan, migration by migration.
 * @throws {MigrationFailedError} with a report of the same shape as success.
 */
export async function executePlan(run: Run, plan: Plan): Promise<RunReport> {
  const { events } = run.context;
  const tally: Tally = {
    began: run.context.now(),
    applied: [],
    failed: null,
    unflushed: new Unflushed(run),
  };
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
  const stopHeeding = heedStops(run);
  run.watch.start();
  if (plan.migrations.length > 0) warnOfShortWait(run, run.options.lockTimeoutMs);
  try {
    if (plan.singleTransaction) await runAllInOne(run, plan, tally);
    else await runEach(run, plan, { tally, wholeRetries: null });
  } catch (error) {
    throw failedRun(run, plan, { tally, error, warnings: await tally.unflushed.settle() });
  } finally {
    stopListening();
    stopHeeding();
    await run.watch.stop();
  }
  const report = reportOf(run, plan, tally);
  events.emit('run:success', { report });
  return { ...report, warnings: [...plan.warnings, ...events.faults] };
}

async function runEach(
  run: Run,
  plan: Plan,
  { tally, wholeRetries }: Pick<Turn, 'tally' | 'wholeRetries'>,
): Promise<void> {
  const ahead = new LookAhead(run, plan);
  try {
    for (const [index, planned] of plan.migrations.entries()) {
      if (!ahead.holds(planned)) assertNotStopped(run);
      await runOne(run, planned, { tally, ahead, index, plan, wholeRetries });
    }
  } finally {
    await ahead.functions.drop();
  }
}

/** One transaction for the whole plan: a lock that is not to be had rolls all of it back, and all of it is tried again. */
async function runAllInOne(run: Run, plan: Plan, tally: Tally): Promise<void> {
  for (let retries = 0; ; retries += 1) {
    try {
      await sendParts(run.session, [...run.frame.begin('single-transaction'), ...lockShareOfPlan(run, plan)]);
      run.watch.renewBudget();
      await runEach(run, plan, { tally, wholeRetries: retries });
      await commitAll(run, plan);
      return;
    } catch (error) {
      tally.applied = [];
      await run.session.rollBack();
      if (error instanceof TryWholeAgain) {
        await pauseBeforeRetry(run, error, { attempt: retries + 1, state: error.state, rolledBack: 'run' });
        continue;
      }
      const failed = plan.migrations.find(({ migration }) => migration.version === tally.failed?.version);
      if (failed !== undefined && isLockkeeperError(error))
        await journalFailure(run, failed, { failure: error, step: 1 });
      throw error;
    }
  }
}

async function commitAll(run: Run, plan: Plan): Promise<void> {
  try {
    await cancellable(run, () => sendParts(run.session, committing(run)));
  } catch (error) {
    const last = plan.migrations.at(-1);
    throw last === undefined ? error : redact(commitFailure(error, last, run.context.stop.cancel.aborted));
  }
}

interface Turn {
  readonly tally: Tally;
  readonly ahead: LookAhead;
  readonly index: number;
  readonly plan: Plan;
  /** How often the one transaction of the run was begun again; null where each step has its own. */
  readonly wholeRetries: number | null;
}

async function runOne(run: Run, planned: PlannedMigration, turn: Turn): Promise<void> {
  const { events } = run.context;
  const event = eventOf(run, planned);
  const insideSingleTransaction = turn.wholeRetries !== null;
  const attempts: Attempts = { retries: 0, ahead: turn.ahead };
  const progress: Progress = { steps: [], attempts };
  const total = turn.plan.migrations.length;
  events.emit('migration:apply:start', { ...event, index: turn.index, total });
  try {
    const report = await runMigration(run, planned, { ...progress, insideSingleTransaction });
    turn.tally.applied.push(report);
    if (!insideSingleTransaction) turn.tally.unflushed.note(planned, report);
    events.emit('migration:apply:success', { ...event, report });
  } catch (error) {
    const again = tryWholeAgain(run, error, { turn, planned, progress });
    if (again !== null) throw again;
    const told = stepFailure(error, planned, {
      cancelled: run.context.stop.cancel.aborted,
      retries: turn.wholeRetries ?? attempts.retries,
      lost: run.session.lost !== null,
      overBudgetMs: attempts.overBudget === true ? run.watch.spentMs : null,
      blockers: run.watch.blockers,
    });
    const failure = redact(await explainLoss(run, told));
    const completedSteps = insideSingleTransaction ? [] : [...progress.steps];
    // A stop between steps is no failure of the migration.
    if (failure.code !== 'INTERRUPTED' || progress.steps.length > 0 || failure.details['partly'] === true) {
      const { version, name } = planned.migration;
      turn.tally.failed = { version, name, error: failure.toJSON(), completedSteps };
    }
    events.emit('migration:apply:error', { ...event, error: failure.toJSON() });
    if (!insideSingleTransaction)
      await journalFailure(run, planned, { failure, step: failedStep(failure, progress) });
    throw failure;
  }
}

/** The transaction of the whole run did not get its locks, and is begun again. */
class TryWholeAgain extends Error {
  readonly planned: PlannedMigration;
  readonly step: Step;
  readonly state: string;
  constructor(
    where: { readonly planned: PlannedMigration; readonly step: Step },
    state: string,
    cause: unknown,
  ) {
    super('The transaction of the whole run is tried again.', { cause });
    this.planned = where.planned;
    this.step = where.step;
    this.state = state;
  }
}

/** Null where another try is not due, or would call a function of the user's a second time (ENGINE D19). */
function tryWholeAgain(
  run: Run,
  error: unknown,
  about: { readonly turn: Turn; readonly planned: PlannedMigration; readonly progress: Progress },
): TryWholeAgain | null {
  const { turn, planned, progress } = about;
  const state = progress.attempts.overBudget === true ? sqlstateOf(error) : retryableState(error);
  if (turn.wholeRetries === null || turn.wholeRetries >= run.options.lockRetries || state === null)
    return null;
  const begun = turn.plan.migrations.slice(0, turn.index + 1);
  if (begun.some(({ steps }) => steps.some(({ kind }) => kind === 'code'))) return null;
  const step = planned.steps[progress.steps.length];
  return step === undefined ? null : new TryWholeAgain({ planned, step }, state, error);
}

/** A resumed migration begins behind its first step; what stops it while it is settled names the step. */
function failedStep({ details }: LockkeeperError, { steps }: Progress): number {
  const step = details['step'];
  return typeof step === 'number' ? step : (steps.at(-1)?.step ?? 0) + 1;
}

/** Written in a transaction of its own after the ROLLBACK: in the failed one it would vanish (ENGINE C13). */
async function journalFailure(
  run: Run,
  planned: PlannedMigration,
  what: { readonly failure: LockkeeperError; readonly step: number },
): Promise<void> {
  if (run.session.lost !== null) return; // nowhere to write it; the next run finds the open step
  if (what.failure.code === 'LEASE_LOST') return; // the journal is the other run's now
  await run.session.rollBack();
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
    const isPartly = what.step > 1 || planned.open.length > 0 || details['partly'] === true;
    const statements = [
      run.frame.ourRole.text,
      logRow(run.tables, entry, run.stamp),
      ...(isPartly ? foreignUnfinished(run, planned.migration) : []),
    ];
    await run.session.send(run.frame.own('journal', statements));
  } catch (error) {
    run.context.events.emit('warning', {
      code: 'journal-not-written',
      message: `The failure could not be written to the journal: ${withFullStop(error instanceof Error ? error.message : String(error))}`,
    });
  }
}

function failedRun(
  run: Run,
  plan: Plan,
  end: { readonly tally: Tally; readonly error: unknown; readonly warnings: readonly Warning[] },
): unknown {
  const { error, tally, warnings } = end;
  if (!isLockkeeperError(error)) return error;
  for (const warning of warnings) run.context.events.emit('warning', warning);
  const told = reportOf(run, plan, tally);
  const report = { ...told, warnings: [...told.warnings, ...warnings] };
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

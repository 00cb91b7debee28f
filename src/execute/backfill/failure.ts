import { isLockkeeperError, LockkeeperError, type SourceLocation } from '../../core/errors.js';
import { withFullStop } from '../../core/text.js';
import { ConnectionEnded, sqlstate } from '../../pg/index.js';
import type { SqlScript } from '../../migration/migration.js';
import { locate } from '../../sql/position.js';
import type { Run } from '../run.js';
import { againMark } from './batch-sql.js';
import type { BackfillRecord, OwnStepRun } from './record.js';

/** What the server said against a batch. */
export interface ServerRefusal {
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
}

/** What to do about a batch that failed and was rolled back. */
export type Verdict = 'locked' | 'slow' | 'row' | 'final';

/**
 * `locked`: somebody else has a row; wait and try again · `slow`: it held its locks for too long · `row`: the values of
 * some row are to blame · `final`: the statement itself, or the connection.
 */
export function judge(error: unknown, run: Run): Verdict {
  if (error instanceof TransformFailed) return 'row';
  const refusal = refusalOf(error);
  if (refusal === null || run.session.lost !== null || isLockkeeperError(error)) return 'final';
  if (refusal.code === sqlstate.lockNotAvailable || refusal.code === sqlstate.deadlockDetected)
    return 'locked';
  if (refusal.code === serializationFailure) return 'locked';
  if (refusal.code === sqlstate.queryCanceled) return run.context.stop.cancel.aborted ? 'final' : 'slow';
  if (refusal.message.includes(againMark)) return 'final';
  return rowClasses.test(refusal.code) ? 'row' : 'final';
}

const serializationFailure = '40001';

/**
 * Data exceptions, constraints, what triggers and functions raise, WITH CHECK OPTION, and limits that a value exceeds
 * (Appendix A, classes 22, 23, 09, 38, 39, P0, 44 and 54). The other classes are about the statement.
 */
const rowClasses = /^(22|23|09|38|39|P0|44|54)/;

export function refusalOf(error: unknown): ServerRefusal | null {
  const { code, message, detail } = error as { code?: unknown; message?: unknown; detail?: unknown };
  if (error instanceof ConnectionEnded || typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code))
    return null;
  return { code, message: String(message), ...(typeof detail === 'string' ? { detail } : {}) };
}

/** The author's function threw, or gave something that cannot be written. */
export class TransformFailed extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'TransformFailed';
  }
}

/** What is to be said of a failing row, wherever it is said. */
export function describeRow(error: unknown): { readonly sqlstate: string | null; readonly message: string } {
  const refusal = refusalOf(error);
  if (refusal === null)
    return { sqlstate: null, message: error instanceof Error ? error.message : String(error) };
  return {
    sqlstate: refusal.code,
    message: refusal.detail === undefined ? refusal.message : `${refusal.message} ${refusal.detail}`,
  };
}

export function rowRefused(
  stepRun: OwnStepRun,
  about: {
    readonly table: string;
    readonly key: Readonly<Record<string, string>>;
    readonly error: unknown;
    readonly aside: number;
  },
): LockkeeperError {
  const what = nameOf(stepRun);
  const { table, key, error, aside } = about;
  const { sqlstate: code, message } = describeRow(error);
  const row = Object.entries(key)
    .map(([column, value]) => `${column} = ${value}`)
    .join(', ');
  const location = locationOf(stepRun);
  return new LockkeeperError('BACKFILL_ROW_REFUSED', {
    message: `The row ${row} of ${table} stopped ${what}${code === null ? '' : ` (${code})`}: ${withFullStop(message)}${aside === 0 ? '' : ` ${aside} other row(s) were put aside before it.`}`,
    hint: `What was done before it stays done. Mend the row and run the command again${stepRun.step.kind === 'restore' ? '' : ', or let such rows be put aside: maxErrors (in SQL: max-errors)'}.`,
    details: {
      version: stepRun.planned.migration.version,
      table,
      key,
      ...(code === null ? {} : { sqlstate: code }),
    },
    cause: error,
    ...(location === null ? {} : { location }),
  });
}

/** A statement that no smaller batch will mend. */
export function statementRefused(stepRun: OwnStepRun, error: unknown, retries: number): unknown {
  const refusal = refusalOf(error);
  if (refusal === null || isLockkeeperError(error)) return error;
  const { version, name } = stepRun.planned.migration;
  const what = capital(nameOf(stepRun));
  const location = locationOf(stepRun);
  const place = location === null ? {} : { location };
  const details = { version, name, sqlstate: refusal.code };
  if (refusal.message.includes(againMark)) {
    return new LockkeeperError('BACKFILL_IMPOSSIBLE', {
      message: `A row that was changed still meets the WHERE of the backfill, and its table has no key: it would be changed again and again. The batch was rolled back.`,
      hint: 'Write a WHERE that no longer holds for a row that is done, or give the table a primary key.',
      details,
      ...place,
    });
  }
  const locked = refusal.code === sqlstate.lockNotAvailable || refusal.code === sqlstate.deadlockDetected;
  return new LockkeeperError(locked ? 'LOCK_BUDGET_EXCEEDED' : 'MIGRATION_FAILED', {
    message: locked
      ? `${what} of migration ${version} met a row that another session keeps locked, ${retries + 1} times in a row.`
      : `${what} of migration ${version} failed: ${withFullStop(refusal.message)}`,
    hint: locked
      ? 'What was done stays done. Look for a long transaction in pg_stat_activity, and run the command again.'
      : 'Batches before this one stay done. Mend the cause and run the command again.',
    details,
    cause: error,
    ...place,
  });
}

export function stopped(
  stepRun: OwnStepRun,
  record: Pick<BackfillRecord, 'done' | 'total'>,
): LockkeeperError {
  const { version } = stepRun.planned.migration;
  return new LockkeeperError('INTERRUPTED', {
    message: `${capital(nameOf(stepRun))} of migration ${version} was stopped after a complete batch: ${progressText(record)}.`,
    hint: 'Run the same command again to go on behind that batch.',
    details: { version, partly: true },
  });
}

export function paused(
  stepRun: OwnStepRun,
  record: Pick<BackfillRecord, 'done' | 'total' | 'pausedBy'>,
): LockkeeperError {
  const { version } = stepRun.planned.migration;
  const by = record.pausedBy === null ? '' : ` by ${record.pausedBy}`;
  return new LockkeeperError('BACKFILL_PAUSED', {
    message: `${capital(nameOf(stepRun))} of migration ${version} is paused${by}: ${progressText(record)}. ${
      stepRun.step.kind === 'restore'
        ? 'Its migration is not undone yet.'
        : 'Its migration, and those behind it, are not applied.'
    }`,
    hint: `lockkeeper backfill resume ${version}, and the same command again, go on behind the last batch.`,
    details: { version, partly: true },
  });
}

const nameOf = ({ step }: OwnStepRun): string =>
  step.kind === 'restore' ? 'the way back of the backfill' : 'the backfill';

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** `1,200,000 of about 2,000,000 rows are done`. */
export function progressText({ done, total }: Pick<BackfillRecord, 'done' | 'total'>): string {
  const figure = (value: number): string => value.toLocaleString('en-US');
  return total === null || total < done
    ? `${figure(done)} rows are done`
    : `${figure(done)} of about ${figure(total)} rows are done`;
}

function locationOf({ planned, step }: OwnStepRun): SourceLocation | null {
  if (step.kind !== 'backfill' || planned.script.kind !== 'sql') return null;
  const script: SqlScript = planned.script;
  const { start, end } = step.statement;
  const firstLine = script.text.slice(start, end).split('\n', 1)[0] ?? '';
  const place = locate(script.text, start, Math.max(1, firstLine.length));
  return { ...place, file: script.file, line: place.line + script.lineOffset };
}

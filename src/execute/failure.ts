import { type Blocker, describeBlocker } from '../core/blocker.js';
import { formatDuration } from '../core/duration.js';
import { isLockkeeperError, LockkeeperError, type SourceLocation } from '../core/errors.js';
import { withFullStop } from '../core/text.js';
import { ConnectionEnded, sqlstate } from '../pg/index.js';
import type { PlannedMigration } from '../plan/plan.js';
import { locate } from '../sql/position.js';
import type { Part } from './parts.js';
import { PartRefused, UnexpectedTag, ValidationRows } from './send-parts.js';

/** Turns whatever stopped a step into one error that points at the file and says the way out. */
export function stepFailure(
  error: unknown,
  planned: PlannedMigration,
  circumstances: {
    readonly cancelled: boolean;
    readonly retries: number;
    /** The session is gone, whatever the error says. */
    readonly lost: boolean;
    /** How long it had waited while others waited for it, where our own watch ended it for that. */
    readonly overBudgetMs?: number | null;
    /** Who was seen in its way. */
    readonly blockers?: readonly Blocker[];
  },
): LockkeeperError {
  const { migration } = planned;
  const { blockers = [], overBudgetMs = null } = circumstances;
  const details = {
    version: migration.version,
    name: migration.name,
    ...(blockers.length === 0 ? {} : { blockers }),
  };
  if (error instanceof ConnectionEnded || circumstances.lost) {
    return circumstances.cancelled ? interrupted(error, details) : connectionLost(error, details);
  }
  if (circumstances.cancelled && isCancelled(error)) return interrupted(error, details);
  if (overBudgetMs !== null) return overBudget(error, details, { ...circumstances, overBudgetMs });
  if (isLockkeeperError(error)) return error;
  if (error instanceof ValidationRows) return validationFailed(error, details);
  if (error instanceof UnexpectedTag) return unexpectedTag(error, details);
  if (!(error instanceof PartRefused)) {
    return new LockkeeperError('MIGRATION_FAILED', {
      message: `Migration ${migration.version} failed: ${withFullStop(error instanceof Error ? error.message : String(error))}`,
      details,
      cause: error,
    });
  }
  return refused(error, circumstances.retries, details);
}

type Details = Readonly<Record<string, unknown>>;

/** By the server, in a statement of a file or of a function. */
function isCancelled(error: unknown): boolean {
  const code =
    error instanceof PartRefused ? error.server.code : isLockkeeperError(error) && error.details['sqlstate'];
  return code === sqlstate.queryCanceled;
}

function interrupted(error: unknown, details: Details): LockkeeperError {
  return new LockkeeperError('INTERRUPTED', {
    message: `Migration ${String(details['version'])} was cancelled, and its running step rolled back.`,
    hint: 'Run the same command again to go on.',
    details,
    cause: error,
  });
}

function connectionLost(error: unknown, details: Details): LockkeeperError {
  const reason =
    error instanceof ConnectionEnded ? error.reason : error instanceof Error ? error.message : String(error);
  return new LockkeeperError('CONNECTION_LOST', {
    message: `The connection to the server ended during migration ${String(details['version'])}: ${withFullStop(reason)}`,
    hint: 'Run the same command again: it waits until the old session is gone, reads what really happened, and finishes.',
    details,
    cause: error,
  });
}

/** No single wait was too long, but all of them together while others waited (ENGINE D20). */
function overBudget(
  error: unknown,
  details: Details,
  { overBudgetMs, retries }: { readonly overBudgetMs: number; readonly retries: number },
): LockkeeperError {
  const location =
    error instanceof PartRefused
      ? statementLocation(error.part, null)
      : isLockkeeperError(error)
        ? (error.location ?? null)
        : null;
  return new LockkeeperError('LOCK_BUDGET_EXCEEDED', {
    message: `Migration ${String(details['version'])} failed: it waited for locks for ${formatDuration(overBudgetMs)} altogether while other sessions waited for it, and was cancelled.${inItsWay(details)}`,
    hint: lockWayOut(retries),
    details: { ...details, sqlstate: sqlstate.queryCanceled },
    cause: error,
    ...(location === null ? {} : { location }),
  });
}

const lockWayOut = (retries: number): string =>
  `${retries === 0 ? 'It was tried once.' : `It was tried ${retries + 1} times.`} Another session keeps the lock: end it (--cancel-blockers-after), run at a quieter time, or raise --lock-timeout or --lock-retries.`;

/** A sentence on who was seen in the way; empty where nobody was. */
function inItsWay(details: Details): string {
  const blockers = (details['blockers'] ?? []) as readonly Blocker[];
  if (blockers.length === 0) return '';
  const named = blockers.slice(-3).map((blocker) => describeBlocker(blocker));
  return ` In its way: ${withFullStop(named.join('; '))}`;
}

function validationFailed(error: ValidationRows, details: Details): LockkeeperError {
  const location = statementLocation(error.part, null);
  return new LockkeeperError('VALIDATION_FAILED', {
    message: `A validation query of migration ${String(details['version'])} returned ${error.rows} row(s); it has to return none.`,
    hint: 'Run the query by hand to see the rows, and mend the data or the query.',
    details: { ...details, rows: error.rows },
    cause: error,
    ...(location === null ? {} : { location }),
  });
}

/** ROLLBACK as the answer to COMMIT means that the transaction had failed, and nothing of it was kept. */
function unexpectedTag(error: UnexpectedTag, details: Details): LockkeeperError {
  return new LockkeeperError('TRANSACTION_ENDED', {
    message: `The transaction of migration ${String(details['version'])} was not intact at its end: the server answered ${error.tag} where ${error.part.expect ?? 'another answer'} was due. Nothing of this step was kept.`,
    hint: 'A statement inside ended the transaction or swallowed an error; look for COMMIT, ROLLBACK or EXCEPTION handling in what it calls.',
    details: { ...details, tag: error.tag },
    cause: error,
  });
}

function refused(error: PartRefused, retries: number, details: Details): LockkeeperError {
  const { part, server } = error;
  const location = statementLocation(part, error.offset);
  const info = {
    ...details,
    sqlstate: server.code,
    ...(part.source === null ? {} : { statement: shorten(part.text) }),
    ...(server.detail === undefined ? {} : { detail: server.detail }),
    ...(server.constraint === undefined ? {} : { constraint: server.constraint }),
    ...(server.where === undefined ? {} : { where: server.where }),
  };
  const version = String(details['version']);
  // What COMMIT refuses is a deferred constraint of the user's, never a claim of ours.
  const claim = part.source === null && part.expect !== 'COMMIT';
  if (claim && server.code === sqlstate.divisionByZero) return claimLost(version, info, error);
  if (claim && server.code === sqlstate.uniqueViolation) return claimTaken(version, info, error);
  const where = location === null && part.expect === 'COMMIT' ? ' at COMMIT' : '';
  const init = {
    message: `Migration ${version} failed${where}: ${withFullStop(server.message)}${lockStates.has(server.code) ? inItsWay(details) : ''}`,
    hint: wayOut(error, retries),
    details: info,
    cause: error,
    ...(location === null ? {} : { location }),
  };
  return new LockkeeperError(
    server.code === sqlstate.lockNotAvailable ? 'LOCK_BUDGET_EXCEEDED' : 'MIGRATION_FAILED',
    init,
  );
}

/** Failures for which whoever was in the way may be to blame. */
const lockStates: ReadonlySet<string> = new Set([sqlstate.lockNotAvailable, sqlstate.deadlockDetected]);

/** The one COMMIT of a whole run was refused, so which of its migrations is to blame is not known. */
export function commitFailure(error: unknown, last: PlannedMigration, cancelled: boolean): LockkeeperError {
  const failure = stepFailure(error, last, { cancelled, retries: 0, lost: false });
  if (!(error instanceof PartRefused) || failure.code === 'INTERRUPTED') return failure;
  const { version: _version, name: _name, ...details } = failure.details;
  return new LockkeeperError(failure.code, {
    message: `The single transaction of the run failed at COMMIT, and nothing of it was kept: ${withFullStop(error.server.message)}`,
    details,
    cause: error,
    ...(failure.hint === undefined ? {} : { hint: failure.hint }),
  });
}

function claimLost(version: string, details: Details, cause: unknown): LockkeeperError {
  return new LockkeeperError('LOCK_LOST', {
    message: `Migration ${version} was not run: this session no longer holds the migration lock, or another run has settled the migration meanwhile.`,
    hint: 'Something released the lock (pg_advisory_unlock_all, DISCARD ALL in a function?). Run the command again.',
    details,
    cause,
  });
}

function claimTaken(version: string, details: Details, cause: unknown): LockkeeperError {
  return new LockkeeperError('LOCK_LOST', {
    message: `Migration ${version} was not run: another run has claimed it already.`,
    hint: 'Two runs use different history lock names for one database, or an old Lockkeeper runs beside this one. Look at `lockkeeper history`.',
    details,
    cause,
  });
}

/** The server's own hint first; ours where it has none and the way out is known. */
function wayOut({ server, part }: PartRefused, retries: number): string {
  if (server.hint !== undefined && server.hint !== '') return server.hint;
  // CREATE SUBSCRIPTION hands on what the publisher says, under 08P01.
  if (/replication slot .* already exists/s.test(server.message))
    return 'It may be what an interrupted run left on the publisher, or belong to another subscriber. Look there: select * from pg_replication_slots. When nobody uses it: select pg_drop_replication_slot(…); then run the command again.';
  switch (server.code) {
    case sqlstate.lockNotAvailable:
      return lockWayOut(retries);
    case sqlstate.objectInUse:
      return 'Pending trigger events of the same transaction stand in the way: put `-- transaction: per-statement` at the top of the file.';
    case sqlstate.invalidTransactionTermination:
      return 'The procedure or DO block commits by itself, which no transaction allows: put `-- transaction: none` at the top of the file.';
    case sqlstate.activeSqlTransaction:
      return 'The statement cannot run in a transaction: put `-- transaction: none` at the top of the file.';
    case sqlstate.insufficientPrivilege:
      return "The role lacks a right on the object; run as its owner, or set the environment's role.";
    case sqlstate.queryCanceled:
      if (part.source?.statement.traits.waitsForSnapshots === true)
        return 'The statement was cancelled: by its total deadline (raise --concurrent-deadline), or by an administrator.';
      return 'The statement was cancelled: by statement_timeout (raise --statement-timeout), or by an administrator.';
    default:
      return 'Nothing of this step was kept. Mend the file and run the command again.';
  }
}

/** The statement in its file; with an offset the very place in it. */
export function statementLocation(part: Part, offset: number | null): SourceLocation | null {
  if (part.source === null) return null;
  const { script, statement } = part.source;
  const start = statement.start + (offset ?? 0);
  const length =
    offset === null ? Math.min(part.text.length, firstLineLength(part.text)) : wordLength(part.text, offset);
  const place = locate(script.text, start, length);
  return { ...place, file: script.file, line: place.line + script.lineOffset };
}

const firstLineLength = (text: string): number => {
  const end = text.indexOf('\n');
  return end < 0 ? text.length : end;
};

function wordLength(text: string, offset: number): number {
  return Math.max(1, /^[\p{L}\p{N}_$."']*/u.exec(text.slice(offset, offset + 100))?.[0].length ?? 1);
}

const shorten = (text: string): string => (text.length > 2000 ? `${text.slice(0, 2000)} …` : text);

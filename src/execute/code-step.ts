import { isLockkeeperError, LockkeeperError } from '../core/errors.js';
import type { StepReport } from '../core/report.js';
import { claimStep, closeSteps, completeStep, forgetClaim, leaveStepOpen } from '../history/index.js';
import type { CodeScript } from '../migration/migration.js';
import type { CodeStep } from '../migration/step.js';
import { sqlstate } from '../pg/index.js';
import { CodeDatabase } from './code-database.js';
import { codeFailure, type CodeFile, placeOf } from './code-failure.js';
import { closing, journalStep, opening, type StepRun } from './envelope.js';
import { cancellable } from './interrupt.js';
import { ours } from './parts.js';
import type { Run } from './run.js';
import { sendParts } from './send-parts.js';
import { type Attempts, seen, watched } from './transaction-step.js';

/**
 * Runs a function of the user's, in a transaction or (`transaction: none`) without one. It is called once: what it
 * did outside the database cannot be rolled back, so no lock that it does not get makes it run again (ENGINE D19).
 */
export async function runCodeStep(
  run: Run,
  stepRun: StepRun & { readonly step: CodeStep },
  attempts: Attempts,
): Promise<StepReport> {
  const began = run.context.now();
  const script = stepRun.planned.script as CodeScript;
  const { transaction } = stepRun.step;
  const { migration } = stepRun.planned;
  const path = run.direction === 'down' ? (migration.downPath ?? migration.path) : migration.path;
  const file = { shown: script.file, path };
  const onLate = ({ message, location, hint }: LockkeeperError): void =>
    run.context.events.emit('warning', {
      code: 'late-statement',
      message: `${location === undefined ? script.file : `${location.file}:${location.line}`}: ${message}`,
      ...(hint === undefined ? {} : { hint }),
    });
  const code = {
    script,
    file,
    transaction,
    db: new CodeDatabase(run.session, { file, transaction, cancel: run.context.stop.cancel, onLate }),
  };
  await watched(run, stepRun, attempts, () =>
    transaction ? inTransaction(run, stepRun, code) : withoutTransaction(run, stepRun, code),
  );
  return {
    step: stepRun.step.number,
    transaction,
    statements: code.db.statements,
    durationMs: run.context.now() - began,
    retries: 0,
    ...seen(run),
  };
}

interface Code {
  readonly script: CodeScript;
  readonly file: CodeFile;
  readonly transaction: boolean;
  readonly db: CodeDatabase;
}

async function inTransaction(run: Run, stepRun: StepRun, code: Code): Promise<void> {
  const { session } = run;
  let transactionId: string | null = null;
  try {
    await sendParts(session, opening(run, stepRun, null));
    transactionId = await currentTransaction(run);
    await call(run, code);
    assertNothingRefused(code);
  } catch (error) {
    await leave(run, stepRun, transactionId);
    throw error;
  }
  const state = await stateOf(run, transactionId);
  if (state !== 'intact') {
    await leave(run, stepRun, transactionId);
    throw notIntact(code, state, stepRun.planned.migration.version);
  }
  try {
    await sendParts(session, closing(run, stepRun));
  } catch (error) {
    if (session.lost === null && session.transactionStatus !== 'I') await session.send('rollback');
    throw error;
  }
}

function assertNothingRefused({ db }: Code): void {
  if (db.refusal !== null) throw db.refusal;
}

type TransactionState = 'intact' | 'failed' | 'ended';

/** The function may have swallowed an error that broke the transaction, or ended it through `db.client`. */
async function stateOf(run: Run, transactionId: string): Promise<TransactionState> {
  try {
    // The status byte of the driver may be one answer behind, so the server itself is asked.
    const now = await currentTransaction(run);
    return run.session.transactionStatus === 'T' && now === transactionId ? 'intact' : 'ended';
  } catch (error) {
    if ((error as { code?: string }).code === sqlstate.inFailedSqlTransaction) return 'failed';
    throw error;
  }
}

/**
 * Rolls back. Where the function had ended the transaction by itself, its first part, the claim in the history with
 * it, is committed or gone, and what came after it may stay: then the history must not say that the migration is
 * applied, and nobody knows what is; so the step is left open for a person to settle.
 */
async function leave(run: Run, stepRun: StepRun, transactionId: string | null): Promise<void> {
  const { session, tables, stamp } = run;
  if (session.lost !== null || transactionId === null) {
    if (session.lost === null && session.transactionStatus !== 'I') await session.send('rollback');
    return;
  }
  const outcome = await outcomeOf(run, transactionId);
  if (session.transactionStatus !== 'I') await session.send('rollback');
  if (outcome === 'rolled back by us') return;
  const { pid, backendStart } = await session.identity();
  const journal = journalStep(run, stepRun, JSON.stringify({ kind: 'none', pid, backendStart }));
  const key = stepRun.planned.migration;
  await sendParts(session, [
    ours('set session authorization default; reset role', null, 2),
    ours('begin', 'BEGIN'),
    ours(forgetClaim(tables, key, stamp)),
    ours(closeSteps(tables, key)),
    ours(leaveStepOpen(tables, journal, stamp), 'INSERT 0 1'),
    ours('commit', 'COMMIT'),
  ]);
}

/** Still the transaction that was begun: then our ROLLBACK takes everything back. */
async function outcomeOf(run: Run, transactionId: string): Promise<'rolled back by us' | 'unknown'> {
  try {
    const now = await run.session.query<{ xid: string | null }>(
      'select pg_current_xact_id_if_assigned()::text as xid',
    );
    return now[0]?.xid === transactionId ? 'rolled back by us' : 'unknown';
  } catch (error) {
    if ((error as { code?: string }).code !== sqlstate.inFailedSqlTransaction) throw error;
  }
  // In a failed transaction nothing can be asked; after the ROLLBACK the server knows what became of ours.
  await run.session.send('rollback');
  const rows = await run.session.query<{ status: string | null }>(
    'select pg_xact_status($1::xid8) as status',
    [transactionId],
  );
  return rows[0]?.status === 'aborted' ? 'rolled back by us' : 'unknown';
}

async function withoutTransaction(run: Run, stepRun: StepRun, code: Code): Promise<void> {
  const { session, tables } = run;
  const { pid, backendStart } = await session.identity();
  const journal = journalStep(run, stepRun, JSON.stringify({ kind: 'none', pid, backendStart }));
  await sendParts(session, [ours(claimStep(tables, journal, run.stamp, run.guard), 'INSERT 0 1')]);
  await call(run, code);
  assertNothingRefused(code);
  await sendParts(session, [
    ours('set session authorization default; reset role', null, 2),
    ours(completeStep(tables, journal), 'UPDATE 1'),
  ]);
}

/** Calls the function, and waits for everything that it sent. An error of its own gets the place where it was thrown. */
async function call(run: Run, code: Code): Promise<void> {
  const { script, db, file, transaction } = code;
  await cancellable(run, async () => {
    try {
      await script.run(db);
    } catch (error) {
      if (isLockkeeperError(error) || run.session.lost !== null) throw error;
      const place = error instanceof Error ? placeOf(error, file.shown) : null;
      throw codeFailure(error, { sql: null, method: null, place, file, transaction });
    } finally {
      await db.close();
    }
  });
}

async function currentTransaction(run: Run): Promise<string> {
  const rows = await run.session.query<{ xid: string }>('select pg_current_xact_id()::text as xid');
  return rows[0]?.xid ?? '';
}

function notIntact({ db }: Code, state: TransactionState, version: string): LockkeeperError {
  const { firstFailure } = db;
  const failed = state === 'failed';
  const why = failed
    ? `a statement failed and the function went on (${firstFailure?.message ?? 'sent through db.client'})`
    : 'it was ended by COMMIT or ROLLBACK inside the function, and what was committed stays';
  return new LockkeeperError('TRANSACTION_ENDED', {
    message: `The transaction of the migration was not intact when its function returned: ${why}.`,
    hint: failed
      ? "Let errors reach Lockkeeper, use savepoints around what may fail, or set transaction: 'none'."
      : `Look at the database, and settle it: lockkeeper mark ${version} --applied or --pending --why "…". Leave COMMIT and ROLLBACK out, or set transaction: 'none'.`,
    ...(firstFailure?.location === undefined ? {} : { location: firstFailure.location }),
    ...(firstFailure === null ? {} : { cause: firstFailure }),
  });
}

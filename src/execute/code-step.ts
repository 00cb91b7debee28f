import { LockkeeperError } from '../core/errors.js';
import type { StepReport } from '../core/report.js';
import { claimStep, completeStep } from '../history/index.js';
import type { CodeScript } from '../migration/migration.js';
import type { CodeStep } from '../migration/step.js';
import { CodeDatabase } from './code-database.js';
import { closing, journalStep, opening, type StepRun } from './envelope.js';
import { cancellable } from './interrupt.js';
import { ours } from './parts.js';
import type { Run } from './run.js';
import { sendParts } from './send-parts.js';

/**
 * Runs a function of the user's, in a transaction or (`transaction: none`) without one. It is called once: what it
 * did outside the database cannot be rolled back, so no lock that it does not get makes it run again (ENGINE D19).
 */
export async function runCodeStep(
  run: Run,
  stepRun: StepRun & { readonly step: CodeStep },
): Promise<StepReport> {
  const began = run.context.now();
  const script = stepRun.planned.script as CodeScript;
  const { transaction } = stepRun.step;
  const db = new CodeDatabase(run.session, { file: script.file, transaction });
  if (transaction) await inTransaction(run, stepRun, { script, db });
  else await withoutTransaction(run, stepRun, { script, db });
  return {
    step: stepRun.step.number,
    transaction,
    statements: db.statements,
    durationMs: run.context.now() - began,
    retries: 0,
  };
}

interface Code {
  readonly script: CodeScript;
  readonly db: CodeDatabase;
}

async function inTransaction(run: Run, stepRun: StepRun, code: Code): Promise<void> {
  const { session } = run;
  try {
    await sendParts(session, opening(run, stepRun, null));
    const transactionId = await currentTransaction(run);
    await call(run, code);
    await assertIntact(run, code, transactionId);
    await sendParts(session, closing(run, stepRun));
  } catch (error) {
    if (session.lost === null && session.transactionStatus !== 'I') await session.send('rollback');
    throw error;
  }
}

async function withoutTransaction(run: Run, stepRun: StepRun, code: Code): Promise<void> {
  const { session, tables } = run;
  const { pid, backendStart } = await session.identity();
  const journal = journalStep(run, stepRun, JSON.stringify({ kind: 'none', pid, backendStart }));
  await sendParts(session, [ours(claimStep(tables, journal, run.stamp, run.guard), 'INSERT 0 1')]);
  await call(run, code);
  if (code.db.refusal !== null) throw code.db.refusal;
  await sendParts(session, [
    ours('set session authorization default; reset role', null, 2),
    ours(completeStep(tables, journal), 'UPDATE 1'),
  ]);
}

async function call(run: Run, code: Code): Promise<void> {
  await cancellable(run, async () => {
    try {
      await code.script.run(code.db);
    } finally {
      await code.db.settled();
    }
  });
}

async function currentTransaction(run: Run): Promise<string> {
  const rows = await run.session.query<{ xid: string }>('select pg_current_xact_id()::text as xid');
  return rows[0]?.xid ?? '';
}

/** The function may have ended the transaction through `db.client`, or swallowed an error that broke it. */
async function assertIntact(run: Run, code: Code, transactionId: string): Promise<void> {
  if (code.db.refusal !== null) throw code.db.refusal;
  const status = run.session.transactionStatus;
  if (status === 'T' && (await currentTransaction(run)) === transactionId) return;
  const { firstFailure } = code.db;
  const why =
    status === 'E'
      ? `a statement failed and the function went on (${firstFailure?.message ?? 'sent through db.client'})`
      : 'it was ended by COMMIT or ROLLBACK inside the function, and what was committed stays';
  throw new LockkeeperError('TRANSACTION_ENDED', {
    message: `The transaction of the migration was not intact when its function returned: ${why}.`,
    hint: "Let errors reach Lockkeeper, use savepoints around what may fail, or set transaction: 'none'.",
    ...(firstFailure?.location === undefined ? {} : { location: firstFailure.location }),
    ...(firstFailure === null ? {} : { cause: firstFailure }),
  });
}

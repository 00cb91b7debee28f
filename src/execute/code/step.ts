import { dirname } from 'node:path';
import { isLockkeeperError, LockkeeperError } from '../../core/errors.js';
import type { StepReport } from '../../core/report.js';
import { claimStep, completeStep } from '../../history/index.js';
import type { CodeScript } from '../../migration/migration.js';
import type { CodeStep } from '../../migration/step.js';
import { sqlstate } from '../../pg/index.js';
import { journalStep } from '../history-parts.js';
import type { StepRun } from '../step-run.js';
import { cancellable } from '../interrupt.js';
import { ourRole, ours } from '../parts.js';
import { sqlstateOf } from '../retry.js';
import type { Run } from '../run.js';
import { sendParts } from '../send-parts.js';
import { type Attempts, seen, watched } from '../transaction-step.js';
import { AutocommitSender } from './autocommit-sender.js';
import { Conversation } from './conversation.js';
import { CodeDatabase } from './database.js';
import { codeFailure, type CodeFile, placeOf } from './failure.js';
import { PlainSender } from './plain-sender.js';
import { type FunctionProgress, readCommitted } from './recovery.js';
import { Replay } from './replay.js';
import { lockTrouble, waitForNextTry } from './retries.js';
import type { Sender } from './sent.js';
import { TellingSender } from './telling-sender.js';
import { CodeTransaction, NotIntact, type TransactionState } from './transaction.js';
import { TransactionSender } from './transaction-sender.js';

type CodeStepRun = StepRun & { readonly step: CodeStep };

/** What is shared with the migration around the step. */
export interface CodeProgress {
  readonly attempts: Attempts;
  /** Steps that are committed before the function has ended. */
  readonly steps: StepReport[];
}

/**
 * Runs a function of the user's, in a transaction or (`transaction: none`) without one. What it did outside of the
 * database cannot be rolled back, so it is called once: again only behind a crash, where the journal can answer all that
 * it asked, or where its migration says `retry: true` (ENGINE D19).
 */
export async function runCodeStep(
  run: Run,
  stepRun: CodeStepRun,
  progress: CodeProgress,
): Promise<StepReport> {
  const began = run.context.now();
  const done = stepRun.step.transaction
    ? await inTransaction(run, stepRun, progress)
    : await withoutTransaction(run, stepRun, progress.attempts);
  return {
    step: done.step,
    transaction: stepRun.step.transaction,
    statements: done.statements,
    durationMs: run.context.now() - began,
    retries: progress.attempts.retries,
    ...seen(run),
  };
}

interface Done {
  readonly step: number;
  readonly statements: number;
}

async function inTransaction(run: Run, stepRun: CodeStepRun, progress: CodeProgress): Promise<Done> {
  const mayRepeat = stepRun.planned.migration.metadata.retry && !stepRun.insideSingleTransaction;
  const committed = stepRun.planned.open.length === 0 ? null : await readCommitted(run, stepRun);
  for (;;) {
    const transaction = new CodeTransaction(run, stepRun, {
      from: committed?.nextStep ?? 1,
      ahead: progress.attempts.ahead?.functions ?? null,
    });
    const replay = committed === null ? null : new Replay(committed);
    try {
      let done: Done = { step: 1, statements: 0 };
      await watched(run, stepRun, progress.attempts, async () => {
        done = await attempt(run, stepRun, { transaction, replay, progress });
      });
      return done;
    } catch (error) {
      const again = mayRepeat && !transaction.isSplit && run.session.lost === null;
      const blamed = progress.attempts.overBudget === true ? sqlstateOf(error) : null;
      const state = again ? (lockTrouble(error) ?? blamed) : null;
      if (state === null) throw error;
      const { attempts } = progress;
      if (!(await waitForNextTry(run, stepRun, { attempts, sqlstate: state }))) throw error;
    }
  }
}

async function attempt(
  run: Run,
  stepRun: CodeStepRun,
  about: {
    readonly transaction: CodeTransaction;
    readonly replay: Replay | null;
    readonly progress: CodeProgress;
  },
): Promise<Done> {
  const { transaction, replay, progress } = about;
  const { attempts, steps: completed } = progress;
  const sender = new TransactionSender({ run, stepRun, transaction, replay, attempts, completed });
  const noting = new PlainSender(sender);
  const code = codeOf(run, stepRun, noting);
  try {
    // What an interrupted run has committed is told first, and no transaction is open meanwhile.
    if (replay === null) await transaction.begin();
    await call(run, code);
    sender.assertEnded();
    if (!transaction.isOpen) await transaction.begin();
  } catch (error) {
    await transaction.abandon();
    throw error;
  }
  try {
    await transaction.close({ plain: noting.isPlain });
  } catch (error) {
    if (!(error instanceof NotIntact)) throw error;
    await transaction.abandon();
    throw notIntact(code, error.state, stepRun.planned.migration.version);
  }
  const before = completed.reduce((sum, { statements }) => sum + statements, 0);
  return { step: transaction.number, statements: Math.max(0, code.conversation.statements - before) };
}

interface Code {
  readonly script: CodeScript;
  readonly file: CodeFile;
  readonly transaction: boolean;
  readonly conversation: Conversation;
}

function codeOf(run: Run, { planned, step }: CodeStepRun, sender: Sender): Code {
  const script = planned.script as CodeScript;
  const { migration } = planned;
  const path = run.direction === 'down' ? (migration.downPath ?? migration.path) : migration.path;
  const file = { shown: script.file, path };
  const { transaction } = step;
  const { onSent } = run.context;
  const conversation = new Conversation(run.session, {
    file,
    transaction,
    sender: onSent === undefined ? sender : new TellingSender(sender, onSent),
    cancel: run.context.stop.cancel,
    warn: (warning) => run.context.events.emit('warning', warning),
  });
  return { script, file, transaction, conversation };
}

/** Calls the function, and waits for everything that it sent. An error of its own gets the place where it was thrown. */
async function call(run: Run, code: Code): Promise<void> {
  const { script, conversation, file, transaction } = code;
  const db = new CodeDatabase(run.session, conversation, dirname(file.path));
  await cancellable(run, async () => {
    let returned = false;
    try {
      await script.run(db);
      returned = true;
    } catch (error) {
      const known = conversation.failureOf(error);
      // "The transaction is aborted" says only that something had failed before.
      const late = known?.details['sqlstate'] === sqlstate.inFailedSqlTransaction;
      if (late && conversation.firstFailure !== null) throw conversation.firstFailure;
      if (known !== null) throw known;
      if (isLockkeeperError(error) || run.session.lost !== null) throw error;
      const place = error instanceof Error ? placeOf(error.stack ?? '', file.shown) : null;
      throw codeFailure(error, { sql: null, method: null, place, file, transaction });
    } finally {
      await conversation.close(returned);
      db.detach();
    }
  });
  if (conversation.refusal !== null) throw conversation.refusal;
}

async function withoutTransaction(run: Run, stepRun: CodeStepRun, attempts: Attempts): Promise<Done> {
  const { session, tables } = run;
  const { pid, backendStart } = await session.identity();
  const base: FunctionProgress = { kind: 'none', pid, backendStart, done: 0, last: [], running: null };
  const journal = journalStep(run, stepRun, JSON.stringify(base));
  await sendParts(session, [ours(claimStep(tables, journal, run.stamp, run.guard), 'INSERT 0 1')]);
  const sender = new AutocommitSender(run, stepRun, base);
  const code = codeOf(run, stepRun, sender);
  try {
    await watched(run, stepRun, attempts, () => call(run, code));
    if (session.transactionStatus !== 'I') throw leftOpen();
  } catch (error) {
    await session.rollBack();
    throw withWhatIsDone(error, sender, { code, version: stepRun.planned.migration.version });
  }
  await sendParts(session, [ourRole, ours(completeStep(tables, journal), 'UPDATE 1')]);
  return { step: stepRun.step.number, statements: code.conversation.statements };
}

function leftOpen(): LockkeeperError {
  return new LockkeeperError('TRANSACTION_ENDED', {
    message:
      'The function began a transaction and ended neither by COMMIT nor by ROLLBACK, so it was rolled back.',
    hint: 'Commit it.',
  });
}

/** Nothing takes back what a function without a transaction has done, so its error says what that is. */
function withWhatIsDone(
  error: unknown,
  sender: AutocommitSender,
  { code, version }: { readonly code: Code; readonly version: string },
): unknown {
  if (!isLockkeeperError(error) || error.code === 'CONNECTION_LOST') return error;
  const { count } = sender;
  const done =
    count === 0
      ? 'No statement of its function had succeeded before.'
      : `${count} statement(s) of its function had succeeded before, and stay:\n${sender.list(code.file.shown)}`;
  return new LockkeeperError(error.code, {
    message: `${error.message}\n${done}`,
    hint: `The migration has no transaction. Look at the database, and settle it. When everything is in place, or you have done the rest: lockkeeper mark ${version} --applied --why "…". When you have undone what stays, or the function may run again from the top: lockkeeper mark ${version} --pending --why "…", and the next up calls it.`,
    details: { ...error.details, done: count },
    ...(error.location === undefined ? {} : { location: error.location }),
    cause: error.cause ?? error,
  });
}

function notIntact({ conversation }: Code, state: TransactionState, version: string): LockkeeperError {
  const { firstFailure } = conversation;
  const failed = state === 'failed';
  const why = failed
    ? `a statement failed and the function went on (${firstFailure?.message ?? 'it was not seen'})`
    : 'something that it called has ended it, and what was committed stays';
  return new LockkeeperError('TRANSACTION_ENDED', {
    message: `The transaction of the migration was not intact when its function returned: ${why}.`,
    hint: failed
      ? "Let errors reach Lockkeeper, use savepoints around what may fail, or set transaction: 'none'."
      : `Look at the database, and settle it: lockkeeper mark ${version} --applied or --pending --why "…". Leave COMMIT and ROLLBACK out, or set transaction: 'none'.`,
    ...(firstFailure?.location === undefined ? {} : { location: firstFailure.location }),
    ...(firstFailure === null ? {} : { cause: firstFailure }),
  });
}

import { LockkeeperError } from '../../core/errors.js';
import type { StepReport } from '../../core/report.js';
import { runAloneStep } from '../alone-step.js';
import type { StepRun } from '../step-run.js';
import type { Run } from '../run.js';
import { type Attempts, beginTurn } from '../transaction-step.js';
import { aloneScript } from './alone.js';
import type { Call } from './failure.js';
import type { OpenState } from './open-states.js';
import type { Piece } from './pieces.js';
import { doesNotSplit, stateIsLost } from './refusals.js';
import type { Replay } from './replay.js';
import type { CodeTransaction } from './transaction.js';

/** What a function in a transaction is surrounded by. */
export interface SenderOptions {
  readonly run: Run;
  readonly stepRun: StepRun;
  readonly transaction: CodeTransaction;
  /** Set where an interrupted run has committed a part. */
  readonly replay: Replay | null;
  readonly attempts: Attempts;
  /** Reports of steps that are committed before the function has ended go here. */
  readonly completed: StepReport[];
}

/**
 * REINDEX and CLUSTER run in a transaction unless their relation is partitioned; only the catalog tells (ENGINE B10).
 */
export async function isAlone({ run }: SenderOptions, { traits }: Piece): Promise<boolean> {
  if (traits.inTransaction !== 'relkind') return traits.inTransaction === 'no';
  const rows = await run.session.query<{ divided: boolean }>(
    "select exists (select from pg_class where oid = to_regclass($1) and relkind in ('p', 'I')) as divided",
    [traits.relation],
  );
  return rows[0]?.divided === true;
}

/** @throws {SINGLE_TRANSACTION_IMPOSSIBLE} {SPLIT_LOSES_STATE} before anything is sent. */
export function assertMaySplit(
  { stepRun }: SenderOptions,
  { traits: { label } }: Piece,
  open: { readonly savepoint: string | null; readonly state: OpenState | null },
): void {
  if (stepRun.insideSingleTransaction) {
    throw new LockkeeperError('SINGLE_TRANSACTION_IMPOSSIBLE', {
      message: `The run cannot be one transaction: ${label} is refused inside a transaction (25001). It was not sent.`,
      hint: 'Run without --single-transaction, or leave this migration out of the run.',
    });
  }
  if (open.savepoint !== null) throw doesNotSplit(label, open.savepoint);
  if (open.state !== null) throw stateIsLost(label, open.state);
}

export function warnOfSplit(
  { run }: SenderOptions,
  { traits: { label } }: Piece,
  { before, call: { place, file } }: { readonly before: number; readonly call: Call },
): void {
  const where = place === null ? file.shown : `${file.shown}:${place.line}`;
  const committed = before === 0 ? '' : `, and the ${before} statement(s) before it are committed`;
  run.context.events.emit('warning', {
    code: 'code-committed',
    message: `${where}: ${label} cannot run in a transaction, so it runs alone${committed}.`,
    hint: 'If the migration fails behind it, that stays. In a migration of its own, the statement divides nothing.',
  });
}

/**
 * Says that a new value of an enum, added by this call, is committed with all that stands before it.
 * @throws {SINGLE_TRANSACTION_IMPOSSIBLE}
 */
export function announceValue({ run, stepRun }: SenderOptions, added: Call, statements: number): void {
  const { place, file } = added;
  const where = place === null ? file.shown : `${file.shown}:${place.line}`;
  if (stepRun.insideSingleTransaction) {
    throw new LockkeeperError('SINGLE_TRANSACTION_IMPOSSIBLE', {
      message: `The run cannot be one transaction: the new value of ${where} has to be committed before this statement. It was not sent.`,
      hint: 'Run without --single-transaction, or let the value be the last thing that the function does.',
    });
  }
  run.context.events.emit('warning', {
    code: 'code-committed',
    message: `${where}: a new value of an enum may not be used before it is committed, so the ${statements} statement(s) up to it are committed.`,
    hint: 'If the migration fails behind it, that stays. In a migration of its own, the statement divides nothing.',
  });
}

/** The statement as the step of its own that it would be in an SQL file: journal, pre-state, recovery, retries. */
export async function runAlone(
  { run, stepRun, transaction, completed, attempts }: SenderOptions,
  piece: Piece,
  hash: string,
): Promise<void> {
  const script = aloneScript(piece.text, stepRun);
  const [statement] = script.statements;
  if (statement === undefined) return;
  const planned = { ...stepRun.planned, script };
  const step = { kind: 'alone' as const, number: transaction.number, hash, statement, resume: null };
  const alone = { planned, step, replay: transaction.role, insideSingleTransaction: false };
  attempts.retries = 0;
  completed.push(await runAloneStep(run, alone, attempts));
  // The watch looked at that step; what follows is another transaction of the function.
  attempts.retries = 0;
  await beginTurn(run, stepRun, attempts);
}

/** What a part that was refused says in its place: the server's own error, for whoever knows such errors. */
export function serverErrorOf(error: unknown): unknown {
  const { server } = error as { readonly server?: unknown };
  return server ?? error;
}

import { LockkeeperError } from '../../core/errors.js';
import {
  type AnswerKeeper,
  type AnswerMessage,
  type GuestAnswer,
  type GuestQuery,
  isPlainQuery,
  plainQuery,
  sendQuery,
  tellAnswer,
} from '../../pg/index.js';
import type { StatementTraits } from '../../sql/statement.js';
import { type Call, codeFailure } from './failure.js';
import { AddedValues } from './added-values.js';
import { addsValueBeforeMore, isSpecial, type Piece } from './pieces.js';
import { OpenStates } from './open-states.js';
import { assertAllowed, notForStreams } from './refusals.js';
import type { Replay } from './replay.js';
import { lockTroubleIn, waitForNextTry } from './retries.js';
import { beginTurn } from '../transaction-step.js';
import { Savepoints } from './savepoints.js';
import {
  type Outgoing,
  type Sender,
  sentStatement,
  type SentStatement,
  statementHash,
  type Unit,
} from './sent.js';
import {
  announceValue,
  assertMaySplit,
  isAlone,
  runAlone,
  type SenderOptions,
  serverErrorOf,
  warnOfSplit,
} from './split.js';
import type { CodeTransaction } from './transaction.js';

/** Answers of one migration that are kept for a replay, in bytes of JSON, about. More is not kept, and not replayed. */
const keptBytes = 1_000_000;

/** Sends what a function says within the transaction of its migration; a statement that cannot be in it runs alone. */
export class TransactionSender implements Sender {
  readonly #to: SenderOptions;
  readonly #savepoints = new Savepoints();
  readonly #budget: AnswerKeeper = { left: keptBytes };
  readonly #states = new OpenStates();
  readonly #values: AddedValues;
  /** What the open transaction holds. */
  #sent: SentStatement[] = [];
  #began: number;
  /** The open transaction has answered, so its statements cannot be sent once more. */
  #answered = false;
  /** Outside of the transaction something failed: nothing may follow it. */
  #broken: LockkeeperError | null = null;
  /** The call of the BEGIN that is open. */
  #begun: Call | null = null;

  constructor(options: SenderOptions) {
    this.#to = options;
    this.#values = new AddedValues(options.run.session.info.major);
    this.#began = options.run.context.now();
  }

  /** The function has ended: what it began has to be ended, too. @throws {TRANSACTION_CONTROL_REFUSED} {RECOVERY_CHANGED} */
  assertEnded(): void {
    if (this.#broken !== null) throw this.#broken;
    this.#to.replay?.assertOver();
    if (this.#begun === null || !(this.#savepoints.innermost?.includes('BEGIN') ?? false)) return;
    const problem = new LockkeeperError('TRANSACTION_CONTROL_REFUSED', {
      message: 'The function began a transaction and ended neither by COMMIT nor by ROLLBACK.',
      hint: 'End it, or leave the BEGIN out: the migration is a transaction by itself.',
    });
    throw codeFailure(problem, this.#begun);
  }

  async send({ query, pieces, call }: Outgoing): Promise<GuestAnswer> {
    for (const piece of pieces) assertAllowed(piece.traits);
    const [first] = pieces;
    const divided = pieces.some(isSpecial) || addsValueBeforeMore(pieces);
    const cut = divided && (query.values ?? []).length === 0;
    if (cut && !isPlainQuery(query)) throw notForStreams(pieces);
    if (cut && pieces.length > 1) return await this.#sendEach(pieces, { query, call });
    const text = call.sql ?? '';
    const unit = { text, query, call, traits: pieces.map(({ traits }) => traits), keeper: this.#budget };
    return cut && first !== undefined ? await this.#special(first, unit) : await this.#ordinary(unit);
  }

  async work<Value>(call: Call, work: () => Promise<Value>): Promise<Value> {
    await this.#assertReady(`db.${call.method ?? ''}()`);
    await this.#commitValue([], call);
    this.#answered = true;
    const value = await work();
    const line = call.place?.line ?? null;
    this.#sent.push({ text: `db.${call.method ?? ''}(…)`, hash: null, line, session: null, answer: null });
    return value;
  }

  /** A text of several statements with one among them that is not simply sent: one after the other, one answer. */
  async #sendEach(
    pieces: readonly Piece[],
    { query, call }: { readonly query: GuestQuery; readonly call: Call },
  ): Promise<GuestAnswer> {
    const messages: AnswerMessage[] = [];
    for (const piece of pieces) {
      const part = plainQuery(piece.text, [], true);
      const keeper = { left: Infinity };
      const unit = { text: piece.text, query: part.query, call, traits: [piece.traits], keeper };
      const answer = isSpecial(piece) ? await this.#special(piece, unit) : await this.#ordinary(unit);
      if (answer.error !== null) return answer;
      messages.push(...(answer.messages ?? []));
    }
    tellAnswer(query, messages);
    return { error: null, messages };
  }

  async #special(piece: Piece, unit: Unit): Promise<GuestAnswer> {
    const { control } = piece.traits;
    if (control === 'savepoint' || control === 'set-transaction')
      return await this.#ordinary(unit, control === 'savepoint' ? this.#savepoints.follow(piece) : undefined);
    const told = await this.#replayed(unit);
    if (told !== null) return told;
    if (control !== null) return await this.#control(piece, unit);
    // In a failed transaction the server refuses everything, this one too (25P02).
    const failed = this.#to.run.session.transactionStatus === 'E';
    if (failed || !(await isAlone(this.#to, piece))) return await this.#ordinary(unit);
    return await this.#alone(piece, unit);
  }

  /** BEGIN, COMMIT and ROLLBACK of the function's own. */
  async #control(piece: Piece, unit: Unit): Promise<GuestAnswer> {
    await this.#commitValue([piece.traits], unit.call);
    const failed = this.#to.run.session.transactionStatus === 'E';
    const { sql, tag, done } = this.#savepoints.map(piece, failed);
    const { error } = await sendQuery(this.#to.run.session, plainQuery(sql, [], false).query);
    if (error !== null) return { error, messages: null };
    done();
    if (piece.traits.control === 'begin') this.#begun = unit.call;
    this.#states.keepWithin(this.#savepoints.depth);
    return this.#tell(unit, tag);
  }

  async #ordinary(unit: Unit, done?: () => void): Promise<GuestAnswer> {
    const told = await this.#replayed(unit);
    if (told !== null) return told;
    await this.#commitValue(unit.traits, unit.call);
    const answer = await this.#try(unit);
    if (answer.error !== null) return answer;
    done?.();
    if (done !== undefined) this.#states.keepWithin(this.#savepoints.depth);
    else this.#answered = true;
    this.#values.note(unit.traits, unit.call);
    this.#states.note(unit.traits, { call: unit.call, depth: this.#savepoints.depth });
    this.#keep(unit, answer.messages);
    return answer;
  }

  /**
   * Sends it again where a lock was not to be had and it is the first that the transaction says: that one can begin
   * anew without a word to the function, which is never called twice for it.
   */
  async #try(unit: Unit): Promise<GuestAnswer> {
    const { run, stepRun, transaction, attempts } = this.#to;
    for (;;) {
      const answer = await sendQuery(run.session, unit.query, unit.keeper);
      const mayRetry = !this.#answered && isPlainQuery(unit.query) && !stepRun.insideSingleTransaction;
      const sqlstate = answer.error === null || !mayRetry ? null : lockTroubleIn(run, answer.error);
      if (sqlstate === null) {
        if (answer.error !== null) this.#answered = true;
        return answer;
      }
      await run.session.send('rollback');
      if (!(await waitForNextTry(run, stepRun, { attempts, sqlstate }))) {
        this.#answered = true;
        await this.#beginAgain(transaction);
        await run.session.send('select 1/0').catch(() => {}); // the function has to find the transaction failed
        return answer;
      }
      await this.#beginAgain(transaction);
    }
  }

  async #beginAgain(transaction: CodeTransaction): Promise<void> {
    const { run, stepRun, attempts } = this.#to;
    await beginTurn(run, stepRun, attempts);
    await transaction.restart();
    const { again } = this.#savepoints;
    if (again !== '') await this.#to.run.session.send(again);
  }

  /** Commits what there is, runs the statement without a transaction, and begins another one (ENGINE D19). */
  async #alone(piece: Piece, unit: Unit): Promise<GuestAnswer> {
    assertMaySplit(this.#to, piece, { savepoint: this.#savepoints.innermost, state: this.#states.first });
    warnOfSplit(this.#to, piece, { before: this.#sent.length, call: unit.call });
    const line = unit.call.place?.line ?? null;
    const hash = statementHash(unit.text, undefined);
    const tag = piece.traits.label.replace(/ CONCURRENTLY$/, '');
    await this.#between(unit.call, async () => {
      await this.#commitFor({ text: unit.text, hash, line, tag });
      await runAlone(this.#to, piece, hash ?? '');
      this.#to.transaction.nextStep();
    });
    return this.#tell({ ...unit, keeper: { left: -1 } }, tag);
  }

  /**
   * Commits a new value of an enum before the first statement behind it. What a commit would end stays: there the server
   * says whether the value is used too early.
   */
  async #commitValue(traits: readonly StatementTraits[], call: Call): Promise<void> {
    const added = this.#values.dueBefore(traits);
    if (added === null || this.#to.run.session.transactionStatus === 'E') return;
    if (this.#savepoints.depth > 0 || this.#states.first !== null) return;
    announceValue(this.#to, added, this.#sent.length);
    const { run, stepRun, attempts } = this.#to;
    await this.#between(call, async () => {
      await this.#commitFor(null);
      await beginTurn(run, stepRun, attempts);
    });
  }

  /** What happens between two transactions; nothing follows where it fails. */
  async #between(call: Call, work: () => Promise<void>): Promise<void> {
    const { run, stepRun, transaction } = this.#to;
    try {
      await work();
      await transaction.begin();
    } catch (error) {
      if (run.session.lost !== null) throw error;
      this.#broken = codeFailure(serverErrorOf(error), call, {
        committed: transaction.isSplit ? stepRun.planned.migration.version : null,
      });
      throw this.#broken;
    }
    this.#began = run.context.now();
  }

  async #commitFor(next: Parameters<CodeTransaction['commit']>[0]['next']): Promise<void> {
    const { run, transaction, completed, attempts } = this.#to;
    const step = transaction.number;
    if (!transaction.isOpen) await transaction.begin();
    await transaction.commit({ statements: this.#sent, next });
    const statements = this.#sent.length;
    const durationMs = run.context.now() - this.#began;
    completed.push({ step, transaction: true, statements, durationMs, retries: attempts.retries });
    attempts.retries = 0;
    this.#sent = [];
    this.#states.clear();
    this.#values.clear();
    this.#answered = false;
  }

  /** An answer from the journal of an interrupted run; null where that has come to its end. */
  async #replayed(unit: Unit): Promise<GuestAnswer | null> {
    const { replay, run } = this.#to;
    if (this.#broken !== null) throw this.#broken;
    if (replay === null || replay.isOver) {
      await this.#assertReady(unit.text);
      return null;
    }
    const { answer, again } = this.#take(unit.text, unit.query.values);
    if (again) return await sendQuery(run.session, unit.query, { left: Infinity });
    tellAnswer(unit.query, answer);
    return { error: null, messages: answer };
  }

  /** A function that goes another way than the journal goes no further. */
  #take(text: string, values: readonly unknown[] | undefined): ReturnType<Replay['take']> {
    try {
      return (this.#to.replay as Replay).take(text, values);
    } catch (error) {
      this.#broken = error as LockkeeperError;
      throw error;
    }
  }

  async #assertReady(text: string): Promise<void> {
    if (this.#broken !== null) throw this.#broken;
    if (this.#to.replay?.isOver === false) this.#take(text, undefined);
    if (!this.#to.transaction.isOpen) await this.#to.transaction.begin();
  }

  #tell(unit: Unit, tag: string): GuestAnswer {
    const messages: AnswerMessage[] = [['tag', tag]];
    tellAnswer(unit.query, messages);
    if (unit.keeper.left >= 0) this.#keep(unit, messages);
    return { error: null, messages };
  }

  #keep(unit: Unit, messages: readonly AnswerMessage[] | null): void {
    const { text, traits, call, query } = unit;
    const size = unit.keeper === this.#budget ? 0 : JSON.stringify(messages).length;
    this.#budget.left -= size;
    const answer = this.#budget.left < 0 ? null : messages;
    const about = { call, traits, answer };
    this.#sent.push(sentStatement({ text, values: query.values }, about));
  }
}

import { LockkeeperError } from '../../core/errors.js';
import { noteProgress } from '../../history/index.js';
import {
  type AnswerMessage,
  type GuestAnswer,
  type GuestQuery,
  isPlainQuery,
  plainQuery,
  sendQuery,
  tellAnswer,
} from '../../pg/index.js';
import { journalStep } from '../history-parts.js';
import type { StepRun } from '../step-run.js';
import { ours } from '../parts.js';
import type { Run } from '../run.js';
import { sendParts } from '../send-parts.js';
import type { Call } from './failure.js';
import { addsValueBeforeMore } from './pieces.js';
import type { FunctionProgress } from './recovery.js';
import { assertAllowed } from './refusals.js';
import { listStatements, type Outgoing, type Sender, type SentStatement } from './sent.js';

type Noted = Pick<SentStatement, 'text' | 'line'>;

/** How many statements the journal lists by name. */
const listed = 50;
const longestNoted = 300;

/**
 * Sends what a function says without any transaction of ours (`transaction: 'none'`). The journal is told before each
 * statement which one comes and how many are done, so that after a crash a person knows where it stands.
 */
export class AutocommitSender implements Sender {
  readonly #run: Run;
  readonly #stepRun: StepRun;
  readonly #base: FunctionProgress;
  #done: readonly Noted[] = [];
  #count = 0;
  /** Statements within a transaction that the function has begun; they count when it commits. */
  #inside: Noted[] = [];

  constructor(run: Run, stepRun: StepRun, base: FunctionProgress) {
    this.#run = run;
    this.#stepRun = stepRun;
    this.#base = base;
  }

  get count(): number {
    return this.#count;
  }

  /** The last statements that are done, one a line, for messages. */
  list(file: string): string {
    return listStatements(this.#done, file);
  }

  async send({ query, pieces, call }: Outgoing): Promise<GuestAnswer> {
    for (const { traits } of pieces) {
      assertAllowed(traits);
      if (traits.control === 'prepare') throw prepareRefused();
    }
    const each =
      addsValueBeforeMore(pieces) ||
      (pieces.length > 1 && pieces.some(({ traits }) => traits.inTransaction === 'no'));
    if (!each || !isPlainQuery(query) || (query.values ?? []).length > 0)
      return await this.#one(call.sql ?? '', { query, call });
    const messages: AnswerMessage[] = [];
    for (const piece of pieces) {
      const part = plainQuery(piece.text, [], true);
      const answer = await this.#one(piece.text, { query: part.query, call, keeper: { left: Infinity } });
      if (answer.error !== null) return answer;
      messages.push(...(answer.messages ?? []));
    }
    tellAnswer(query, messages);
    return { error: null, messages };
  }

  async work<Value>(call: Call, work: () => Promise<Value>): Promise<Value> {
    const noted = note(`db.${call.method ?? ''}(…)`, call);
    await this.#announce(noted);
    const value = await work();
    this.#finish(noted);
    return value;
  }

  async #one(
    text: string,
    about: { readonly query: GuestQuery; readonly call: Call; readonly keeper?: { left: number } },
  ): Promise<GuestAnswer> {
    const noted = note(text, about.call);
    await this.#announce(noted);
    const answer = await sendQuery(this.#run.session, about.query, about.keeper ?? null);
    if (answer.error === null) this.#finish(noted);
    else this.#inside = [];
    return answer;
  }

  /** Not within a transaction of the function's: the note would be part of it. */
  async #announce(running: Noted): Promise<void> {
    const { session, tables } = this.#run;
    if (session.transactionStatus !== 'I') return;
    const progress: FunctionProgress = { ...this.#base, done: this.#count, last: this.#done, running };
    const journal = journalStep(this.#run, this.#stepRun, JSON.stringify(progress));
    await sendParts(session, [ours(noteProgress(tables, journal), null, 6)]);
  }

  #finish(noted: Noted): void {
    this.#inside.push(noted);
    if (this.#run.session.transactionStatus !== 'I') return;
    this.#count += this.#inside.length;
    this.#done = [...this.#done, ...this.#inside].slice(-listed);
    this.#inside = [];
  }
}

const note = (text: string, { place }: Call): Noted => ({
  text: text.length > longestNoted ? `${text.slice(0, longestNoted)} …` : text,
  line: place?.line ?? null,
});

function prepareRefused(): LockkeeperError {
  return new LockkeeperError('TRANSACTION_CONTROL_REFUSED', {
    message: 'PREPARE TRANSACTION is refused in a code migration: nobody would be there to finish it.',
    hint: 'Commit instead.',
  });
}

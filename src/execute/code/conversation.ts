import { AsyncLocalStorage } from 'node:async_hooks';
import { isLockkeeperError, LockkeeperError } from '../../core/errors.js';
import type { Warning } from '../../core/report.js';
import {
  callSite,
  type GuestAnswer,
  type GuestHost,
  type GuestQuery,
  isPlainQuery,
  type Session,
  tellError,
  textOfQuery,
} from '../../pg/index.js';
import { type Call, CallAt, codeFailure, type CodeFile } from './failure.js';
import { readPieces } from './pieces.js';
import type { Sender, Work } from './sent.js';

export interface ConversationOptions {
  readonly file: CodeFile;
  readonly transaction: boolean;
  /** Aborted when nothing more is to be sent. */
  readonly cancel: AbortSignal;
  readonly warn: (warning: Warning) => void;
  readonly sender: Sender;
}

/** How long a cursor or a stream that nobody holds any more may take to end, once by itself and once when told to. */
const graceMs = 250;
const endMs = 5000;

/**
 * Everything that a function of the user's says to the database, by `db` or by a driver's client: one statement after
 * the other, whatever the function does in parallel, each looked at by the sender before it goes out.
 */
export class Conversation implements GuestHost {
  readonly #session: Session;
  readonly #options: ConversationOptions;
  /** Set while rows are taken from a source of the user's, inside whatever that source does. */
  readonly #source = new AsyncLocalStorage<true>();
  /** Errors that the function was given, with what is known of them. */
  readonly #failures = new WeakMap<object, LockkeeperError>();
  /** Texts of prepared statements by name: the second call may leave the text out. */
  readonly #named = new Map<string, string>();
  #queue: Promise<unknown> = Promise.resolve();
  #waiting: Call[] = [];
  #stream: { readonly query: GuestQuery; readonly call: Call } | null = null;
  #closed = false;
  #endTold = false;
  #statements = 0;
  #firstFailure: LockkeeperError | null = null;
  #refusal: LockkeeperError | null = null;

  constructor(session: Session, options: ConversationOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** How many statements the function has sent. */
  get statements(): number {
    return this.#statements;
  }

  /** The first error that the function was given; it may have swallowed it. */
  get firstFailure(): LockkeeperError | null {
    return this.#firstFailure;
  }

  /** A statement that was never sent. Going on without it is never right, also where nobody awaited the answer. */
  get refusal(): LockkeeperError | null {
    return this.#refusal;
  }

  /** The error with file and line for one that came from the database and went through the function, or a library. */
  failureOf(error: unknown): LockkeeperError | null {
    let candidate = error;
    for (let depth = 0; depth < 5 && typeof candidate === 'object' && candidate !== null; depth++) {
      const known = this.#failures.get(candidate);
      if (known !== undefined) return known;
      candidate = (candidate as { readonly cause?: unknown }).cause;
    }
    return null;
  }

  /** A query of a driver's client. */
  submit(query: GuestQuery, site: Error): void {
    const sql = this.#textOf(query);
    const call = this.#call({ sql, method: 'query' }, site);
    void this.#enqueue(call, async () => {
      if (sql === null) throw unreadable();
      return await this.#send(query, call);
    }).catch((error: unknown) => {
      if (!isPlainQuery(query)) keepQuiet(query);
      tellError(query, (isLockkeeperError(error) ? (this.failureOf(error) ?? error) : error) as Error);
    });
  }

  ended(): void {
    if (this.#endTold) return;
    this.#endTold = true;
    this.#options.warn({
      code: 'connection-not-ended',
      message: `${this.#options.file.shown}: db.client.end() does nothing, because the connection is that of the run.`,
      hint: 'Leave it out; a library that is given db.client need not be closed.',
    });
  }

  /** A query of `db`. @throws {LockkeeperError} with the place of the call. */
  async ask(query: GuestQuery, what: Pick<Call, 'sql' | 'method'>): Promise<GuestAnswer> {
    const call = this.#call(what, callSite());
    const answer = await this.#enqueue(call, () => this.#send(query, call)).catch((error: unknown) => {
      throw this.failureOf(error) ?? error;
    });
    return answer;
  }

  /** Work of `db` that takes rows from a source of the user's. */
  async load<Value>(what: Pick<Call, 'sql' | 'method'>, work: Work<Value>): Promise<Value> {
    const call = this.#call(what, callSite());
    const { sender } = this.#options;
    return await this.#enqueue(call, () =>
      sender.work(call, (onText) => this.#source.run(true, () => work(onText))),
    ).catch((error: unknown) => {
      throw this.failureOf(error) ?? error;
    });
  }

  /** An error of ours about an answer, with the place of the call. */
  problem(error: LockkeeperError, what: Pick<Call, 'sql' | 'method'>, site: Error): LockkeeperError {
    return codeFailure(error, this.#call(what, site));
  }

  /**
   * Resolves when everything that was sent has been answered, also what nobody awaited and what was chained to it.
   * From then on nothing is sent: it would run in the transaction of the next migration, or in none.
   */
  async close(functionReturned: boolean): Promise<void> {
    await nextTurn();
    const [forgotten] = this.#waiting;
    if (functionReturned && forgotten !== undefined && this.#stream === null) this.#warnOf(forgotten);
    while (this.#waiting.length > 0) {
      const last = this.#queue;
      await Promise.race([last, this.#endOfStreams(last)]);
      await last;
      await nextTurn();
    }
    this.#closed = true;
  }

  /** A cursor that nobody reads, or a COPY that nobody feeds, would keep the session for ever. */
  async #endOfStreams(queue: Promise<unknown>): Promise<void> {
    let over = false;
    void queue.then(() => (over = true));
    for (;;) {
      const before = this.#stream;
      await pauseMs(graceMs);
      if (over) return;
      if (before === null || before !== this.#stream) continue;
      const problem = new LockkeeperError('MIGRATION_FAILED', {
        message: 'The function ended while a cursor or a stream of it was still open.',
        hint: 'Await its end, or close it, before the function returns.',
      });
      this.#refusal ??= codeFailure(problem, before.call);
      endStream(before.query);
      await Promise.race([queue, pauseMs(endMs)]);
      if (!over && this.#stream === before) this.#session.wire.stream.destroy();
      return;
    }
  }

  #warnOf({ place, file, sql }: Call): void {
    this.#options.warn({
      code: 'not-awaited',
      message: `${file.shown}${place === null ? '' : `:${place.line}`}: the function ended before the answer to "${(sql ?? 'a load of rows').trim().slice(0, 60)}" had come; the run waits for it.`,
      hint: 'Await everything that the function does.',
    });
  }

  #call(what: Pick<Call, 'sql' | 'method'>, site: Error): Call {
    return new CallAt(what, site, this.#options);
  }

  #textOf(query: GuestQuery): string | null {
    const { name } = query;
    const text = textOfQuery(query);
    if (name === undefined || name === '') return text;
    if (text !== null) this.#named.set(name, text);
    return text ?? this.#named.get(name) ?? null;
  }

  async #send(query: GuestQuery, call: Call): Promise<GuestAnswer> {
    const stream = isPlainQuery(query) ? null : { query, call };
    if (stream !== null) keepQuiet(query);
    this.#stream = stream;
    try {
      const pieces = readPieces(call.sql ?? '');
      const answer = await this.#options.sender.send({ query, pieces, call });
      if (answer.error === null) return answer;
      const failure = codeFailure(answer.error, call);
      this.#remember(answer.error, failure);
      if (stream !== null) return answer; // it has told the function by itself
      throw answer.error;
    } finally {
      if (stream !== null) this.#stream = null;
    }
  }

  /** Puts work at the end of the queue. */
  async #enqueue<Value>(call: Call, work: () => Promise<Value>): Promise<Value> {
    this.#assertUsable(call);
    this.#waiting.push(call);
    const turn = this.#queue.then(async () => {
      this.#assertNotCancelled();
      this.#statements += 1;
      return await this.#session.watched(work);
    });
    this.#queue = turn
      .catch((error: unknown) => this.#note(error, call)) // the caller gets the error; the queue goes on
      .then(() => void this.#waiting.splice(this.#waiting.indexOf(call), 1));
    return await turn;
  }

  /** What the server refused breaks its transaction; what we refused ends the migration. */
  #note(error: unknown, call: Call): void {
    if (this.failureOf(error) !== null) return;
    const failure = codeFailure(error, call);
    // Of rows that cannot be loaded the transaction knows nothing, and the function may deal with it.
    const ofRows = call.method === 'copy' || call.method === 'upsert';
    if (isLockkeeperError(error) && this.#session.lost === null && !ofRows) this.#refusal ??= failure;
    this.#remember(error, failure);
  }

  #remember(error: unknown, failure: LockkeeperError): void {
    this.#firstFailure ??= failure;
    if (typeof error === 'object' && error !== null) this.#failures.set(error, failure);
    this.#failures.set(failure, failure);
  }

  /** The cancel that went to the server may have met no statement: then the next one is where the function ends. */
  #assertNotCancelled(): void {
    if (!this.#options.cancel.aborted) return;
    this.#refusal ??= new LockkeeperError('INTERRUPTED', {
      message: 'The migration was cancelled before its function had ended.',
      hint: 'Run the same command again to go on.',
    });
    throw this.#refusal;
  }

  #assertUsable(call: Call): void {
    if (this.#source.getStore() === true) {
      const problem = new LockkeeperError('QUERY_FAILED', {
        message:
          'The rows of db.copy() or db.upsert() come from a query on the same db, which is busy taking them.',
        hint: 'Read the rows first (const { rows } = await db.query(…)), or do it in one statement: insert into … select ….',
      });
      throw codeFailure(problem, call);
    }
    if (!this.#closed) return;
    const problem = new LockkeeperError('QUERY_FAILED', {
      message: 'db was used after the function of the migration had ended; the statement was not sent.',
      hint: 'Await everything that the function does.',
    });
    const failure = codeFailure(problem, call);
    this.#options.warn({
      code: 'late-statement',
      message: `${call.file.shown}${call.place === null ? '' : `:${call.place.line}`}: ${problem.message}`,
      hint: 'Await everything that the function does.',
    });
    throw failure;
  }
}

function unreadable(): LockkeeperError {
  return new LockkeeperError('QUERY_FAILED', {
    message: 'The SQL of this query object cannot be seen, so it was not sent.',
    hint: 'Give db.client.query() a text, a configuration object, or a query object with the property text.',
  });
}

/** An error event that nobody listens for would end the process. */
function keepQuiet(query: GuestQuery): void {
  (query as GuestQuery & { on?: (event: 'error', listener: () => void) => void }).on?.('error', () => {});
}

/** Cursors are closed, streams destroyed; an error that this causes is ours and ends no process. */
function endStream(query: GuestQuery): void {
  const stream = query as GuestQuery & {
    close?: (done: () => void) => void;
    destroy?: () => void;
  };
  keepQuiet(query);
  if (typeof stream.destroy === 'function') stream.destroy();
  else stream.close?.(() => {});
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const pauseMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());

import { AsyncLocalStorage } from 'node:async_hooks';
import { LockkeeperError } from '../core/errors.js';
import type {
  MigrationDatabase,
  QueryAnswer,
  ResultRow,
  RowSource,
  SqlFragment,
  SqlValue,
} from '../migration/database.js';
import { copyRows, upsertRows, type Session } from '../pg/index.js';
import { lexScript } from '../sql/script.js';
import { type Call, codeFailure, type CodeFile, placeOf } from './code-failure.js';

export interface CodeDatabaseOptions {
  readonly file: CodeFile;
  readonly transaction: boolean;
  /** Aborted when nothing more is to be sent. */
  readonly cancel: AbortSignal;
  /** Told of a statement that came too late; its caller may not be there any more. */
  readonly onLate: (failure: LockkeeperError) => void;
}

/**
 * What a code migration is given: every statement goes over the run's own session, is looked at before it is sent,
 * and one at a time, whatever the function does in parallel.
 */
export class CodeDatabase implements MigrationDatabase {
  readonly #session: Session;
  readonly #options: CodeDatabaseOptions;
  /** Set while rows are taken from a source of the user's, inside whatever that source does. */
  readonly #source = new AsyncLocalStorage<true>();
  #closed = false;
  #queue: Promise<unknown> = Promise.resolve();
  #statements = 0;
  #firstFailure: LockkeeperError | null = null;
  #refusal: LockkeeperError | null = null;

  constructor(session: Session, options: CodeDatabaseOptions) {
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

  /**
   * Resolves when everything that was sent has been answered, also what nobody awaited and what was chained to it.
   * From then on nothing is sent: it would run in the transaction of the next migration, or in none.
   */
  async close(): Promise<void> {
    for (let last: Promise<unknown> | null = null; last !== this.#queue;) {
      last = this.#queue;
      await last;
      await nextTurn();
    }
    this.#closed = true;
  }

  get client(): MigrationDatabase['client'] {
    return this.#session.client;
  }

  query<Row extends ResultRow = ResultRow>(
    text: string | SqlFragment,
    values: readonly SqlValue[] = [],
  ): Promise<QueryAnswer<Row>> {
    return handled(this.#query<Row>(text, values));
  }

  one<Row extends ResultRow = ResultRow>(
    text: string | SqlFragment,
    values: readonly SqlValue[] = [],
  ): Promise<Row> {
    return handled(this.#one<Row>(text, values));
  }

  exec(text: string | SqlFragment): Promise<void> {
    return handled(this.#exec(text));
  }

  copy(
    table: string,
    rows: RowSource,
    options: { readonly columns?: readonly string[] } = {},
  ): Promise<number> {
    const work = () => this.#source.run(true, () => copyRows(this.#session, { table, rows, ...options }));
    return handled(this.#run({ sql: null, method: 'copy' }, work));
  }

  upsert(
    table: string,
    rows: RowSource,
    options: { readonly key?: readonly string[]; readonly columns?: readonly string[] } = {},
  ): Promise<number> {
    const work = () => this.#source.run(true, () => upsertRows(this.#session, { table, rows, ...options }));
    return handled(this.#run({ sql: null, method: 'upsert' }, work));
  }

  async #query<Row extends ResultRow>(
    text: string | SqlFragment,
    values: readonly SqlValue[],
    method = 'query',
  ): Promise<QueryAnswer<Row>> {
    const fragment = typeof text === 'string' ? { text, values } : text;
    return await this.#run({ sql: fragment.text, method }, async () => {
      const { client } = this.#session;
      const answers: unknown = await client.query<Row>(fragment.text, [...fragment.values]);
      // Several statements without values are answered by a list.
      const answer = (Array.isArray(answers) ? answers.at(-1) : answers) as QueryAnswer<Row>;
      return { rows: answer.rows, rowCount: answer.rowCount ?? answer.rows.length };
    });
  }

  async #one<Row extends ResultRow>(text: string | SqlFragment, values: readonly SqlValue[]): Promise<Row> {
    const sql = typeof text === 'string' ? text : text.text;
    const call = this.#call({ sql, method: 'one' });
    const { rows } = await this.#query<Row>(text, values, 'one');
    const row = rows[0];
    if (rows.length === 1 && row !== undefined) return row;
    const problem = new LockkeeperError('QUERY_ROW_COUNT', {
      message: `db.one() got ${rows.length} rows from: ${sql.slice(0, 200)}`,
      hint: 'Use db.query() where there may be none or several.',
    });
    throw codeFailure(problem, call);
  }

  async #exec(text: string | SqlFragment): Promise<void> {
    if (typeof text !== 'string' && text.values.length > 0) {
      await this.#query(text, [], 'exec');
      return;
    }
    const sql = typeof text === 'string' ? text : text.text;
    await this.#run({ sql, method: 'exec' }, () => this.#session.send(sql));
  }

  /** The place of the call, to be taken while the caller is on the stack. */
  #call(what: Pick<Call, 'sql' | 'method'>): Call {
    const { file, transaction } = this.#options;
    return { ...what, place: placeOf(new Error('call site'), file.shown), file, transaction };
  }

  /** Puts work at the end of the queue. */
  async #run<Value>(what: Pick<Call, 'sql' | 'method'>, work: () => Promise<Value>): Promise<Value> {
    const call = this.#call(what);
    this.#assertUsable(call);
    this.#inspect(call);
    const turn = this.#queue.then(async () => {
      this.#assertNotCancelled();
      this.#statements += 1;
      return await this.#session.watched(work);
    });
    this.#queue = turn.catch(() => {}); // the caller gets the error; the queue goes on
    try {
      return await turn;
    } catch (error) {
      const failure = codeFailure(error, call);
      this.#firstFailure ??= failure;
      throw failure;
    }
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
    this.#options.onLate(failure);
    throw failure;
  }

  /** Refuses what would end the transaction or release the lock before it is sent (ENGINE B8, D19). */
  #inspect(call: Call): void {
    if (call.sql === null) return;
    const { statements } = lexScript(call.sql);
    for (const { traits } of statements) {
      const problem = refusal(traits, call.transaction);
      if (problem === null) continue;
      const failure = codeFailure(problem, call);
      this.#refusal ??= failure;
      throw failure;
    }
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A call that nobody awaits must not end the process (unhandled rejection): the run looks at failures by itself. */
function handled<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {}); // whoever awaits the promise still gets the error
  return promise;
}

function refusal(
  traits: ReturnType<typeof lexScript>['statements'][number]['traits'],
  transaction: boolean,
): LockkeeperError | null {
  if (traits.refused !== null) {
    return new LockkeeperError('SESSION_COMMAND_REFUSED', {
      message: `${traits.label} is refused: ${traits.refused}`,
      hint: 'Leave it out; Lockkeeper puts the session back after every migration by itself.',
    });
  }
  const { control } = traits;
  if (control !== null && control !== 'savepoint' && control !== 'set-transaction') {
    return new LockkeeperError('TRANSACTION_CONTROL_REFUSED', {
      message: `${traits.label} is refused in a code migration: the transaction belongs to the run.`,
      hint: "Leave it out. Use savepoints inside the transaction, or transaction: 'none' to have no transaction at all.",
    });
  }
  if (transaction && traits.inTransaction === 'no') {
    return new LockkeeperError('MIGRATION_FAILED', {
      message: `${traits.label} cannot run in a transaction, and this migration is one.`,
      hint: "Set transaction: 'none' in the migration, or put the statement into a migration of its own (an SQL migration is split by itself).",
    });
  }
  return null;
}

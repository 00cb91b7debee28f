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
import { codeFailure, type CodePlace, placeOf } from './code-failure.js';

/**
 * What a code migration is given: every statement goes over the run's own session, is looked at before it is sent,
 * and one at a time, whatever the function does in parallel.
 */
export class CodeDatabase implements MigrationDatabase {
  readonly #session: Session;
  readonly #file: string;
  readonly #transaction: boolean;
  #queue: Promise<unknown> = Promise.resolve();
  #statements = 0;
  #firstFailure: LockkeeperError | null = null;
  #refusal: LockkeeperError | null = null;

  constructor(session: Session, options: { readonly file: string; readonly transaction: boolean }) {
    this.#session = session;
    this.#file = options.file;
    this.#transaction = options.transaction;
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

  /** Resolves when everything that was sent has been answered, also what nobody awaited. */
  async settled(): Promise<void> {
    await this.#queue;
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
    return handled(this.#run(null, () => copyRows(this.#session, { table, rows, ...options })));
  }

  upsert(
    table: string,
    rows: RowSource,
    options: { readonly key?: readonly string[]; readonly columns?: readonly string[] } = {},
  ): Promise<number> {
    return handled(this.#run(null, () => upsertRows(this.#session, { table, rows, ...options })));
  }

  async #query<Row extends ResultRow>(
    text: string | SqlFragment,
    values: readonly SqlValue[],
  ): Promise<QueryAnswer<Row>> {
    const fragment = typeof text === 'string' ? { text, values } : text;
    return await this.#run(fragment.text, async () => {
      const answer = await this.#session.client.query<Row>(fragment.text, [...fragment.values]);
      return { rows: answer.rows, rowCount: answer.rowCount ?? answer.rows.length };
    });
  }

  async #one<Row extends ResultRow>(text: string | SqlFragment, values: readonly SqlValue[]): Promise<Row> {
    const { rows } = await this.#query<Row>(text, values);
    const row = rows[0];
    if (rows.length === 1 && row !== undefined) return row;
    throw new LockkeeperError('QUERY_ROW_COUNT', {
      message: `db.one() got ${rows.length} rows from: ${(typeof text === 'string' ? text : text.text).slice(0, 200)}`,
      hint: 'Use db.query() where there may be none or several.',
    });
  }

  async #exec(text: string | SqlFragment): Promise<void> {
    if (typeof text !== 'string' && text.values.length > 0) {
      await this.#query(text, []);
      return;
    }
    const sql = typeof text === 'string' ? text : text.text;
    await this.#run(sql, () => this.#session.send(sql));
  }

  /** Puts work at the end of the queue; the place of the call is taken now, while the caller is on the stack. */
  async #run<Value>(sql: string | null, work: () => Promise<Value>): Promise<Value> {
    const place = placeOf(new Error('call site'), this.#file);
    if (sql !== null) this.#inspect(sql, place);
    const turn = this.#queue.then(async () => {
      this.#statements += 1;
      return await work();
    });
    this.#queue = turn.catch(() => {}); // the caller gets the error; the queue goes on
    try {
      return await turn;
    } catch (error) {
      const failure = codeFailure(error, { sql, place, file: this.#file });
      this.#firstFailure ??= failure;
      throw failure;
    }
  }

  /** Refuses what would end the transaction or release the lock before it is sent (ENGINE B8, D19). */
  #inspect(sql: string, place: CodePlace | null): void {
    const { statements } = lexScript(sql);
    for (const { traits } of statements) {
      const problem = refusal(traits, this.#transaction);
      if (problem === null) continue;
      const failure = codeFailure(problem, { sql, place, file: this.#file });
      this.#refusal ??= failure;
      throw failure;
    }
  }
}

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

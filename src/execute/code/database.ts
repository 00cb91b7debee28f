import { LockkeeperError } from '../../core/errors.js';
import type {
  MigrationDatabase,
  QueryAnswer,
  ResultRow,
  RowSource,
  SqlFragment,
  SqlValue,
} from '../../migration/database.js';
import { callSite, copyRows, GuestClient, plainQuery, type Session, upsertRows } from '../../pg/index.js';
import { knexOver } from '../../source/knex/instance.js';
import { kyselyOver } from '../../source/kysely/instance.js';
import { drizzleOver } from '../../source/library/drizzle.js';
import { slonikOver } from '../../source/library/slonik.js';
import type { Conversation } from './conversation.js';
import type { Work } from './sent.js';

/**
 * What a code migration is given: every statement goes through the conversation, so over the run's own session, is
 * looked at before it is sent, and one at a time.
 */
export class CodeDatabase implements MigrationDatabase {
  readonly #session: Session;
  readonly #conversation: Conversation;
  /** Folder of the migration's file; libraries are looked for from here. */
  readonly #base: string;
  readonly #libraries = new Map<string, unknown>();
  #client: GuestClient | null = null;

  constructor(session: Session, conversation: Conversation, base: string) {
    this.#session = session;
    this.#conversation = conversation;
    this.#base = base;
  }

  get client(): GuestClient {
    this.#client ??= new GuestClient(this.#session, this.#conversation);
    return this.#client;
  }

  get knex(): unknown {
    return this.#library('knex', () => knexOver(this.client, { base: this.#base, config: {} }));
  }

  get kysely(): unknown {
    return this.#library('kysely', () => kyselyOver(this.client, { base: this.#base }));
  }

  get drizzle(): unknown {
    return this.#library('drizzle', () => drizzleOver(this.client, this.#base));
  }

  get slonik(): unknown {
    return this.#library('slonik', () => slonikOver(this.client, this.#base));
  }

  get prisma(): never {
    throw new LockkeeperError('USAGE_INVALID', {
      message:
        'There is no db.prisma: a Prisma client is code that was generated for the project, and opens connections of its own, outside of the transaction.',
      hint: 'Use db.query(), or db.knex, db.kysely, db.drizzle or db.slonik.',
    });
  }

  #library(name: string, make: () => unknown): unknown {
    if (!this.#libraries.has(name)) this.#libraries.set(name, make());
    return this.#libraries.get(name);
  }

  /** What was set on the client, and prepared by it, goes with the migration. */
  detach(): void {
    this.#client?.detach();
    this.#session.forgetPrepared();
  }

  query<Row extends ResultRow = ResultRow>(
    text: string | SqlFragment,
    values: readonly SqlValue[] = [],
  ): Promise<QueryAnswer<Row>> {
    return handled(this.#query<Row>(text, values, 'query'));
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
    const work: Work<number> = (onText) => copyRows(this.#session, { table, rows, ...options, onText });
    return handled(this.#conversation.load({ sql: null, method: 'copy' }, work));
  }

  upsert(
    table: string,
    rows: RowSource,
    options: { readonly key?: readonly string[]; readonly columns?: readonly string[] } = {},
  ): Promise<number> {
    const work: Work<number> = (onText) => upsertRows(this.#session, { table, rows, ...options, onText });
    return handled(this.#conversation.load({ sql: null, method: 'upsert' }, work));
  }

  async #query<Row extends ResultRow>(
    text: string | SqlFragment,
    values: readonly SqlValue[],
    method: string,
  ): Promise<QueryAnswer<Row>> {
    const fragment = typeof text === 'string' ? { text, values } : text;
    const { query, result } = plainQuery<Row>(fragment.text, fragment.values, true);
    await this.#conversation.ask(query, { sql: fragment.text, method });
    const { rows, rowCount } = await result;
    return { rows, rowCount: rowCount ?? rows.length };
  }

  async #one<Row extends ResultRow>(text: string | SqlFragment, values: readonly SqlValue[]): Promise<Row> {
    const sql = typeof text === 'string' ? text : text.text;
    const site = callSite();
    const { rows } = await this.#query<Row>(text, values, 'one');
    const row = rows[0];
    if (rows.length === 1 && row !== undefined) return row;
    const problem = new LockkeeperError('QUERY_ROW_COUNT', {
      message: `db.one() got ${rows.length} rows from: ${sql.slice(0, 200)}`,
      hint: 'Use db.query() where there may be none or several.',
    });
    throw this.#conversation.problem(problem, { sql, method: 'one' }, site);
  }

  async #exec(text: string | SqlFragment): Promise<void> {
    const fragment = typeof text === 'string' ? { text, values: [] } : text;
    const { query, result } = plainQuery(fragment.text, fragment.values, false);
    await this.#conversation.ask(query, { sql: fragment.text, method: 'exec' });
    await result;
  }
}

/** A call that nobody awaits must not end the process (unhandled rejection): the run looks at failures by itself. */
function handled<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {}); // whoever awaits the promise still gets the error
  return promise;
}

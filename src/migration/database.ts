import type { Client, QueryResultRow } from 'pg';

/** One row by column name. */
export type ResultRow = QueryResultRow;

export interface QueryAnswer<Row> {
  readonly rows: readonly Row[];
  /** Rows returned, or touched by INSERT, UPDATE, DELETE, MERGE or COPY. */
  readonly rowCount: number;
}

export type SqlValue = unknown;

/** An SQL text with its parameters, as the `sql` tag makes it: `` sql`delete from t where id = ${id}` ``. */
export interface SqlFragment {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

/** What a code migration works with. Every statement runs on the session, and in the transaction, of the run. */
export interface MigrationDatabase {
  /** One statement, with `$1` parameters. @throws {MIGRATION_FAILED} with the place in the migration file. */
  query<Row extends QueryResultRow = QueryResultRow>(
    text: string | SqlFragment,
    values?: readonly SqlValue[],
  ): Promise<QueryAnswer<Row>>;
  /** The only row of the answer. @throws {QUERY_ROW_COUNT} when there is none, or more than one. */
  one<Row extends QueryResultRow = QueryResultRow>(
    text: string | SqlFragment,
    values?: readonly SqlValue[],
  ): Promise<Row>;
  /** One or many statements without parameters; their rows are not kept. */
  exec(text: string | SqlFragment): Promise<void>;
  /** Loads rows by COPY; gives the number of rows. `columns` defaults to the keys of the first row. */
  copy(table: string, rows: RowSource, options?: { readonly columns?: readonly string[] }): Promise<number>;
  /** Inserts rows, and updates those whose key exists. `key` defaults to the primary key. Gives the rows touched. */
  upsert(
    table: string,
    rows: RowSource,
    options?: { readonly key?: readonly string[]; readonly columns?: readonly string[] },
  ): Promise<number>;
  /**
   * A `pg.Client` on the same session, for libraries that want one: every form of `query()`, cursors and COPY streams.
   * What is sent by it is looked at like everything else; a BEGIN becomes a savepoint, and `end()` ends nothing.
   */
  readonly client: Client;
  /**
   * The project's own Knex on the same session, loaded when it is first asked for; its type is that of the library:
   * `db.knex as Knex`. @throws {PACKAGE_MISSING}
   */
  readonly knex: unknown;
  /** The same with Kysely: `db.kysely as Kysely<Database>`. @throws {PACKAGE_MISSING} */
  readonly kysely: unknown;
  /** The same with Drizzle: `db.drizzle as NodePgDatabase`. @throws {PACKAGE_MISSING} */
  readonly drizzle: unknown;
  /** The same with a pool of Slonik's: `db.slonik as DatabasePool`. @throws {PACKAGE_MISSING} */
  readonly slonik: unknown;
  /** Not there: a Prisma client is generated code, and opens connections of its own. @throws {USAGE_INVALID} */
  readonly prisma: never;
}

export type RowObject = Readonly<Record<string, unknown>>;
export type RowSource = Iterable<RowObject> | AsyncIterable<RowObject>;

import { type Connection, Query } from 'pg';
import { ConnectionEnded, type ServerError, type WireConnection } from './message.js';
import type { Session } from './session.js';

/**
 * What the driver hands the answers of the server to: its own Query, or an object of a library (pg-cursor,
 * pg-query-stream, pg-copy-streams). The methods are those that pg 8 calls.
 */
export interface GuestQuery {
  submit(connection: Connection): Error | null | undefined | void;
  handleError(error: Error, connection: Connection): void;
  handleReadyForQuery(connection: Connection): void;
  handleRowDescription?(message: { readonly fields: readonly object[] }): void;
  handleDataRow?(message: { readonly fields: readonly (string | null)[] }): void;
  handleCommandComplete?(message: { text: string }, connection: Connection): void;
  readonly text?: string | undefined;
  readonly name?: string | undefined;
  readonly values?: readonly unknown[] | undefined;
  /** Fetches its rows in portions, and so answers the server itself. */
  readonly rows?: number | undefined;
  readonly cursor?: { readonly text?: string } | undefined;
}

/** One message of an answer: columns, a row, the command tag. JSON as it stands. */
export type AnswerMessage =
  | readonly ['columns', readonly object[]]
  | readonly ['row', readonly (string | null)[]]
  | readonly ['tag', string];

/** What came back for one query. */
export interface GuestAnswer {
  /** The server's refusal, or the driver's; null for success. */
  readonly error: (Error & Partial<ServerError>) | null;
  /** Every message of the answer; null where they were not kept. */
  readonly messages: readonly AnswerMessage[] | null;
}

/** Keeps messages up to a size, which many answers share. */
export interface AnswerKeeper {
  /** Bytes, about, that may still be kept; below zero nothing is. */
  left: number;
}

/** The driver's own kind of query, of whatever copy of the driver: its answer can be put off, and told again. */
export function isPlainQuery(query: GuestQuery): boolean {
  return '_results' in query && query.rows === undefined;
}

/** The last result of a query, as the driver gives it. */
export interface GuestResult<Row> {
  readonly rows: readonly Row[];
  readonly rowCount: number | null;
}

/** A query of the driver's, and what it comes to. Where rows are not wanted, none are kept. */
export function plainQuery<Row>(
  text: string,
  values: readonly unknown[],
  wantsRows: boolean,
): { readonly query: GuestQuery; readonly result: Promise<GuestResult<Row>> } {
  const query = new Query(text, [...values]);
  const result = new Promise<GuestResult<Row>>((resolve, reject) => {
    if (wantsRows) {
      const driver = query as unknown as { callback: (error: Error | null, result: unknown) => void };
      driver.callback = (error, answer) => {
        // Several statements without values are answered by a list.
        if (error === null) resolve((Array.isArray(answer) ? answer.at(-1) : answer) as GuestResult<Row>);
        else reject(error);
      };
    } else {
      query.on('row', () => {});
      query.on('error', reject);
      query.on('end', () => resolve({ rows: [], rowCount: null }));
    }
  });
  result.catch(() => {}); // whoever awaits the result gets its error
  return { query: query as unknown as GuestQuery, result };
}

/** The SQL of a query; null where it cannot be seen. */
export function textOfQuery(query: GuestQuery): string | null {
  return query.text ?? query.cursor?.text ?? null;
}

/**
 * Sends one query and waits until the session is free again. Rows go to the query as they come; an error is held back
 * from a plain query, so that the caller can decide what it gets.
 * @throws {ConnectionEnded}
 */
export async function sendQuery(
  session: Session,
  query: GuestQuery,
  keeper: AnswerKeeper | null = null,
): Promise<GuestAnswer> {
  return await session.watched(
    () =>
      new Promise<GuestAnswer>((resolve, reject) => {
        const relay = new Relay(query, { session, keeper, resolve, reject });
        session.client.query(relay.asSubmittable());
      }),
  );
}

interface Settle {
  readonly session: Session;
  readonly keeper: AnswerKeeper | null;
  readonly resolve: (answer: GuestAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** Stands between the driver and a query, and notes what passes. */
class Relay {
  readonly #query: GuestQuery;
  readonly #to: Settle;
  readonly #messages: AnswerMessage[] = [];
  #error: GuestAnswer['error'] = null;

  constructor(query: GuestQuery, to: Settle) {
    this.#query = query;
    this.#to = to;
  }

  /** Reads and calls of everything but the five methods go to the query itself. */
  asSubmittable(): GuestQuery {
    const own: Readonly<Record<string, unknown>> = {
      handleRowDescription: (message: { readonly fields: readonly object[] }): void => {
        this.#keep(['columns', message.fields.map((field) => ({ ...field }))], 100);
        this.#query.handleRowDescription?.(message);
      },
      handleDataRow: (message: { readonly fields: readonly (string | null)[] }): void => {
        this.#keep(['row', message.fields], 0);
        this.#query.handleDataRow?.(message);
      },
      handleCommandComplete: (message: { text: string }, connection: Connection): void => {
        this.#keep(['tag', message.text], 0);
        this.#query.handleCommandComplete?.(message, connection);
      },
      handleError: (error: Error, connection: WireConnection): void => this.#onError(error, connection),
      handleReadyForQuery: (connection: WireConnection): void => this.#onReady(connection),
    };
    return new Proxy(this.#query, {
      get: (target, key) => {
        if (typeof key === 'string' && Object.hasOwn(own, key)) return own[key];
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
      set: (target, key, value) => Reflect.set(target, key, value, target),
    });
  }

  #keep(message: AnswerMessage, bytes: number): void {
    const { keeper } = this.#to;
    if (keeper === null || keeper.left < 0) return;
    const [, content] = message;
    keeper.left -= bytes + (Array.isArray(content) ? sizeOf(content) : content.length);
    if (keeper.left >= 0) this.#messages.push(message);
    else this.#messages.length = 0;
  }

  #onReady(connection: Connection): void {
    this.#query.handleReadyForQuery(connection);
    this.#settle();
  }

  /** The driver forgets the query at the error, but the session is free only at the ReadyForQuery behind it. */
  #onError(error: Error & Partial<ServerError>, connection: WireConnection): void {
    if (this.#error !== null) return;
    this.#error = error;
    this.#whenFree(error, connection);
    if (!isPlainQuery(this.#query)) this.#query.handleError(error, connection);
  }

  #whenFree(error: Error & Partial<ServerError>, connection: WireConnection): void {
    if (error.severity === undefined) {
      // Not the server's: nothing was sent, or the connection is gone.
      if (/^Connection terminated|not queryable|ECONN|EPIPE/.test(error.message))
        this.#to.reject(new ConnectionEnded(error));
      else this.#settle();
      return;
    }
    const onReady = (): void => {
      connection.off('end', onEnd);
      this.#settle();
    };
    const onEnd = (): void => {
      connection.off('readyForQuery', onReady);
      this.#to.reject(new ConnectionEnded(error));
    };
    connection.once('readyForQuery', onReady);
    connection.once('end', onEnd);
  }

  #settle(): void {
    const { keeper, resolve } = this.#to;
    const kept = keeper !== null && keeper.left >= 0 && isPlainQuery(this.#query);
    resolve({ error: this.#error, messages: kept ? this.#messages : null });
  }
}

function sizeOf(values: readonly unknown[]): number {
  return values.reduce<number>((sum, value) => sum + 6 + (typeof value === 'string' ? value.length : 0), 0);
}

/** Nothing of an answer that is told again goes to the server. */
const noConnection = {
  sync: (): void => {},
  flush: (): void => {},
} as unknown as Connection;

/** Gives a plain query an answer as if the server had sent it just now. */
export function tellAnswer(query: GuestQuery, messages: readonly AnswerMessage[]): void {
  for (const message of messages) {
    switch (message[0]) {
      case 'columns':
        query.handleRowDescription?.({ fields: message[1] });
        break;
      case 'row':
        query.handleDataRow?.({ fields: message[1] });
        break;
      case 'tag':
        query.handleCommandComplete?.({ text: message[1] }, noConnection);
        break;
      default:
        message satisfies never;
    }
  }
  query.handleReadyForQuery(noConnection);
}

/** Gives a query its error. */
export function tellError(query: GuestQuery, error: Error): void {
  query.handleError(error, noConnection);
}

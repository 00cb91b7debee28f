import type { Connection, Submittable } from 'pg';
import { LockkeeperError } from '../core/errors.js';
import { withFullStop } from '../core/text.js';

/** What one message of the simple protocol came to, statement by statement. */
export interface MessageOutcome {
  /** Command tags in order: `BEGIN`, `INSERT 0 1`, `COMMIT` … */
  readonly tags: readonly string[];
  /** Rows that each statement returned; the rows themselves are not kept. */
  readonly rows: readonly number[];
  /** First value of the last row of all, as text; null where there was none. */
  readonly last: string | null;
}

/** The fields of an ErrorResponse (protocol manual, section "Error and Notice Message Fields"). */
export interface ServerError {
  readonly message: string;
  readonly code: string;
  readonly severity: string;
  readonly detail?: string;
  readonly hint?: string;
  /** 1-based, in code points of the whole message; missing for most run-time errors. */
  readonly position?: string;
  readonly internalQuery?: string;
  readonly where?: string;
  readonly constraint?: string;
  readonly table?: string;
  readonly schema?: string;
}

/** The server refused a statement of a message. `completed` statements before it had succeeded. */
export class MessageRefused extends Error {
  readonly server: ServerError;
  readonly completed: number;
  constructor(server: ServerError, completed: number) {
    super(server.message, { cause: server });
    this.name = 'MessageRefused';
    this.server = server;
    this.completed = completed;
  }
}

/** The connection ended, perhaps while a message was under way; whether that took effect is not known. */
export class ConnectionEnded extends LockkeeperError {
  /** What the driver or the server said at its end. */
  readonly reason: string;
  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : 'the server closed it';
    super('CONNECTION_LOST', {
      message: `The connection to the server ended: ${withFullStop(reason)}`,
      hint: 'Run the same command again.',
      cause,
    });
    this.name = 'ConnectionEnded';
    this.reason = this.message.slice('The connection to the server ended: '.length);
  }
}

/** A FATAL or PANIC answer is the server's last on this connection; a socket error is the network's. */
export function endsConnection(error: unknown): boolean {
  const { severity, code } = error as { readonly severity?: string; readonly code?: string };
  if (severity === 'FATAL' || severity === 'PANIC') return true;
  // The word is translated by lc_messages; these codes end a session in every language (Appendix A, class 57 and 25).
  return code !== undefined && /^(57P0[1-5]|25P0[34])$/.test(code);
}

/** The parts of the driver's connection that its types leave out. */
export interface WireConnection extends Connection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
  once(event: 'readyForQuery' | 'end', listener: () => void): this;
  off(event: 'readyForQuery' | 'end', listener: () => void): this;
}

const copyChunkBytes = 65_536;

/**
 * One message of the simple protocol. The driver's own query class cannot serve: it keeps every row, and on an
 * error it does not tell how many statements had completed, which is how a run-time error is located (such errors
 * carry no position).
 */
export class Message implements Submittable {
  readonly #text: string;
  readonly #copyData: string | null;
  readonly #tags: string[] = [];
  readonly #rows: number[] = [];
  #rowsOfStatement = 0;
  #last: string | null = null;
  #written = false;
  #refusal: unknown = null;
  #resolve: (outcome: MessageOutcome) => void = () => {};
  #reject: (error: Error) => void = () => {};
  readonly outcome: Promise<MessageOutcome>;

  constructor(text: string, copyData: string | null = null) {
    this.#text = text;
    this.#copyData = copyData;
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Statements that have completed so far: the index of the one now running. */
  get completed(): number {
    return this.#tags.length;
  }

  /** Called by the driver when the message before this one has been answered. */
  submit(connection: Connection): void {
    if (!this.#written) this.writeTo(connection);
  }

  /** Writes the message before its turn: the driver only has to know which message an answer belongs to. */
  writeTo(connection: Connection): void {
    this.#written = true;
    connection.query(this.#text);
  }

  handleRowDescription(): void {}

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    this.#rowsOfStatement += 1;
    this.#last = fields[0] ?? null;
  }

  handleCommandComplete(message: { text: string }): void {
    this.#tags.push(message.text);
    this.#rows.push(this.#rowsOfStatement);
    this.#rowsOfStatement = 0;
  }

  handleEmptyQuery(): void {}

  handlePortalSuspended(): void {}

  handleCopyInResponse(connection: WireConnection): void {
    if (this.#copyData === null) {
      connection.sendCopyFail('COPY FROM STDIN without data');
      return;
    }
    const data = Buffer.from(this.#copyData);
    for (let start = 0; start < data.length; start += copyChunkBytes) {
      connection.sendCopyFromChunk(data.subarray(start, start + copyChunkBytes));
    }
    connection.endCopyFrom();
  }

  handleCopyData(): void {}

  handleReadyForQuery(): void {
    this.#resolve({ tags: this.#tags, rows: this.#rows, last: this.#last });
  }

  /**
   * Called at the ErrorResponse. The driver forgets the query at this point, but the session is only usable after
   * the ReadyForQuery that follows; so the refusal is reported then. A lost connection sends none.
   */
  handleError(error: Error & Partial<ServerError>, connection: WireConnection): void {
    if (this.#refusal !== null) return;
    this.#refusal = error;
    if (error.severity === undefined) {
      this.#reject(new ConnectionEnded(error));
      return;
    }
    const server = error as unknown as ServerError;
    const onReady = (): void => {
      connection.off('end', onEnd);
      this.#reject(new MessageRefused(server, this.#tags.length));
    };
    const onEnd = (): void => {
      connection.off('readyForQuery', onReady);
      this.#reject(new ConnectionEnded(error));
    };
    connection.once('readyForQuery', onReady);
    connection.once('end', onEnd);
  }
}

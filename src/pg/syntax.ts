import type { Connection, Submittable } from 'pg';
import type { ServerError, WireConnection } from './message.js';
import type { Session } from './session.js';

/** A statement that the server's own grammar refuses. */
export interface SyntaxRefusal {
  /** Index into the list that was asked about. */
  readonly index: number;
  readonly error: ServerError;
}

/** The driver's connection with the extended protocol in its present form (its types still show an older one). */
interface ExtendedWire {
  parse(query: { text: string; name: string; types: readonly number[] }): void;
  sync(): void;
  stream: { cork?(): void; uncork?(): void };
  on(event: 'parseComplete', listener: () => void): void;
  off(event: 'parseComplete', listener: () => void): void;
}

/**
 * Parse messages for many statements and one Sync: the server checks each with its own grammar and runs nothing
 * (protocol manual, "Extended Query"). After the first refusal it skips the rest.
 */
class ParseOnly implements Submittable {
  readonly #texts: readonly string[];
  #parsed = 0;
  #resolve: (refusal: SyntaxRefusal | null) => void = () => {};
  #reject: (error: Error) => void = () => {};
  readonly answer: Promise<SyntaxRefusal | null>;

  constructor(texts: readonly string[]) {
    this.#texts = texts;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  readonly #count = (): void => {
    this.#parsed += 1;
  };

  submit(connection: Connection): void {
    const wire = connection as unknown as ExtendedWire;
    wire.on('parseComplete', this.#count);
    wire.stream.cork?.();
    for (const text of this.#texts) wire.parse({ text, name: '', types: [] });
    wire.sync();
    wire.stream.uncork?.();
  }

  handleReadyForQuery(connection: Connection): void {
    (connection as unknown as ExtendedWire).off('parseComplete', this.#count);
    this.#resolve(null);
  }

  handleError(error: Error & Partial<ServerError>, connection: WireConnection): void {
    (connection as unknown as ExtendedWire).off('parseComplete', this.#count);
    if (error.severity === undefined) {
      this.#reject(error);
      return;
    }
    const refusal = { index: this.#parsed, error: error as unknown as ServerError };
    connection.once('readyForQuery', () => this.#resolve(refusal));
    connection.once('end', () => this.#reject(error));
  }
}

/** Statements of one round trip. */
export const syntaxBatch = 500;

/**
 * Asks the server to parse statements without running them, and gives every refusal. Only for utility statements:
 * SELECT, INSERT and their like are analysed too, and would fail on tables that are not there yet.
 */
export async function findSyntaxRefusals(
  session: Session,
  texts: readonly string[],
): Promise<readonly SyntaxRefusal[]> {
  const refusals: SyntaxRefusal[] = [];
  for (let start = 0; start < texts.length;) {
    const request = new ParseOnly(texts.slice(start, start + syntaxBatch));
    const refusal = await session.watched(() => {
      session.client.query(request);
      return request.answer;
    });
    if (refusal === null) {
      start += syntaxBatch;
    } else {
      refusals.push({ index: start + refusal.index, error: refusal.error });
      start += refusal.index + 1;
    }
  }
  return refusals;
}

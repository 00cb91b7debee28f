import { MessageRefused, type MessageOutcome, type ServerError, type Session } from '../pg/index.js';
import { fromCodePoints } from '../sql/position.js';
import { buildMessages, type OutgoingMessage, type Part } from './parts.js';

/** The server refused one part; what came before it in its transaction is about to be rolled back. */
export class PartRefused extends Error {
  readonly part: Part;
  readonly server: ServerError;
  /** Where in the part's text, in UTF-16 units; null where the server gave no position. */
  readonly offset: number | null;
  constructor(part: Part, server: ServerError, offset: number | null) {
    super(server.message, { cause: server });
    this.name = 'PartRefused';
    this.part = part;
    this.server = server;
    this.offset = offset;
  }
}

/** A validation query returned rows. */
export class ValidationRows extends Error {
  readonly part: Part;
  readonly rows: number;
  constructor(part: Part, rows: number) {
    super(`A validation query returned ${rows} rows.`);
    this.name = 'ValidationRows';
    this.part = part;
    this.rows = rows;
  }
}

/** A statement of ours was answered by another command tag than the only right one, e.g. COMMIT by ROLLBACK. */
export class UnexpectedTag extends Error {
  readonly part: Part;
  readonly tag: string;
  constructor(part: Part, tag: string) {
    super(`Expected ${part.expect ?? 'another tag'}, got ${tag}.`);
    this.name = 'UnexpectedTag';
    this.part = part;
    this.tag = tag;
  }
}

/**
 * Sends parts as messages and checks every answer. Gives the first value of the last row that came, as text; null for none.
 * @throws {PartRefused} {ValidationRows} {UnexpectedTag} {ConnectionEnded}
 */
export async function sendParts(session: Session, parts: readonly Part[]): Promise<string | null> {
  let last: string | null = null;
  for (const message of buildMessages(parts)) {
    let outcome: MessageOutcome;
    try {
      outcome = await session.send(message.text, message.copyData);
    } catch (error) {
      throw error instanceof MessageRefused ? locate(message, error) : error;
    }
    checkAnswers(message, outcome);
    last = outcome.last ?? last;
  }
  return last;
}

function checkAnswers(message: OutgoingMessage, outcome: MessageOutcome): void {
  for (const { part, first } of message.parts) {
    if (part.expect !== null) {
      const tag = outcome.tags[first] ?? '(none)';
      if (tag !== part.expect) throw new UnexpectedTag(part, tag);
    }
    const rows = outcome.rows[first] ?? 0;
    if (part.mustBeEmpty && rows > 0) throw new ValidationRows(part, rows);
  }
}

/**
 * A position names the place exactly; run-time errors have none, and then the number of statements that had
 * completed names the part (ENGINE C13).
 */
function locate(message: OutgoingMessage, refusal: MessageRefused): PartRefused {
  const { server, completed } = refusal;
  const last = message.parts.at(-1) as (typeof message.parts)[number];
  if (server.position !== undefined) {
    const offset = fromCodePoints(message.text, Number(server.position) - 1);
    const found = message.parts.findLast((candidate) => candidate.start <= offset) ?? last;
    return new PartRefused(found.part, server, offset - found.start);
  }
  const placed = message.parts.find(({ part, first }) => completed < first + part.count) ?? last;
  return new PartRefused(placed.part, server, null);
}

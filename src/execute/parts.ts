import type { SqlScript } from '../migration/migration.js';
import type { Statement } from '../sql/statement.js';

/** A piece of a message: one statement of the user's, or one or several of ours. */
export interface Part {
  readonly text: string;
  /** How many statements it holds, so how many command tags answer it. */
  readonly count: number;
  /** The user's statement that it is; null for ours. */
  readonly source: { readonly script: SqlScript; readonly statement: Statement } | null;
  /** The command tag that has to answer; null = any. */
  readonly expect: string | null;
  /** A validation query: any row refuses the migration. */
  readonly mustBeEmpty: boolean;
  readonly copyData: string | null;
}

export function ours(text: string, expect: string | null = null, count = 1): Part {
  return { text, count, source: null, expect, mustBeEmpty: false, copyData: null };
}

/** Back to the role that the run began as, whatever the file chose: the journal is written by it. */
export const ourRole: Part = ours('set session authorization default; reset role', null, 2);

export function theirs(script: SqlScript, statement: Statement): Part {
  const { copyData } = statement;
  return {
    text: script.text.slice(statement.start, statement.end),
    count: 1,
    source: { script, statement },
    expect: null,
    mustBeEmpty: false,
    copyData: copyData === null ? null : script.text.slice(copyData.start, copyData.end),
  };
}

/** A query of a validation section. */
export function validation(script: SqlScript, statement: Statement): Part {
  return { ...theirs(script, statement), mustBeEmpty: true };
}

export interface PlacedPart {
  readonly part: Part;
  /** Where its text begins in the message, in UTF-16 units. */
  readonly start: number;
  /** Index of its first statement in the message. */
  readonly first: number;
}

export interface OutgoingMessage {
  readonly text: string;
  readonly parts: readonly PlacedPart[];
  readonly copyData: string | null;
}

const largestMessage = 16_000_000;
const separator = ';\n';

/**
 * Joins parts into as few messages as possible. A message ends after COPY data and after a validation query (its
 * answer has to be looked at), and before it would exceed 16 MB; a transaction may span messages (ENGINE C13).
 */
export function buildMessages(parts: readonly Part[]): readonly OutgoingMessage[] {
  const messages: OutgoingMessage[] = [];
  let text = '';
  let placed: PlacedPart[] = [];
  let statements = 0;
  const close = (copyData: string | null): void => {
    if (placed.length > 0) messages.push({ text, parts: placed, copyData });
    text = '';
    placed = [];
    statements = 0;
  };
  for (const part of parts) {
    if (text.length + part.text.length > largestMessage) close(null);
    placed.push({ part, start: text.length, first: statements });
    text += part.text + separator;
    statements += part.count;
    if (part.copyData !== null || part.mustBeEmpty) close(part.copyData);
  }
  close(null);
  return messages;
}

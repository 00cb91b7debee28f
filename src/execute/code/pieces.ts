import { Lexer, END } from '../../sql/lexer.js';
import { lexScript } from '../../sql/script.js';
import type { StatementTraits } from '../../sql/statement.js';

/** One statement of a text that a code migration wants to send. */
export interface Piece {
  readonly text: string;
  readonly traits: StatementTraits;
}

let last: { readonly text: string; readonly pieces: readonly Piece[] } | null = null;

/** Splits and classifies a text before it is sent. A loop that sends one text many times pays once. */
export function readPieces(text: string): readonly Piece[] {
  if (last?.text === text) return last.pieces;
  const { statements } = lexScript(text);
  const pieces = statements.map(({ start, end, traits }) => ({ text: text.slice(start, end), traits }));
  last = { text, pieces };
  return pieces;
}

/** A statement that is not simply sent: it ends a transaction, moves a savepoint, or may not be in one. */
export function isSpecial({ traits }: Piece): boolean {
  return traits.control !== null || traits.inTransaction === 'no' || traits.inTransaction === 'relkind';
}

/** Folded name of the savepoint in SAVEPOINT, RELEASE and ROLLBACK TO: the last word of each. */
export function savepointName({ text }: Piece): string {
  const lexer = new Lexer(text);
  let name = '';
  for (let kind = lexer.next(); kind !== END; kind = lexer.next()) name = text.slice(lexer.start, lexer.end);
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
}

/** A text that is taken apart: nothing that follows may share the message of an ALTER TYPE … ADD VALUE (55P04). */
export function addsValueBeforeMore(pieces: readonly Piece[]): boolean {
  return pieces.length > 1 && pieces.some(({ traits }) => traits.commitAfter);
}

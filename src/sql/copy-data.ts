import { Lexer } from './lexer.js';
import type { TokenList } from './token-list.js';

/** Where the data of a COPY stands, and where the script goes on after it. */
export interface CopyBlock {
  readonly start: number;
  /** One past the last line end before `\.`; the length of the text where no `\.` follows. */
  readonly end: number;
  readonly next: number;
  readonly closed: boolean;
  /** Offset of SQL between the `;` and the end of its line, which psql would run after the data; -1 for none. */
  readonly strayText: number;
}

/**
 * Whether the statement is a COPY that reads the lines after it. PostgreSQL's grammar takes STDOUT for STDIN here.
 */
export function isCopyFromStdin(tokens: TokenList): boolean {
  if (!tokens.is(0, 'COPY')) return false;
  const from = tokens.find(1, ['FROM']);
  return from > 0 && (tokens.is(from + 1, 'STDIN') || tokens.is(from + 1, 'STDOUT'));
}

/** Reads the lines after the `;` of a COPY up to a line that is `\.` and nothing else. */
export function readCopyData(text: string, afterSemicolon: number): CopyBlock {
  const feed = text.indexOf('\n', afterSemicolon);
  const lineEnd = feed < 0 ? text.length : feed;
  const start = feed < 0 ? text.length : feed + 1;
  const rest = new Lexer(text, afterSemicolon, lineEnd);
  const strayText = rest.next() === 0 ? -1 : rest.start;
  for (let at = text.indexOf('\\.', start); at >= 0; at = text.indexOf('\\.', at + 2)) {
    const next = endOfDotLine(text, at + 2);
    const beginsLine = at === start || text.charCodeAt(at - 1) === 10;
    if (beginsLine && next >= 0) return { start, end: at, next, closed: true, strayText };
  }
  return { start, end: text.length, next: text.length, closed: false, strayText };
}

/** Where the line after `\.` begins; -1 where more than a line end follows. */
function endOfDotLine(text: string, from: number): number {
  const pos = text.charCodeAt(from) === 13 ? from + 1 : from;
  if (pos >= text.length) return pos;
  return text.charCodeAt(pos) === 10 ? pos + 1 : -1;
}

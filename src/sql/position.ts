import { LockkeeperError, type SourceLocation } from '../core/errors.js';
import type { ErrorCode } from '../core/error-catalogue.js';

// JavaScript counts UTF-16 units, PostgreSQL counts code points (and its parser counts UTF-8 bytes), people count
// lines and columns. Every conversion between them is here. A line ends at a line feed.

/** Line and column of a UTF-16 offset; both count from 1, columns in code points. */
export function lineAndColumn(
  text: string,
  offset: number,
): { readonly line: number; readonly column: number } {
  const end = clamp(text, offset);
  const [lineStart] = lineSpan(text, end);
  return { line: countLineFeeds(text, 0, end) + 1, column: codePoints(text, lineStart, end) + 1 };
}

/** The line that holds the offset, without its line end. */
export function lineAt(text: string, offset: number): string {
  const [start, end] = lineSpan(text, clamp(text, offset));
  return text.slice(start, end);
}

/**
 * What a report needs to point at a place: line, column, the line's text, and how many code points to underline
 * (at least 1, and never past the end of the line).
 */
export function locate(text: string, offset: number, length = 1): Required<Omit<SourceLocation, 'file'>> {
  const start = clamp(text, offset);
  const [lineStart, lineEnd] = lineSpan(text, start);
  const end = Math.min(start + Math.max(length, 1), lineEnd);
  return {
    ...lineAndColumn(text, start),
    lineText: text.slice(lineStart, lineEnd),
    length: Math.max(codePoints(text, start, end), 1),
  };
}

/** UTF-16 offset of the code point with that number (from 0); PostgreSQL's error positions are this plus one. */
export function fromCodePoints(text: string, count: number, from = 0): number {
  let offset = from;
  for (let left = count; left > 0 && offset < text.length; left--) offset += isPair(text, offset) ? 2 : 1;
  return offset;
}

/** How many code points stand before a UTF-16 offset. */
export function toCodePoints(text: string, offset: number): number {
  return codePoints(text, 0, clamp(text, offset));
}

/** UTF-16 offset of a UTF-8 byte offset, as the parser gives in `stmt_location`. */
export function fromBytes(text: string, bytes: number): number {
  let offset = 0;
  for (let left = bytes; left > 0 && offset < text.length;) {
    const pair = isPair(text, offset);
    left -= pair ? 4 : bytesOf(text.charCodeAt(offset));
    offset += pair ? 2 : 1;
  }
  return offset;
}

/** How many line feeds stand in a span. */
export function countLineFeeds(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

interface ProblemInit {
  readonly offset: number;
  /** UTF-16 units to underline. */
  readonly length?: number;
  readonly message: string;
  readonly hint?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** An error at a place of a text. Its file is empty and its line counts within the text until `inFile` says more. */
export function problemAt(code: ErrorCode, text: string, init: ProblemInit): LockkeeperError {
  const { offset, length, ...rest } = init;
  return new LockkeeperError(code, { ...rest, location: { file: '', ...locate(text, offset, length) } });
}

/** The same error, pointing into the file that holds the text, `lineOffset` lines below its beginning. */
export function inFile(problem: LockkeeperError, file: string, lineOffset: number): LockkeeperError {
  const { location } = problem;
  return new LockkeeperError(problem.code, {
    message: problem.message,
    details: problem.details,
    problems: problem.problems,
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    ...(problem.cause === undefined ? {} : { cause: problem.cause }),
    ...(location === undefined ? {} : { location: { ...location, file, line: location.line + lineOffset } }),
  });
}

function lineSpan(text: string, offset: number): [number, number] {
  const start = offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
  const feed = text.indexOf('\n', offset);
  const end = feed < 0 ? text.length : feed;
  return [start, end > start && text.charCodeAt(end - 1) === 13 ? end - 1 : end];
}

function codePoints(text: string, from: number, to: number): number {
  let count = 0;
  for (let offset = from; offset < to; count++) offset += isPair(text, offset) ? 2 : 1;
  return count;
}

function isPair(text: string, offset: number): boolean {
  const high = text.charCodeAt(offset);
  if (high < 0xd800 || high > 0xdbff) return false;
  const low = text.charCodeAt(offset + 1);
  return low >= 0xdc00 && low <= 0xdfff;
}

function bytesOf(code: number): number {
  if (code < 0x80) return 1;
  return code < 0x800 ? 2 : 3;
}

function clamp(text: string, offset: number): number {
  return Math.min(Math.max(offset, 0), text.length);
}

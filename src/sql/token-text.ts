import { BACKSLASH, END, Lexer } from './lexer.js';
import { lexScript } from './script.js';
import type { Statement } from './statement.js';

/** Format of `tokenText`. It changes whenever the same script could give another text, so that hashes tell. */
export const tokenTextVersion = 'v1';

/**
 * Comment directives that change what a run does. They stay in the token text, because a migration that gains or
 * loses one is another migration:
 * `transaction` (how statements are put into transactions, also dbmate's and golang-migrate's `transaction:false`),
 * `migrate:*` (which part is up, down, validation), `repeatable` (runs again), `environments` (where it runs),
 * `depends` (after what it runs), `resume` and `resume-check` (what is done after a crash).
 */
export const executionDirectives = [
  'transaction',
  'migrate:up',
  'migrate:down',
  'migrate:validate-before',
  'migrate:validate-after',
  'repeatable',
  'environments',
  'depends',
  'resume',
  'resume-check',
] as const;

const directiveLine = new RegExp(`^--\\s*(${executionDirectives.join('|')})(?![\\w-])\\s*:?\\s*(.*)$`, 'i');

/**
 * The canonical form of a script: the same for two texts that differ only in comments, blank space and line ends
 * between tokens, and a superfluous or missing last semicolon; different for any other two. Tokens stand as written
 * with one space between them, so string literals, dollar-quoted bodies and COPY data are kept byte for byte. Of the
 * comments only `/*+ hints` and the `executionDirectives` remain.
 */
export function tokenText(
  text: string,
  statements: readonly Statement[] = lexScript(text).statements,
): string {
  let out = '';
  let from = 0;
  for (const statement of statements) {
    out += directives(text, from, statement.start) + statementTokenText(text, statement);
    from = afterCopyData(text, statement);
  }
  return out + directives(text, from, text.length);
}

/** The canonical form of one statement, with its COPY data. */
export function statementTokenText(text: string, statement: Statement): string {
  let out = '';
  // Tokens with one space between them stand as they should already, and are copied as one piece.
  let from = -1;
  let to = -1;
  const copy = (): void => {
    if (from >= 0) out += `${text.slice(from, to)} `;
    from = -1;
  };
  const lexer = new Lexer(text, statement.start, statement.end, (start, end) => {
    copy();
    out += keptComment(text.slice(start, end));
  });
  for (let kind = lexer.next(); kind !== END; kind = lexer.next()) {
    const joined = from >= 0 && lexer.start === to + 1 && text.charCodeAt(to) === 32;
    if (!joined) {
      copy();
      from = lexer.start;
    }
    to = lexer.end;
  }
  copy();
  const data = statement.copyData;
  return `${out};\n${data === null ? '' : `${text.slice(data.start, data.end)}\\.\n`}`;
}

/** Directives among the comments between two statements. */
function directives(text: string, from: number, to: number): string {
  if (text.indexOf('--', from) < 0) return '';
  let out = '';
  const lexer = new Lexer(text, from, to, (start, end) => {
    out += keptComment(text.slice(start, end));
  });
  for (let kind = lexer.next(); kind !== END; kind = lexer.next()) {
    // A psql line that was let through, such as \restrict: its words are no tokens.
    if (kind === BACKSLASH) lexer.end = endOfLine(text, lexer.start, to);
  }
  return out;
}

function keptComment(comment: string): string {
  if (comment.startsWith('/*+')) return `${comment} `;
  const directive = directiveLine.exec(comment);
  if (directive === null) return '';
  const value = (directive[2] ?? '').trim().replaceAll(/\s+/g, ' ');
  return `-- ${(directive[1] ?? '').toLowerCase()}: ${value}\n`;
}

function afterCopyData(text: string, statement: Statement): number {
  return statement.copyData === null ? statement.end : endOfLine(text, statement.copyData.end, text.length);
}

function endOfLine(text: string, from: number, limit: number): number {
  const feed = text.indexOf('\n', from);
  return feed < 0 || feed > limit ? limit : feed;
}

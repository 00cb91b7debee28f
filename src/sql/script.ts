import type { LockkeeperError } from '../core/errors.js';
import { classify } from './classify/classify.js';
import { withTraits } from './classify/traits.js';
import { isCopyFromStdin, readCopyData } from './copy-data.js';
import { BACKSLASH, END, Lexer, PUNCT, WORD, type Unterminated } from './lexer.js';
import { problemAt } from './position.js';
import { PsqlCommands } from './psql-command.js';
import type { Statement } from './statement.js';
import { withTokenList, type TokenList } from './token-list.js';

/** A script cut into its statements, with everything in it that makes it unusable. */
export interface LexedScript {
  readonly statements: readonly Statement[];
  /** Their locations count within the text and name no file; `inFile` of `sql/position` moves them. */
  readonly problems: readonly LockkeeperError[];
}

/**
 * Splits a script where psql would, classifies each statement, and finds what no run may start with: things without
 * an end, psql commands. Never throws for what the text holds.
 */
export function lexScript(text: string): LexedScript {
  return withTokenList(text, (tokens) => new ScriptReader(text, tokens).read());
}

/** Whether some statement's place or class rests on a guess of the lexer, so that the real parser has to be asked. */
export function needsParser(statements: readonly Statement[]): boolean {
  return statements.some((statement) => !statement.traits.certain);
}

class ScriptReader {
  readonly #text: string;
  readonly #lexer: Lexer;
  readonly #tokens: TokenList;
  readonly #psql: PsqlCommands;
  readonly #statements: Statement[] = [];
  readonly #problems: LockkeeperError[] = [];
  /** Open parentheses of the statement: a semicolon inside them (CREATE RULE … DO ( a; b )) does not end it. */
  #depth = 0;
  /** Open BEGIN ATOMIC and CASE of an SQL-standard routine body, whose semicolons do not end the statement. */
  #body = 0;
  #certain = true;
  /** Start of a planner hint directly before the statement; -1 for none. */
  #hint = -1;
  #line = 1;
  /** The first line end that is not counted in `#line` yet. */
  #nextFeed: number;

  constructor(text: string, tokens: TokenList) {
    this.#text = text;
    this.#tokens = tokens;
    this.#psql = new PsqlCommands(text);
    this.#nextFeed = text.indexOf('\n');
    this.#lexer = new Lexer(text, 0, text.length, (start) => {
      const hint = text.charCodeAt(start + 2) === 43 && text.charCodeAt(start) === 47; // /*+
      if (hint && tokens.count === 0 && this.#hint < 0) this.#hint = start;
    });
  }

  read(): LexedScript {
    const lexer = this.#lexer;
    for (let kind = lexer.next(); kind !== END; kind = lexer.next()) {
      if (kind === BACKSLASH) {
        this.#backslash();
      } else if (kind === PUNCT && this.#endsStatement()) {
        this.#finish(lexer.end);
      } else {
        this.#tokens.push(kind, lexer.start, lexer.end);
        if (kind === WORD && this.#depth === 0) this.#followBody(lexer.end - lexer.start);
      }
    }
    this.#finish(-1);
    if (lexer.unterminated !== null) this.#problems.push(unterminated(this.#text, lexer.unterminated));
    const open = this.#psql.end();
    if (open !== null) this.#problems.push(open);
    return { statements: this.#statements, problems: this.#problems };
  }

  #endsStatement(): boolean {
    switch (this.#text.charCodeAt(this.#lexer.start)) {
      case 40: // (
        this.#depth++;
        return false;
      case 41: // )
        if (this.#depth > 0) this.#depth--;
        else this.#certain = false;
        return false;
      case 59: // ;
        return this.#depth === 0 && this.#body === 0;
      default:
        return false;
    }
  }

  /** Follows BEGIN ATOMIC, CASE and END outside parentheses, as psql does. */
  #followBody(length: number): void {
    const tokens = this.#tokens;
    const last = tokens.count - 1;
    if (length === 6) {
      if (tokens.is(last, 'ATOMIC') && tokens.is(last - 1, 'BEGIN') && isRoutine(tokens)) {
        this.#body++;
        this.#certain = false;
      }
    } else if (this.#body > 0 && (length === 3 || length === 4)) {
      const label = tokens.is(last - 1, 'AS') || tokens.sign(last - 1, '.');
      if (label) return;
      if (tokens.is(last, 'CASE')) this.#body++;
      else if (tokens.is(last, 'END')) this.#body--;
    }
  }

  #backslash(): void {
    const { next, problem } = this.#psql.read(this.#lexer.start, this.#tokens.count === 0);
    if (problem !== null) this.#problems.push(problem);
    this.#lexer.end = next;
  }

  /** Ends the statement that the tokens make up; `afterSemicolon` is -1 at the end of the text. */
  #finish(afterSemicolon: number): void {
    const tokens = this.#tokens;
    if (tokens.count > 0) {
      const start = this.#hint >= 0 ? this.#hint : tokens.start(0);
      const traits = classify(tokens);
      const certain = this.#certain && this.#depth === 0 && traits.certain;
      this.#statements.push({
        start,
        end: tokens.end(tokens.count - 1),
        line: this.#lineOf(start),
        copyData: isCopyFromStdin(tokens) ? this.#copyData(afterSemicolon) : null,
        traits: certain === traits.certain ? traits : withTraits(traits, { certain }),
      });
    }
    tokens.clear();
    this.#depth = 0;
    this.#body = 0;
    this.#certain = true;
    this.#hint = -1;
  }

  #copyData(afterSemicolon: number): { start: number; end: number } {
    const text = this.#text;
    const block = readCopyData(text, afterSemicolon < 0 ? text.length : afterSemicolon);
    this.#lexer.end = block.next;
    if (!block.closed) {
      this.#problems.push(
        problemAt('SQL_UNTERMINATED', text, {
          offset: this.#tokens.start(0),
          length: 4,
          message: 'The data of a COPY … FROM STDIN has no end.',
          hint: 'End the data with a line that holds \\. and nothing else.',
        }),
      );
    } else if (block.strayText >= 0) {
      this.#problems.push(
        problemAt('SQL_SYNTAX', text, {
          offset: block.strayText,
          message:
            'A statement stands between a COPY … FROM STDIN and its data, which begins on the next line.',
          hint: 'Put that statement after the line with \\. that ends the data.',
        }),
      );
    }
    return { start: block.start, end: block.end };
  }

  #lineOf(offset: number): number {
    while (this.#nextFeed >= 0 && this.#nextFeed < offset) {
      this.#line++;
      this.#nextFeed = this.#text.indexOf('\n', this.#nextFeed + 1);
    }
    return this.#line;
  }
}

/** CREATE [OR REPLACE] FUNCTION or PROCEDURE: the only statements with a body of statements. */
function isRoutine(tokens: TokenList): boolean {
  if (!tokens.is(0, 'CREATE')) return false;
  const kind = tokens.has(1, ['OR', 'REPLACE']) ? 3 : 1;
  return tokens.is(kind, 'FUNCTION') || tokens.is(kind, 'PROCEDURE');
}

const closers: Readonly<Record<Unterminated['what'], string>> = {
  string: 'Close it with a single quote; a quote inside a string is written twice.',
  'quoted identifier': 'Close it with a double quote.',
  'dollar-quoted string': 'Close it with the very tag that opens it.',
  comment: 'Close it with */; comments nest, so every /* inside it needs a */ of its own.',
};

function unterminated(text: string, { what, start }: Unterminated): LockkeeperError {
  const feed = text.indexOf('\n', start);
  return problemAt('SQL_UNTERMINATED', text, {
    offset: start,
    length: (feed < 0 ? text.length : feed) - start,
    message: `A ${what} begins here and has no end.`,
    hint: closers[what],
  });
}

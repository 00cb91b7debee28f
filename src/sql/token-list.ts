import { END, Lexer, OPERATOR, PUNCT, QUOTED, STRING, WORD, type TokenKind } from './lexer.js';

/** Statements with more tokens than this are judged by their first ones; only data statements grow so long. */
const mostTokens = 1 << 20;

let spare: TokenList | null = null;

/**
 * Lends a list for one text to a function that ends before anyone else needs it, and keeps it for the next: thousands
 * of small scripts are lexed in a row, and growing a list for each costs more than lexing does.
 */
export function withTokenList<Result>(text: string, use: (tokens: TokenList) => Result): Result {
  const tokens = spare ?? new TokenList();
  spare = null;
  tokens.clear();
  tokens.text = text;
  try {
    return use(tokens);
  } finally {
    tokens.text = '';
    if (tokens.capacity < 4096) spare = tokens;
  }
}

/** Lexes one piece of a text and lends its tokens. */
export function withTokens<Result>(
  text: string,
  place: { readonly start: number; readonly end: number },
  use: (tokens: TokenList) => Result,
): Result {
  return withTokenList(text, (tokens) => {
    const lexer = new Lexer(text, place.start, place.end);
    for (let kind = lexer.next(); kind !== END; kind = lexer.next())
      tokens.push(kind, lexer.start, lexer.end);
    return use(tokens);
  });
}

/**
 * The tokens of one statement, by number. One list is reused for all statements of a script. Numbers beyond the end
 * are legal and tell nothing, so that callers may look ahead freely.
 */
export class TokenList {
  text = '';
  count = 0;
  /** False where tokens were left out because there were too many. */
  complete = true;
  readonly #kinds: TokenKind[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  clear(): void {
    this.count = 0;
    this.complete = true;
  }

  /** How many tokens it has ever held. */
  get capacity(): number {
    return this.#kinds.length;
  }

  push(kind: TokenKind, start: number, end: number): void {
    if (this.count >= mostTokens) {
      this.complete = false;
      return;
    }
    this.#kinds[this.count] = kind;
    this.#starts[this.count] = start;
    this.#ends[this.count] = end;
    this.count++;
  }

  kind(index: number): TokenKind {
    return index < this.count ? (this.#kinds[index] ?? END) : END;
  }

  start(index: number): number {
    return this.#starts[index] ?? 0;
  }

  end(index: number): number {
    return this.#ends[index] ?? 0;
  }

  /** The token as written. */
  raw(index: number): string {
    return this.kind(index) === END ? '' : this.text.slice(this.#starts[index], this.#ends[index]);
  }

  /** An unquoted word in capitals; empty for every other kind of token. */
  word(index: number): string {
    return this.kind(index) === WORD ? this.raw(index).toUpperCase() : '';
  }

  /** Whether the token is this unquoted word, given in capitals. */
  is(index: number, word: string): boolean {
    if (this.kind(index) !== WORD) return false;
    const start = this.start(index);
    if (this.end(index) - start !== word.length) return false;
    for (let at = 0; at < word.length; at++) {
      const code = this.text.charCodeAt(start + at);
      const upper = code >= 97 && code <= 122 ? code - 32 : code;
      if (upper !== word.charCodeAt(at)) return false;
    }
    return true;
  }

  /** Whether the token is one of these unquoted words, given in capitals. */
  isAny(index: number, words: readonly string[]): boolean {
    if (this.kind(index) !== WORD) return false;
    for (const word of words) if (this.is(index, word)) return true;
    return false;
  }

  /** Whether these words stand here one after another. */
  has(index: number, words: readonly string[]): boolean {
    for (let at = 0; at < words.length; at++) if (!this.is(index + at, words[at] ?? '')) return false;
    return true;
  }

  /** Whether the token is this one character of punctuation, or this operator. */
  sign(index: number, sign: string): boolean {
    const kind = this.kind(index);
    if (kind !== PUNCT && kind !== OPERATOR) return false;
    const start = this.start(index);
    return this.end(index) - start === sign.length && this.text.startsWith(sign, start);
  }

  isString(index: number): boolean {
    return this.kind(index) === STRING;
  }

  /** Whether the token can be (part of) a name. */
  isName(index: number): boolean {
    const kind = this.kind(index);
    return kind === WORD || kind === QUOTED;
  }

  /** First place at or after `from`, outside parentheses, where these words stand; -1 where nowhere. */
  find(from: number, words: readonly string[]): number {
    const first = words[0] ?? '';
    let depth = 0;
    for (let index = from; index < this.count; index++) {
      if (this.kind(index) === PUNCT) depth = Math.max(depth + this.nesting(index), 0);
      else if (depth === 0 && this.is(index, first) && this.has(index, words)) return index;
    }
    return -1;
  }

  /** Index just after the parenthesis that closes the one at `open`. */
  afterParenthesis(open: number): number {
    let depth = 0;
    for (let index = open; index < this.count; index++) {
      depth += this.nesting(index);
      if (depth === 0) return index + 1;
    }
    return this.count;
  }

  /** +1 for an opening parenthesis or bracket, -1 for a closing one. */
  nesting(index: number): -1 | 0 | 1 {
    if (this.kind(index) !== PUNCT) return 0;
    const code = this.text.charCodeAt(this.start(index));
    if (code === 40 || code === 91) return 1;
    return code === 41 || code === 93 ? -1 : 0;
  }
}

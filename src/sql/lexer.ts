import {
  endOfBlockComment,
  endOfLine,
  endOfNumber,
  endOfOperator,
  endOfString,
  endOfWord,
  isBlank,
  isDigit,
  isTagPart,
  isWordStart,
  type StringForm,
} from './characters.js';

// The lexical rules are those of PostgreSQL's scan.l (manual: "Lexical Structure"). A token is told by its kind and
// its place in the text; nothing is copied, because a script is lexed whole and only few tokens are ever looked at.

export const END = 0;
/** Unquoted identifier or keyword. */
export const WORD = 1;
/** `"name"` or `U&"name"`. */
export const QUOTED = 2;
/** Any string: `''`, `E''`, `B''`, `X''`, `U&''` and dollar-quoted. (`N''` is a word and a string, as in scan.l.) */
export const STRING = 3;
export const NUMBER = 4;
/** `$1` */
export const PARAM = 5;
export const OPERATOR = 6;
/** One of `( ) [ ] , ; . :` */
export const PUNCT = 7;
/** A backslash outside any quotes: a psql command begins. */
export const BACKSLASH = 8;
/** A character that PostgreSQL has no use for here. */
export const OTHER = 9;

export type TokenKind = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** What has no end, and where it began. */
export interface Unterminated {
  readonly what: 'string' | 'quoted identifier' | 'dollar-quoted string' | 'comment';
  readonly start: number;
}

/** Reads one token after another. After `next()` the fields tell the token; set `end` to go on from elsewhere. */
export class Lexer {
  readonly text: string;
  readonly limit: number;
  kind: TokenKind = END;
  start = 0;
  end: number;
  unterminated: Unterminated | null = null;
  /** Called for every comment passed over. */
  readonly onComment: ((start: number, end: number) => void) | null;

  constructor(text: string, from = 0, limit = text.length, onComment: Lexer['onComment'] = null) {
    this.text = text;
    this.limit = limit;
    this.end = from;
    this.onComment = onComment;
  }

  next(): TokenKind {
    const start = this.#skipBlank(this.end);
    this.start = start;
    if (start >= this.limit) {
      this.end = this.limit;
      this.kind = END;
      return END;
    }
    const code = this.text.charCodeAt(start);
    this.kind = isWordStart(code) ? this.#word(start, code) : this.#other(start, code);
    if (this.end > this.limit) this.end = this.limit;
    return this.kind;
  }

  #word(start: number, code: number): TokenKind {
    const text = this.text;
    const following = text.charCodeAt(start + 1);
    if (following === 39 /* ' */) {
      const letter = code | 32;
      if (letter === 101 /* e */) return this.#string(start, start + 2, 'escape');
      if (letter === 98 /* b */ || letter === 120 /* x */) return this.#string(start, start + 2, 'bits');
    } else if (following === 38 /* & */ && (code | 32) === 117 /* u */) {
      const quote = text.charCodeAt(start + 2);
      if (quote === 39) return this.#string(start, start + 3, 'plain');
      if (quote === 34 /* " */) return this.#quoted(start, start + 3);
    }
    this.end = endOfWord(text, start + 1);
    return WORD;
  }

  #other(start: number, code: number): TokenKind {
    switch (code) {
      case 40: // (
      case 41: // )
      case 44: // ,
      case 59: // ;
      case 91: // [
      case 93: // ]
        this.end = start + 1;
        return PUNCT;
      case 39: // '
        return this.#string(start, start + 1, 'plain');
      case 34: // "
        return this.#quoted(start, start + 1);
      case 36: // $
        return this.#dollar(start);
      case 46: // .
        return this.#dot(start);
      case 58: // :
        return this.#colon(start);
      case 92: // \
        this.end = start + 1;
        return BACKSLASH;
      default:
        if (isDigit(code)) return this.#number(start);
        this.end = endOfOperator(this.text, start);
        if (this.end > start) return OPERATOR;
        this.end = start + 1;
        return OTHER;
    }
  }

  #string(start: number, body: number, form: StringForm): TokenKind {
    const end = endOfString(this.text, body, form);
    return this.#closed(STRING, 'string', start, end);
  }

  #quoted(start: number, body: number): TokenKind {
    let quote = this.text.indexOf('"', body);
    while (quote >= 0 && this.text.charCodeAt(quote + 1) === 34) quote = this.text.indexOf('"', quote + 2);
    return this.#closed(QUOTED, 'quoted identifier', start, quote + 1);
  }

  /** `$tag$ … $tag$`, `$1`, or a lone dollar sign, which no statement may hold. */
  #dollar(start: number): TokenKind {
    const text = this.text;
    let pos = start + 1;
    if (isDigit(text.charCodeAt(pos))) {
      while (isDigit(text.charCodeAt(pos))) pos++;
      this.end = pos;
      return PARAM;
    }
    if (isWordStart(text.charCodeAt(pos))) {
      pos++;
      while (isTagPart(text.charCodeAt(pos))) pos++;
    }
    if (text.charCodeAt(pos) !== 36) {
      this.end = start + 1;
      return OTHER;
    }
    const delimiter = text.slice(start, pos + 1);
    const close = text.indexOf(delimiter, pos + 1);
    return this.#closed(STRING, 'dollar-quoted string', start, close < 0 ? 0 : close + delimiter.length);
  }

  /** `.5` is a number; `..` is one token, so the number of `1..5` is 5. */
  #dot(start: number): TokenKind {
    const following = this.text.charCodeAt(start + 1);
    if (isDigit(following)) return this.#number(start);
    const double = following === 46;
    this.end = double ? start + 2 : start + 1;
    return double ? OPERATOR : PUNCT;
  }

  #colon(start: number): TokenKind {
    const following = this.text.charCodeAt(start + 1);
    const double = following === 58 || following === 61; // :: or :=
    this.end = double ? start + 2 : start + 1;
    return double ? OPERATOR : PUNCT;
  }

  #number(start: number): TokenKind {
    this.end = endOfNumber(this.text, start);
    return NUMBER;
  }

  /** Ends a token that has a closing delimiter; `end` 0 means that there was none up to the limit. */
  #closed(kind: TokenKind, what: Unterminated['what'], start: number, end: number): TokenKind {
    if (end <= 0 || end > this.limit) {
      this.unterminated ??= { what, start };
      this.end = this.limit;
    } else {
      this.end = end;
    }
    return kind;
  }

  #skipBlank(from: number): number {
    const { text, limit } = this;
    let pos = from;
    while (pos < limit) {
      const code = text.charCodeAt(pos);
      if (isBlank(code) || (code === 0xfeff && pos === 0)) {
        pos++;
        continue;
      }
      const following = text.charCodeAt(pos + 1);
      if (code === 45 && following === 45) {
        const end = endOfLine(text, pos + 2, limit);
        this.onComment?.(pos, end);
        pos = end;
      } else if (code === 47 && following === 42) {
        const end = this.#blockComment(pos);
        this.onComment?.(pos, end);
        pos = end;
      } else {
        break;
      }
    }
    return pos;
  }

  #blockComment(start: number): number {
    const end = endOfBlockComment(this.text, start);
    if (end > 0 && end <= this.limit) return end;
    this.unterminated ??= { what: 'comment', start };
    return this.limit;
  }
}

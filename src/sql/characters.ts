// How far each kind of token reaches, by the rules of PostgreSQL's scan.l. Pure functions over character codes.

/** Blank space as scan.l has it: space, tab, line feed, vertical tab (16 and later), form feed, carriage return. */
export function isBlank(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

/** An ASCII digit. */
export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** In scan.l every byte above 127 is a letter, so every UTF-16 unit above 127 is one here. */
export function isWordStart(code: number): boolean {
  return code >= 128 || ((code | 32) >= 97 && (code | 32) <= 122) || code === 95;
}

/** What may stand inside the tag of a dollar quote: as in an identifier, without the dollar sign. */
export function isTagPart(code: number): boolean {
  return isWordStart(code) || isDigit(code);
}

/** An identifier goes on with letters, digits, underscores and dollar signs. */
export function endOfWord(text: string, from: number): number {
  let pos = from;
  for (;;) {
    const code = text.charCodeAt(pos);
    if (!isWordStart(code) && !isDigit(code) && code !== 36) return pos;
    pos++;
  }
}

/** A line comment ends at a line feed or at a carriage return. */
export function endOfLine(text: string, from: number, limit: number): number {
  let pos = from;
  while (pos < limit) {
    const code = text.charCodeAt(pos);
    if (code === 10 || code === 13) break;
    pos++;
  }
  return pos;
}

/** Block comments nest. Gives 0 where there is no end. */
export function endOfBlockComment(text: string, start: number): number {
  let depth = 1;
  let pos = start + 2;
  while (pos < text.length) {
    const code = text.charCodeAt(pos);
    if (code === 42 && text.charCodeAt(pos + 1) === 47) {
      pos += 2;
      if (--depth === 0) return pos;
    } else if (code === 47 && text.charCodeAt(pos + 1) === 42) {
      pos += 2;
      depth++;
    } else {
      pos++;
    }
  }
  return 0;
}

/** `''` and `U&''`; `E''`, where a backslash takes the next character in; `B''` and `X''`, which know no `''` inside. */
export type StringForm = 'plain' | 'escape' | 'bits';

/**
 * The end of a string whose text begins at `from`; 0 where there is none. It goes on after a line end, with the rules
 * of its first piece.
 */
export function endOfString(text: string, from: number, form: StringForm): number {
  let piece = from;
  for (;;) {
    const end = endOfPiece(text, piece, form);
    const next = end === 0 ? 0 : continuation(text, end);
    if (next === 0) return end;
    piece = next;
  }
}

/** One past the quote that ends the piece of a string whose text begins at `from`; 0 where there is none. */
export function endOfPiece(text: string, from: number, form: StringForm): number {
  let pos = from;
  while (pos < text.length) {
    const code = text.charCodeAt(pos);
    if (code === 92 && form === 'escape') pos += 2;
    else if (code !== 39) pos++;
    else if (text.charCodeAt(pos + 1) === 39 && form !== 'bits') pos += 2;
    else return pos + 1;
  }
  return 0;
}

/**
 * Where the next piece of a string begins: after blanks with a line end among them, line comments, and a quote. 0
 * where none follows.
 */
export function continuation(text: string, from: number): number {
  let pos = from;
  let newline = false;
  for (;;) {
    const code = text.charCodeAt(pos);
    if (code === 39) return newline ? pos + 1 : 0;
    if (code === 10 || code === 13) newline = true;
    if (isBlank(code)) pos++;
    else if (code === 45 && text.charCodeAt(pos + 1) === 45) pos = endOfLine(text, pos + 2, text.length);
    else return 0;
  }
}

/** `/*` and `--` end an operator, however far it had come. */
export function endOfOperator(text: string, from: number): number {
  let pos = from;
  for (;;) {
    const code = text.charCodeAt(pos);
    if (!isOperatorCharacter(code)) return pos;
    const following = text.charCodeAt(pos + 1);
    if ((code === 45 && following === 45) || (code === 47 && following === 42)) return pos;
    pos++;
  }
}

function isOperatorCharacter(code: number): boolean {
  switch (code) {
    case 33: // !
    case 35: // #
    case 37: // %
    case 38: // &
    case 42: // *
    case 43: // +
    case 45: // -
    case 47: // /
    case 60: // <
    case 61: // =
    case 62: // >
    case 63: // ?
    case 64: // @
    case 94: // ^
    case 96: // `
    case 124: // |
    case 126: // ~
      return true;
    default:
      return false;
  }
}

/**
 * Decimal, hexadecimal, octal and binary numbers with their underscores. Letters that follow without a blank are
 * left to the next token: servers before 15 read `1e'x'` as a number and an escape string; later ones refuse it.
 */
export function endOfNumber(text: string, start: number): number {
  const radix = text.charCodeAt(start) === 48 ? text.charCodeAt(start + 1) | 32 : 0;
  if (radix === 120 || radix === 111 || radix === 98) {
    const end = endOfDigits(text, start + 2, radix === 120);
    if (end > start + 2) return end;
  }
  let pos = endOfDigits(text, start, false);
  if (text.charCodeAt(pos) === 46 && text.charCodeAt(pos + 1) !== 46) pos = endOfDigits(text, pos + 1, false);
  if ((text.charCodeAt(pos) | 32) !== 101 /* e */) return pos;
  const sign = text.charCodeAt(pos + 1);
  const digits = sign === 43 || sign === 45 ? pos + 2 : pos + 1;
  return isDigit(text.charCodeAt(digits)) ? endOfDigits(text, digits, false) : pos;
}

function endOfDigits(text: string, from: number, hexadecimal: boolean): number {
  let pos = from;
  for (;;) {
    const code = text.charCodeAt(pos);
    if (!isDigitOf(code, hexadecimal) && !(code === 95 && isDigitOf(text.charCodeAt(pos + 1), hexadecimal)))
      return pos;
    pos++;
  }
}

function isDigitOf(code: number, hexadecimal: boolean): boolean {
  return isDigit(code) || (hexadecimal && (code | 32) >= 97 && (code | 32) <= 102);
}

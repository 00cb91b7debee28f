import { QUOTED, WORD } from '../lexer.js';
import { quoteIdent } from '../quote.js';
import type { TokenList } from '../token-list.js';

/** A name, perhaps with schema and database before it, as it stands in a statement. */
export interface Name {
  /** Parts without quotes, folded as PostgreSQL folds them. */
  readonly parts: readonly string[];
  /** As a person would write it, in one piece: `public."Users"`. Text that names the same object is the same. */
  readonly folded: string;
  /** As the file has it, without blanks between the parts. */
  readonly written: string;
  /** Index of the first token after it. */
  readonly next: number;
}

/** Reads a possibly qualified name at a token; null where none stands there. */
export function nameAt(tokens: TokenList, index: number): Name | null {
  if (!tokens.isName(index)) return null;
  const parts = [identifier(tokens, index)];
  let folded = foldedPart(tokens, index);
  let written = writtenPart(tokens, index);
  let next = index + 1;
  while (tokens.sign(next, '.') && tokens.isName(next + 1)) {
    parts.push(identifier(tokens, next + 1));
    folded += `.${foldedPart(tokens, next + 1)}`;
    written += `.${writtenPart(tokens, next + 1)}`;
    next += 2;
  }
  return { parts, folded, written, next };
}

/** Folds an identifier token: ASCII letters only, as the server does with UTF-8. */
export function identifier(tokens: TokenList, index: number): string {
  const raw = tokens.raw(index);
  if (tokens.kind(index) === WORD) return foldWord(raw);
  if (tokens.kind(index) !== QUOTED) return raw;
  const unicode = raw.charCodeAt(0) !== 34;
  const inner = raw.slice(unicode ? 3 : 1, -1).replaceAll('""', '"');
  return unicode ? unescape(inner) : inner;
}

function foldWord(word: string): string {
  for (let at = 0; at < word.length; at++) {
    const code = word.charCodeAt(at);
    if (code >= 65 && code <= 90) return word.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
  }
  return word;
}

/** Escapes of `U&"…"` with the usual backslash. Another UESCAPE is left as written. */
function unescape(text: string): string {
  return text.replaceAll(/\\(?:\+([0-9a-f]{6})|([0-9a-f]{4})|\\)/gi, (whole, six: string, four: string) => {
    const hex = six ?? four;
    if (hex === undefined) return '\\';
    const code = Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** `U&"…"` is written out, because to_regclass() and its like do not read it. */
function writtenPart(tokens: TokenList, index: number): string {
  const raw = tokens.raw(index);
  const unicode = tokens.kind(index) === QUOTED && raw.charCodeAt(0) !== 34;
  return unicode ? quoteIdent(identifier(tokens, index)) : raw;
}

/** In quotes only where the name could not be written without them. */
function foldedPart(tokens: TokenList, index: number): string {
  const name = identifier(tokens, index);
  if (tokens.kind(index) === WORD || /^[a-z_\u0080-\uffff][a-z0-9_$\u0080-\uffff]*$/.test(name)) return name;
  return `"${name.replaceAll('"', '""')}"`;
}

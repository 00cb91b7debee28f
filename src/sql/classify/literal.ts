import type { TokenList } from '../token-list.js';
import { identifier } from './name.js';

/** The text of a plain literal or word, in small letters; null for anything that has to be computed or decoded. */
export function literalValue(tokens: TokenList, index: number): string | null {
  const raw = tokens.raw(index);
  if (!tokens.isString(index)) return identifier(tokens, index).toLowerCase();
  const quote = raw.indexOf("'");
  if (raw.startsWith('$'))
    return raw.slice(raw.indexOf('$', 1) + 1, raw.lastIndexOf('$', raw.length - 2)).toLowerCase();
  if (quote > 0 && raw.includes('\\')) return null;
  return raw
    .slice(quote + 1, -1)
    .replaceAll("''", "'")
    .toLowerCase();
}

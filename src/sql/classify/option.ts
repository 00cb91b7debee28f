import type { TokenList } from '../token-list.js';
import { literalValue } from './literal.js';

/**
 * A boolean option in the parenthesised list at `open`: `(name)`, `(name true)`, `(name = off)`. Null where it is not
 * named. The server takes true, on and 1, false, off and 0 (defGetBoolean); the last mention counts.
 */
export function optionValue(tokens: TokenList, open: number, name: string): boolean | null {
  const end = tokens.afterParenthesis(open) - 1;
  let found: boolean | null = null;
  let depth = 0;
  for (let index = open; index < end; index++) {
    const begins = depth === 1 && (tokens.sign(index - 1, '(') || tokens.sign(index - 1, ','));
    if (begins && tokens.is(index, name)) {
      const at = tokens.sign(index + 1, '=') ? index + 2 : index + 1;
      const value = tokens.sign(at, ',') || at >= end ? 'true' : literalValue(tokens, at);
      found = value !== 'false' && value !== 'off' && value !== '0';
    }
    depth += tokens.nesting(index);
  }
  return found;
}

/** Whether an option is named at all in the parenthesised list at `open`. */
export function hasOption(tokens: TokenList, open: number, name: string): boolean {
  return optionValue(tokens, open, name) !== null;
}

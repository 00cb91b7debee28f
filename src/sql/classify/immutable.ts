import type { TokenList } from '../token-list.js';

/** Why an index on the time of day is refused, by every version and wherever it runs (42P17). */
export const notImmutable =
  'What an index is made of must be the same at all times, and the time of day is not (42P17, "functions in index predicate must be marked IMMUTABLE").';

/** Reserved words: unquoted they are always these functions. */
const timeWords = [
  'CURRENT_DATE',
  'CURRENT_TIME',
  'CURRENT_TIMESTAMP',
  'LOCALTIME',
  'LOCALTIMESTAMP',
] as const;
const timeFunctions = [
  'NOW',
  'CLOCK_TIMESTAMP',
  'STATEMENT_TIMESTAMP',
  'TRANSACTION_TIMESTAMP',
  'TIMEOFDAY',
  'RANDOM',
] as const;

/** Whether a function that is not immutable stands at or after `from`. One of a schema of the user's own may be. */
export function asksForTheTime(tokens: TokenList, from: number): boolean {
  for (let index = from; index < tokens.count; index++) {
    if (tokens.isAny(index, timeWords)) return true;
    if (tokens.isAny(index, timeFunctions) && tokens.sign(index + 1, '(') && !tokens.sign(index - 1, '.'))
      return true;
  }
  return false;
}

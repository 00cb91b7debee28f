import { maxIdentifierBytes } from '../../sql/quote.js';

/**
 * Whether a name is the one that REINDEX CONCURRENTLY gives to its working copy of an index: `<index>_ccnew`, or
 * `_ccnew1` and on where that is taken. An index name that leaves no room is cut before the suffix, at a whole
 * character (makeObjectName and ChooseRelationName in indexcmds.c).
 */
export function isLeftoverName(name: string, index: string, suffix: 'ccnew' | 'ccold'): boolean {
  const stem = new RegExp(`^([^]+)_${suffix}\\d*$`).exec(name)?.[1];
  if (stem === undefined) return false;
  if (stem === index) return true;
  const longestCharacter = 4;
  return index.startsWith(stem) && Buffer.byteLength(name) > maxIdentifierBytes - longestCharacter;
}

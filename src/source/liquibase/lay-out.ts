import { countLineFeeds } from '../../sql/position.js';
import type { PlacedText } from '../sql-text.js';
import type { ChangeSql } from './model.js';
import type { Place } from './place.js';

/**
 * Joins the SQL of several changes so that each begins on the line on which its change is written; then one offset is
 * enough to tell the place of any statement. One whose line has passed follows the one before.
 */
export function layOut(pieces: readonly ChangeSql[], changeset: Place): PlacedText {
  const [first] = pieces;
  if (first === undefined) return { text: '', file: changeset.file, lineOffset: changeset.line - 1 };
  const lineOffset = first.place.line - 1;
  let text = '';
  let used = lineOffset;
  for (const piece of pieces) {
    if (text !== '') {
      // On a line of its own, so that a comment at the end of a piece cannot swallow it.
      text += '\n;';
      used += 1;
      const gap = piece.place.path === first.place.path ? piece.place.line - 1 - used : 1;
      text += '\n'.repeat(Math.max(gap, 0));
      used += Math.max(gap, 0);
    }
    text += piece.text;
    used += countLineFeeds(piece.text, 0, piece.text.length);
  }
  return { text, file: first.place.file, lineOffset };
}

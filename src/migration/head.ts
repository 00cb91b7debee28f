import { Lexer } from '../sql/lexer.js';
import { countLineFeeds } from '../sql/position.js';
import type { CommentLine } from './parse-metadata.js';

/** The `--` comments above the first statement of an SQL file; what directives may stand in. */
export function readHead(text: string): CommentLine[] {
  const lines: CommentLine[] = [];
  let counted = 0;
  let line = 1;
  const onComment = (start: number, end: number): void => {
    if (!text.startsWith('--', start)) return;
    line += countLineFeeds(text, counted, start);
    counted = start;
    lines.push({ line, text: text.slice(start, end).replace(/^-+/, '').trim() });
  };
  new Lexer(text, 0, text.length, onComment).next();
  return lines;
}

import type { Warning } from '../core/report.js';
import { readHead } from '../migration/head.js';
import { certainDirective } from '../migration/parse-metadata.js';
import type { SqlSection } from '../migration/shape.js';
import { END, Lexer } from '../sql/lexer.js';
import { countLineFeeds } from '../sql/position.js';

const commentLine = /^[ \t]*(--+[ \t]*([a-z].*?))[ \t\r]*$/gm;

/**
 * Directives below the first statement are not read, because they could not be told from prose there. One that
 * certainly is a directive was meant to do something, and its author is told that it does nothing.
 */
export function findLateDirectives(text: string, sections: readonly SqlSection[], shown: string): Warning[] {
  const warnings: Warning[] = [];
  let head: ReadonlySet<number> | null = null;
  for (const section of sections) {
    for (const match of section.text.matchAll(commentLine)) {
      const [whole, comment = '', content = ''] = match;
      const directive = certainDirective(content);
      if (directive === null) continue;
      const start = match.index + whole.indexOf('-');
      const line = section.lineOffset + countLineFeeds(section.text, 0, start) + 1;
      head ??= new Set(readHead(text).map((each) => each.line));
      if (head.has(line) || !isComment(section, start)) continue;
      warnings.push({
        code: 'directive-ignored',
        message: `${shown}:${line}: "${comment.trim()}" stands below the first statement, where directives are not read. It is ignored.`,
        hint: `Move it above the first statement. Where it is ordinary prose, begin it with a capital letter.`,
      });
    }
  }
  return warnings;
}

/** Whether a line comment begins there, between two statements: not in a string, a function body or COPY data. */
function isComment({ text, lexed }: SqlSection, start: number): boolean {
  const endOf = (statement: (typeof lexed.statements)[number]): number =>
    statement.copyData?.end ?? statement.end;
  const from = lexed.statements.findLast((statement) => statement.start <= start);
  if (from !== undefined && start < endOf(from)) return false;
  const next = lexed.statements.find((statement) => statement.start > start);
  let found = false;
  const onComment = (at: number): void => void (found ||= at === start);
  const lexer = new Lexer(text, from === undefined ? 0 : endOf(from), next?.start ?? text.length, onComment);
  while (lexer.next() !== END);
  return found;
}

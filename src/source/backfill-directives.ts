import type { LockkeeperError } from '../core/errors.js';
import { type Backfill, type BackfillComplaint, resolveBackfill } from '../migration/backfill.js';
import type { SqlSection } from '../migration/shape.js';
import { END, Lexer } from '../sql/lexer.js';
import { inFile, problemAt } from '../sql/position.js';
import type { Statement } from '../sql/statement.js';

const directive = /^--+[ \t]*backfill[ \t]*:[ \t]*(.*?)[ \t\r]*$/;
const word = /^([a-zA-Z-]+)=(.+)$/;

/** The backfills of one section, and what is wrong with their directives. */
export interface SectionBackfills {
  readonly backfills: ReadonlyMap<Statement, Backfill> | undefined;
  readonly problems: readonly LockkeeperError[];
}

const none: SectionBackfills = { backfills: undefined, problems: [] };

/**
 * Reads `-- backfill: batch-rows=5000 target=200ms` directly above a statement. A comment of that form whose words are
 * no options (`-- backfill: fill in the names`) is prose.
 */
export function readBackfillDirectives(section: SqlSection, shown: string): SectionBackfills {
  if (!section.text.includes('backfill')) return none;
  const backfills = new Map<Statement, Backfill>();
  const problems: LockkeeperError[] = [];
  for (const [start, text] of commentsOf(section)) {
    const options = readWords(text);
    if (options === null) continue;
    const complain = ({ message, hint }: BackfillComplaint): void => {
      const problem = problemAt('MIGRATION_METADATA_INVALID', section.text, {
        offset: start,
        length: text.length,
        message,
        hint,
      });
      problems.push(inFile(problem, shown, section.lineOffset));
    };
    const statement = section.lexed.statements.find((one) => one.start > start);
    if (statement === undefined || !['UPDATE', 'DELETE'].includes(statement.traits.label)) {
      complain(misplaced(statement));
      continue;
    }
    const { settings, complaints } = resolveBackfill(options, { transform: false });
    complaints.forEach((complaint) => complain(asDirective(complaint)));
    backfills.set(statement, { settings, transform: null });
  }
  return { backfills: backfills.size === 0 ? undefined : backfills, problems };
}

const misplaced = (statement: Statement | undefined): BackfillComplaint => ({
  message:
    statement === undefined
      ? 'The directive "backfill" stands above no statement.'
      : `The directive "backfill" stands above ${statement.traits.label}, which cannot run in batches.`,
  hint: 'Put it directly above an UPDATE or a DELETE.',
});

/** Options are written `batch-rows` in a comment and `batchRows` in TypeScript. */
const asDirective = ({ message, hint }: BackfillComplaint): BackfillComplaint => ({
  message,
  hint: dashed(hint),
});
const dashed = (text: string): string =>
  text.replaceAll(
    /\b(batch|max)([A-Z])(\w+)/g,
    (_, a: string, b: string, c: string) => `${a}-${b.toLowerCase()}${c}`,
  );

/** The words of the directive; null for prose. `yes` alone means the defaults. */
function readWords(comment: string): Record<string, string> | null {
  const value = directive.exec(comment)?.[1];
  if (value === undefined) return null;
  if (value === 'yes') return {};
  const words = value.split(/[\s]+/).map((each) => word.exec(each));
  if (words.every((each) => each === null)) return null;
  const options: Record<string, string> = {};
  words.forEach((match, index) => {
    const [, name = value.split(/\s+/)[index] ?? '', given = ''] = match ?? [];
    options[name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())] = given;
  });
  return options;
}

/** Comments between statements, with their offsets. */
function commentsOf({ text, lexed }: SqlSection): [number, string][] {
  const found: [number, string][] = [];
  const onComment = (start: number, end: number): void =>
    void found.push([start, text.slice(start, end).trimEnd()]);
  let from = 0;
  for (const statement of [...lexed.statements, null]) {
    const lexer = new Lexer(text, from, statement?.start ?? text.length, onComment);
    while (lexer.next() !== END);
    if (statement !== null) from = statement.copyData?.end ?? statement.end;
  }
  return found;
}

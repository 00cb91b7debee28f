import type { Warning } from '../../core/report.js';
import type { SqlScript } from '../../migration/migration.js';
import type { ResumeRule } from '../../migration/step.js';
import { lexScript } from '../../sql/script.js';
import type { Statement } from '../../sql/statement.js';
import type { Draft } from './draft.js';
import type { ScriptProblems } from './problems.js';

/** A comment line `-- resume: …` or `-- resume-check: …` directly above a statement. */
interface Directive {
  readonly key: 'resume' | 'resume-check';
  readonly value: string;
  /** Where its value begins in the text of the script. */
  readonly start: number;
}

const directive = /^[ \t]*--+[ \t]*(resume|resume-check)[ \t]*:[ \t]*(.*?)[ \t\r]*$/;

/**
 * Reads what authors say of statements whose outcome PostgreSQL does not record: `-- resume: again` above one that
 * may run twice, `-- resume-check: <query>` above one that a query can tell to be done. Below a statement, and above
 * one that runs in a transaction, they would do nothing; for the latter a warning says so.
 */
export function readResumeDirectives(
  script: SqlScript,
  drafts: readonly Draft[],
  problems: ScriptProblems,
): readonly Warning[] {
  if (!script.text.includes('resume')) return [];
  const warnings: Warning[] = [];
  let end = 0;
  for (const draft of drafts) {
    for (const statement of draft.statements) {
      const found = directivesAbove(script.text, statement, end);
      end = statement.copyData?.end ?? statement.end;
      if (found.length === 0) continue;
      if (draft.kind === 'alone') draft.resume = ruleOf(found, statement, problems);
      else if (found.some(isMeant)) warnings.push(needless(script, statement, problems));
    }
  }
  return warnings;
}

/** The queries of a script's `resume-check` directives, each as a script of its own, to have its syntax judged. */
export function resumeChecks(script: SqlScript): readonly SqlScript[] {
  if (!script.text.includes('resume-check')) return [];
  let end = 0;
  return script.statements.flatMap((statement) => {
    const found = directivesAbove(script.text, statement, end);
    end = statement.copyData?.end ?? statement.end;
    return found
      .filter(({ key }) => key === 'resume-check')
      .map(({ value, start }) => {
        // The same text up to the end of the query, so that a refusal points at the line of the directive.
        const text = script.text.slice(0, start).replaceAll(/[^\n]/g, ' ') + value;
        return { ...script, text, statements: lexScript(text).statements };
      });
  });
}

/** Comment lines without a gap between them and the statement. */
function directivesAbove(text: string, statement: Statement, from: number): readonly Directive[] {
  const found: Directive[] = [];
  let lineStart = text.lastIndexOf('\n', statement.start - 1) + 1;
  if (text.slice(lineStart, statement.start).trim() !== '') return found;
  while (lineStart > from) {
    const lineEnd = lineStart - 1;
    lineStart = text.lastIndexOf('\n', lineEnd - 1) + 1;
    const line = text.slice(lineStart, lineEnd);
    if (lineStart < from || !line.trimStart().startsWith('--')) break;
    const [, key, value] = directive.exec(line) ?? [];
    if (key === undefined || value === undefined) continue;
    const start = lineStart + line.indexOf(':') + 1;
    found.push({
      key: key as Directive['key'],
      value,
      start: start + text.slice(start, lineEnd).search(/\S|$/),
    });
  }
  return found;
}

function ruleOf(
  found: readonly Directive[],
  statement: Statement,
  problems: ScriptProblems,
): ResumeRule | null {
  const [first, second] = found;
  if (first === undefined) return null;
  if (second !== undefined) {
    problems.add('MIGRATION_METADATA_INVALID', statement, {
      message: `${problems.place(statement)} has ${found.length} directives that say how to go on after a crash.`,
      hint: 'Keep one of them.',
    });
    return null;
  }
  if (first.key === 'resume') {
    if (first.value === 'again') return { kind: 'again' };
    problems.add('MIGRATION_METADATA_INVALID', statement, {
      message: `The directive "resume" above ${problems.place(statement)} has the value "${first.value}", which is not accepted.`,
      hint: 'Accepted: again. A query that tells is written as "-- resume-check: select …". Ordinary prose begins with a capital letter.',
    });
    return null;
  }
  return checkOf(first, statement, problems);
}

const asks: ReadonlySet<string> = new Set(['SELECT', 'VALUES', 'TABLE']);

function checkOf({ value }: Directive, statement: Statement, problems: ScriptProblems): ResumeRule | null {
  const { statements, problems: broken } = lexScript(value);
  const [query] = statements;
  if (broken.length === 0 && query !== undefined && statements.length === 1 && asks.has(query.traits.label))
    return { kind: 'check', query: value.slice(query.start, query.end) };
  problems.add('MIGRATION_METADATA_INVALID', statement, {
    message: `The resume-check above ${problems.place(statement)} is not one query: ${value === '' ? '(nothing)' : value}`,
    hint: 'Write one query on one line, which gives true where the statement took effect: -- resume-check: select exists (select from …)',
  });
  return null;
}

/** Prose may begin with the word; a value that is accepted is meant. */
const isMeant = ({ key, value }: Directive): boolean => key === 'resume-check' || value === 'again';

function needless(script: SqlScript, statement: Statement, problems: ScriptProblems): Warning {
  return {
    code: 'directive-ignored',
    message: `${script.file}: the resume directive above ${problems.place(statement)} does nothing: the statement runs in a transaction, so it is there as a whole or not at all.`,
    hint: 'Remove the directive.',
  };
}

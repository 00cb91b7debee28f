import type { LockkeeperError } from '../core/errors.js';
import type { Migration, SqlScript } from '../migration/migration.js';
import { findSyntaxRefusals, type Session, sqlstate, syntaxBatch } from '../pg/index.js';
import { resumeChecks } from '../plan/steps/resume-directive.js';
import { fromCodePoints, inFile, problemAt } from '../sql/position.js';
import type { Statement } from '../sql/statement.js';

interface Subject {
  readonly script: SqlScript;
  readonly statement: Statement;
  readonly text: string;
}

/** The grammar that the local parser has (libpg-query 18). */
const parserMajor = 18;

/**
 * Parses every statement of these scripts before the first of them runs. Utility statements are judged by the
 * server itself, with a Parse message that runs nothing; those that Parse would look up in the catalog (SELECT,
 * INSERT …) by PostgreSQL's own grammar here, whose no is final where its major is the server's (ENGINE C14).
 */
export async function findSyntaxProblems(
  session: Session,
  scripts: readonly SqlScript[],
): Promise<readonly LockkeeperError[]> {
  const problems: LockkeeperError[] = [];
  const optimizable: Subject[] = [];
  let utility: Subject[] = [];
  const ask = async (): Promise<void> => {
    problems.push(...(await askServer(session, utility)));
    utility = [];
  };
  for (const script of scripts) {
    for (const subject of subjectsOf(script)) {
      (subject.statement.traits.optimizable ? optimizable : utility).push(subject);
    }
    // A round trip each, so that what thousands of files need does not pile up.
    if (utility.length >= syntaxBatch) await ask();
  }
  await ask();
  return [...problems, ...(await askParser(session, optimizable))];
}

/**
 * Everything of a migration that is SQL, the way back too: it should not turn out broken when it is needed. Another
 * tool looks at its ways back when it goes there, so one that was always broken stops no run here either.
 */
export function scriptsOf(migration: Migration): readonly SqlScript[] {
  const { up, down, validateBefore, validateAfter, foreign } = migration;
  const back = foreign === undefined ? down : null;
  const scripts = [validateBefore, up, validateAfter, back].filter(
    (script): script is SqlScript => script !== null && script.kind === 'sql',
  );
  return scripts.flatMap((script) => [script, ...resumeChecks(script)]);
}

/**
 * Transaction commands too: those that are understood are taken out of the file, and what a forgotten semicolon put
 * behind one (`commit insert into …`) would go with it.
 */
function subjectsOf(script: SqlScript): readonly Subject[] {
  return script.statements.map((statement) => ({
    script,
    statement,
    text: script.text.slice(statement.start, statement.end),
  }));
}

async function askServer(
  session: Session,
  subjects: readonly Subject[],
): Promise<readonly LockkeeperError[]> {
  const refusals = await findSyntaxRefusals(
    session,
    subjects.map(({ text }) => text),
  );
  return refusals
    .filter(({ error }) => error.code === sqlstate.syntaxError)
    .map(({ index, error }) => {
      const subject = subjects[index] as Subject;
      const offset = error.position === undefined ? 0 : Number(error.position) - 1;
      return syntaxProblem(subject, error.message, fromCodePoints(subject.text, offset));
    });
}

async function askParser(
  session: Session,
  subjects: readonly Subject[],
): Promise<readonly LockkeeperError[]> {
  if (subjects.length === 0) return [];
  const { loadParser } = await import('../sql/parse.js');
  const parser = await loadParser();
  const doubtful = subjects.flatMap((subject) => {
    const refusal = parser.checkSyntax(subject.text);
    return refusal === null ? [] : [{ subject, refusal }];
  });
  if (session.info.major === parserMajor) {
    return doubtful.map(({ subject, refusal }) => syntaxProblem(subject, refusal.message, refusal.offset));
  }
  const texts = doubtful.map(({ subject }) => subject.text);
  const confirmed = await findSyntaxRefusals(session, texts);
  const wrong = new Set(
    confirmed.filter(({ error }) => error.code === sqlstate.syntaxError).map(({ index }) => index),
  );
  return doubtful
    .filter((_, index) => wrong.has(index))
    .map(({ subject, refusal }) => syntaxProblem(subject, refusal.message, refusal.offset));
}

function syntaxProblem(subject: Subject, message: string, offset: number): LockkeeperError {
  const { script, statement } = subject;
  const problem = problemAt('SQL_SYNTAX', script.text, {
    offset: statement.start + offset,
    length: wordLength(subject.text, offset),
    message: `PostgreSQL cannot parse this: ${message}.`,
    hint: 'Mend the statement; nothing was run.',
  });
  return inFile(problem, script.file, script.lineOffset);
}

const wordLength = (text: string, offset: number): number =>
  Math.max(1, /^[\p{L}\p{N}_$]+/u.exec(text.slice(offset, offset + 100))?.[0].length ?? 1);

import { isLockkeeperError, type LockkeeperError } from '../../core/errors.js';
import type { Warning } from '../../core/report.js';
import type { SqlScript } from '../../migration/migration.js';
import type { Statement } from '../../sql/statement.js';
import { quoteIdent } from '../../sql/quote.js';
import { lexScript } from '../../sql/script.js';
import { shownPath } from '../shown-path.js';
import { type FlywayReading, readFlywayScript } from './script.js';

/** What Flyway runs before and after each migration, in its transaction. */
export interface Around {
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly problems: readonly LockkeeperError[];
  readonly warnings: readonly Warning[];
}

/** Callbacks of verbs that we do not have, or have in another way; the others are named when something is run. */
const never = /Clean|Undo|Repair|Info|Validate|Baseline|OperationFinish/;

/** Reads the callbacks that belong to every migration, and names those that are not run. */
export function readAround(context: FlywayReading): Around {
  const { scan, settings, project } = context;
  const before: string[] = settings.defaultSchema === null ? [] : [searchPathText(settings.defaultSchema)];
  const after: string[] = [];
  const problems: LockkeeperError[] = [];
  const warnings: Warning[] = [];
  for (const found of scan.callbacks) {
    const { event } = found.name;
    const list = event === 'beforeEachMigrate' ? before : event === 'afterEachMigrate' ? after : null;
    if (list === null) {
      warnings.push(notRun(shownPath(found.path, project.root), event));
      continue;
    }
    try {
      const read = readFlywayScript(found, context);
      problems.push(...read.problems);
      warnings.push(...read.config.warnings);
      list.push(read.script.text);
    } catch (error) {
      if (!isLockkeeperError(error)) throw error;
      problems.push(error);
    }
  }
  return { before, after, problems, warnings };
}

/** Flyway puts the default schema in front of what the connection has. */
const searchPathText = (schema: string): string =>
  schema === 'public' ? '' : `set search_path to ${quoteIdent(schema)}, "$user", public`;

function notRun(file: string, event: string): Warning {
  return {
    code: 'callback-not-run',
    message: `${file}: the callback "${event}" is not run.`,
    hint: never.test(event)
      ? 'Flyway runs it around a command of its own.'
      : 'Only beforeEachMigrate and afterEachMigrate are run. What must happen after every run can be a repeatable migration.',
  };
}

/**
 * The script with those statements around its own. Their text stands behind its own, so that every statement of the
 * file keeps its line; the list of statements says in which order they run.
 */
export function aroundScript(script: SqlScript, { before, after }: Around): SqlScript {
  let { text } = script;
  const append = (added: string): readonly Statement[] => {
    text += '\n';
    const offset = text.length;
    const line = text.split('\n').length - 1;
    text += added;
    return lexScript(added).statements.map((statement) => moved(statement, offset, line));
  };
  const first = before.flatMap(append);
  const last = after.flatMap(append);
  return { ...script, text, statements: [...first, ...script.statements, ...last] };
}

function moved(statement: Statement, offset: number, lines: number): Statement {
  const { start, end, line, copyData } = statement;
  return {
    ...statement,
    start: start + offset,
    end: end + offset,
    line: line + lines,
    copyData: copyData === null ? null : { start: copyData.start + offset, end: copyData.end + offset },
  };
}

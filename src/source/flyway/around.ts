import { isLockkeeperError, type LockkeeperError } from '../../core/errors.js';
import type { Warning } from '../../core/report.js';
import type { SqlScript } from '../../migration/migration.js';
import type { Statement } from '../../sql/statement.js';
import { quoteIdent } from '../../sql/quote.js';
import { lexScript } from '../../sql/script.js';
import type { RunHook } from '../reading.js';
import { shownPath } from '../shown-path.js';
import { type FlywayReading, readFlywayScript } from './script.js';

/** What Flyway runs before and after each migration, in its transaction, and what once around all of them. */
export interface Around {
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly hooks: readonly RunHook[];
  readonly problems: readonly LockkeeperError[];
  readonly warnings: readonly Warning[];
}

/** The events of a whole run, in their order. Flyway validates in front of every run. */
const runEvents: Readonly<Record<string, RunHook['when']>> = {
  beforeValidate: 'before',
  afterValidate: 'before',
  beforeMigrate: 'before',
  afterMigrateApplied: 'after-applied',
  afterMigrate: 'after',
  afterMigrateError: 'after-error',
};

/** Callbacks of verbs that we do not have, or have in another way; the others are named when something is run. */
const never = /Clean|Undo|Repair|Info|Baseline|OperationFinish/;

/** Reads the callbacks that belong to every migration, and names those that are not run. */
export function readAround(context: FlywayReading): Around {
  const { scan, settings, project } = context;
  const searchPath = settings.defaultSchema === null ? null : searchPathOf(settings.defaultSchema);
  const before: string[] = searchPath === null ? [] : [`set search_path to ${searchPath}`];
  const after: string[] = [];
  const hooks: RunHook[] = [];
  const problems: LockkeeperError[] = [];
  const warnings: Warning[] = [];
  for (const found of scan.callbacks) {
    const { event } = found.name;
    const when = runEvents[event];
    const list = event === 'beforeEachMigrate' ? before : event === 'afterEachMigrate' ? after : null;
    if (list === null && when === undefined) {
      warnings.push(notRun(shownPath(found.path, project.root), event));
      continue;
    }
    try {
      const read = readFlywayScript(found, context);
      problems.push(...read.problems);
      warnings.push(...read.config.warnings);
      list?.push(read.script.text);
      if (when !== undefined) hooks.push({ when, event, script: read.script, searchPath });
    } catch (error) {
      if (!isLockkeeperError(error)) throw error;
      problems.push(error);
    }
  }
  const place = Object.keys(runEvents);
  const inOrder = hooks.toSorted((a, b) => place.indexOf(a.event) - place.indexOf(b.event));
  return { before, after, hooks: inOrder, problems, warnings };
}

/** Flyway puts the default schema in front of what the connection has. */
const searchPathOf = (schema: string): string | null =>
  schema === 'public' ? null : `${quoteIdent(schema)}, "$user", public`;

function notRun(file: string, event: string): Warning {
  return {
    code: 'callback-not-run',
    message: `${file}: the callback "${event}" is not run.`,
    hint: never.test(event)
      ? 'Flyway runs it around a command of its own.'
      : `Those are run: beforeEachMigrate, afterEachMigrate, ${Object.keys(runEvents).join(', ')}.`,
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

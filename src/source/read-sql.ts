import { LockkeeperError } from '../core/errors.js';
import type { Warning } from '../core/report.js';
import { impliesDown } from '../migration/backfill.js';
import { findCreateThenDrop } from '../migration/create-then-drop.js';
import { readHead } from '../migration/head.js';
import { emptyMetadata, type Metadata } from '../migration/metadata.js';
import type { MigrationFile, SqlScript } from '../migration/migration.js';
import { parseDirectives, type MetadataProblem } from '../migration/parse-metadata.js';
import { splitSections, type SectionKind, type SqlShape } from '../migration/shape.js';
import { inFile, lineAndColumn, problemAt } from '../sql/position.js';
import { readBackfillDirectives } from './backfill-directives.js';
import { changedMeanwhile } from './changed-meanwhile.js';
import { readText, type DecodedFile } from './decode.js';
import { readDieselSettings } from './diesel.js';
import { rawChecksum } from './file-bytes.js';
import { findLateDirectives } from './late-directives.js';
import type { SourceProject } from './list.js';
import { assembleMigration, attempt, unusable, type Outcome } from './outcome.js';
import { shownPath } from './shown-path.js';

/** One SQL file of a migration, taken apart. */
interface Part {
  readonly shown: string;
  readonly decoded: DecodedFile;
  readonly shape: SqlShape;
}

/** Reads one SQL migration: decodes, takes apart, cuts into statements, and checks everything that needs no server. */
export function readSqlMigration(file: MigrationFile, project: SourceProject): Outcome {
  return attempt(() => {
    const up = readPart(file.path, 'up', project);
    const down = file.downPath === null ? null : readPart(file.downPath, 'down', project);
    return new SqlReading(file, up, down).outcome();
  });
}

function readPart(path: string, whole: 'up' | 'down', { root, reader }: SourceProject): Part {
  const shown = shownPath(path, root);
  const decoded = readText(path, shown, reader.take(path));
  return { shown, decoded, shape: splitSections(decoded.text, whole) };
}

/** The parts of one migration on their way to become one; gathers every problem. */
class SqlReading {
  readonly #file: MigrationFile;
  readonly #up: Part;
  readonly #down: Part | null;
  readonly #problems: LockkeeperError[] = [];
  readonly #warnings: Warning[] = [];

  constructor(file: MigrationFile, up: Part, down: Part | null) {
    this.#file = file;
    this.#up = up;
    this.#down = down;
  }

  outcome(): Outcome {
    this.#checkUnchanged();
    this.#gatherProblems(this.#up);
    if (this.#down !== null) this.#gatherProblems(this.#down);
    const metadata = this.#metadata();
    const up = this.#script(this.#up, 'up');
    const validateBefore = this.#script(this.#up, 'validate-before');
    const validateAfter = this.#script(this.#up, 'validate-after');
    const down = this.#downScript(up);
    if (up === null) this.#refuseEmpty();
    else if (!this.#up.shape.marked && this.#down === null) this.#checkMarkersMissing(up);
    if (up === null || this.#problems.length > 0) return unusable(this.#problems, this.#warnings);
    const migration = assembleMigration(this.#file, { metadata, up, down, validateBefore, validateAfter });
    return { migration, problems: [], warnings: this.#warnings };
  }

  #checkUnchanged(): void {
    if (this.#up.decoded.asListed && this.#down?.decoded.asListed !== false) return;
    const checksum = rawChecksum(this.#up.decoded.bytes, this.#down?.decoded.bytes ?? null);
    if (checksum === this.#file.checksum) return;
    this.#problems.push(changedMeanwhile(this.#file, this.#up.shown));
  }

  #gatherProblems({ shape, shown, decoded }: Part): void {
    this.#warnings.push(...findLateDirectives(decoded.text, shape.sections, shown));
    this.#problems.push(...shape.problems.map((problem) => inFile(problem, shown, 0)));
    for (const { lexed, lineOffset } of shape.sections) {
      this.#problems.push(...lexed.problems.map((problem) => inFile(problem, shown, lineOffset)));
    }
  }

  #metadata(): Metadata {
    const said = this.#directives(this.#up);
    const { transaction } = this.#up.shape;
    const { repeatable } = this.#file;
    // A folder migration may carry settings of Diesel; a directive and a marker are nearer to the SQL and win.
    const diesel = readDieselSettings(this.#file.path, this.#up.shown);
    this.#warnings.push(...diesel.warnings);
    const fallback = said.transaction === 'auto' ? diesel.transaction : said.transaction;
    const mode = transaction.up ?? fallback ?? 'auto';
    const downSaid = this.#down === null ? null : this.#directives(this.#down).transaction;
    const downMode =
      this.#down?.shape.transaction.down ?? transaction.down ?? (downSaid === 'auto' ? null : downSaid);
    const transactionDown = downMode === mode ? null : downMode;
    // Thousands of files say nothing, and share one object.
    if (said === emptyMetadata && !repeatable && mode === 'auto' && transactionDown === null) return said;
    return { ...said, repeatable, transaction: mode, transactionDown };
  }

  #directives(part: Part): Metadata {
    const { metadata, problems } = parseDirectives(readHead(part.decoded.text));
    for (const problem of problems) {
      if (problem.stops) this.#problems.push(metadataError(problem, part));
      else this.#warnings.push(metadataWarning(problem, part));
    }
    return metadata;
  }

  #script(part: Part, kind: SectionKind): SqlScript | null {
    const section = part.shape.sections.find((each) => each.kind === kind);
    if (section === undefined || section.lexed.statements.length === 0) return null;
    const { text, lineOffset, lexed } = section;
    const { backfills, problems } = readBackfillDirectives(section, part.shown);
    this.#problems.push(...problems);
    const script = { kind: 'sql' as const, text, statements: lexed.statements, file: part.shown, lineOffset };
    return backfills === undefined ? script : { ...script, backfills };
  }

  #downScript(up: SqlScript | null): SqlScript | null {
    const inside = this.#script(this.#up, 'down');
    if (this.#down === null) return inside ?? impliedDown(up);
    if (inside !== null) {
      this.#problems.push(
        new LockkeeperError('MIGRATION_MARKERS_INVALID', {
          message: `"${this.#up.shown}" holds a way down, and "${this.#down.shown}" is another.`,
          hint: 'Keep one of them.',
          location: { file: this.#up.shown, line: Math.max(inside.lineOffset, 1), column: 1 },
        }),
      );
    }
    return this.#script(this.#down, 'down');
  }

  #refuseEmpty(): void {
    const { shown, decoded, shape } = this.#up;
    // What could not be cut into sections or statements is not empty, and was reported already.
    if (this.#problems.length > 0) return;
    const what = decoded.text.trim() === '' ? 'is empty' : 'holds comments only';
    this.#problems.push(
      new LockkeeperError('MIGRATION_EMPTY', {
        message: shape.marked
          ? `The section "-- migrate:up" of "${shown}" holds no statement.`
          : `"${shown}" ${what}.`,
        hint: 'Write the SQL into it, or remove the file. A step that does nothing on purpose can be: select 1;',
        location: { file: shown, line: 1, column: 1 },
        details: { version: this.#file.version },
      }),
    );
  }

  #checkMarkersMissing(up: SqlScript): void {
    const { shown } = this.#up;
    const foreign = /^[ \t]*--[ \t]*\+(goose|migrate)[ \t]+(?:up|down)\b/im.exec(up.text);
    if (foreign !== null) {
      this.#problems.push(foreignMarkers(up, foreign));
      return;
    }
    const found = findCreateThenDrop(up.text, up.statements);
    if (found === null) return;
    const { object, create, drop, boundary } = found;
    const problem = problemAt('MIGRATION_MARKERS_MISSING', up.text, {
      offset: drop.start,
      length: drop.end - drop.start,
      message: `"${shown}" creates the ${object} on line ${create.line} and drops it again on line ${drop.line}. It looks like the way up and the way down in one file without markers, and both would run.`,
      hint: `Put "-- migrate:up" at the top and "-- migrate:down" above line ${boundary.line}. When all of it really is the way up, "-- migrate:up" at the top is enough.`,
      details: { object, version: this.#file.version },
    });
    this.#problems.push(inFile(problem, shown, up.lineOffset));
  }
}

/** A way back with nothing in it but the old values that backfills have kept. */
function impliedDown(up: SqlScript | null): SqlScript | null {
  if (up === null || !impliesDown(up.statements, up.backfills)) return null;
  return { kind: 'sql', text: '', statements: [], file: up.file, lineOffset: 0 };
}

function foreignMarkers(up: SqlScript, match: RegExpExecArray): LockkeeperError {
  const tool = match[1]?.toLowerCase() === 'goose' ? 'goose' : 'sql-migrate';
  const problem = problemAt('MIGRATION_MARKERS_MISSING', up.text, {
    offset: match.index,
    length: match[0].length,
    message: `"${up.file}" has the markers of ${tool}, which mean nothing here: the way up and the way down would both run.`,
    hint: `Say in the configuration that the folder is ${tool}'s, and it runs as it is: migrations: { dir: '…', format: '${tool}' }. Or write them as "-- migrate:up" and "-- migrate:down".`,
  });
  return inFile(problem, up.file, up.lineOffset);
}

function metadataError(problem: MetadataProblem, part: Part): LockkeeperError {
  const { text } = part.decoded;
  const line = problem.line ?? 1;
  const lineText = text.split('\n', line)[line - 1]?.replace(/\r$/, '') ?? '';
  const indent = lineText.length - lineText.trimStart().length;
  return new LockkeeperError('MIGRATION_METADATA_INVALID', {
    message: problem.message,
    hint: problem.hint,
    location: {
      file: part.shown,
      line,
      column: indent + 1,
      lineText,
      length: Math.max(lineAndColumn(lineText.trim(), lineText.length).column - 1, 1),
    },
  });
}

function metadataWarning(problem: MetadataProblem, part: Part): Warning {
  return {
    code: 'directive-ignored',
    message: `${part.shown}:${problem.line ?? 1}: ${problem.message} It is ignored.`,
    hint: problem.hint,
  };
}

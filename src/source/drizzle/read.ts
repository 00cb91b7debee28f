import { hash } from 'node:crypto';
import type { LockkeeperError } from '../../core/errors.js';
import type { Warning } from '../../core/report.js';
import { emptyMetadata } from '../../migration/metadata.js';
import type { MigrationFile, SqlScript } from '../../migration/migration.js';
import { inFile, problemAt } from '../../sql/position.js';
import { readText } from '../decode.js';
import type { SourceProject } from '../list.js';
import { assembleMigration, attempt, type Outcome, unusable } from '../outcome.js';
import { readingOf, type SourceReading } from '../reading.js';
import { shownPath } from '../shown-path.js';
import { emptySql, sqlScriptOf } from '../sql-text.js';
import type { DrizzleSettings } from './configure.js';
import type { DrizzleEntry, DrizzleFolder } from './folder.js';
import { drizzleRecord } from './history.js';

/** Reads files of a folder, and tells of it what a person should know. */
export class DrizzleReader {
  readonly #folder: DrizzleFolder;
  readonly #project: SourceProject;
  readonly #settings: DrizzleSettings;

  constructor(folder: DrizzleFolder, project: SourceProject, settings: DrizzleSettings) {
    this.#folder = folder;
    this.#project = project;
    this.#settings = settings;
  }

  read(files: readonly MigrationFile[]): SourceReading {
    const entries = new Map(this.#folder.entries.map((entry) => [entry.tag, entry]));
    const outcomes = files.flatMap((file) => {
      const entry = entries.get(file.version);
      return entry === undefined ? [] : [this.#readOne(file, entry)];
    });
    return {
      ...readingOf(outcomes),
      warnings: [...this.#strays(), ...skippedByDrizzle(files, this.#folder.entries)],
    };
  }

  #readOne(file: MigrationFile, entry: DrizzleEntry): Outcome {
    return attempt(() => {
      const up = this.#script(file.path);
      const down = file.downPath === null ? null : this.#script(file.downPath);
      const problems = [...up.problems, ...(down?.problems ?? [])];
      if (problems.length > 0) return unusable(problems);
      const parts = {
        metadata: emptyMetadata,
        up: up.script,
        // What does nothing is undone by nothing.
        down: down?.script ?? (up.script.statements.length === 0 ? emptySql(up.script.file) : null),
        validateBefore: null,
        validateAfter: null,
      };
      const { layout } = this.#folder;
      const foreign = drizzleRecord({ ...entry, hash: up.sha256, layout }, this.#settings);
      // Drizzle applies all of them in one transaction.
      return {
        migration: assembleMigration(file, parts, { foreign, keepsSession: true }),
        problems: [],
        warnings: [],
      };
    });
  }

  #script(path: string): Pick<Outcome, 'problems'> & { readonly script: SqlScript; readonly sha256: string } {
    const file = shownPath(path, this.#project.root);
    const { text, bytes } = readText(path, file, this.#project.reader.take(path));
    const cut = cutAtBreakpoints(text);
    const { script, problems } = sqlScriptOf({ text: cut.text, file, lineOffset: 0 });
    const inside = script === null ? [] : breakpointsInside(script, cut.places);
    return {
      script: script ?? emptySql(file),
      problems: [...problems, ...inside],
      sha256: hash('sha256', bytes, 'hex'),
    };
  }

  #strays(): readonly Warning[] {
    return this.#folder.strays.map((shown) => ({
      code: 'file-ignored',
      message: `${shown}: the journal of Drizzle does not list this file, so it is no migration.`,
      hint: 'Remove it, or bring its entry back into meta/_journal.json.',
    }));
  }
}

const breakpoint = '--> statement-breakpoint';

/** Drizzle sends each part by itself, so the last statement of a part needs no semicolon. Offsets stay what they are. */
function cutAtBreakpoints(text: string): { readonly text: string; readonly places: readonly number[] } {
  const places: number[] = [];
  for (let at = text.indexOf(breakpoint); at !== -1; at = text.indexOf(breakpoint, at + breakpoint.length)) {
    places.push(at);
  }
  if (places.length === 0) return { text, places };
  return { text: text.replaceAll(breakpoint, ';'.padEnd(breakpoint.length)), places };
}

/** Drizzle cuts inside of strings and function bodies, too; what would be left is not what anybody meant. */
function breakpointsInside(script: SqlScript, places: readonly number[]): readonly LockkeeperError[] {
  return places.flatMap((place) => {
    const around = script.statements.find(({ start, end }) => start < place && place < end);
    if (around === undefined) return [];
    const problem = problemAt('SQL_UNTERMINATED', script.text, {
      offset: place,
      length: breakpoint.length,
      message: `A statement breakpoint of Drizzle stands inside of a statement (${around.traits.label}), which is cut in two there.`,
      hint: 'Move it behind the statement.',
    });
    return [inFile(problem, script.file, script.lineOffset)];
  });
}

/** Drizzle looks at the time of the newest row only: what is older than an entry before it runs on no database that has that one. */
function skippedByDrizzle(
  files: readonly MigrationFile[],
  entries: readonly DrizzleEntry[],
): readonly Warning[] {
  const wanted = new Set(files.map((file) => file.version));
  const warnings: Warning[] = [];
  let newest: DrizzleEntry | null = null;
  for (const entry of entries) {
    if (newest !== null && entry.when <= newest.when) {
      if (wanted.has(entry.tag)) warnings.push(skipped(entry, newest));
    } else newest = entry;
  }
  return warnings;
}

const skipped = (entry: DrizzleEntry, newer: DrizzleEntry): Warning => ({
  code: 'skipped-by-drizzle',
  message: `${entry.tag} has an older time in Drizzle's journal than ${newer.tag} before it. Drizzle itself silently skips it on every database that has ${newer.tag}; Lockkeeper runs it.`,
  hint: `Give its entry a later "when", for those who run drizzle-kit migrate.`,
});

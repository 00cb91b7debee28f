import type { LockkeeperError } from '../../core/errors.js';
import type { Warning } from '../../core/report.js';
import { emptyMetadata } from '../../migration/metadata.js';
import type { MigrationFile, SqlScript } from '../../migration/migration.js';
import type { SourceProject } from '../list.js';
import { readListed } from '../listed-text.js';
import { assembleMigration, type Outcome, unusable } from '../outcome.js';
import { shownPath } from '../shown-path.js';
import { emptySql, sqlScriptOf } from '../sql-text.js';
import { createRecord } from './history.js';
import { searchPathOf } from './run.js';
import { type Section, splitSections } from './sections.js';
import type { NodePgMigrateSettings } from './settings.js';

/** Reads a file of SQL, or a pair of them. @throws {MIGRATION_UNREADABLE} */
export function readSql(
  file: MigrationFile,
  project: SourceProject,
  settings: NodePgMigrateSettings,
): Outcome {
  const shown = shownPath(file.path, project.root);
  const { up: upText, down: downText } = readListed(file, project);
  const isHalf = file.path.endsWith('.up.sql') && !file.version.endsWith('.up');
  const sections = isHalf ? { up: whole(upText), down: null } : splitSections(upText);
  const downShown = file.downPath === null ? shown : shownPath(file.downPath, project.root);
  const down = downText === null ? sections.down : whole(downText);
  const problems: LockkeeperError[] = [];
  const cut = (section: Section, name: string): SqlScript => {
    const cutText = sqlScriptOf(withSearchPath(section, name, settings));
    problems.push(...cutText.problems);
    return cutText.script ?? emptySql(name);
  };
  const parts = { up: cut(sections.up, shown), down: down === null ? null : cut(down, downShown) };
  if (problems.length > 0) return unusable(problems);
  const read = { metadata: emptyMetadata, ...parts, validateBefore: null, validateAfter: null };
  const foreign = createRecord(settings, file.foreignKey ?? file.version);
  const migration = assembleMigration(file, read, { foreign, keepsSession: true });
  return { migration, problems, warnings: markerWarnings(upText, sections, shown) };
}

const whole = (text: string): Section => ({ text, lineOffset: 0 });

/** The tool sets the search_path once a run; here each file sets it, because each may be the first of a run. */
function withSearchPath(
  { text, lineOffset }: Section,
  file: string,
  { schemas }: NodePgMigrateSettings,
): { readonly text: string; readonly file: string; readonly lineOffset: number } {
  if (schemas.length === 0 || text.trim() === '') return { text, file, lineOffset };
  return { text: `${searchPathOf(schemas)};\n${text}`, file, lineOffset: lineOffset - 1 };
}

function markerWarnings(
  text: string,
  { up, down }: { readonly up: Section; readonly down: Section | null },
  shown: string,
): readonly Warning[] {
  if (down === null || up.text !== text) return [];
  return [
    {
      code: 'markers-missing',
      message: `${shown}: it has "-- Down Migration" and no "-- Up Migration", so the way up is all of the file, the way down included, as it is for node-pg-migrate.`,
      hint: 'Put "-- Up Migration" before the way up.',
    },
  ];
}

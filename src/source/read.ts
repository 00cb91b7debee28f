import type { LockkeeperError } from '../core/errors.js';
import type { Warning } from '../core/report.js';
import type { Migration, MigrationFile } from '../migration/migration.js';
import type { SourceProject } from './list.js';
import type { Outcome } from './outcome.js';
import type { SourceReading } from './reading.js';
import { readSqlMigration } from './read-sql.js';

/** Reads files one after another; what stands in the way of one does not keep the others from being read. */
export async function readMigrations(
  files: readonly MigrationFile[],
  project: SourceProject,
): Promise<SourceReading> {
  const migrations: Migration[] = [];
  const problems: LockkeeperError[] = [];
  const warnings: Warning[] = [];
  const readCode = files.some((file) => file.format === 'typescript') ? await codeReader(project) : null;
  for (const file of files) {
    const outcome: Outcome =
      file.format === 'sql' || readCode === null ? readSqlMigration(file, project) : await readCode(file);
    if (outcome.migration !== null) {
      migrations.push(outcome.migration);
      warnings.push(...notesOn(outcome.migration));
    }
    problems.push(...outcome.problems);
    warnings.push(...outcome.warnings);
  }
  return { migrations, problems, warnings };
}

/** What is allowed and still worth knowing before it runs. */
function notesOn({ up, down, metadata }: Migration): Warning[] {
  const notes: Warning[] = [];
  if (up.kind === 'code' && up.ownConnection) {
    notes.push({
      code: 'own-connection',
      message: `${up.file}: its way up takes no "db", so what it does runs on connections of its own, outside of the transaction and the trace of the run.`,
      hint: 'Let the function take db, and use db.query, db.exec or db.client.',
    });
  }
  if (metadata.irreversible !== null && down !== null) {
    notes.push({
      code: 'irreversible-with-down',
      message: `${up.file}: it is declared irreversible, and holds a way down, which "down" would run.`,
      hint: 'Remove the one or the other.',
    });
  }
  return notes;
}

// Loaded only when a code migration is pending: the loader behind it is large.
async function codeReader(project: SourceProject): Promise<(file: MigrationFile) => Promise<Outcome>> {
  const { createCodeReader } = await import('./read-code.js');
  return createCodeReader(project);
}

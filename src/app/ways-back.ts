import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import type { Warning } from '../core/report.js';
import { type AppliedMigration, readStoredDown } from '../history/index.js';
import { emptyMetadata } from '../migration/metadata.js';
import { type Migration, type SqlScript, migrationKey } from '../migration/migration.js';
import type { MigrationState } from '../plan/state.js';
import { lexScript } from '../sql/script.js';
import {
  type ChangedMigration,
  findChanged,
  historyProblems,
  type ProjectFiles,
  readProject,
  throwProblems,
} from './migrations.js';
import type { Candidate } from './plan-run.js';
import type { Prepared } from './prepare-read.js';

/** What is to be undone, and what is known about it. */
export interface WaysBack {
  readonly project: ProjectFiles;
  readonly state: MigrationState;
  readonly rows: readonly AppliedMigration[];
  readonly prepared: Prepared;
}

/**
 * Finds the way back of every row: its file, or where that is gone the script that was stored when it was applied. An
 * edited file is undone by what it says now, with a warning, because edit and `redo` is how a migration is written; in
 * a protected environment it is refused.
 * @throws {MIGRATION_IRREVERSIBLE} {MIGRATION_CHANGED} and whatever is wrong with the files, all together.
 */
export async function readWaysBack(
  context: Context,
  about: WaysBack & { readonly mayHaveChanged: boolean },
): Promise<{ readonly candidates: readonly Candidate[]; readonly warnings: readonly Warning[] }> {
  const { project, state, rows, prepared } = about;
  const files = new Map(state.applied.map(({ row, file }) => [row, file]));
  const wanted = rows.flatMap((row) => files.get(row) ?? []);
  const reading = await readProject(project, wanted, context);
  const migrations = new Map(reading.migrations.map((migration) => [migrationKey(migration), migration]));
  const going = new Set(rows.map(migrationKey));
  const touched = {
    ...state,
    touched: state.touched.filter(({ row }) => going.has(migrationKey(row))),
    missing: [],
  };
  const changed = await findChanged(project, touched, {
    session: prepared.opened.session,
    tables: prepared.tables,
    context,
  });
  const refused = about.mayHaveChanged ? [] : historyProblems(touched, changed);
  const problems = [...reading.problems, ...refused];
  const candidates: Candidate[] = [];
  for (const row of rows) {
    const migration = migrations.get(migrationKey(row));
    const candidate =
      migration === undefined
        ? await storedWayBack(prepared, row)
        : { migration, script: migration.down, stored: false };
    if (candidate.script === null && !candidate.migration.repeatable)
      problems.push(irreversible(candidate, rows));
    candidates.push(candidate);
  }
  throwProblems(problems);
  return { candidates, warnings: changed.map(changedSince) };
}

function changedSince({ version, name, file }: ChangedMigration): Warning {
  return {
    code: 'changed-since-applied',
    message: `Migration ${version} ${name} was changed after it was applied (${file}); it is undone by what its file says now.`,
  };
}

function irreversible(candidate: Candidate, rows: readonly AppliedMigration[]): LockkeeperError {
  const { version, name, metadata } = candidate.migration;
  const newer = rows.findIndex((row) => row.version === version);
  const reason = metadata.irreversible === null ? '' : ` (${metadata.irreversible})`;
  return new LockkeeperError('MIGRATION_IRREVERSIBLE', {
    message: `Migration ${version} ${name} has no way back${reason}. Nothing was undone.`,
    hint:
      newer > 0
        ? `The ${newer} newer one(s) can be undone with lockkeeper down --to ${version}; or write a down section for it.`
        : 'Write a down section for it, or restore a backup.',
    details: { version, name, newer },
  });
}

/** The file is gone. What was stored when it was applied is used only where nobody else could have changed it. */
async function storedWayBack(prepared: Prepared, row: AppliedMigration): Promise<Candidate> {
  const { session } = prepared.opened;
  if (prepared.foreign.has(row.source)) throw foreignFileGone(row);
  const stored = await readStoredDown(session, prepared.tables, row);
  if (stored !== null && sha256(stored.script) !== stored.hash) {
    throw new LockkeeperError('MIGRATION_IRREVERSIBLE', {
      message: `The way back of migration ${row.version} that is stored in the database was changed after it was stored; it is not run.`,
      hint: 'Bring the migration file back.',
      details: { version: row.version },
    });
  }
  if (stored !== null && stored.writers.length > 0) {
    throw new LockkeeperError('MIGRATION_IRREVERSIBLE', {
      message: `The file of migration ${row.version} is gone, and the way back stored in the database may have been written by others: ${stored.writers.join(', ')} may change the table.`,
      hint: `Bring the file back; or run as the owner of the table, after: revoke all on ${prepared.tables.migrations} from ${stored.writers.join(', ')}.`,
      details: { version: row.version, writers: stored.writers },
    });
  }
  return {
    migration: ghost(row),
    script: stored === null ? null : storedScript(stored.script, row),
    stored: true,
  };
}

/** The other tool cannot undo it either, and would go on saying that it is applied. */
function foreignFileGone({ version, name, source }: AppliedMigration): LockkeeperError {
  return new LockkeeperError('MIGRATION_MISSING', {
    message: `The file of migration ${version} ${name} is gone, and the history of another tool is kept beside that of ${source}. Nothing was undone.`,
    hint: 'Bring the file back.',
    details: { version, name },
  });
}

function storedScript(text: string, row: AppliedMigration): SqlScript {
  const { statements } = lexScript(text);
  return { kind: 'sql', text, statements, file: `${row.version} (stored in the database)`, lineOffset: 0 };
}

/** A migration of which only the history row is left. */
function ghost(row: AppliedMigration): Migration {
  const script: SqlScript = { kind: 'sql', text: '', statements: [], file: row.version, lineOffset: 0 };
  return {
    source: row.source,
    version: row.version,
    name: row.name,
    format: 'sql',
    repeatable: row.version.startsWith('R__'),
    path: row.version,
    downPath: null,
    checksum: row.checksum,
    metadata: emptyMetadata,
    up: script,
    down: null,
    validateBefore: null,
    validateAfter: null,
    tokenChecksum: '',
  };
}

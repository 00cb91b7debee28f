import { LockkeeperError } from '../../core/errors.js';
import type { Warning } from '../../core/report.js';
import { emptyMetadata, type Metadata, type TransactionMode } from '../../migration/metadata.js';
import type { Migration, MigrationFile } from '../../migration/migration.js';
import { assembleMigration, attempt, type Outcome, unusable } from '../outcome.js';
import { readingOf, type SourceReading } from '../reading.js';
import { shownPath } from '../shown-path.js';
import { aroundScript, type Around, readAround } from './around.js';
import { flywayRecord, type FlywayRow } from './history.js';
import { findScanned } from './list.js';
import type { FoundFile } from './scan.js';
import { type FlywayReading, type FlywayScript, readFlywayScript } from './script.js';
import type { FlywaySettings } from './settings.js';
import { versionKey } from './version.js';

/** Reads these files, and the callbacks that run around each of them. */
export function readFlyway(files: readonly MigrationFile[], context: FlywayReading): SourceReading {
  const around = readAround(context);
  const { migrations, problems, warnings } = readingOf(files.map((file) => readOne(file, around, context)));
  return {
    migrations,
    problems: [...around.problems, ...problems],
    warnings: [...notesOn(files, context), ...around.warnings, ...warnings],
    hooks: around.hooks,
  };
}

function readOne(file: MigrationFile, around: Around, context: FlywayReading): Outcome {
  const found = findScanned(context.scan, file);
  if (found === null) return unusable([gone(file, context)]);
  if (found.name.kind === 'code') return unusable([notSql(found, context)]);
  return attempt(() => {
    const up = readFlywayScript(found, context);
    const undo = file.downPath === null ? undefined : context.scan.undo.get(versionKey(file.version));
    const down = undo === undefined ? null : readFlywayScript(undo, context);
    const problems = [...up.problems, ...(down?.problems ?? [])];
    const warnings = [...up.config.warnings, ...(down?.config.warnings ?? [])];
    if (problems.length > 0) return unusable(problems, warnings);
    const row = rowOf(found, up, undo === undefined || down === null ? null : { found: undo, ...down });
    const migration = assemble(file, { up, down, row }, context.settings);
    return { migration: wrap(migration, around), problems: [], warnings };
  });
}

function rowOf(
  found: FoundFile,
  up: FlywayScript,
  undo: (FlywayScript & { readonly found: FoundFile }) | null,
): FlywayRow {
  const { name, script } = found;
  const repeatable = name.kind === 'repeatable';
  return {
    version: 'version' in name ? name.version : null,
    description: descriptionOf(found),
    type: name.kind === 'baseline' ? 'SQL_BASELINE' : 'SQL',
    script,
    // A repeatable migration runs again when a placeholder has another value.
    checksum: repeatable ? up.replacedChecksum : up.checksum,
    undo:
      undo === null
        ? null
        : { description: descriptionOf(undo.found), script: undo.found.script, checksum: undo.checksum },
  };
}

const descriptionOf = ({ name }: FoundFile): string => ('description' in name ? name.description : '');

interface ReadParts {
  readonly up: FlywayScript;
  readonly down: FlywayScript | null;
  readonly row: FlywayRow;
}

function assemble(file: MigrationFile, { up, down, row }: ReadParts, settings: FlywaySettings): Migration {
  const mode = (script: FlywayScript): TransactionMode =>
    (script.config.executeInTransaction ?? settings.executeInTransaction) ? 'auto' : 'none';
  const transaction = mode(up);
  const downMode = down === null ? transaction : mode(down);
  const metadata: Metadata = {
    ...emptyMetadata,
    repeatable: file.repeatable,
    transaction,
    transactionDown: downMode === transaction ? null : downMode,
  };
  const scripts = { up: up.script, down: down?.script ?? null, validateBefore: null, validateAfter: null };
  // Flyway runs all of them on one connection, and puts only role and search path back between them.
  const foreign = { foreign: flywayRecord(row, settings), keepsSession: true };
  const migration = assembleMigration(file, { metadata, ...scripts }, foreign);
  // With other values of placeholders it is still the same migration: its bytes say which one it is.
  const replaced = (up.replaced || down?.replaced === true) && !file.repeatable;
  return replaced ? { ...migration, tokenChecksum: file.checksum } : migration;
}

function wrap(migration: Migration, around: Around): Migration {
  if (around.before.length === 0 && around.after.length === 0) return migration;
  const { up } = migration;
  return up.kind === 'sql' ? { ...migration, up: aroundScript(up, around) } : migration;
}

function notSql({ path, name, fileName }: FoundFile, { project }: FlywayReading): LockkeeperError {
  const file = shownPath(path, project.root);
  const language = /\.(?:java|kt|groovy|scala|class)$/.test(fileName) ? 'is a Java migration' : 'is a script';
  return new LockkeeperError('FOREIGN_STEP_REFUSED', {
    message: `"${file}" ${language}. It is never run here.`,
    hint: `Write what it does as SQL, in a file of the same version; or let Flyway run it, and then say so: lockkeeper mark ${'version' in name ? (name.version ?? '') : ''} --applied`,
    details: { file },
  });
}

function gone(file: MigrationFile, { project }: FlywayReading): LockkeeperError {
  const shown = shownPath(file.path, project.root);
  return new LockkeeperError('MIGRATION_UNREADABLE', {
    message: `"${shown}" was moved or removed while the folder was being read.`,
    hint: 'Run the command again.',
    details: { version: file.version },
  });
}

/** Baseline migrations that do not run, when something is about to. */
function notesOn(files: readonly MigrationFile[], { scan, project }: FlywayReading): readonly Warning[] {
  if (files.length === 0) return [];
  return scan.idleBaselines.map(({ path, name }) => ({
    code: 'baseline-not-run',
    message: `${shownPath(path, project.root)} is not run: the versions up to ${name.version} are there one by one, and they are what runs.`,
    hint: 'On an empty database Flyway would run it in their place. Take the older files out of the locations to run it here.',
  }));
}

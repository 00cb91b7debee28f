import { hash } from 'node:crypto';
import { emptyMetadata } from '../../migration/metadata.js';
import type { MigrationFile, SqlScript } from '../../migration/migration.js';
import { readText } from '../decode.js';
import type { SourceProject } from '../list.js';
import { assembleMigration, attempt, type Outcome, unusable } from '../outcome.js';
import { readingOf, type SourceReading } from '../reading.js';
import { shownPath } from '../shown-path.js';
import { emptySql, sqlScriptOf } from '../sql-text.js';
import type { PrismaSettings } from './configure.js';
import { prismaRecord } from './history.js';

/** Reads the SQL of these folders. */
export function readPrisma(
  files: readonly MigrationFile[],
  project: SourceProject,
  settings: PrismaSettings,
): SourceReading {
  return readingOf(files.map((file) => readOne(file, project, settings)));
}

function readOne(file: MigrationFile, project: SourceProject, settings: PrismaSettings): Outcome {
  return attempt(() => {
    const up = readScript(file.path, project);
    const down = file.downPath === null ? null : readScript(file.downPath, project);
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
    // Prisma applies all of them on one connection, and never resets it.
    const foreign = {
      foreign: prismaRecord({ name: file.version, checksum: up.sha256, text: up.text }, settings),
      keepsSession: true,
    };
    const migration = assembleMigration(file, parts, foreign);
    return { migration, problems: [], warnings: [] };
  });
}

interface ReadScript extends Pick<Outcome, 'problems'> {
  readonly script: SqlScript;
  readonly sha256: string;
  readonly text: string;
}

/** A file without statements is what `prisma migrate dev --create-only` makes; it does nothing, and is applied. */
function readScript(path: string, { root, reader }: SourceProject): ReadScript {
  const file = shownPath(path, root);
  const { text, bytes } = readText(path, file, reader.take(path));
  const { script, problems } = sqlScriptOf({ text, file, lineOffset: 0 });
  return { script: script ?? emptySql(file), problems, sha256: hash('sha256', bytes, 'hex'), text };
}

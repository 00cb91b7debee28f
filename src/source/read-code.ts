import { LockkeeperError } from '../core/errors.js';
import { impliesDown } from '../migration/backfill.js';
import type { MigrationFile, Script, SqlScript } from '../migration/migration.js';
import { interpretValidation, interpretWork, type WorkPlace } from './code-work.js';
import { importMigration } from './import-migration.js';
import type { SourceProject } from './list.js';
import { readListed } from './listed-text.js';
import { createModuleLoader, type ModuleLoader } from './module-loader.js';
import { interpretModule, type InterpretedModule } from './module-shape.js';
import { assembleMigration, attemptAsync, unusable, type Outcome } from './outcome.js';
import { shownPath } from './shown-path.js';
import { unfilledNote } from './unfilled.js';

/** Reads code migrations of one project; the loader behind it is made once. */
export function createCodeReader(project: SourceProject): (file: MigrationFile) => Promise<Outcome> {
  const loader = createModuleLoader(project.root);
  return (file) => readCodeMigration(file, project, loader);
}

async function readCodeMigration(
  file: MigrationFile,
  project: SourceProject,
  loader: ModuleLoader,
): Promise<Outcome> {
  const shown = shownPath(file.path, project.root);
  return await attemptAsync(async () => {
    const { up: text } = readListed(file, project);
    const module = await importMigration(file, shown, loader);
    const interpreted = interpretModule(module, file, shown);
    return assemble(file, interpreted, { shown, source: text.replaceAll('\r\n', '\n') });
  });
}

function assemble(
  file: MigrationFile,
  interpreted: InterpretedModule,
  place: Omit<WorkPlace, 'key'>,
): Outcome {
  const { metadata } = interpreted;
  const up = interpretWork(interpreted.up, { ...place, key: 'up' });
  const down = isNothing(interpreted.down)
    ? { script: impliedDown(up.script), problems: [] }
    : interpretWork(interpreted.down, { ...place, key: 'down' });
  const [validateBefore, validateAfter] = readValidations(interpreted.validate, place);
  const problems = [interpreted, up, down, validateBefore, validateAfter].flatMap((part) => part.problems);
  if (up.script === null && problems.length === 0) problems.push(emptyUp(file, place.shown));
  if (up.script === null || problems.length > 0) return unusable(problems);
  const migration = assembleMigration(file, {
    metadata,
    up: up.script,
    down: down.script,
    validateBefore: validateBefore.script,
    validateAfter: validateAfter.script,
  });
  return { migration, problems: [], warnings: unfilledNote(interpreted.written, place.shown) };
}

type Validation = { readonly script: SqlScript | null; readonly problems: readonly LockkeeperError[] };

function readValidations(validate: unknown, place: Omit<WorkPlace, 'key'>): [Validation, Validation] {
  const given = (validate ?? {}) as Readonly<Record<string, unknown>>;
  const read = (key: 'before' | 'after'): Validation =>
    isNothing(given[key])
      ? { script: null, problems: [] }
      : interpretValidation(given[key], { ...place, key: `validate.${key}` });
  return [read('before'), read('after')];
}

function isNothing(work: unknown): boolean {
  return work === undefined || work === null || (Array.isArray(work) && work.length === 0);
}

/** A way back with nothing in it but the old values that backfills have kept. */
function impliedDown(up: Script | null): SqlScript | null {
  if (up?.kind !== 'sql' || !impliesDown(up.statements, up.backfills)) return null;
  return { kind: 'sql', text: '', statements: [], file: up.file, lineOffset: 0 };
}

function emptyUp(file: MigrationFile, shown: string): LockkeeperError {
  return new LockkeeperError('MIGRATION_EMPTY', {
    message: `"up" of "${shown}" holds no statement.`,
    hint: 'Give it SQL, or a function.',
    location: { file: shown, line: 1, column: 1 },
    details: { version: file.version },
  });
}

import { isLockkeeperError, LockkeeperError } from '../core/errors.js';
import type { MigrationFile } from '../migration/migration.js';
import { importMigration } from './import-migration.js';
import type { SourceProject } from './list.js';
import { readListed } from './listed-text.js';
import { createModuleLoader } from './module-loader.js';
import { attemptAsync, type Outcome } from './outcome.js';
import { resolveProjectPackage } from './project-package.js';
import { readingOf, type SourceReading } from './reading.js';
import { shownPath } from './shown-path.js';
import { unfilledNote } from './unfilled.js';

export type Exports = Readonly<Record<string, unknown>>;

/** A module of another tool's migration, and how its file is called. */
export interface ForeignModule {
  readonly file: MigrationFile;
  readonly shown: string;
  /** The object that holds `up`, however a module system has wrapped it; else the module's exports. */
  readonly exports: Exports;
}

/** Reads nothing where the library that the migrations were written for is not installed: one problem, before anything runs. */
export async function readWithPackage(
  { base, name }: { readonly base: string; readonly name: string },
  files: readonly MigrationFile[],
  read: () => Promise<SourceReading>,
): Promise<SourceReading> {
  try {
    if (files.length > 0) resolveProjectPackage(base, name, `A migration with ${titles[name] ?? name}`);
  } catch (error) {
    if (!isLockkeeperError(error)) throw error;
    return { migrations: [], problems: [error], warnings: [] };
  }
  return await read();
}

const titles: Readonly<Record<string, string>> = { knex: 'Knex', kysely: 'Kysely' };

/** Loads files one after another; a bad one becomes a problem and does not keep the others from being read. */
export async function readForeignCode(
  files: readonly MigrationFile[],
  project: SourceProject,
  interpret: (module: ForeignModule) => Outcome,
): Promise<SourceReading> {
  const loader = createModuleLoader(project.root);
  const outcomes: Outcome[] = [];
  for (const file of files) outcomes.push(await readOne(file));
  return readingOf(outcomes);

  async function readOne(file: MigrationFile): Promise<Outcome> {
    const shown = shownPath(file.path, project.root);
    return await attemptAsync(async () => {
      assertLoadable(file, shown);
      readListed(file, project);
      const module = await importMigration(file, shown, loader);
      const exports = unwrap(module);
      const outcome = interpret({ file, shown, exports });
      const { up, down } = exports;
      return { ...outcome, warnings: [...outcome.warnings, ...unfilledNote({ up, down }, shown)] };
    });
  }
}

function unwrap(module: Exports): Exports {
  const first = module['default'];
  const second = isObject(first) ? first['default'] : undefined;
  const found = [module, first, second].find(
    (candidate) => isObject(candidate) && typeof candidate['up'] === 'function',
  );
  return (found as Exports | undefined) ?? module;
}

function isObject(value: unknown): value is Exports {
  return typeof value === 'object' && value !== null;
}

function assertLoadable({ path }: MigrationFile, shown: string): void {
  if (/\.[cm]?[jt]s$/.test(path)) return;
  throw new LockkeeperError('FOREIGN_STEP_REFUSED', {
    message: `"${shown}" is neither JavaScript nor TypeScript.`,
    hint: 'Compile it, and keep the result in its place; or leave its extension out where the other tool lists what it loads.',
    details: { file: shown },
  });
}

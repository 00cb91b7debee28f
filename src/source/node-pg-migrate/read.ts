import { readFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';
import type { MigrationFile } from '../../migration/migration.js';
import { importMigration } from '../import-migration.js';
import type { SourceProject } from '../list.js';
import { readListed } from '../listed-text.js';
import { type Exports, exportOf } from '../module-exports.js';
import { createModuleLoader } from '../module-loader.js';
import { attempt, attemptAsync, type Outcome, unusable } from '../outcome.js';
import { importProjectPackage } from '../project-package.js';
import { readingOf, type SourceReading } from '../reading.js';
import { shownPath } from '../shown-path.js';
import { readCode } from './read-code.js';
import { readSql } from './read-sql.js';
import type { BuilderClass, Shorthands } from './run.js';
import type { NodePgMigrateSettings } from './settings.js';

export interface ReadingOptions {
  readonly project: SourceProject;
  readonly settings: NodePgMigrateSettings;
  /** All files of the folder, in their order. */
  readonly listed: readonly MigrationFile[];
}

/** Reads the files that are wanted. The library is loaded only where one of them is code. */
export async function readFiles(
  files: readonly MigrationFile[],
  options: ReadingOptions,
): Promise<SourceReading> {
  const outcomes = files.some(isCode) ? await readMixed(files, options) : null;
  const results = files.map(
    (file) => outcomes?.get(file.path) ?? attempt(() => readSql(file, options.project, options.settings)),
  );
  const stray = [...(outcomes ?? [])].filter(([path]) => files.every((file) => file.path !== path));
  return readingOf([...results, ...stray.map(([, outcome]) => outcome)]);
}

const isCode = ({ path }: MigrationFile): boolean => extname(path).toLowerCase() !== '.sql';

/** Code files by path; one that is not wanted is there only when it could not be loaded for its shorthands. */
async function readMixed(
  files: readonly MigrationFile[],
  options: ReadingOptions,
): Promise<ReadonlyMap<string, Outcome>> {
  const { root } = options.project;
  const wanted = new Set(files.filter(isCode).map(({ path }) => path));
  const outcomes = new Map<string, Outcome>();
  const reader = await createReader(root, options);
  for (const file of withMissing(options.listed, files)) {
    if (outcomes.size >= wanted.size && [...wanted].every((path) => outcomes.has(path))) break;
    if (!isCode(file)) continue;
    const outcome = wanted.has(file.path) ? await reader.read(file) : await reader.passBy(file);
    if (outcome !== null) outcomes.set(file.path, outcome);
  }
  return outcomes;
}

/** The listing, and behind it what is wanted and not in it. */
function withMissing(
  listed: readonly MigrationFile[],
  files: readonly MigrationFile[],
): readonly MigrationFile[] {
  const known = new Set(listed.map(({ path }) => path));
  return [...listed, ...files.filter(({ path }) => !known.has(path))];
}

interface CodeReader {
  read(file: MigrationFile): Promise<Outcome>;
  /** A file that is only on the way: its shorthands hold in all files behind it. Null where nothing is wrong. */
  passBy(file: MigrationFile): Promise<Outcome | null>;
}

async function createReader(root: string, { project, settings }: ReadingOptions): Promise<CodeReader> {
  const library = await importProjectPackage(root, 'node-pg-migrate', 'A migration of node-pg-migrate');
  const MigrationBuilder = (library['MigrationBuilder'] ??
    (library['default'] as Exports | undefined)?.['MigrationBuilder']) as BuilderClass | undefined;
  if (MigrationBuilder === undefined) throw tooOld();
  const tsconfig = settings.tsconfig === null ? {} : { tsconfig: resolve(root, settings.tsconfig) };
  const loader = createModuleLoader(root, { javascript: 'jiti', ...tsconfig });
  let shorthands: Shorthands = {};
  const load = async (file: MigrationFile): Promise<Exports> => {
    const module = await importMigration(file, shownPath(file.path, root), loader);
    shorthands = { ...shorthands, ...(exportOf(module, 'shorthands') as Shorthands | undefined) };
    return module;
  };
  return {
    read: (file) =>
      attemptAsync(async () => {
        const { up: text } = readListed(file, project);
        const module = await load(file);
        return readCode(file, { module, text, shorthands, MigrationBuilder }, { root, settings });
      }),
    passBy: async (file) => {
      if (!mayHaveShorthands(readFileSync(file.path, 'utf8'))) return null;
      const outcome = await attemptAsync(async () => {
        await load(file);
        return unusable([]);
      });
      return outcome.problems.length === 0 ? null : outcome;
    },
  };
}

/**
 * The library loads every file of the folder at every run. Here a file that has been applied is loaded only where it
 * could have shorthands: where it says the word other than as the library's template does, or exports what is elsewhere.
 */
export function mayHaveShorthands(text: string): boolean {
  const own = text.replaceAll(/\bshorthands\b(?:\s*:\s*[\w |]+)?\s*=\s*undefined\b/g, '');
  return /\bshorthands\b|\bexport\s*\*|\bmodule\.exports\s*=\s*(?![\s{]|exports)/.test(own);
}

function tooOld(): LockkeeperError {
  return new LockkeeperError('PACKAGE_MISSING', {
    message: 'The copy of node-pg-migrate in the project exports no MigrationBuilder.',
    hint: 'Install version 8 or newer: npm install node-pg-migrate@latest',
    details: { package: 'node-pg-migrate' },
  });
}

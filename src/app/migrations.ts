import { setImmediate } from 'node:timers/promises';
import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import type { Warning } from '../core/report.js';
import { type HistoryTables, readTokenChecksums } from '../history/index.js';
import { type Migration, type MigrationFile, migrationKey } from '../migration/migration.js';
import type { Session } from '../pg/index.js';
import { checkDeclared, withDeclared } from '../plan/declared.js';
import { interleave } from '../plan/interleave.js';
import type { MigrationState } from '../plan/state.js';
import { openSource, type RunHook, shownPath, type Source, type SourceListing } from '../source/index.js';

/** All folders of a project, listed. */
export interface ProjectFiles {
  readonly sources: readonly Source[];
  readonly files: readonly MigrationFile[];
  readonly problems: readonly LockkeeperError[];
}

/** Lists and hashes; parses nothing. @throws {MIGRATIONS_DIR_MISSING} */
export async function listProject(config: ResolvedConfig): Promise<ProjectFiles> {
  const sources = await openSources(config);
  return projectOf(
    sources,
    sources.map((source) => source.list()),
  );
}

/** Whether the history of another tool is kept beside ours; most projects never load what that takes. */
export const keepsForeign = ({ sources }: ProjectFiles): boolean =>
  sources.some(({ foreign }) => foreign !== null);

/** Native migrations only: the files of other tools hold no directives, so that their listing tells all there is to show. */
export function withoutForeign(
  { sources }: ProjectFiles,
  files: readonly MigrationFile[],
): readonly MigrationFile[] {
  const foreign = new Set(sources.filter(({ format }) => format !== 'native').map(({ name }) => name));
  return foreign.size === 0 ? files : files.filter(({ source }) => !foreign.has(source));
}

/** What can be read without loading another tool and the code that was written for it. */
export function withoutForeignCode(
  { sources }: ProjectFiles,
  files: readonly MigrationFile[],
): readonly MigrationFile[] {
  const code = new Set(sources.filter(({ isForeignCode }) => isForeignCode).map(({ name }) => name));
  return code.size === 0 ? files : files.filter(({ source }) => !code.has(source));
}

/**
 * The same while the caller waits for the database: a listing of thousands takes as long as opening a connection.
 * A missing folder is told at once, before anything was opened.
 * @throws {MIGRATIONS_DIR_MISSING}
 */
export async function beginListing(config: ResolvedConfig): Promise<BegunListing> {
  const sources = await openSources(config);
  const begun = sources.map((source) => source.listInSlices());
  for (const slices of begun) slices.next(); // the folders are read here, the files later
  const finished = finishListings(begun).then((listings) => projectOf(sources, listings));
  finished.catch(() => {}); // the caller may have failed before it asks
  return { finished };
}

/** The files are being read. */
export interface BegunListing {
  readonly finished: Promise<ProjectFiles>;
}

async function finishListings(
  begun: readonly Generator<undefined, SourceListing>[],
): Promise<readonly SourceListing[]> {
  const listings: SourceListing[] = [];
  for (const slices of begun) {
    let slice: IteratorResult<undefined, SourceListing>;
    do {
      await setImmediate();
      slice = slices.next();
    } while (slice.done !== true);
    listings.push(slice.value);
  }
  return listings;
}

const openSources = (config: ResolvedConfig): Promise<readonly Source[]> =>
  Promise.all(config.sources.map((options) => openSource(options, { root: config.root })));

const projectOf = (sources: readonly Source[], listings: readonly SourceListing[]): ProjectFiles => ({
  sources,
  files: interleave(listings.map((listing) => listing.files)),
  problems: [
    ...listings.flatMap((listing) => listing.problems),
    ...sources.flatMap(({ dependsOn }, index) => checkDeclared(listings[index]?.files ?? [], dependsOn)),
  ],
});

export interface Reading {
  readonly migrations: readonly Migration[];
  readonly problems: readonly LockkeeperError[];
  readonly warnings: readonly Warning[];
  readonly hooks?: readonly RunHook[];
}

/** Parses or imports the files asked for, in the order given; every bad one becomes a problem. */
export async function readProject(
  project: ProjectFiles,
  files: readonly MigrationFile[],
  context: Context,
): Promise<Reading> {
  const readings = await Promise.all(
    project.sources.map(async (source) => {
      const wanted = files.filter((file) => file.source === source.name);
      const reading = await source.read(wanted, context);
      return { ...reading, migrations: withDeclared(reading.migrations, source.dependsOn) };
    }),
  );
  const [only] = readings;
  if (only !== undefined && readings.length === 1) return only;
  const byKey = new Map(
    readings
      .flatMap((reading) => reading.migrations)
      .map((migration) => [migrationKey(migration), migration]),
  );
  return {
    migrations: files.flatMap((file) => byKey.get(migrationKey(file)) ?? []),
    problems: readings.flatMap((reading) => reading.problems),
    warnings: readings.flatMap((reading) => reading.warnings),
    hooks: readings.flatMap((reading) => reading.hooks ?? []),
  };
}

/** An applied migration whose content means something else now. */
export interface ChangedMigration {
  readonly version: string;
  readonly name: string;
  readonly file: string;
}

/**
 * Tells real changes from harmless ones: of files whose bytes differ, the tokens are compared (ENGINE E25). A file
 * that can no longer be read or parsed counts as changed.
 */
export async function findChanged(
  project: ProjectFiles,
  state: MigrationState,
  database: { readonly session: Session; readonly tables: HistoryTables; readonly context: Context },
): Promise<readonly ChangedMigration[]> {
  if (state.touched.length === 0) return [];
  const stored = await readTokenChecksums(
    database.session,
    database.tables,
    state.touched.map(({ row }) => row),
  );
  const files = state.touched.map(({ file }) => file);
  const { migrations } = await readProject(project, files, database.context);
  const now = new Map(migrations.map((migration) => [migrationKey(migration), migration.tokenChecksum]));
  return state.touched
    .filter(({ file }) => now.get(migrationKey(file)) !== stored.get(migrationKey(file)))
    .map(({ file }) => ({
      version: file.version,
      name: file.name,
      file: shownPath(file.path, database.context.root),
    }));
}

/** One error for one problem, and one that lists them for several. */
export function throwProblems(problems: readonly LockkeeperError[]): void {
  const [first] = problems;
  if (first === undefined) return;
  if (problems.length === 1) throw first;
  throw new LockkeeperError('MIGRATIONS_UNUSABLE', {
    message: `${problems.length} problems were found in the migrations. Nothing was run.`,
    hint: 'Mend each of them and run the command again.',
    problems: inFileOrder(problems),
  });
}

/** By file and line, so that the problems of one file stand together; what has no place in a file comes first. */
export function inFileOrder(problems: readonly LockkeeperError[]): readonly LockkeeperError[] {
  return problems.toSorted(({ location: a }, { location: b }) => {
    if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
    const byFile = a.file.localeCompare(b.file, 'en', { numeric: true });
    return byFile === 0 ? a.line - b.line || a.column - b.column : byFile;
  });
}

/** What is wrong between files and history; `up` refuses on it and `verify` reports it. */
export function historyProblems(
  state: MigrationState,
  changed: readonly ChangedMigration[],
): readonly LockkeeperError[] {
  return [
    ...state.missing.map(
      ({ version, name }) =>
        new LockkeeperError('MIGRATION_MISSING', {
          message: `Migration ${version} ${name} is applied, and its file is gone.`,
          hint: `Bring the file back. When it is gone for good: lockkeeper mark ${version} --pending --why "…" forgets that it was applied.`,
          details: { version, name },
        }),
    ),
    ...changed.map(
      ({ version, name, file }) =>
        new LockkeeperError('MIGRATION_CHANGED', {
          message: `Migration ${version} ${name} was changed after it was applied (${file}).`,
          hint: `Put the file back and write a new migration. When the change is right as it is: lockkeeper repair ${version} --why "…".`,
          details: { version, name, file },
        }),
    ),
  ];
}

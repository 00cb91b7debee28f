import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import { type Migration, migrationKey } from '../migration/migration.js';
import { findReferenced } from '../migration/order.js';
import { orderByDependencies } from '../plan/order.js';
import { shownPath, type SourceOptions } from '../source/index.js';
import type { Ask } from './confirm.js';
import { carryOver, type Prepared as Checked, prepareCarrying } from './convert/carry-over.js';
import { collect, type Collected } from './convert/collect.js';
import { firstDifference } from './convert/dump.js';
import { type ConvertedFile, convertFiles } from './convert/files.js';
import { newNames } from './convert/names.js';
import { withShadow } from './convert/shadow.js';
import { replay } from './convert/replay.js';
import { writeFiles } from './convert/write-files.js';
import type { ConvertOptions, ConvertReport } from './lockkeeper.js';
import { listProject, type ProjectFiles, readProject, throwProblems } from './migrations.js';
import { withDatabase } from './session.js';

export interface ConvertRequest {
  readonly options: ConvertOptions;
  readonly ask: Ask | undefined;
}

/**
 * Writes native SQL files from the migrations of another tool, or from TypeScript: what their functions send is
 * collected on a database that is thrown away. Where all of them are converted, the history is carried over.
 * @throws {CONVERT_IMPOSSIBLE} {CONFIRMATION_MISSING} {FILE_EXISTS}
 */
export async function convert(
  config: ResolvedConfig,
  context: Context,
  request: ConvertRequest,
): Promise<ConvertReport> {
  const { options } = request;
  const work = await chooseWork(config, context, options);
  const isWhole = work.chosen.length === work.ofSources.length;
  if (options.dryRun === true || !isWhole) {
    const made = await make(config, context, work);
    if (options.dryRun !== true) writeFiles(work.dir, made.files);
    return reportOf(config, { work, made, dryRun: options.dryRun === true, history: null });
  }
  return await withDatabase(config, context, async (opened) => {
    const checked: Checked = await prepareCarrying(config, context, { opened, project: work.project });
    const made = filesThere(work) ?? (await make(config, context, work));
    const moved = await carryOver(config, { checked, request, made: made.files, target: work.target });
    return reportOf(config, { work, made, dryRun: false, history: { moved } });
  });
}

interface Work {
  readonly project: ProjectFiles;
  /** All migrations of the project, in the order in which they run. */
  readonly all: readonly Migration[];
  /** Those of the sources that are converted, and of them those that were asked for. */
  readonly ofSources: readonly Migration[];
  readonly chosen: readonly Migration[];
  readonly target: SourceOptions;
  readonly dir: string;
}

async function chooseWork(config: ResolvedConfig, context: Context, options: ConvertOptions): Promise<Work> {
  const project = await listProject(config);
  throwProblems(project.problems);
  // What another tool runs elsewhere (another kind of database, other contexts) is no part of this history.
  const files = project.files.filter(({ excluded }) => excluded !== true);
  const { migrations, problems } = await readProject(project, files, context);
  throwProblems(problems);
  const all = orderByDependencies(migrations);
  const names = new Set(sourcesToConvert(config, all));
  const ofSources = all.filter(({ source }) => names.has(source));
  if (ofSources.length === 0) throw nothingToConvert();
  const dir = folderFor(config, options);
  return {
    project,
    all,
    ofSources,
    chosen: choose(ofSources, options.versions ?? []),
    target: { name: shownPath(dir, config.root), dir, format: 'native' },
    dir,
  };
}

/** Other tools' folders; where there are none, our own that hold TypeScript. */
function sourcesToConvert({ sources }: ResolvedConfig, all: readonly Migration[]): readonly string[] {
  const foreign = sources.filter(({ format }) => format !== 'native').map(({ name }) => name);
  if (foreign.length > 0) return foreign;
  return all.filter(({ format }) => format === 'typescript').map(({ source }) => source);
}

function choose(migrations: readonly Migration[], words: readonly string[]): readonly Migration[] {
  if (words.length === 0) return migrations;
  const wanted = new Set(
    words.flatMap((word) => {
      const found = findReferenced(word, migrations);
      if (found.length === 1) return found.map(migrationKey);
      throw new LockkeeperError('MIGRATION_NOT_FOUND', {
        message: `"${word}" names ${found.length === 0 ? 'no migration' : `${found.length} migrations`} that can be converted.`,
        hint: 'Give the version as `lockkeeper status` shows it.',
        details: { word },
      });
    }),
  );
  return migrations.filter((migration) => wanted.has(migrationKey(migration)));
}

/** `migrations`, or a folder beside it where that is one of the old ones: old and new files are never mixed. */
function folderFor(config: ResolvedConfig, { to }: ConvertOptions): string {
  const taken = new Set(config.sources.map(({ dir }) => dir));
  const dir = resolve(config.root, to ?? 'migrations');
  if (!taken.has(dir)) return dir;
  if (to === undefined) return resolve(config.root, 'migrations-sql');
  throw new LockkeeperError('USAGE_INVALID', {
    message: `The folder ${shownPath(dir, config.root)} holds migrations already.`,
    hint: 'Give --to a folder of its own for the converted files.',
    details: { option: 'to' },
  });
}

function nothingToConvert(): LockkeeperError {
  return new LockkeeperError('USAGE_INVALID', {
    message: 'There is nothing to convert: the migrations of this project are native SQL already.',
    hint: 'Migrations of other tools, and in TypeScript, can be converted.',
  });
}

/** Another environment has converted already: its files stand, and only the history of this one is to follow. */
function filesThere({ chosen, dir }: Work): Made | null {
  const names = newNames(chosen);
  if (!names.every(({ stem }) => existsSync(join(dir, `${stem}.sql`)))) return null;
  const files = chosen.map((migration, index) => ({
    migration,
    name: names[index] ?? { version: '', stem: '' },
    text: null,
    notes: [],
    broken: null,
  }));
  return { files, shadow: null, verified: null };
}

interface Made {
  readonly files: readonly ConvertedFile[];
  /** Where the functions were tried; null where there were none. */
  readonly shadow: string | null;
  /** Null where it could not be compared. */
  readonly verified: boolean | null;
}

async function make(config: ResolvedConfig, context: Context, work: Work): Promise<Made> {
  const { chosen, all } = work;
  const hasCode = chosen.some(({ up, down }) => up.kind === 'code' || down?.kind === 'code');
  if (!hasCode) return { files: convertFiles(config, chosen, null), shadow: null, verified: null };
  const { collected, server } = await withShadow(config, context, async (shadow) => ({
    collected: await collect(shadow.config, context, all),
    server: shadow.server,
  }));
  const files = convertFiles(config, chosen, collected);
  const isAll = chosen.length === all.length;
  const verified = isAll ? await verify(config, context, { files, collected }) : null;
  return { files, shadow: server, verified };
}

/** Runs the new files on another empty database: they have to make the same schema. @throws {CONVERT_IMPOSSIBLE} */
async function verify(
  config: ResolvedConfig,
  context: Context,
  { files, collected }: { readonly files: readonly ConvertedFile[]; readonly collected: Collected },
): Promise<boolean | null> {
  if (collected.schema === null) return null;
  const dir = mkdtempSync(join(tmpdir(), 'lockkeeper-convert-'));
  try {
    writeFiles(dir, files);
    const target: SourceOptions = { name: 'converted', dir, format: 'native' };
    const schema = await withShadow(config, context, (shadow) =>
      replay({ ...shadow.config, sources: [target] }, context),
    );
    if (schema === null) return null;
    if (schema === collected.schema) return true;
    throw new LockkeeperError('CONVERT_IMPOSSIBLE', {
      message: `The converted files make another schema than the old ones: ${firstDifference(collected.schema, schema)}.`,
      hint: 'Nothing was written. Look at it with --dry-run --json, and convert the other migrations by naming them.',
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function reportOf(
  config: ResolvedConfig,
  about: {
    readonly work: Work;
    readonly made: Made;
    readonly dryRun: boolean;
    readonly history: ConvertReport['history'];
  },
): ConvertReport {
  const { work, made, dryRun, history } = about;
  return {
    environment: config.environment.name,
    dryRun,
    dir: shownPath(work.dir, config.root),
    shadow: made.shadow,
    verified: made.verified,
    migrations: made.files.map(({ migration, name, notes, text, broken }) => ({
      version: name.version,
      file: shownPath(join(work.dir, `${name.stem}.sql`), config.root),
      from: { source: migration.source, version: migration.version, format: migration.format },
      reversible: migration.down !== null && broken === null,
      notes,
      ...(dryRun && text !== null ? { text } : {}),
    })),
    history,
  };
}

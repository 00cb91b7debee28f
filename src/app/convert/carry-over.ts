import { join } from 'node:path';
import type { ResolvedConfig } from '../../config/resolved.js';
import type { Context } from '../../core/context.js';
import { LockkeeperError } from '../../core/errors.js';
import { historyRow } from '../../execute/index.js';
import { moveRow, unlinkSource } from '../../history/index.js';
import { type Migration, migrationKey } from '../../migration/migration.js';
import { compareState } from '../../plan/state.js';
import { createSource, type SourceOptions } from '../../source/index.js';
import { type Ask, confirmDanger } from '../confirm.js';
import { followed } from '../foreign.js';
import type { ConvertOptions } from '../lockkeeper.js';
import { stampOf } from '../mark.js';
import { findChanged, historyProblems, type ProjectFiles, throwProblems } from '../migrations.js';
import { prepareToRun } from '../prepare.js';
import { assertEnvironment, type Locked } from '../prepare-read.js';
import type { Opened } from '../session.js';
import { writeOwn } from '../write-own.js';
import type { ConvertedFile } from './files.js';
import { removeFiles, writeFiles } from './write-files.js';

/** The history under its lock, in line with the files and with the other tools. */
export interface Prepared {
  readonly prepared: Locked;
  readonly project: ProjectFiles;
}

/** @throws {MIGRATION_CHANGED} {MIGRATION_MISSING} {RECOVERY_UNDECIDED} {FOREIGN_HISTORY_UNKNOWN} */
export async function prepareCarrying(
  config: ResolvedConfig,
  context: Context,
  { opened, project }: { readonly opened: Opened; readonly project: ProjectFiles },
): Promise<Prepared> {
  const begun = await prepareToRun(config, context, opened);
  assertEnvironment(config, begun.installation, 'convert');
  const prepared = await followed(config, context, { project, prepared: begun });
  const state = compareState(project.files, prepared.history);
  const { session } = opened;
  const changed = await findChanged(project, state, { session, tables: prepared.tables, context });
  throwProblems(historyProblems(state, changed));
  const [open] = state.unfinished;
  if (open === undefined) return { prepared, project };
  throw new LockkeeperError('RECOVERY_UNDECIDED', {
    message: `Migration ${open.version} was interrupted, and has to be finished before it is converted.`,
    hint: 'Run "lockkeeper up" first.',
    details: { version: open.version },
  });
}

/** Writes the files and, in one transaction, gives the rows of the old ones to them. Both or neither. */
export async function carryOver(
  config: ResolvedConfig,
  about: {
    readonly checked: Prepared;
    readonly request: { readonly options: ConvertOptions; readonly ask: Ask | undefined };
    readonly made: readonly ConvertedFile[];
    readonly target: SourceOptions;
  },
): Promise<number> {
  const { checked, request, made, target } = about;
  const { prepared } = checked;
  const applied = new Set(prepared.history.applied.map(migrationKey));
  const rows = made.filter(({ migration }) => applied.has(migrationKey(migration)));
  if (rows.length > 0) {
    await confirmDanger(
      config,
      {
        verb: 'convert',
        message: `${made.some(({ text }) => text !== null) ? `Write ${made.length} files to ${target.name}, and give them` : `Give the ${made.length} files in ${target.name}`} the history of ${rows.length} applied migrations?`,
        plan: rows.map(({ migration, name }) => `${migration.source}: ${migration.version} → ${name.stem}`),
      },
      { ...request.options, ask: request.ask },
    );
  }
  const paths = writeFiles(target.dir, made);
  try {
    const all = made.map(({ name }) => join(target.dir, `${name.stem}.sql`));
    const converted = await readBack(config, target, all);
    await move({ checked, rows, converted, made, dir: target.dir });
  } catch (error) {
    removeFiles(paths);
    throw error;
  }
  return rows.length;
}

/** The new files as every later run will see them, by path. */
async function readBack(
  config: ResolvedConfig,
  target: SourceOptions,
  paths: readonly string[],
): Promise<ReadonlyMap<string, Migration>> {
  const source = createSource(target, config);
  const listing = source.list();
  throwProblems(listing.problems);
  const ours = new Set(paths);
  const reading = await source.read(listing.files.filter(({ path }) => ours.has(path)));
  throwProblems(reading.problems);
  return new Map(reading.migrations.map((migration) => [migration.path, migration]));
}

async function move(about: {
  readonly checked: Prepared;
  readonly rows: readonly ConvertedFile[];
  readonly made: readonly ConvertedFile[];
  readonly converted: ReadonlyMap<string, Migration>;
  readonly dir: string;
}): Promise<void> {
  const { checked, rows, converted, made, dir } = about;
  const { prepared, project } = checked;
  const stamp = stampOf(prepared, 0);
  const statements = rows.flatMap(({ migration, name }) => {
    const to = converted.get(join(dir, `${name.stem}.sql`));
    if (to === undefined) return [];
    const why = `Converted from ${migration.version} of ${migration.source} (${migration.format}).`;
    return moveRow(prepared.tables, migration, historyRow(to), { stamp, why });
  });
  const sources = new Set(made.map(({ migration }) => migration.source));
  const linked = project.sources.filter(({ name, foreign }) => foreign !== null && sources.has(name));
  const links = linked.map(({ name }) => unlinkSource(prepared.tables, name));
  if (statements.length + links.length > 0) await writeOwn(prepared, 'convert', [...statements, ...links]);
}

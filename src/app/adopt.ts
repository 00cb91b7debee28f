import { randomUUID } from 'node:crypto';
import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import { giveUpRow, readForeignLinks, type RunStamp, unlinkSource } from '../history/index.js';
import { foreignFormats, type Migration, type MigrationFile, migrationKey } from '../migration/migration.js';
import { compareState } from '../plan/state.js';
import { shownPath } from '../source/index.js';
import { type Ask, confirmDanger } from './confirm.js';
import { executionContext } from './execution-context.js';
import { followForeign } from './foreign-follow.js';
import { compareForeign, type ForeignView, plainTable } from './foreign-view.js';
import type { AdoptedSource, AdoptOptions, AdoptReport } from './lockkeeper.js';
import {
  keepsForeign,
  listProject,
  type ProjectFiles,
  readProject,
  throwProblems,
  withoutForeignCode,
} from './migrations.js';
import { prepareToRun } from './prepare.js';
import { assertEnvironment, type Locked, type Prepared, prepareToRead } from './prepare-read.js';
import { databaseName, withDatabase } from './session.js';
import { writeOwn } from './write-own.js';

export interface AdoptRequest {
  readonly options: AdoptOptions;
  readonly ask: Ask | undefined;
}

/**
 * Takes over what another tool has on record: shows it, asks, and writes rows of our own beside it. Nothing of the
 * schema is touched, and nothing of the other history. `forget` undoes exactly that.
 * @throws {CONFIG_INVALID} {CONFIRMATION_MISSING} {ENVIRONMENT_MISMATCH} {FOREIGN_LOCK_HELD}
 */
export async function adopt(
  config: ResolvedConfig,
  context: Context,
  request: AdoptRequest,
): Promise<AdoptReport> {
  const { options } = request;
  if (options.baseline === true)
    return await (await import('./baseline.js')).baseline(config, context, request);
  const project = await chosenProject(config, options);
  throwProblems(project.problems);
  for (const warning of config.warnings) context.events.emit('warning', warning);
  return await withDatabase(config, context, async (opened) => {
    if (options.dryRun === true) {
      const prepared = await prepareToRead(config, opened);
      const view = await compareForeign(project, prepared);
      return await reportOf(config, context, { project, prepared, view, options });
    }
    const prepared = await prepareToRun(config, context, opened);
    assertEnvironment(config, prepared.installation, 'adopt');
    const view = await compareForeign(project, prepared);
    const report = await reportOf(config, context, { project, prepared, view, options });
    await (options.forget === true
      ? forget(config, { prepared, report, request })
      : takeOver(config, context, { prepared, report, request, project }));
    return report;
  });
}

/** Only the sources of the format that was asked for; all foreign ones without one. */
async function chosenProject(config: ResolvedConfig, { format }: AdoptOptions): Promise<ProjectFiles> {
  const project = await listProject(config);
  const chosen = project.sources.filter(
    (source) => source.foreign !== null && (format === undefined || source.format === format),
  );
  if (chosen.length === 0) throw nothingForeign(project, format);
  const names = new Set(chosen.map(({ name }) => name));
  return { ...project, sources: chosen, files: project.files.filter(({ source }) => names.has(source)) };
}

function nothingForeign(project: ProjectFiles, format: string | undefined): LockkeeperError {
  const found = project.sources.map((source) => `${source.name} (${source.format})`).join(', ');
  const isFormat = format === undefined || foreignFormats.some((name) => name === format);
  return new LockkeeperError('CONFIG_INVALID', {
    message: keepsForeign(project)
      ? `No folder of this project holds migrations of ${format ?? 'another tool'}; found: ${found}.`
      : `No folder of this project belongs to another tool whose history is kept${found === '' ? '' : `; found: ${found}`}.`,
    hint: isFormat
      ? `Say it in lockkeeper.config: migrations: { dir: "…", format: "${format ?? 'knex'}" }. A database without any history: lockkeeper adopt --baseline.`
      : `Known tools: ${foreignFormats.join(', ')}.`,
  });
}

interface Shown {
  readonly project: ProjectFiles;
  readonly prepared: Prepared;
  readonly view: ForeignView;
  readonly options: AdoptOptions;
}

async function reportOf(config: ResolvedConfig, context: Context, shown: Shown): Promise<AdoptReport> {
  const { project, prepared, view, options } = shown;
  const links = await readForeignLinks(prepared.opened.session, prepared.tables);
  const state = compareState(project.files, prepared.history);
  const { taken, gone, fileless, failed } = view.difference;
  const readable = withoutForeignCode(
    project,
    taken.map(({ file }) => file),
  );
  const reading = await readProject(project, readable, context);
  const read = new Map(reading.migrations.map((migration) => [migrationKey(migration), migration]));
  const takenKeys = new Set(taken.map(({ file }) => migrationKey(file)));
  const sources = view.targets.map(({ source, history }): AdoptedSource => {
    const of = <Item extends { readonly source: string }>(items: readonly Item[]): Item[] =>
      items.filter((item) => item.source === source);
    const here = taken.filter(({ file }) => file.source === source);
    return {
      source,
      format: project.sources.find(({ name }) => name === source)?.format ?? 'sql',
      tool: history.tool,
      table: plainTable(history.table),
      found: view.sides.find((side) => side.source === source)?.entries !== null,
      known: prepared.history.applied.filter((row) => row.source === source && links.has(migrationKey(row)))
        .length,
      adopted: here.map(({ file, entry }) => ({ ...named(file), appliedAt: entry.appliedAt })),
      changed: here.flatMap(({ file, entry }) =>
        isChanged(read.get(migrationKey(file)), entry.checksum)
          ? [{ ...named(file), file: shownPath(file.path, config.root) }]
          : [],
      ),
      undone: of(gone).map(named),
      missing: of(fileless).map(({ entry }) => entry.name),
      unfinished: of(failed).map(({ entry }) => entry.name),
      pending: of(state.pending)
        .filter((file) => !takenKeys.has(migrationKey(file)))
        .map(named),
    };
  });
  return {
    environment: config.environment.name,
    database: databaseName(config),
    dryRun: options.dryRun === true,
    forgotten: options.forget === true,
    baseline: null,
    sources,
  };
}

const named = ({ version, name }: Pick<MigrationFile, 'version' | 'name'>) => ({ version, name });

/** By the checksum that the other tool keeps, and its own way of making it. */
function isChanged(migration: Migration | undefined, recorded: string | null): boolean {
  const now = migration?.foreign?.checksum ?? null;
  if (now === null || recorded === null || now === recorded) return false;
  return migration?.foreign?.accepts?.(recorded) !== true;
}

interface Writing {
  readonly prepared: Locked;
  readonly report: AdoptReport;
  readonly request: AdoptRequest;
}

async function takeOver(
  config: ResolvedConfig,
  context: Context,
  { prepared, report, request, project }: Writing & { readonly project: ProjectFiles },
): Promise<void> {
  const due = report.sources.filter(({ adopted, undone }) => adopted.length + undone.length > 0);
  if (due.length === 0) return;
  const plan = due.flatMap(foundIn);
  await confirmDanger(
    config,
    {
      verb: 'adopt',
      message: 'Write this into the history of Lockkeeper? Nothing of the schema is touched.',
      plan,
    },
    { ...request.options, ask: request.ask },
  );
  await followForeign(config, context, { project, prepared, adopting: true });
}

/** What a person should have seen before the answer. */
function foundIn(source: AdoptedSource): readonly string[] {
  const { tool, table, adopted, changed, undone, unfinished, missing, pending } = source;
  const versions = (items: readonly { readonly version: string }[]): readonly string[] =>
    items.map(({ version }) => version);
  const lines: readonly (readonly [string, readonly string[]])[] = [
    ['applied, to take over', versions(adopted)],
    ['changed since', versions(changed)],
    ['undone by it', versions(undone)],
    ['begun, not finished', unfinished],
    ['applied, file missing', missing],
    ['pending', versions(pending)],
  ];
  return [
    `${tool} (${table}, ${source.source})`,
    ...lines.flatMap(([what, items]) =>
      items.length === 0 ? [] : [`  ${what}: ${items.length} (${shortened(items)})`],
    ),
  ];
}

const shortened = (items: readonly string[]): string =>
  items.length > 3 ? `${items[0]}, ${items[1]} … ${items.at(-1)}` : items.join(', ');

/** Takes back what `adopt` and later runs wrote of these sources. The other tool's history stays as it is. */
async function forget(config: ResolvedConfig, { prepared, report, request }: Writing): Promise<void> {
  const { tables, history, opened } = prepared;
  const names = new Set(report.sources.map(({ source }) => source));
  const rows = history.applied.filter(({ source }) => names.has(source));
  if (rows.length === 0) return;
  await confirmDanger(
    config,
    {
      verb: 'adopt --forget',
      message: `Forget ${rows.length} migrations that the history of Lockkeeper has of ${[...names].join(', ')}? The schema and the other tool's history stay as they are.`,
      plan: rows.map(({ version, name }) => `${version} ${name}`),
    },
    { ...request.options, ask: request.ask },
  );
  const stamp: RunStamp = { runId: randomUUID(), batch: 0, context: executionContext(opened) };
  const statements = [
    ...rows.flatMap((row) => giveUpRow(tables, row, { stamp, why: 'Forgotten by adopt --forget.' })),
    ...[...names].map((source) => unlinkSource(tables, source)),
  ];
  await writeOwn(prepared, 'adopt', statements);
}

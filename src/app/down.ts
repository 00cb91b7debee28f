import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import { executePlan } from '../execute/index.js';
import { type AppliedMigration, readSavedRows, versionOfBackfills } from '../history/index.js';
import { impliesDown } from '../migration/backfill.js';
import { type SqlScript, migrationKey } from '../migration/migration.js';
import { assertSelection, selectDown } from '../plan/select.js';
import { compareState, type MigrationState, repeatableRows } from '../plan/state.js';
import { type Ask, confirmDanger } from './confirm.js';
import { checkProject } from './check-project.js';
import { findSyntaxProblems } from './check-syntax.js';
import { renderDryRun } from './dry-run.js';
import type { ConfirmOptions, DownOptions, UpReport } from './lockkeeper.js';
import { followed, viewed } from './foreign.js';
import { findChanged, historyProblems, listProject, type ProjectFiles, throwProblems } from './migrations.js';
import { type Candidate, planRun } from './plan-run.js';
import { assertPoolable } from './pooled.js';
import { createRun, prepareToRun } from './prepare.js';
import { assertEnvironment, type Prepared, prepareToRead } from './prepare-read.js';
import { previewLock } from './run-lock.js';
import { type Opened, withDatabase } from './session.js';
import { readWaysBack, type WaysBack } from './ways-back.js';

export interface DownRequest {
  readonly options: DownOptions;
  readonly ask: Ask | undefined;
  /** The verb that was asked for, for messages: `down`, `redo`, `reset`. */
  readonly verb: string;
  /** `up` follows, with whatever is there or with the same migrations; nothing is undone while that would be refused. */
  readonly again?: 'all' | 'same';
}

/** What was undone, and the rows that the history had of it, newest first. */
export interface Undone {
  readonly report: UpReport;
  readonly rows: readonly AppliedMigration[];
}

/** Undoes applied migrations, newest first. Nothing runs while one of them has no way back. */
export async function down(config: ResolvedConfig, context: Context, request: DownRequest): Promise<Undone> {
  const { options } = request;
  assertSelection(options);
  assertNoTags(options);
  return await withDatabase(config, context, async (opened) => {
    const dry = options.dryRun === true;
    const project = await listProject(config);
    const prepared = dry
      ? await viewed(project, await prepareToRead(config, opened))
      : await lockToUndo(config, context, { opened, project, verb: request.verb });
    return await undo(config, context, { ...request, project, prepared });
  });
}

async function lockToUndo(
  config: ResolvedConfig,
  context: Context,
  {
    opened,
    project,
    verb,
  }: { readonly opened: Opened; readonly project: ProjectFiles; readonly verb: string },
): Promise<Prepared> {
  const prepared = await prepareToRun(config, context, opened);
  assertEnvironment(config, prepared.installation, verb);
  return await followed(config, context, { project, prepared });
}

/** No type has it, but JavaScript may give it, and a wish to undo less must not be ignored. */
function assertNoTags({ tags }: DownOptions & { readonly tags?: readonly string[] }): void {
  if (tags === undefined || tags.length === 0) return;
  throw new LockkeeperError('USAGE_INVALID', {
    message: 'The option tags selects what to apply; it does not select what to undo.',
    hint: 'Use to, steps, only, batch or all.',
    details: { option: 'tags' },
  });
}

interface Undo extends DownRequest {
  readonly project: ProjectFiles;
  readonly prepared: Prepared;
}

async function undo(config: ResolvedConfig, context: Context, request: Undo): Promise<Undone> {
  const { prepared, options, project } = request;
  const { session } = prepared.opened;
  const state = compareState(project.files, prepared.history);
  assertNothingHalfApplied(state);
  const rows = selectDown(prepared.history.applied, options, repeatableRows(state));
  if (request.again !== undefined)
    await assertApplicable(config, context, { project, state, rows, prepared, again: request.again });
  const { candidates, warnings } = await readWaysBack(context, {
    project,
    state,
    rows,
    prepared,
    mayHaveChanged: !config.environment.protected,
  });
  const saved = await savedRows(prepared, rows);
  throwProblems(candidates.filter((candidate) => nothingLeft(candidate, saved)).map(valuesForgotten));
  const { plan, problems } = await planRun({
    direction: 'down',
    candidates,
    state,
    session,
    singleTransaction: false,
    saved,
  });
  throwProblems(problems);
  throwProblems(
    await findSyntaxProblems(
      session,
      candidates.flatMap(({ script }) => (script?.kind === 'sql' ? [script] : [])),
    ),
  );
  await assertPoolable(config, prepared, plan);
  const full = { ...plan, warnings: [...prepared.warnings, ...warnings, ...plan.warnings] };
  const lock = prepared.lock ?? (await previewLock(config, prepared));
  const run = createRun(config, context, { ...prepared, lock, direction: 'down' });
  if (options.dryRun === true) return { report: renderDryRun(run, full), rows };
  await confirmDown(config, candidates, request);
  for (const warning of full.warnings) context.events.emit('warning', warning);
  return { report: await executePlan(run, full), rows };
}

/** Old values that backfills have kept; a database from before backfills has none. */
async function savedRows(
  { opened, tables, installation }: Prepared,
  rows: readonly AppliedMigration[],
): Promise<Awaited<ReturnType<typeof readSavedRows>>> {
  if (installation.schemaVersion < versionOfBackfills || rows.length === 0) return new Map();
  return await readSavedRows(opened.session, tables, rows);
}

/** A way back that was to be nothing but kept values, which are gone. */
function nothingLeft(
  { migration, script }: Candidate,
  saved: Awaited<ReturnType<typeof savedRows>>,
): boolean {
  const { up } = migration;
  if (script?.kind !== 'sql' || script.statements.length > 0 || up.kind !== 'sql') return false;
  return impliesDown(up.statements, up.backfills) && !saved.has(migrationKey(migration));
}

function valuesForgotten({ migration }: Candidate): LockkeeperError {
  const { version, name } = migration;
  return new LockkeeperError('MIGRATION_IRREVERSIBLE', {
    message: `The old values that migration ${version} ${name} had kept are gone, and it has no other way back. Nothing was undone.`,
    hint: 'Write a way down for it, or restore a backup.',
    details: { version, name },
  });
}

function assertNothingHalfApplied(state: MigrationState): void {
  const half = state.unfinished.find((open) => open.action === 'apply');
  if (half === undefined) return;
  throw new LockkeeperError('RECOVERY_UNDECIDED', {
    message: `Migration ${half.version} was interrupted, and a part of it is committed.`,
    hint: 'Finish it first with `lockkeeper up`; then it can be undone.',
    details: { version: half.version },
  });
}

/** Refuses what the `up` that follows would refuse: the files, and what stays applied. */
async function assertApplicable(
  config: ResolvedConfig,
  context: Context,
  about: WaysBack & { readonly again: 'all' | 'same' },
): Promise<void> {
  const { project, state, rows, prepared } = about;
  const { session } = prepared.opened;
  const going = new Set(rows.map(migrationKey));
  const staying = <Item>(items: readonly Item[], rowOf: (item: Item) => AppliedMigration): readonly Item[] =>
    items.filter((item) => !going.has(migrationKey(rowOf(item))));
  const rest = {
    ...state,
    missing: about.again === 'same' ? state.missing : staying(state.missing, (row) => row),
    touched: staying(state.touched, ({ row }) => row),
  };
  const changed = await findChanged(project, rest, { session, tables: prepared.tables, context });
  const { environment } = config;
  const check = { state, session, context, environment, gone: rest.missing };
  const { problems } = await checkProject(project, check);
  throwProblems([...historyProblems(rest, changed), ...problems]);
}

/** A stored script is shown whole before it may run: it comes from a table, not from a reviewed file. */
async function confirmDown(
  config: ResolvedConfig,
  candidates: readonly Candidate[],
  request: Undo,
): Promise<void> {
  if (candidates.length === 0) return;
  const stored = candidates.filter((candidate) => candidate.stored && candidate.script !== null);
  if (stored.length === 0 && !config.environment.protected) return;
  const plan = candidates.flatMap((candidate) => [
    `${candidate.migration.version} ${candidate.migration.name}`,
    ...(stored.includes(candidate)
      ? (candidate.script as SqlScript).text.split('\n').map((line) => `  ${line}`)
      : []),
  ]);
  const message =
    stored.length > 0
      ? `Undo ${candidates.length} migration(s)? The file of ${stored.length} is gone; its way back comes from the database and is shown.`
      : `Undo ${candidates.length} migration(s) in ${config.environment.name}?`;
  await confirmDanger(
    config,
    { verb: request.verb, message, plan },
    { ...confirmOptions(request.options), ask: request.ask },
  );
}

const confirmOptions = ({ yes, confirm }: ConfirmOptions): ConfirmOptions => ({
  ...(yes === undefined ? {} : { yes }),
  ...(confirm === undefined ? {} : { confirm }),
});

import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import { executePlan } from '../execute/index.js';
import { type AppliedMigration, readStoredDown } from '../history/index.js';
import type { Migration, SqlScript } from '../migration/migration.js';
import { emptyMetadata } from '../migration/metadata.js';
import { assertSelection, selectDown } from '../plan/select.js';
import { compareState, type MigrationState, migrationKey, repeatableRows } from '../plan/state.js';
import { lexScript } from '../sql/script.js';
import { type Ask, confirmDanger } from './confirm.js';
import { checkProject } from './check-project.js';
import { findSyntaxProblems } from './check-syntax.js';
import { renderDryRun } from './dry-run.js';
import type { ConfirmOptions, DownOptions, UpReport } from './lockkeeper.js';
import {
  findChanged,
  historyProblems,
  listProject,
  type ProjectFiles,
  readProject,
  throwProblems,
} from './migrations.js';
import { type Candidate, planRun } from './plan-run.js';
import { assertEnvironment, createRun, type Prepared, prepareToRead, prepareToRun } from './prepare.js';
import { withDatabase } from './session.js';

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
    const prepared = dry ? await prepareToRead(config, opened) : await prepareToRun(config, context, opened);
    if (!dry) assertEnvironment(config, prepared.installation, request.verb);
    return await undo(config, context, { ...request, prepared });
  });
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
  readonly prepared: Prepared;
}

async function undo(config: ResolvedConfig, context: Context, request: Undo): Promise<Undone> {
  const { prepared, options } = request;
  const { session } = prepared.opened;
  const project = listProject(config);
  const state = compareState(project.files, prepared.history);
  assertNothingHalfApplied(state);
  const rows = selectDown(prepared.history.applied, options, repeatableRows(state));
  if (request.again !== undefined)
    await assertApplicable(context, { project, state, rows, prepared, again: request.again });
  const candidates = await readWaysBack(context, { project, state, rows, prepared });
  const { plan, problems } = await planRun({
    direction: 'down',
    candidates,
    state,
    session,
    singleTransaction: false,
  });
  throwProblems(problems);
  throwProblems(
    await findSyntaxProblems(
      session,
      candidates.flatMap(({ script }) => (script?.kind === 'sql' ? [script] : [])),
    ),
  );
  const full = { ...plan, warnings: [...prepared.warnings, ...plan.warnings] };
  const run = createRun(config, context, { ...prepared, direction: 'down' });
  if (options.dryRun === true) return { report: renderDryRun(run, full), rows };
  await confirmDown(config, candidates, request);
  for (const warning of full.warnings) context.events.emit('warning', warning);
  return { report: await executePlan(run, full), rows };
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

interface WaysBack {
  readonly project: ProjectFiles;
  readonly state: MigrationState;
  readonly rows: readonly AppliedMigration[];
  readonly prepared: Prepared;
}

/** Refuses what the `up` that follows would refuse: the files, and what stays applied. */
async function assertApplicable(
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
  const { problems } = await checkProject(project, { state, session, context, gone: rest.missing });
  throwProblems([...historyProblems(rest, changed), ...problems]);
}

/**
 * Finds the way back of every row: its file, or where that is gone the script that was stored when it was applied.
 * @throws {MIGRATION_IRREVERSIBLE} {MIGRATION_CHANGED} and whatever is wrong with the files, all together.
 */
async function readWaysBack(context: Context, about: WaysBack): Promise<readonly Candidate[]> {
  const { project, state, rows, prepared } = about;
  const files = new Map(state.applied.map(({ row, file }) => [row, file]));
  const wanted = rows.flatMap((row) => files.get(row) ?? []);
  const reading = await readProject(project, wanted, context);
  const migrations = new Map(reading.migrations.map((migration) => [migrationKey(migration), migration]));
  const going = new Set(rows.map(migrationKey));
  const touched = {
    ...state,
    touched: state.touched.filter(({ row }) => going.has(migrationKey(row))),
    missing: [],
  };
  const changed = await findChanged(project, touched, {
    session: prepared.opened.session,
    tables: prepared.tables,
    context,
  });
  const problems = [...reading.problems, ...historyProblems(touched, changed)];
  const candidates: Candidate[] = [];
  for (const row of rows) {
    const migration = migrations.get(migrationKey(row));
    const candidate =
      migration === undefined
        ? await storedWayBack(prepared, row)
        : { migration, script: migration.down, row, stored: false };
    if (candidate.script === null && !candidate.migration.repeatable)
      problems.push(irreversible(candidate, rows));
    candidates.push(candidate);
  }
  throwProblems(problems);
  return candidates;
}

function irreversible(candidate: Candidate, rows: readonly AppliedMigration[]): LockkeeperError {
  const { version, name, metadata } = candidate.migration;
  const newer = rows.findIndex((row) => row.version === version);
  const reason = metadata.irreversible === null ? '' : ` (${metadata.irreversible})`;
  return new LockkeeperError('MIGRATION_IRREVERSIBLE', {
    message: `Migration ${version} ${name} has no way back${reason}. Nothing was undone.`,
    hint:
      newer > 0
        ? `The ${newer} newer one(s) can be undone with lockkeeper down --to ${version}; or write a down section for it.`
        : 'Write a down section for it, or restore a backup.',
    details: { version, name, newer },
  });
}

/** The file is gone. What was stored when it was applied is used only where nobody else could have changed it. */
async function storedWayBack(prepared: Prepared, row: AppliedMigration): Promise<Candidate> {
  const { session } = prepared.opened;
  const stored = await readStoredDown(session, prepared.tables, row);
  if (stored !== null && sha256(stored.script) !== stored.hash) {
    throw new LockkeeperError('MIGRATION_IRREVERSIBLE', {
      message: `The way back of migration ${row.version} that is stored in the database was changed after it was stored; it is not run.`,
      hint: 'Bring the migration file back.',
      details: { version: row.version },
    });
  }
  if (stored !== null && stored.writers.length > 0) {
    throw new LockkeeperError('MIGRATION_IRREVERSIBLE', {
      message: `The file of migration ${row.version} is gone, and the way back stored in the database may have been written by others: ${stored.writers.join(', ')} may change the table.`,
      hint: `Bring the file back; or run as the owner of the table, after: revoke all on ${prepared.tables.migrations} from ${stored.writers.join(', ')}.`,
      details: { version: row.version, writers: stored.writers },
    });
  }
  return {
    migration: ghost(row),
    script: stored === null ? null : storedScript(stored.script, row),
    row,
    stored: true,
  };
}

function storedScript(text: string, row: AppliedMigration): SqlScript {
  const { statements } = lexScript(text);
  return { kind: 'sql', text, statements, file: `${row.version} (stored in the database)`, lineOffset: 0 };
}

/** A migration of which only the history row is left. */
function ghost(row: AppliedMigration): Migration {
  const script: SqlScript = { kind: 'sql', text: '', statements: [], file: row.version, lineOffset: 0 };
  return {
    source: row.source,
    version: row.version,
    name: row.name,
    format: 'sql',
    repeatable: row.version.startsWith('R__'),
    path: row.version,
    downPath: null,
    checksum: row.checksum,
    metadata: emptyMetadata,
    up: script,
    down: null,
    validateBefore: null,
    validateAfter: null,
    tokenChecksum: '',
  };
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

import { randomUUID } from 'node:crypto';
import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import type { Warning } from '../core/report.js';
import { ForeignLocks, historyRow, sessionFrame } from '../execute/index.js';
import {
  giveUpRow,
  installForeign,
  linkForeign,
  readForeignLinks,
  readHistory,
  type RunStamp,
  takeOverRow,
  unlinkSource,
} from '../history/index.js';
import type { ForeignHistory, ForeignRun } from '../migration/foreign.js';
import { emptyMetadata } from '../migration/metadata.js';
import { type Migration, type MigrationFile, migrationKey } from '../migration/migration.js';
import { reconcile, type Reconciliation } from '../plan/foreign.js';
import { executionContext } from './execution-context.js';
import {
  compareForeign,
  type ForeignTarget,
  type ForeignView,
  isThere,
  notes,
  plainTable,
  readRuns,
  readSides,
  targetsOf,
} from './foreign-view.js';
import { type ProjectFiles, readProject, throwProblems, withoutForeignCode } from './migrations.js';
import type { Locked } from './prepare-read.js';
import { writeOwn } from './write-own.js';

/**
 * Brings our history in line with those of the other tools, under their locks: takes over what they have applied, gives
 * up what they have undone, and tells them what they have not heard of.
 * @throws {FOREIGN_HISTORY_UNKNOWN} {FOREIGN_HISTORY_FAILED} {FOREIGN_HISTORY_MOVED} {FOREIGN_LOCK_HELD}
 */
export async function followForeign(
  config: ResolvedConfig,
  context: Context,
  { project, prepared, adopting = false }: FollowRequest,
): Promise<Locked> {
  const { opened } = prepared;
  const { session } = opened;
  const targets = targetsOf(project);
  await installMissing(prepared, targets);
  const locks = lockForeign(config, context, { prepared, targets });
  opened.closing.push(() => locks.release());
  await locks.take();
  if (prepared.lock.lease !== null)
    for (const { history } of targets.filter((target) => target.history.lock?.kind === 'advisory'))
      context.events.emit('warning', lockNotTaken(history));
  const lock =
    prepared.lock.lease === null
      ? { ...prepared.lock, frame: sessionFrame(session, await locks.kept()) }
      : prepared.lock;
  const locked = { ...prepared, lock, foreignLocks: locks };
  const view = await compareForeign(project, locked);
  if (!adopting) assertFollowable(config, view);
  const runs = await readRuns(session, targets);
  const statements = await difference(context, { project, prepared: locked, view, runs });
  if (statements.length > 0) await writeOwn(locked, 'foreign', statements);
  if (!adopting) for (const note of notes(view.difference, targets)) context.events.emit('warning', note);
  const history = statements.length === 0 ? prepared.history : await readHistory(session, prepared.tables);
  return { ...locked, history, foreign: runs };
}

interface FollowRequest {
  readonly project: ProjectFiles;
  readonly prepared: Locked;
  /** A person has seen what will be taken over, and said yes. */
  readonly adopting?: boolean;
}

/**
 * Makes what is missing. An empty new table says nothing of what we have applied: our rows are unlinked from it in the
 * same transaction, so that it is filled from them, and never taken for a rollback.
 */
async function installMissing(prepared: Locked, targets: readonly ForeignTarget[]): Promise<void> {
  const { opened, tables } = prepared;
  const statements: string[] = [];
  if (!(await isThere(opened.session, tables.foreignMigrations))) statements.push(...installForeign(tables));
  for (const { source, history } of targets) {
    if (await isThere(opened.session, history.table)) continue;
    statements.push(unlinkSource(tables, source), ...history.install);
  }
  if (statements.length > 0) await writeOwn(prepared, 'foreign', statements);
}

function lockForeign(
  config: ResolvedConfig,
  context: Context,
  { prepared, targets }: { readonly prepared: Locked; readonly targets: readonly ForeignTarget[] },
): ForeignLocks {
  const { opened, tables, lock } = prepared;
  const { session } = opened;
  return new ForeignLocks({
    session,
    tables,
    targets,
    runId: lock.lease?.runId ?? randomUUID(),
    pooled: lock.lease !== null,
    waitMs: config.run.lockWaitMs,
    context,
    assertUnmoved: async () => {
      const history = await readHistory(session, tables);
      const links = await readForeignLinks(session, tables);
      const moved = reconcile(history, await readSides(session, targets), links);
      if (moved.taken.length > 0 || moved.gone.length > 0) throw movedMeanwhile(moved);
    },
  });
}

/** The statements that make both histories say the same. */
async function difference(
  context: Context,
  about: {
    readonly project: ProjectFiles;
    readonly prepared: Locked;
    readonly view: ForeignView;
    readonly runs: ReadonlyMap<string, ForeignRun>;
  },
): Promise<readonly string[]> {
  const { project, prepared, view, runs } = about;
  const { taken, gone, untold, unlinked } = view.difference;
  const { tables, history } = prepared;
  const batch = history.applied.reduce((newest, row) => Math.max(newest, row.batch), 0) + 1;
  const stamp: RunStamp = { runId: randomUUID(), batch, context: executionContext(prepared.opened) };
  const toolOf = new Map(view.targets.map(({ source, history: { tool } }) => [source, tool]));
  const why = (source: string, what: string): string => `${what} by ${toolOf.get(source) ?? source}.`;
  const files = await readQuietly(
    project,
    taken.map(({ file }) => file),
    context,
  );
  const told = await readProject(
    project,
    untold.map(({ file }) => file),
    context,
  );
  throwProblems(told.problems);
  const adopted = taken.flatMap(({ file, entry }) => [
    ...takeOverRow(tables, historyRow(files.get(migrationKey(file)) ?? bare(file)), {
      stamp,
      appliedAt: entry.appliedAt,
      why: why(file.source, 'Applied'),
    }),
    linkForeign(tables, file, entry.key),
  ]);
  return [
    ...gone.flatMap((row) => giveUpRow(tables, row, { stamp, why: why(row.source, 'Undone') })),
    ...adopted,
    ...unlinked.map(({ row, key }) => linkForeign(tables, row, key)),
    ...told.migrations.flatMap((migration) => [
      ...(migration.foreign?.applied(runs.get(migration.source) ?? { batch: null }) ?? []),
      linkForeign(tables, migration, migration.foreignKey ?? migration.version),
    ]),
  ];
}

/** Reads SQL files for their checksums and ways back; code stays unloaded, and what cannot be read is left out. */
async function readQuietly(
  project: ProjectFiles,
  files: readonly MigrationFile[],
  context: Context,
): Promise<ReadonlyMap<string, Migration>> {
  const { migrations } = await readProject(project, withoutForeignCode(project, files), context);
  return new Map(migrations.map((migration) => [migrationKey(migration), migration]));
}

/** What a listing knows is enough for a row of the history; the way back is in the file. */
function bare(file: MigrationFile): Migration {
  const nothing = { kind: 'sql' as const, text: '', statements: [], file: file.path, lineOffset: 0 };
  return {
    ...file,
    metadata: emptyMetadata,
    up: nothing,
    down: null,
    validateBefore: null,
    validateAfter: null,
    tokenChecksum: file.checksum,
  };
}

/** Behind a transaction pooler no lock of a session can be held; the other tool cannot hold it there either. */
function lockNotTaken({ tool }: ForeignHistory): Warning {
  return {
    code: 'foreign-lock-not-taken',
    message: `The connection leads through a transaction pooler, where the lock of ${tool} cannot be held: see that ${tool} does not run meanwhile.`,
    hint: 'With directUrl the run takes a way round the pooler, and holds that lock too.',
  };
}

function assertFollowable(
  config: ResolvedConfig,
  { difference: { failed, strange, gone }, targets }: ForeignView,
): void {
  const [broken] = failed;
  if (broken !== undefined) {
    const { tool, table } = historyOf(targets, broken.source);
    throw new LockkeeperError('FOREIGN_HISTORY_FAILED', {
      message: `${tool} began the migration ${broken.entry.name} and did not finish it; its table ${plainTable(table)} says so.`,
      hint: `Look at the database, settle it with ${tool}, and run the command again.`,
      details: { tool, migration: broken.entry.name },
    });
  }
  const [unknown] = strange;
  if (unknown !== undefined) {
    const { tool, table } = historyOf(targets, unknown);
    throw new LockkeeperError('FOREIGN_HISTORY_UNKNOWN', {
      message: `This database has a history of ${tool} (${plainTable(table)}), and nothing of it was taken over yet.`,
      hint: 'Run "lockkeeper adopt": it shows what is there, and takes it over after asking.',
      details: { tool, source: unknown },
    });
  }
  const [undone] = gone;
  if (undone !== undefined && config.environment.protected) {
    const { tool } = historyOf(targets, undone.source);
    throw new LockkeeperError('FOREIGN_HISTORY_MOVED', {
      message: `${tool} no longer has ${gone.length} migration(s) on record that were applied, ${undone.version} among them.`,
      hint: `When ${tool} has undone them: lockkeeper adopt. When its table was damaged: bring it back.`,
      details: { tool, versions: gone.map(({ version }) => version) },
    });
  }
}

function movedMeanwhile({ taken, gone }: Reconciliation): LockkeeperError {
  const versions = [...taken.map(({ file }) => file.version), ...gone.map(({ version }) => version)];
  return new LockkeeperError('FOREIGN_HISTORY_MOVED', {
    message: `Another tool has changed its history while a step of this run had to let go of its lock: ${versions.join(', ')}.`,
    hint: 'Run the same command again; it goes on from what is there.',
    details: { versions },
  });
}

const historyOf = (targets: readonly ForeignTarget[], source: string): ForeignHistory =>
  (targets.find((target) => target.source === source) as ForeignTarget).history;

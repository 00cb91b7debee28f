import { randomUUID } from 'node:crypto';
import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import { foreignStatements, historyRow } from '../execute/index.js';
import {
  claimApply,
  claimRollback,
  closeSteps,
  finishApply,
  logRow,
  type MigrationKey,
  type RunStamp,
} from '../history/index.js';
import { type MigrationFile, migrationKey } from '../migration/migration.js';
import { findReferenced } from '../migration/order.js';
import { compareState } from '../plan/state.js';
import { type Ask, confirmDanger } from './confirm.js';
import type { MarkOptions, MarkReport } from './lockkeeper.js';
import { followed } from './foreign.js';
import { listProject, type ProjectFiles, readProject, throwProblems } from './migrations.js';
import { executionContext } from './execution-context.js';
import { prepareToRun } from './prepare.js';
import { assertEnvironment, type Prepared } from './prepare-read.js';
import { withDatabase } from './session.js';
import { writeOwn } from './write-own.js';

/**
 * Settles by hand what the history says of one migration, after a person has looked at the database. No statement of
 * the migration runs; open steps of it are closed; the reason is kept in the journal.
 * @throws {MIGRATION_NOT_FOUND} {USAGE_INVALID} {CONFIRMATION_MISSING} {ENVIRONMENT_MISMATCH}
 */
export async function mark(
  config: ResolvedConfig,
  context: Context,
  request: { readonly options: MarkOptions; readonly ask: Ask | undefined },
): Promise<MarkReport> {
  const { options } = request;
  assertReason(options.why);
  return await withDatabase(config, context, async (opened) => {
    const locked = await prepareToRun(config, context, opened);
    assertEnvironment(config, locked.installation, 'mark');
    const project = await listProject(config);
    const prepared = await followed(config, context, { project, prepared: locked });
    const target = findTarget(project, prepared, options);
    await confirmDanger(
      config,
      {
        verb: 'mark',
        message: `Write into the history that ${target.version} ${target.name} is ${options.as}, without running anything?`,
        plan: [`${target.version} ${target.name} → ${options.as}: ${options.why}`],
      },
      { ...options, ask: request.ask },
    );
    const marking = { project, prepared, target, why: options.why };
    const statements =
      options.as === 'applied' && !target.isApplied
        ? await applied(context, marking)
        : await settled(context, marking, options);
    await writeOwn(prepared, 'mark', statements);
    return { version: target.version, name: target.name, as: options.as };
  });
}

export function assertReason(why: string): void {
  if (why.trim() !== '') return;
  throw new LockkeeperError('USAGE_INVALID', {
    message: 'A reason is needed: it is kept in the journal.',
    hint: 'Give it as --why "…".',
    details: { option: 'why' },
  });
}

interface Target extends MigrationKey {
  readonly name: string;
  readonly file: MigrationFile | null;
  readonly isApplied: boolean;
}

function findTarget(project: ProjectFiles, prepared: Prepared, options: MarkOptions): Target {
  const state = compareState(project.files, prepared.history);
  const rows = state.applied.map(({ row, file }) => ({ ...row, file, isApplied: true }));
  const files = state.pending.map((file) => ({ ...file, file, isApplied: false }));
  const found = findReferenced(options.version, [...rows, ...files]);
  const [target] = found;
  if (target === undefined || found.length > 1) {
    throw new LockkeeperError('MIGRATION_NOT_FOUND', {
      message: `"${options.version}" names ${found.length === 0 ? 'no migration' : `${found.length} migrations`}.`,
      hint: 'Give the version as `lockkeeper status` shows it.',
      details: { word: options.version },
    });
  }
  const isOpen = state.unfinished.some((open) => migrationKey(open) === migrationKey(target));
  if (!isOpen && target.isApplied === (options.as === 'applied')) {
    throw new LockkeeperError('USAGE_INVALID', {
      message: `Migration ${target.version} is ${options.as} already.`,
      hint: 'Nothing has to be marked.',
    });
  }
  return target;
}

interface Marking {
  readonly project: ProjectFiles;
  readonly prepared: Prepared;
  readonly target: Target;
  readonly why: string;
}

async function applied(context: Context, marking: Marking): Promise<readonly string[]> {
  const { project, prepared, target, why } = marking;
  const reading = await readProject(project, target.file === null ? [] : [target.file], context);
  throwProblems(reading.problems);
  const { tables, history } = prepared;
  const batch = history.applied.reduce((newest, row) => Math.max(newest, row.batch), 0) + 1;
  const stamp = stampOf(prepared, batch);
  return reading.migrations.flatMap((migration) => [
    claimApply(tables, historyRow(migration), stamp, '1'),
    finishApply(tables, migration, stamp),
    closeSteps(tables, migration),
    ...foreignStatements(prepared, tables, { migration, direction: 'up', settles: true }),
    logRow(
      tables,
      {
        key: migration,
        action: 'repair',
        status: 'completed',
        step: 0,
        message: `Marked as applied: ${why}`,
      },
      stamp,
    ),
  ]);
}

/** The row goes, or stays as it is where only the steps of an undo were open. */
async function settled(
  context: Context,
  { project, prepared, target, why }: Marking,
  { as }: MarkOptions,
): Promise<readonly string[]> {
  const { tables } = prepared;
  const goes = target.isApplied && as === 'pending';
  const isForeign = prepared.foreign.has(target.source) && target.file !== null;
  const wasTold = goes || !target.isApplied;
  const reading =
    wasTold && isForeign && target.file !== null ? await readProject(project, [target.file], context) : null;
  throwProblems(reading?.problems ?? []);
  return [
    ...(goes ? [claimRollback(tables, target, '1')] : []),
    ...(reading?.migrations ?? []).flatMap((migration) =>
      goes
        ? foreignStatements(prepared, tables, { migration, direction: 'down', settles: true })
        : (migration.foreign?.settled?.() ?? []),
    ),
    closeSteps(tables, target),
    logRow(
      tables,
      { key: target, action: 'repair', status: 'completed', step: 0, message: `Marked as ${as}: ${why}` },
      stampOf(prepared, 0),
    ),
  ];
}

export function stampOf(prepared: Prepared, batch: number): RunStamp {
  return { runId: randomUUID(), batch, context: executionContext(prepared.opened) };
}

import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import { completeStep, failStep, type JournalStep, logRow, type OpenStep } from '../history/index.js';
import { findReferenced } from '../migration/order.js';
import { migrationKey } from '../migration/migration.js';
import { compareState, type MigrationState, type UnfinishedMigration } from '../plan/state.js';
import { type Ask, confirmDanger } from './confirm.js';
import type { RepairOptions, RepairReport } from './lockkeeper.js';
import { stampOf } from './mark.js';
import { listProject } from './migrations.js';
import { prepareToRun } from './prepare.js';
import { assertEnvironment } from './prepare-read.js';
import { withDatabase } from './session.js';
import { writeOwn } from './write-own.js';

export interface StepRepair extends RepairOptions {
  readonly step: number;
  readonly as: 'done' | 'again';
}

/**
 * Settles one interrupted step by what a person found in the database: it took effect, or it may run again. Nothing
 * is run; the next `up` (or `down`) goes on from there.
 * @throws {MIGRATION_NOT_FOUND} {STEP_NOT_INTERRUPTED} {CONFIRMATION_MISSING} {ENVIRONMENT_MISMATCH}
 */
export async function repairStep(
  config: ResolvedConfig,
  context: Context,
  { options, ask }: { readonly options: StepRepair; readonly ask: Ask | undefined },
): Promise<RepairReport> {
  return await withDatabase(config, context, async (opened) => {
    const prepared = await prepareToRun(config, context, opened);
    assertEnvironment(config, prepared.installation, 'repair');
    const state = compareState((await listProject(config)).files, prepared.history);
    const target = findUnfinished(state, options.version);
    const open = findInterrupted(target, options.step);
    const said = options.as === 'done' ? 'took effect' : 'is to run again';
    await confirmDanger(
      config,
      {
        verb: 'repair',
        message: `Write into the journal that step ${open.step} of ${target.version} ${target.name} ${said}, without running anything?`,
        plan: [`${target.version} ${target.name}, step ${open.step} → ${options.as}: ${options.why}`],
      },
      { ...options, ask },
    );
    const { tables } = prepared;
    const message = `Step ${open.step} settled as ${options.as}: ${options.why}`;
    const entry = { key: target, action: 'repair', status: 'completed', step: open.step, message } as const;
    const row = journalStepOf(open);
    await writeOwn(prepared, 'repair', [
      options.as === 'done' ? completeStep(tables, row) : failStep(tables, row, message),
      logRow(tables, entry, stampOf(prepared, 0)),
    ]);
    const { version, name } = target;
    const step = { number: open.step, as: options.as };
    return { version, name, checksumBefore: null, checksumAfter: null, step };
  });
}

type Target = UnfinishedMigration & { readonly name: string };

function findUnfinished(state: MigrationState, word: string): Target {
  const names = new Map(
    [...state.applied.map(({ row }) => row), ...state.pending].map((each) => [migrationKey(each), each.name]),
  );
  const unfinished = state.unfinished.map((each) => ({ ...each, name: names.get(migrationKey(each)) ?? '' }));
  const [target, ...others] = findReferenced(word, unfinished);
  if (target !== undefined && others.length === 0) return target;
  throw new LockkeeperError('MIGRATION_NOT_FOUND', {
    message: `"${word}" names ${target === undefined ? 'no migration' : 'more than one migration'} that was begun and not finished.`,
    hint: '`lockkeeper status` lists what is not finished.',
    details: { word },
  });
}

function findInterrupted({ version, steps }: Target, number: number): OpenStep {
  const found = steps.find((open) => open.step === number && open.status === 'started');
  if (found !== undefined) return found;
  const interrupted = steps.filter((open) => open.status === 'started').map((open) => open.step);
  throw new LockkeeperError('STEP_NOT_INTERRUPTED', {
    message: `Step ${number} of migration ${version} was not interrupted, so there is nothing to settle.`,
    hint:
      interrupted.length === 0
        ? 'Every step of it that was begun is settled: run `lockkeeper up` (or `down`) to go on.'
        : `Interrupted is step ${interrupted.join(', ')}.`,
    details: { version, step: number },
  });
}

function journalStepOf(open: OpenStep): JournalStep {
  const { action, step } = open;
  return { key: open, action, step, hash: open.hash ?? '', preState: null, repeatedChecksum: null };
}

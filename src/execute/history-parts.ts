import { sha256 } from '../core/hash.js';
import {
  claimApply,
  claimCall,
  claimRollback,
  claimStep,
  claimUndo,
  closeApply,
  closeRollback,
  completeStep,
  executeCallClaim,
  executeCallFinish,
  executeClaim,
  executeFinish,
  finishApply,
  finishRollback,
  type HistoryRow,
  type JournalStep,
} from '../history/index.js';
import type { Migration } from '../migration/migration.js';
import { isAtomic, type PlannedMigration } from '../plan/plan.js';
import { foreignRows } from './foreign-rows.js';
import { ours, type Part } from './parts.js';
import type { Run } from './run.js';
import type { StepRun } from './step-run.js';

/** What a step begins with: its migration, or the step, is ours from here on. */
export function claim(run: Run, stepRun: StepRun): Part {
  const { planned, chain, call } = stepRun;
  const { migration } = planned;
  const answer = run.direction === 'up' ? 'INSERT 0 1' : 'SELECT 1';
  if (call !== undefined) return ours(executeCallClaim(call.prepared, historyRow(migration)), answer);
  if (chain !== undefined && chain.after !== null)
    return ours(executeClaim(chain.prepared, historyRow(migration), chain.after), answer);
  if (!isAtomic(planned)) {
    const text = claimStep(run.tables, journalStep(run, stepRun, null), run.stamp, run.guard);
    return ours(text, 'INSERT 0 1');
  }
  return ours(run.direction === 'up' ? claimUp(run, stepRun) : claimBack(run, stepRun), answer);
}

function claimUp({ tables, stamp, guard }: Run, { planned: { migration }, step }: StepRun): string {
  const claiming = step.kind === 'code' ? claimCall : claimApply;
  return claiming(tables, historyRow(migration), stamp, guard);
}

function claimBack({ tables, guard }: Run, { planned: { migration }, step }: StepRun): string {
  const claiming = step.kind === 'code' ? claimUndo : claimRollback;
  return claiming(tables, migration, guard);
}

/** What a step ends with; behind the last one the history says that the migration is done. */
export function finish(run: Run, stepRun: StepRun, last: boolean): readonly Part[] {
  const { planned, chain, call } = stepRun;
  const { migration } = planned;
  if (call !== undefined && call.id !== null)
    return [
      ours(executeCallFinish(call.prepared, migration, call.id), 'INSERT 0 1'),
      ...foreignRows(run, planned, call.prepared),
    ];
  if (chain !== undefined && chain.after !== null)
    return [
      ours(executeFinish(chain.prepared, migration, chain.mark), 'INSERT 0 1'),
      ...foreignRows(run, planned),
    ];
  if (isAtomic(planned)) {
    const text =
      run.direction === 'up'
        ? finishApply(run.tables, migration, run.stamp)
        : finishRollback(run.tables, migration, run.stamp);
    return [ours(text, 'INSERT 0 1'), ...foreignRows(run, planned)];
  }
  const done = ours(completeStep(run.tables, journalStep(run, stepRun, null)), 'UPDATE 1');
  // Under a lease the claim of this step holds the row already; and a transaction with a snapshot from before a
  // heartbeat could not lock it again (40001).
  const guard = run.lease === null ? run.guard : '1';
  return last ? [done, ...closeMigration(run, planned, guard)] : [done];
}

/** The statements that turn finished steps into history. They belong in one transaction. */
export function closeMigration(run: Run, planned: PlannedMigration, guard: string): readonly Part[] {
  const { migration } = planned;
  const statements =
    run.direction === 'up'
      ? closeApply(run.tables, historyRow(migration), run.stamp, guard)
      : closeRollback(run.tables, migration, run.stamp, guard);
  return [...statements.map((text) => ours(text)), ...foreignRows(run, planned)];
}

export function journalStep(
  run: Run,
  stepRun: Pick<StepRun, 'planned' | 'step'>,
  preState: string | null,
): JournalStep {
  return {
    key: stepRun.planned.migration,
    action: run.direction === 'up' ? 'apply' : 'rollback',
    step: stepRun.step.number,
    hash: stepRun.step.hash,
    preState,
    repeatedChecksum: stepRun.planned.migration.repeatable ? stepRun.planned.migration.checksum : null,
  };
}

export function historyRow(migration: Migration): HistoryRow {
  const { metadata, down } = migration;
  const stored = down !== null && down.kind === 'sql' ? down.text : null;
  return {
    source: migration.source,
    version: migration.version,
    name: migration.name,
    release: metadata.release,
    description: metadata.description,
    author: metadata.author,
    format: migration.format,
    checksum: migration.checksum,
    tokenChecksum: migration.tokenChecksum,
    depends: metadata.depends,
    rollbackAvailable: down !== null,
    downScript: stored,
    downScriptHash: stored === null ? null : sha256(stored),
    repeatable: migration.repeatable,
  };
}

import { formatDuration } from '../core/duration.js';
import type { SqlScript } from '../migration/migration.js';
import type { Step } from '../migration/step.js';
import type { Plan, PlannedMigration } from '../plan/plan.js';
import { ours, type Part } from './parts.js';
import type { Run } from './run.js';
import { countPlannedWaits } from './watch/planned-waits.js';

/**
 * lock_timeout counts for each wait, and the budget is for all waits of a transaction together. Nobody adds them up
 * where there is no second connection, so each wait then gets its share (ENGINE D20).
 */
export function lockShareOfStep(run: Run, planned: PlannedMigration, step: Step): readonly Part[] {
  if (!run.watch.isBlind || step.kind !== 'transaction') return [];
  return share(run, countPlannedWaits(planned.script as SqlScript, step));
}

/** The same for the one transaction of a whole plan. */
export function lockShareOfPlan(run: Run, plan: Plan): readonly Part[] {
  if (!run.watch.isBlind) return [];
  const statements = plan.migrations.flatMap(({ steps, script }) =>
    steps.map((step) => (step.kind === 'transaction' ? countPlannedWaits(script as SqlScript, step) : 0)),
  );
  return share(
    run,
    statements.reduce((sum, waits) => sum + waits, 0),
  );
}

function share(run: Run, waits: number): readonly Part[] {
  const { lockTimeoutMs } = run.options;
  if (waits <= 1 || lockTimeoutMs === 0) return [];
  const eachMs = Math.max(1, Math.floor(lockTimeoutMs / waits));
  warnOfShortWait(run, eachMs);
  return [ours(`set local lock_timeout = ${eachMs}`, 'SET')];
}

/** Below this, an autovacuum in the way is never interrupted in time: the server waits for deadlock_timeout first. */
const marginMs = 500;

/** Says once in a run that waits are too short for an autovacuum to give way. */
export function warnOfShortWait(run: Run, waitMs: number): void {
  const { deadlockTimeoutMs } = run.session.info;
  const enoughMs = deadlockTimeoutMs + marginMs;
  if (waitMs === 0 || waitMs >= enoughMs || !run.watch.firstTime('lock-timeout-short')) return;
  const shared = waitMs < run.options.lockTimeoutMs;
  run.context.events.emit('warning', {
    code: 'lock-timeout-short',
    message: `A statement may wait ${formatDuration(waitMs)} for a lock${shared ? ', its share of lockTimeout' : ''}, and deadlock_timeout is ${formatDuration(deadlockTimeoutMs)}: a running autovacuum never gives way in time.`,
    hint: shared
      ? 'Raise lockTimeout, or make room for a second connection, which keeps the budget for all statements together.'
      : `Set lockTimeout to at least ${enoughMs}ms.`,
  });
}

import type { Direction, Warning } from '../core/report.js';
import type { OpenStep } from '../history/index.js';
import type { Migration, Script } from '../migration/migration.js';
import type { Step } from '../migration/step.js';

/** One migration with everything a run needs to execute it. */
export interface PlannedMigration {
  readonly migration: Migration;
  /** The script of this direction. */
  readonly script: Script;
  /** The script can neither touch the session nor take long; see `isPlain`. */
  readonly plain: boolean;
  readonly steps: readonly Step[];
  /** Steps that an interrupted run began or finished; empty for a fresh start. */
  readonly open: readonly OpenStep[];
  /** Why a crash in the middle could not be resumed; null where it could. */
  readonly notResumable: string | null;
  /** Its COMMIT waits for the disk, whatever the others do: it is the last, or its work is done on other sessions. */
  readonly flushes: boolean;
}

/** Ordered work as data: it can be printed, explained, or executed. */
export interface Plan {
  readonly direction: Direction;
  readonly migrations: readonly PlannedMigration[];
  readonly warnings: readonly Warning[];
  readonly singleTransaction: boolean;
}

/**
 * A migration whose whole work is one transaction leaves nothing to resume: its history row is its claim. A function
 * may come to need several, and takes its claim back for that; that of a repeatable migration has written over a row.
 */
export function isAtomic(planned: PlannedMigration): boolean {
  const only = planned.steps.length === 1 ? planned.steps[0] : undefined;
  if (planned.open.length > 0) return false;
  return (
    planned.steps.length === 0 ||
    only?.kind === 'transaction' ||
    (only?.kind === 'code' && only.transaction && !planned.migration.repeatable)
  );
}

import type { ErrorJson } from './errors.js';
import type { Blocker } from './blocker.js';

export type Direction = 'up' | 'down';

/** One step of one migration as it went. */
export interface StepReport {
  /** Counts from 1 within its migration. */
  readonly step: number;
  readonly transaction: boolean;
  readonly statements: number;
  readonly durationMs: number;
  /** Of a backfill: rows passed, changed, and put aside; its statements are its batches. */
  readonly backfill?: { readonly rows: number; readonly changed: number; readonly failed: number };
  /** How often it was rolled back and tried again because a lock was not to be had. */
  readonly retries: number;
  /** Who was seen in its way, in any of its tries; left out where nobody was. */
  readonly blockers?: readonly Blocker[];
}

/** One migration as it went. */
export interface MigrationReport {
  readonly version: string;
  readonly name: string;
  readonly durationMs: number;
  readonly steps: readonly StepReport[];
}

export interface FailedMigration {
  readonly version: string;
  readonly name: string;
  readonly error: ErrorJson;
  /** Steps that were committed before the failure; empty where nothing of it remains. */
  readonly completedSteps: readonly StepReport[];
}

/** What a run did; the same shape when it failed. */
export interface RunReport {
  readonly runId: string;
  readonly direction: Direction;
  readonly environment: string;
  readonly batch: number | null;
  readonly applied: readonly MigrationReport[];
  readonly failed: FailedMigration | null;
  readonly notRun: readonly { readonly version: string; readonly name: string }[];
  readonly warnings: readonly Warning[];
  readonly durationMs: number;
}

/** Something worth knowing that stops nothing. */
export interface Warning {
  /** Stable kebab-case word, e.g. `out-of-order`. */
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

import type { BackfillStep } from '../../migration/step.js';
import type { StepRun } from '../step-run.js';
import type { Run } from '../run.js';
import type { Position } from './order.js';
import type { Pace } from './pace.js';
import type { OwnStepRun } from './record.js';
import type { Relation, Target } from './target.js';

export type BackfillRun = StepRun & { readonly step: BackfillStep };

/** Work in batches, as what happens between two of them has to know it. */
export interface Paced {
  readonly run: Run;
  readonly stepRun: OwnStepRun;
  readonly pace: Pace;
  readonly done: number;
  readonly total: number;
  /** Somebody asked for a pause, as the last batch saw. */
  readonly paused: boolean;
}

/** Everything that one backfill knows while it runs. What the database has of it is at most one batch behind. */
export interface Work {
  readonly run: Run;
  readonly stepRun: BackfillRun;
  readonly target: Target;
  readonly pace: Pace;
  /** Quoted name of the table with the old values; null where none are kept. */
  readonly savedTable: string | null;
  relation: Relation;
  cursor: Position | null;
  conflicts: readonly Position[];
  pass: number;
  passChanged: number;
  done: number;
  changed: number;
  failed: number;
  batches: number;
  retries: number;
  paused: boolean;
  finished: boolean;
  readonly total: number;
  /** Places of rows that were put aside, where there is no key. */
  readonly without: string[];
}

/** The rows of the next batch: up to a position, or to the end of the table. */
export interface Slice {
  readonly until: Position | null;
  /** How many there are; unknown at the end. */
  readonly rows: number | null;
}

/** What a batch came to, when it was committed. */
export interface BatchOutcome {
  readonly paused: boolean;
  readonly changed: number;
  /** How long its transaction took on the server, without the commit. */
  readonly serverMs: number;
  /** Rows passed in all. */
  readonly done: number;
  /** The slice behind it, where it was asked for in the same message. */
  readonly next: Slice | null;
}

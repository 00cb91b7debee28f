import type { Backfill, SavedRows } from './backfill.js';
import type { BatchShape } from '../sql/batchable.js';
import type { Statement } from '../sql/statement.js';

/** The smallest unit that is run and journalled. */
export type Step = TransactionStep | AloneStep | CodeStep | BackfillStep | RestoreStep;

interface StepBase {
  /** Counts from 1 within its migration. */
  readonly number: number;
  /** sha256 (hex) of the step's token text; proves at resume that the file still says what was committed. */
  readonly hash: string;
}

/** Statements that share one transaction. */
export interface TransactionStep extends StepBase {
  readonly kind: 'transaction';
  readonly statements: readonly Statement[];
  /** Options for our BEGIN that the file asked for, e.g. `ISOLATION LEVEL SERIALIZABLE`; null for none. */
  readonly begin: string | null;
}

/** One statement that PostgreSQL refuses inside a transaction. It travels alone in its message. */
export interface AloneStep extends StepBase {
  readonly kind: 'alone';
  readonly statement: Statement;
  /** What its author says to do after a crash, where PostgreSQL does not record what became of it; null for nothing. */
  readonly resume: ResumeRule | null;
}

/** Run it again in any case, or ask a query whose one boolean says whether it is done. */
export type ResumeRule = { readonly kind: 'again' } | { readonly kind: 'check'; readonly query: string };

/** A function of the user's, in one transaction, or (`transaction: none`) with every statement on its own. */
export interface CodeStep extends StepBase {
  readonly kind: 'code';
  readonly transaction: boolean;
}

/** One statement that runs in batches, each in a transaction of its own. */
export interface BackfillStep extends StepBase {
  readonly kind: 'backfill';
  readonly statement: Statement;
  readonly backfill: Backfill;
  readonly shape: BatchShape;
}

/** The way back of a backfill with `undo: 'saved'`: puts the old values back, in batches. */
export interface RestoreStep extends StepBase {
  readonly kind: 'restore';
  readonly saved: SavedRows;
}

import type { Statement } from '../sql/statement.js';

/** The smallest unit that is run and journalled. */
export type Step = TransactionStep | AloneStep | CodeStep;

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
}

/** A function of the user's, in one transaction, or (`transaction: none`) with every statement on its own. */
export interface CodeStep extends StepBase {
  readonly kind: 'code';
  readonly transaction: boolean;
}

import type { Blocker } from '../../core/blocker.js';
import type { Direction } from '../../core/report.js';

/** One step on its way, as the watch has to name it. */
export interface Watched {
  readonly runId: string;
  readonly version: string;
  readonly name: string;
  readonly direction: Direction;
  readonly step: number;
}

/** One try of one step, from its first message to its answer. */
export interface Turn {
  readonly subject: Watched;
  readonly began: number;
  /** How long its transaction may wait while others wait for it; 0 = as long as it takes. */
  readonly budgetMs: number;
  /** The statement needs a database without other sessions (CREATE DATABASE … TEMPLATE of this one). */
  readonly alone: boolean;
  /** The try before it did not get its locks, so it is looked at from the beginning. */
  readonly again: boolean;
}

/** What is remembered of a step, beyond its single tries. */
export interface Memory {
  /** How much of the budget the transaction has used. */
  spentMs: number;
  /** Whoever was seen in the way, by `keyOfBlocker`. */
  readonly blockers: Map<string, Blocker>;
}

/**
 * Whether a transaction has to be ended now. The next look comes as late as the last one did, so what it would find exceeded
 * is ended before: those who wait have to get their turn within the budget. `lastMs` is what was spent since the look before.
 */
export function isBudgetSpent(
  budgetMs: number,
  { spentMs, lastMs }: { readonly spentMs: number; readonly lastMs: number },
): boolean {
  return budgetMs > 0 && spentMs + Math.min(lastMs, budgetMs / 10) >= budgetMs;
}

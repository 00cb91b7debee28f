import type { Random } from '../random.js';

/**
 * `one`: everything in one transaction, as `psql -1` has it · `each`: every statement commits by itself, as plain psql
 * has it · `mixed`: what may share a transaction does, around statements that may not.
 */
export type Style = 'one' | 'each' | 'mixed';

export interface Context {
  readonly random: Random;
  readonly style: Style;
  /** Tables that were made so far, as far as everything went well. */
  readonly tables: string[];
  /** The schema that the search path names. A second one is called like it, with `_app` behind. */
  readonly schema: string;
  next: number;
}

/** One or several statements, or what only looks like one. */
export interface Piece {
  readonly styles: readonly Style[];
  readonly write: (context: Context) => string;
}

export const all: readonly Style[] = ['one', 'each', 'mixed'];

export function piece(styles: readonly Style[], write: Piece['write']): Piece {
  return { styles, write };
}

export function table(context: Context): string {
  return context.random.pick(context.tables);
}

export function fresh(context: Context, prefix: string): string {
  context.next += 1;
  return `${prefix}${context.next}`;
}

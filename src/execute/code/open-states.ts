import type { StatementTraits } from '../../sql/statement.js';
import type { Call } from './failure.js';

/** Something that ends with the transaction, e.g. SET LOCAL. */
export interface OpenState {
  readonly what: string;
  readonly line: number | null;
  /** Savepoints that were open then: going back to an outer one ends it, too. */
  readonly depth: number;
}

/** What the open transaction holds that a commit would take away from the function (ENGINE B9). */
export class OpenStates {
  #states: readonly OpenState[] = [];

  /** The one that was opened first. */
  get first(): OpenState | null {
    return this.#states[0] ?? null;
  }

  note(statements: readonly StatementTraits[], at: { readonly call: Call; readonly depth: number }): void {
    for (const { transactionState, control } of statements) {
      if (transactionState === null || control === 'savepoint') continue;
      const line = at.call.place?.line ?? null;
      this.#states = [...this.#states, { what: transactionState, line, depth: at.depth }];
    }
  }

  /** Savepoints were released, or gone back to. */
  keepWithin(depth: number): void {
    this.#states = this.#states.filter((state) => state.depth <= depth);
  }

  clear(): void {
    this.#states = [];
  }
}

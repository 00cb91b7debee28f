import type { StatementTraits } from '../../sql/statement.js';
import { openValue } from '../../plan/steps/group.js';
import type { Call } from './failure.js';

interface Noted {
  readonly traits: StatementTraits;
  readonly call: Call;
}

/**
 * The values that the open transaction of a function has added to enums. They have to be committed before they may be
 * used (55P04), and use hides in defaults and in functions, so it is done before whatever comes next (ENGINE B11).
 */
export class AddedValues {
  readonly #serverMajor: number;
  #noted: readonly Noted[] = [];

  constructor(serverMajor: number) {
    this.#serverMajor = serverMajor;
  }

  /** The call that added the first of them, where it has to be committed before these statements. */
  dueBefore(statements: readonly StatementTraits[]): Call | null {
    if (statements.length > 0 && statements.every(({ commitAfter }) => commitAfter)) return null;
    const open = openValue(this.#noted, this.#serverMajor);
    return open?.call ?? null;
  }

  /** The server has answered these. */
  note(statements: readonly StatementTraits[], call: Call): void {
    const relevant = statements.filter(
      ({ commitAfter, creates }) => commitAfter || creates?.startsWith('type ') === true,
    );
    if (relevant.length > 0) this.#noted = [...this.#noted, ...relevant.map((traits) => ({ traits, call }))];
  }

  clear(): void {
    this.#noted = [];
  }
}

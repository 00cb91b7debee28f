import { redactText } from '../core/redact.js';
import type { ExplainedValue, Origin } from './resolved.js';

/** One value that may win, with the place that it came from. */
export interface Candidate<Value> {
  readonly value: Value;
  /** As shown to people; redacted when it is kept. */
  readonly text: string;
  readonly origin: Origin;
}

/** Decides between candidates, and remembers each decision for `config --explain`. */
export class Explanation {
  readonly #rows: ExplainedValue[] = [];

  /** The first candidate that is there; null when none is. The losers are remembered, defaults left out. */
  choose<Value>(key: string, candidates: readonly (Candidate<Value> | null)[]): Candidate<Value> | null {
    const [winner, ...losers] = candidates.filter((candidate) => candidate !== null);
    if (winner === undefined) return null;
    const overrides = losers
      .filter((loser) => loser.origin.kind !== 'default')
      .map((loser) => ({ value: redactText(loser.text), origin: loser.origin }));
    this.#rows.push({ key, value: redactText(winner.text), origin: winner.origin, overrides });
    return winner;
  }

  /** A value that needed no decision. */
  note(key: string, text: string, origin: Origin): void {
    this.#rows.push({ key, value: redactText(text), origin, overrides: [] });
  }

  get rows(): readonly ExplainedValue[] {
    return this.#rows;
  }
}

import { redactUrl } from '../core/redact.js';
import type { ExplainedValue, Origin } from './resolved.js';

/** One value that may win, with the place that it came from. */
export interface Candidate<Value> {
  readonly value: Value;
  /** As shown to people, once it is redacted. */
  readonly text: string;
  readonly origin: Origin;
}

interface Decision {
  readonly key: string;
  readonly candidates: readonly [Candidate<unknown>, ...Candidate<unknown>[]];
}

/** Decides between candidates, and remembers each decision for `config --explain`. */
export class Explanation {
  readonly #decisions: Decision[] = [];

  /** The first candidate that is there; null when none is. */
  choose<Value>(key: string, candidates: readonly (Candidate<Value> | null)[]): Candidate<Value> | null {
    const [winner, ...losers] = candidates.filter((candidate) => candidate !== null);
    if (winner === undefined) return null;
    this.#decisions.push({ key, candidates: [winner, ...losers] });
    return winner;
  }

  /** A value that needed no decision. */
  note(key: string, text: string, origin: Origin): void {
    this.#decisions.push({ key, candidates: [{ value: null, text, origin }] });
  }

  /** Redacted, and made when they are asked for: most runs never ask. Defaults are not listed as losers. */
  get rows(): readonly ExplainedValue[] {
    return this.#decisions.map(({ key, candidates: [winner, ...losers] }) => ({
      key,
      value: redactUrl(winner.text),
      origin: winner.origin,
      overrides: losers
        .filter((loser) => loser.origin.kind !== 'default')
        .map((loser) => ({ value: redactUrl(loser.text), origin: loser.origin })),
    }));
  }
}

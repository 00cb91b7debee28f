import type { BackfillSettings } from '../../migration/backfill.js';

const firstRows = 1000;
/** A batch is cancelled, rolled back and made smaller when it holds its locks for so many times its target. */
const longest = 1.8;
/** The part of the target that is aimed at: what a batch that is cancelled has done is lost, so that should be rare. */
const aim = 0.7;
/** Below this many rows a batch that takes too long is let run: smaller would not help. */
const fewRows = 32;

/** Decides how many rows the next batch has, from how long the last ones took. */
export class Pace {
  readonly #settings: BackfillSettings;
  #rows: number;
  /** What the size was before a failing row was looked for; null while none is. */
  #before: number | null = null;
  /** Rows among which the failing one is. */
  #suspect = 0;
  #patience = 1;

  constructor(settings: BackfillSettings) {
    this.#settings = settings;
    this.#rows = Math.min(firstRows, settings.batchRows);
  }

  get rows(): number {
    return this.#rows;
  }

  /** Milliseconds after which the server is to cancel a statement of a batch. */
  get limitMs(): number {
    return Math.max(10, Math.round(this.#settings.targetMs * longest * this.#patience));
  }

  /** A batch took so long, its commit left out. Doubles at most, so that one lucky batch does not lead to a huge one. */
  took(ms: number, rows: number): void {
    if (this.#before !== null) {
      this.#suspect -= rows;
      // All of them went well in smaller batches, so it was no row's fault.
      if (this.#suspect <= 0) this.widen();
      return;
    }
    const factor = this.#settings.targetMs / Math.max(ms, 0.5);
    const wished = this.#rows * Math.min(2, Math.max(0.5, factor * aim));
    this.#rows = Math.max(1, Math.min(this.#settings.batchRows, Math.round(wished)));
    this.#patience = Math.max(1, this.#patience / 2);
  }

  /** A batch was too slow, or met a lock. */
  slower(): void {
    if (this.#rows <= fewRows) this.#patience *= 2;
    this.#rows = Math.max(1, Math.floor(this.#rows / 2));
  }

  /** A row of the batch failed: half of it is tried next, until the batch is that row. */
  narrow(): void {
    this.#before ??= this.#rows;
    this.#suspect = this.#rows;
    this.#rows = Math.max(1, Math.floor(this.#rows / 2));
  }

  /** The failing row is dealt with. */
  widen(): void {
    this.#rows = this.#before ?? this.#rows;
    this.#before = null;
  }

  /** How long to rest after work of so many milliseconds, to keep to the share of time. */
  restMs(workedMs: number): number {
    return workedMs * (1 / this.#settings.share - 1);
  }
}

/** How fast some work goes, over its last seconds, so that a pause or a slow start is soon forgotten. */
export class Rate {
  readonly #windowMs: number;
  #key = '';
  #samples: { readonly at: number; readonly done: number }[] = [];

  constructor(windowMs = 10_000) {
    this.#windowMs = windowMs;
  }

  /**
   * Units per second; null as long as there is nothing to measure.
   * @param key names the piece of work: another one, or one that goes back, begins anew
   */
  measure(key: string, done: number, now: number): number | null {
    const last = this.#samples.at(-1);
    if (key !== this.#key || (last !== undefined && done < last.done)) {
      this.#key = key;
      this.#samples = [];
    }
    this.#samples.push({ at: now, done });
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > this.#windowMs)
      this.#samples.shift();
    const first = this.#samples[0];
    if (first === undefined || now <= first.at || done <= first.done) return null;
    return ((done - first.done) * 1000) / (now - first.at);
  }
}

/** Milliseconds to the end; null where total or rate is missing. */
export function etaMs(done: number, total: number | null, ratePerSecond: number | null): number | null {
  if (total === null || ratePerSecond === null || ratePerSecond <= 0) return null;
  return Math.round((Math.max(0, total - done) * 1000) / ratePerSecond);
}

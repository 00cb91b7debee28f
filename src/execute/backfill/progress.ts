import type { Paced, Work } from './state.js';

const tellEveryMs = 500;
const memoryMs = 5000;

/** What is told of. */
type Told = Paced & Pick<Work, 'relation' | 'pass'>;

/** Says how far a backfill has come, about twice a second. */
export class ProgressTeller {
  readonly #work: Told;
  readonly #doing: string;
  readonly #samples: { readonly at: number; readonly done: number }[] = [];
  #toldAt = Number.NEGATIVE_INFINITY;

  /** `doing` is what its batches do. */
  constructor(work: Told, doing = 'changing rows') {
    this.#work = work;
    this.#doing = doing;
  }

  /** `always` also where it was said a moment ago; `phase` is what is being done in place of working. */
  tell(always = false, phase: string | null = null): void {
    const { run, stepRun, relation, done, total, pass } = this.#work;
    const now = run.context.now();
    if (!always && now - this.#toldAt < tellEveryMs) return;
    this.#toldAt = now;
    const rate = this.#rate(now);
    const { version, name } = stepRun.planned.migration;
    // An estimate that was too low is no figure to measure against.
    const known = total >= done && total > 0 && pass === 1 ? total : null;
    run.context.events.emit('progress', {
      runId: run.stamp.runId,
      version,
      name,
      direction: run.direction,
      step: stepRun.step.number,
      what: 'backfill',
      relation: relation.name,
      phase: phase ?? (pass === 1 ? this.#doing : `${this.#doing}, pass ${pass}`),
      done,
      total: known,
      unit: 'rows',
      ratePerSecond: rate,
      etaMs:
        known === null || rate === null || rate === 0 ? null : Math.round(((known - done) / rate) * 1000),
    });
  }

  /** Rows in a second, over the last seconds. */
  #rate(now: number): number | null {
    this.#samples.push({ at: now, done: this.#work.done });
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > memoryMs) this.#samples.shift();
    const first = this.#samples[0];
    if (first === undefined || now === first.at) return null;
    return Math.round(((this.#work.done - first.done) / (now - first.at)) * 1000);
  }
}

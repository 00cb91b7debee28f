import type { Run } from '../run.js';
import { pause } from '../retry.js';

const lookEveryMs = 1000;
const pollEveryMs = 500;

interface LagRow {
  readonly name: string;
  readonly lag: number | null;
  readonly hidden: boolean;
}

/**
 * Replicas of this server, as far as this role may see them: without pg_read_all_stats all but their names is NULL.
 * An idle replica that has everything reports no lag, which is none.
 */
const lagQuery = /* sql */ `
  select coalesce(nullif(application_name, ''), 'a replica') as name,
         (extract(epoch from replay_lag) * 1000)::float8 as lag,
         state is null as hidden
  from pg_catalog.pg_stat_replication`;

/** Keeps a backfill from running away from the replicas. */
export class LagWatch {
  readonly #run: Run;
  readonly #maxLagMs: number;
  #nextLook = 0;
  #told = false;

  constructor(run: Run, maxLagMs: number) {
    this.#run = run;
    this.#maxLagMs = maxLagMs;
  }

  /** Waits while a replica is too far behind. Gives false when the run was told to stop meanwhile. */
  async wait(tell: (phase: string) => void): Promise<boolean> {
    const { context } = this.#run;
    if (this.#maxLagMs === 0 || context.now() < this.#nextLook) return true;
    for (;;) {
      const behind = await this.#furthest();
      this.#nextLook = context.now() + lookEveryMs;
      if (behind === null || behind.lagMs <= this.#maxLagMs) return true;
      tell(`waiting for ${behind.name}, ${(behind.lagMs / 1000).toFixed(1)}s behind`);
      if (!(await pause(pollEveryMs, context.stop.finish))) return false;
    }
  }

  async #furthest(): Promise<{ readonly name: string; readonly lagMs: number } | null> {
    const rows = await this.#run.session.query<LagRow & Record<string, unknown>>(lagQuery);
    this.#tellHidden(rows);
    const all = rows.map(({ name, lag }) => ({ name, lagMs: lag ?? 0 }));
    return all.reduce<{ name: string; lagMs: number } | null>(
      (most, one) => (most === null || one.lagMs > most.lagMs ? one : most),
      null,
    );
  }

  #tellHidden(rows: readonly LagRow[]): void {
    if (this.#told || !rows.some(({ hidden }) => hidden)) return;
    this.#told = true;
    this.#run.context.events.emit('warning', {
      code: 'lag-hidden',
      message: `The server has ${rows.length} replica(s), and this role may not see how far they are behind.`,
      hint: 'Grant it pg_read_all_stats; until then the backfill does not wait for them.',
    });
  }
}

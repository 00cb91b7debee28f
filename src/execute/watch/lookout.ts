import type { Blocker } from '../../core/blocker.js';
import { describeBlocker } from '../../core/blocker.js';
import type { Context } from '../../core/context.js';
import type { Session } from '../../pg/index.js';
import { keyOfBlocker, readWait, type Wait } from './blockers.js';
import { cancelBlocker, preventsWraparound } from './cancel-blocker.js';
import { readSight, type Sight } from './progress.js';
import { etaMs, Rate } from './rate.js';
import { isBudgetSpent, type Memory, type Turn } from './turn.js';

export interface LookoutOptions {
  readonly context: Context;
  readonly observer: Session;
  readonly workerPid: number;
  /** How long a session may stand in the way before it is cancelled; 0 = for ever. */
  readonly cancelBlockersAfterMs: number;
}

const tellEveryMs = 1000;
/** A cancelled statement gets this long to end before it is told again. */
const cancelAgainMs = 5000;
const progressEveryMs = 450;
const endWithinMs = 1000;

/**
 * What the second connection does while a step runs: tells progress, says who stands in the way, and keeps the lock
 * budget. It only looks: one query at a time, no transaction, no lock (ENGINE A1, E26).
 */
export class Lookout {
  readonly #options: LookoutOptions;
  readonly #rate = new Rate();
  readonly #said = new Set<string>();
  #turn: Turn | null = null;
  #lastLookAt = 0;
  #toldProgressAt = 0;
  #toldBlockedAt = 0;
  #toldBlockers = '';
  /** Since when each blocker stands in the way of this step, and when it was last told to stop. */
  #ways = new Map<string, { readonly firstSeenAt: number; toldAt: number | null }>();

  constructor(options: LookoutOptions) {
    this.#options = options;
  }

  /**
   * Looks once. Gives the transaction to be cancelled when the budget of the turn is used up, and null otherwise.
   * `isCurrent` says whether the turn still runs; after an answer that came too late nothing is said or done.
   */
  async look(turn: Turn, memory: Memory, isCurrent: () => boolean): Promise<string | null> {
    const { observer, workerPid } = this.#options;
    this.#begin(turn);
    const sight = await readSight(observer, workerPid);
    if (sight === null || !isCurrent()) return null;
    this.#tellProgress(turn, sight);
    const wait = sight.waits ? await readWait(observer, workerPid) : null;
    const now = this.#options.context.now();
    const sinceLastLook = now - this.#lastLookAt;
    this.#lastLookAt = now;
    if (wait === null || !isCurrent()) return null;
    const spentNow = Math.min(wait.obstructingMs, sinceLastLook);
    memory.spentMs += spentNow;
    for (const blocker of wait.blockers) memory.blockers.set(keyOfBlocker(blocker), blocker);
    this.#tellBlocked(turn, wait);
    await this.#cancelBlockers(turn, wait.blockers, isCurrent);
    const isSpent = isBudgetSpent(turn.budgetMs, { spentMs: memory.spentMs, lastMs: spentNow });
    return isSpent && isCurrent() ? sight.transaction : null;
  }

  /** Cancels the worker, unless it has got its lock or is in another transaction by now. */
  async cancelWorker(transaction: string): Promise<boolean> {
    const rows = await this.#options.observer.query<{ told: boolean }>(
      `select pg_catalog.pg_cancel_backend($1) as told from pg_catalog.pg_stat_get_activity($1) a
       where a.wait_event_type = 'Lock' and a.xact_start::text = $2`,
      [this.#options.workerPid, transaction],
    );
    return rows[0]?.told === true;
  }

  /** A connection that does not answer is cut, so that nobody waits for it. */
  async close(): Promise<void> {
    const { observer } = this.#options;
    const timer = setTimeout(() => observer.wire.stream.destroy(), endWithinMs);
    await observer.end().finally(() => clearTimeout(timer));
  }

  /** Cuts a connection that has stopped answering. */
  cut(): void {
    this.#options.observer.wire.stream.destroy();
  }

  get lost(): Error | null {
    return this.#options.observer.lost;
  }

  #begin(turn: Turn): void {
    if (this.#turn === turn) return;
    const { subject } = turn;
    const last = this.#turn?.subject;
    if (last?.version !== subject.version || last.step !== subject.step) this.#ways = new Map();
    this.#turn = turn;
    this.#lastLookAt = turn.began;
    this.#toldBlockers = '';
  }

  #tellProgress({ subject }: Turn, { work }: Sight): void {
    const { events, now } = this.#options.context;
    const at = now();
    if (work === null) return;
    const { what, relation, phase, done, total } = work;
    const key = [subject.version, subject.step, what, relation, phase, work.unit].join(' ');
    const ratePerSecond = this.#rate.measure(key, done, at);
    if (at - this.#toldProgressAt < progressEveryMs) return;
    this.#toldProgressAt = at;
    const eta = etaMs(done, total, ratePerSecond);
    events.emit('progress', { ...subject, ...work, ratePerSecond, etaMs: eta });
  }

  #tellBlocked({ subject }: Turn, wait: Wait): void {
    const { events, now } = this.#options.context;
    if (wait.blind)
      this.#warn(
        'blockers-hidden',
        'This role may not see what the sessions in its way are doing.',
        'Grant it pg_read_all_stats (or pg_monitor).',
      );
    const blockers = wait.blockers.map(keyOfBlocker).join();
    if (wait.blockers.length === 0) return;
    if (blockers === this.#toldBlockers && now() - this.#toldBlockedAt < tellEveryMs) return;
    this.#toldBlockers = blockers;
    this.#toldBlockedAt = now();
    const { mode, on, waitedMs, waiting } = wait;
    events.emit('lock:blocked', { ...subject, mode, on, waitedMs, blockers: wait.blockers, waiting });
  }

  async #cancelBlockers(
    { subject }: Turn,
    blockers: readonly Blocker[],
    isCurrent: () => boolean,
  ): Promise<void> {
    const { cancelBlockersAfterMs: afterMs, context, observer } = this.#options;
    if (afterMs === 0) return;
    for (const blocker of blockers) {
      const at = context.now();
      const key = keyOfBlocker(blocker);
      const way = this.#ways.get(key) ?? { firstSeenAt: at, toldAt: null };
      this.#ways.set(key, way);
      const isDue = way.toldAt === null ? at - way.firstSeenAt >= afterMs : at - way.toldAt >= cancelAgainMs;
      if (!isDue || !isCurrent()) continue;
      way.toldAt = at;
      const outcome = await cancelBlocker(observer, blocker);
      if ('refused' in outcome) this.#warnOfRefusal(blocker, outcome.refused);
      else {
        if (preventsWraparound(blocker)) this.#warnOfWraparound(blocker);
        context.events.emit('lock:blocker-cancelled', { ...subject, blocker, how: outcome.how });
      }
    }
  }

  #warnOfRefusal(blocker: Blocker, reason: string): void {
    this.#warn(
      'blocker-not-cancelled',
      `What stands in the way was not cancelled (${describeBlocker(blocker)}): ${reason}.`,
    );
  }

  #warnOfWraparound(blocker: Blocker): void {
    this.#warn(
      'wraparound-vacuum-cancelled',
      `An autovacuum that prevents transaction id wraparound was cancelled (process ${blocker.pid}).`,
      'The server begins it again; let it end before the next change of that table.',
    );
  }

  /** Each remark once in a run. */
  #warn(code: string, message: string, hint?: string): void {
    const key = `${code} ${message}`;
    if (this.#said.has(key)) return;
    this.#said.add(key);
    this.#options.context.events.emit('warning', { code, message, ...(hint === undefined ? {} : { hint }) });
  }
}

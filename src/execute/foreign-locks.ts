import type { Context } from '../core/context.js';
import { formatDuration } from '../core/duration.js';
import { LockkeeperError } from '../core/errors.js';
import {
  forgetForeignLock,
  type HistoryTables,
  noteForeignLock,
  readForeignLocks,
} from '../history/index.js';
import type { ForeignHistory, ForeignLock } from '../migration/foreign.js';
import { type AdvisoryLockId, readAdvisoryLocks, type Session } from '../pg/index.js';
import type { HeldForeignLocks } from './run.js';
import { type LockAttempt, pollForLock } from './run-lock.js';

/** A source whose other tool is to be kept away while we run. */
export interface ForeignLockTarget {
  readonly source: string;
  readonly history: ForeignHistory;
}

export interface ForeignLocksOptions {
  readonly session: Session;
  readonly tables: HistoryTables;
  readonly targets: readonly ForeignLockTarget[];
  readonly runId: string;
  /** Behind a transaction pooler: no lock of a session is to be had there. */
  readonly pooled: boolean;
  readonly waitMs: number;
  readonly context: Context;
  /** Called when the locks were let go and are held again. @throws where the other history has moved meanwhile. */
  readonly assertUnmoved: () => Promise<void>;
}

type AdvisoryTarget = ForeignLockTarget & { readonly lock: ForeignLock & { readonly kind: 'advisory' } };
type RowTarget = ForeignLockTarget & { readonly lock: ForeignLock & { readonly kind: 'row' } };

/** In the middle of a run it is better to wait for whoever was quicker than to stop between two steps. */
const patienceMs = 10_000;

/**
 * The locks of other tools whose histories are kept, taken behind our own (ENGINE A2, A3). Advisory ones by try-lock, on
 * the session that works; rows by a commit, with a note of ours in the same transaction: whoever holds our lock next
 * may clear what a run of ours left behind, and nothing else.
 */
export class ForeignLocks implements HeldForeignLocks {
  readonly #options: ForeignLocksOptions;
  readonly #advisory: readonly AdvisoryTarget[];
  readonly #rows: readonly RowTarget[];
  #held: RowTarget[] = [];

  constructor(options: ForeignLocksOptions) {
    this.#options = options;
    const locked = options.targets.flatMap((target) => {
      const { lock } = target.history;
      return lock === null ? [] : [{ ...target, lock }];
    });
    this.#advisory = locked.filter(isAdvisory);
    this.#rows = locked.filter(isRow);
  }

  /** True where a tool is kept away by a lock of the session, which has to be let go at times. */
  get hasAdvisory(): boolean {
    return this.#advisory.length > 0 && !this.#options.pooled;
  }

  /** @throws {FOREIGN_LOCK_HELD} after the wait. {INTERRUPTED} */
  async take(): Promise<void> {
    if (this.#rows.length > 0) await this.#clearOwn();
    for (const target of this.#rows) {
      await pollForLock(this.#options, () => this.#tryRow(target));
      this.#held.push(target);
    }
    await this.#takeAdvisory(this.#options.waitMs);
  }

  /** Which advisory locks of the session are theirs; hygiene between migrations must not give them back. */
  async kept(): Promise<readonly AdvisoryLockId[]> {
    return this.hasAdvisory ? await readAdvisoryLocks(this.#options.session) : [];
  }

  /** Gives the advisory locks back for a while: who waits for them holds a snapshot that a step would wait for. */
  async letGo(): Promise<void> {
    if (!this.hasAdvisory) return;
    const { session } = this.#options;
    for (const { lock } of this.#advisory) await session.query(`select pg_advisory_unlock(${lock.key})`);
  }

  /** @throws {FOREIGN_LOCK_HELD} after the wait. {INTERRUPTED} {FOREIGN_HISTORY_MOVED} */
  async retake(): Promise<void> {
    if (!this.hasAdvisory) return;
    await this.#takeAdvisory(Math.max(this.#options.waitMs, patienceMs));
    await this.#options.assertUnmoved();
  }

  async #takeAdvisory(waitMs: number): Promise<void> {
    if (!this.hasAdvisory) return;
    const { context } = this.#options;
    for (const target of this.#advisory)
      await pollForLock({ context, waitMs }, () => this.#tryAdvisory(target));
  }

  /** Gives everything back that is still held. */
  async release(): Promise<void> {
    const { session } = this.#options;
    if (session.lost !== null) return; // advisory locks went with the session; a row is cleared by the next run
    await session.rollBack();
    for (const target of this.#held.splice(0)) await this.#clear(target);
    await this.letGo();
  }

  async #clearOwn(): Promise<void> {
    const { session, tables } = this.#options;
    const left = await readForeignLocks(session, tables);
    for (const target of this.#rows.filter(({ source }) => left.has(source))) await this.#clear(target);
  }

  async #clear({ source, lock }: RowTarget): Promise<void> {
    const { session, tables } = this.#options;
    await session.send(['begin', ...lock.release, forgetForeignLock(tables, source), 'commit'].join(';\n'));
  }

  async #tryRow({ source, lock, history }: RowTarget): Promise<LockAttempt<true>> {
    const { session, tables, runId } = this.#options;
    const { tags } = await session.send(['begin', ...lock.take].join(';\n'));
    if (tags.at(-1) === 'UPDATE 1') {
      await session.send([noteForeignLock(tables, source, runId), 'commit'].join(';\n'));
      return { value: true };
    }
    await session.rollBack();
    const rows = await session.queryMany(lock.holder);
    const who = rows[0]?.[0]?.[0];
    return refused(history, typeof who === 'string' ? ` (${who})` : '');
  }

  async #tryAdvisory({ lock, history }: AdvisoryTarget): Promise<LockAttempt<true>> {
    const { session } = this.#options;
    const rows = await session.query<{ locked: boolean }>(
      `select pg_try_advisory_lock(${lock.key}) as locked`,
    );
    return rows[0]?.locked === true ? { value: true } : refused(history, '');
  }
}

function refused(history: ForeignHistory, who: string): LockAttempt<true> {
  return {
    who: () => Promise.resolve(null),
    refusal: (_holder, waitMs) =>
      new LockkeeperError('FOREIGN_LOCK_HELD', {
        message: `${history.tool} holds its own migration lock${who}${waitMs > 0 ? `; waited ${formatDuration(waitMs)}` : ''}.`,
        hint: `Wait until it has ended, or give --lock-wait more time. A lock that a crash of ${history.tool} left behind is released with ${history.tool} itself.`,
        details: { tool: history.tool },
      }),
  };
}

const isAdvisory = (target: ForeignLockTarget & { lock: ForeignLock }): target is AdvisoryTarget =>
  target.lock.kind === 'advisory';
const isRow = (target: ForeignLockTarget & { lock: ForeignLock }): target is RowTarget =>
  target.lock.kind === 'row';

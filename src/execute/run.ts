import type { Context } from '../core/context.js';
import type { Direction } from '../core/report.js';
import type { HistoryTables, RunStamp } from '../history/index.js';
import type { ForeignRun } from '../migration/foreign.js';
import type { Session } from '../pg/index.js';
import type { Frame } from './frame.js';
import type { RunOptions } from './options.js';
import type { Watch } from './watch/watch.js';

/** What every part of one run shares. */
export interface Run {
  readonly context: Context;
  readonly direction: Direction;
  readonly environment: string;
  /** The one session that holds the lock and does the work; under a lease, the connection that every step goes through. */
  readonly session: Session;
  readonly tables: HistoryTables;
  readonly stamp: RunStamp;
  readonly options: RunOptions;
  /** SQL that gives 1 while the session holds the lock, and raises otherwise; part of every claim. */
  readonly guard: string;
  /** Looks at steps that take their time. */
  readonly watch: Watch;
  /** What stands around every transaction. */
  readonly frame: Frame;
  /** Set where the connection leads through a transaction pooler, and a lease stands for the lock. */
  readonly lease: HeldLease | null;
  /** By source: the runs of other tools whose histories are kept beside ours. */
  readonly foreign: ReadonlyMap<string, ForeignRun>;
  /** Keep those tools away; null where there is none. */
  readonly foreignLocks: HeldForeignLocks | null;
  /** Opens a second session, to cancel what the first is doing. */
  readonly openObserver: () => Promise<Session>;
}

/** A lease that this run holds, until it is released or taken over. */
export interface HeldLease {
  readonly runId: string;
  readonly token: string;
  /** Ends the heartbeats and gives the lease back, where it is still ours. */
  readonly release: () => Promise<void>;
}

/** The locks of other tools that keep their own histories. */
export interface HeldForeignLocks {
  /** True where a tool is kept away by a lock of the session, which has to be let go at times. */
  readonly hasAdvisory: boolean;
  readonly letGo: () => Promise<void>;
  /** @throws {FOREIGN_LOCK_HELD} {FOREIGN_HISTORY_MOVED} {INTERRUPTED} */
  readonly retake: () => Promise<void>;
}

import type { Context } from '../core/context.js';
import type { Direction } from '../core/report.js';
import type { HistoryTables, RunStamp } from '../history/index.js';
import type { Session } from '../pg/index.js';
import type { RunOptions } from './options.js';
import type { Watch } from './watch/watch.js';

/** What every part of one run shares. */
export interface Run {
  readonly context: Context;
  readonly direction: Direction;
  readonly environment: string;
  /** The one session that holds the lock and does the work. */
  readonly session: Session;
  readonly tables: HistoryTables;
  readonly stamp: RunStamp;
  readonly options: RunOptions;
  /** SQL that gives 1 while the session holds the lock, and raises otherwise; part of every claim. */
  readonly guard: string;
  /** Looks at steps that take their time. */
  readonly watch: Watch;
  /** Opens a second session, to cancel what the first is doing. */
  readonly openObserver: () => Promise<Session>;
}

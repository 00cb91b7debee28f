import type { Events } from './events.js';

/** What every verb is handed: who listens, what time it is, and whether to stop. */
export interface Context {
  readonly events: Events;
  /** Milliseconds since the epoch; the only source of time outside the database. */
  readonly now: () => number;
  readonly stop: StopSignal;
  /** Project folder, absolute. Paths shown to people are relative to it. */
  readonly root: string;
}

/** Two ways to stop: `finish` lets the running step end, `cancel` interrupts its statement and rolls back. */
export interface StopSignal {
  readonly finish: AbortSignal;
  readonly cancel: AbortSignal;
}

import type { Events } from './events.js';

/** What every verb is handed: who listens, what time it is, and whether to stop. */
export interface Context {
  readonly events: Events;
  /** Milliseconds since the epoch; the only source of time outside the database. */
  readonly now: () => number;
  readonly stop: StopSignal;
  /** Project folder, absolute. Paths shown to people are relative to it. */
  readonly root: string;
  /** Told of everything that the function of a code migration has sent, when it was answered; set where that is collected. */
  readonly onSent?: (sent: SentText) => void;
}

/** What a function of the user's has sent. */
export interface SentText {
  /** Null for what is no text. A load of rows is a COPY with its rows behind it. */
  readonly text: string | null;
  readonly values: readonly unknown[];
  /** Line of the call in the file of the migration; null where it is not on the stack. */
  readonly line: number | null;
}

/** Two ways to stop: `finish` lets the running step end, `cancel` interrupts its statement and rolls back. */
export interface StopSignal {
  readonly finish: AbortSignal;
  readonly cancel: AbortSignal;
}

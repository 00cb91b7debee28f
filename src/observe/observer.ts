import type { EventMap, EventName } from '../core/events.js';
import type { Warning } from '../core/report.js';

/** What every listener of ours knows of the run beside its events. */
export interface Surroundings {
  /** `up`, `down`, `redo` … */
  readonly verb: string;
  readonly environment: string;
  /** `host:port/database`, without secrets. */
  readonly database: string;
  /** Name of this machine. */
  readonly host: string;
  /** Version of Lockkeeper. */
  readonly version: string;
  /** Project folder, absolute; modules of the user are resolved from there. */
  readonly root: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Where lines of a log without a file go; null for nowhere. */
  readonly writeLog: ((line: string) => void) | null;
  /** Tells of a fault of a listener; it stops nothing. */
  readonly warn: (warning: Warning) => void;
}

/** One listener: a log, a file of metrics, a webhook. It must neither throw into a run nor make it wait. */
export interface Observer {
  readonly hear: <Name extends EventName>(name: Name, payload: EventMap[Name]) => void;
  /** Called once behind the verb; finishes what is still to be written or sent, within a bound of its own. */
  readonly end: () => Promise<void>;
}

/** One name with its payload; tells the compiler that the two belong together. */
export type AnyEvent = {
  [Name in EventName]: { readonly name: Name; readonly payload: EventMap[Name] };
}[EventName];

/** Joins a name and its payload, so that a `switch` over the name knows the payload. */
export function eventFrom<Name extends EventName>(name: Name, payload: EventMap[Name]): AnyEvent {
  return { name, payload } as unknown as AnyEvent;
}

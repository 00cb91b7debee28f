import type { Blocker } from './blocker.js';
import type { ErrorJson } from './errors.js';
import { redactText } from './redact.js';
import type { Direction, MigrationReport, RunReport, StepReport, Warning } from './report.js';
import { withFullStop } from './text.js';

interface MigrationEvent {
  readonly runId: string;
  readonly version: string;
  readonly name: string;
  readonly direction: Direction;
}

/** Who holds what another waits for, as far as the role may see it. */
export interface LockHolder {
  /** Set where a lease is held: the machine that the process `pid` is on. Without it, `pid` is a session of the server. */
  readonly host?: string;
  readonly pid: number;
  readonly applicationName: string | null;
  readonly user: string | null;
  readonly clientAddress: string | null;
  /** ISO 8601; when the holder's session began. */
  readonly since: string | null;
  readonly query: string | null;
}

/** Everything observable. Log, metrics, terminal and studio are listeners; the library itself never prints. */
export interface EventMap {
  /** The embedded server's data folder is being made (first start). */
  'server:create': { readonly dir: string };
  /** The embedded server was started by this process. */
  'server:start': { readonly pid: number; readonly port: number };
  /** Another run holds the lock; sent at once and then about every second. */
  'lock:wait': { readonly waitedMs: number; readonly holder: LockHolder | null };
  /** The migration lock is held by this run. */
  'lock:acquired': { readonly waitedMs: number };
  /** A step waits for a lock that others have; sent when it is noticed, when the others change, and about every second. */
  'lock:blocked': MigrationEvent & {
    readonly step: number;
    /** The lock, e.g. `AccessExclusiveLock`, and what it is on: `public.orders`, `an older transaction` … */
    readonly mode: string;
    readonly on: string;
    /** How long the step has waited for this lock. */
    readonly waitedMs: number;
    readonly blockers: readonly Blocker[];
    /** Sessions that wait for the step meanwhile; the lock budget is spent while there are any. At most 50 are counted. */
    readonly waiting: number;
  };
  /** A session that stood in the way for `cancelBlockersAfter` was told to stop. */
  'lock:blocker-cancelled': MigrationEvent & {
    readonly step: number;
    readonly blocker: Blocker;
    /** `cancel`: its statement · `terminate`: its session, which was idle in a transaction. */
    readonly how: 'cancel' | 'terminate';
  };
  /** How far a long piece of work has come; sent about twice a second while the server tells. */
  progress: MigrationEvent & {
    readonly step: number;
    /** What is being done: `create index`, `vacuum`, `cluster`, `analyze`, `copy`, `backfill`. */
    readonly what: string;
    /** The table at work; null where there is none. */
    readonly relation: string | null;
    /** A part of the work, in the words of the server: `building index: scanning table`. The figures are of this part. */
    readonly phase: string;
    readonly done: number;
    /** Null where nobody knows. */
    readonly total: number | null;
    readonly unit: 'blocks' | 'rows' | 'bytes' | 'indexes' | 'transactions' | 'tables';
    /** Of the last seconds; null as long as there is nothing to measure. */
    readonly ratePerSecond: number | null;
    /** Milliseconds to the end of this phase at this rate; null where total or rate is missing. */
    readonly etaMs: number | null;
  };
  /** A run begins; `migrations` are those that it is going to run, in order. */
  'run:start': {
    readonly runId: string;
    readonly direction: Direction;
    readonly environment: string;
    readonly migrations: readonly { readonly version: string; readonly name: string }[];
  };
  /** A run ended well; also one that had nothing to do. */
  'run:success': { readonly report: RunReport };
  /** A run failed or was stopped; the report says how far it came. */
  'run:error': { readonly report: RunReport; readonly error: ErrorJson };
  /** A verb that migrates ended before its run began, or between its runs: no lock, a refusal, files that cannot be used. */
  'run:refused': { readonly verb: string; readonly environment: string; readonly error: ErrorJson };
  /** A migration begins, in either direction; `index` counts from 0 within the run. */
  'migration:apply:start': MigrationEvent & { readonly index: number; readonly total: number };
  /** A migration is applied, or undone, and recorded. */
  'migration:apply:success': MigrationEvent & { readonly report: MigrationReport };
  /** A migration failed or was stopped. */
  'migration:apply:error': MigrationEvent & { readonly error: ErrorJson };
  /** A step begins; `step` counts from 1 within its migration. */
  'step:start': MigrationEvent & {
    readonly step: number;
    readonly steps: number;
    readonly transaction: boolean;
  };
  /** A step is done: committed, or in the transaction that the whole run shares. */
  'step:success': MigrationEvent & { readonly report: StepReport };
  /** A step was rolled back because a lock was not to be had, and will be tried again after `delayMs`. */
  'step:retry': MigrationEvent & {
    readonly step: number;
    readonly attempt: number;
    readonly delayMs: number;
    /** 55P03, 40P01, XX000, or 57014 where our own watch ended it because others waited for longer than the budget. */
    readonly sqlstate: string;
    /** `run`: all migrations share one transaction, so all of them were rolled back. */
    readonly rolledBack: 'step' | 'run';
  };
  /** An interrupted earlier run was found, and this is what was decided about one of its steps. */
  'recovery:decision': {
    readonly version: string;
    readonly step: number;
    readonly decision: 'done' | 'again' | 'waiting';
    readonly why: string;
  };
  /** A NOTICE, WARNING or INFO of the server, with the statement it belongs to where that is known. */
  notice: {
    readonly severity: string;
    readonly message: string;
    readonly version?: string;
    readonly statement?: number;
  };
  /** Something worth knowing that stops nothing. */
  warning: Warning;
  /** A stop was asked for: by `signal` (`finish`, behind the running step), or by `cancelSignal` (`cancel`, at once). */
  'run:stopping': { readonly how: 'finish' | 'cancel' };
}

export type EventName = keyof EventMap;
export type Listener<Name extends EventName> = (payload: EventMap[Name]) => void;

export type EveryListener = <Name extends EventName>(name: Name, payload: EventMap[Name]) => void;

/**
 * A typed emitter. Listeners watch, they do not decide: one that throws, or whose promise is rejected, is told of once
 * as the warning `listener-failed`, and neither the run nor the other listeners notice. Whoever wants to stop a run has
 * the signals for it. A fault behind a COMMIT would otherwise report a migration as failed that is applied.
 */
export class Events {
  readonly #listeners = new Map<EventName, Set<(payload: never) => void>>();
  readonly #everywhere = new Set<EveryListener>();
  readonly #faulty = new WeakSet<object>();
  readonly #faults: Warning[] = [];

  /** Adds a listener and returns the function that removes it. */
  on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void {
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set);
    set.add(listener);
    return () => void set.delete(listener);
  }

  /** Adds a listener of every event, in the order in which they are sent, and returns the function that removes it. */
  onEvery(listener: EveryListener): () => void {
    this.#everywhere.add(listener);
    return () => void this.#everywhere.delete(listener);
  }

  emit<Name extends EventName>(name: Name, payload: EventMap[Name]): void {
    const set = this.#listeners.get(name) ?? [];
    for (const listener of set) this.#call(name, listener, () => (listener as Listener<Name>)(payload));
    for (const listener of this.#everywhere) this.#call(name, listener, () => listener(name, payload));
  }

  /** The warnings of all listeners that failed so far; part of every report, because perhaps nobody hears warnings. */
  get faults(): readonly Warning[] {
    return this.#faults;
  }

  #call(name: EventName, listener: object, call: () => unknown): void {
    const failed = (error: unknown): void => this.#tell(name, listener, error);
    try {
      const answer = call();
      // An async function fits the type of a listener, and its rejection would end the process.
      if (answer instanceof Promise) answer.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** Once for each listener; so a listener of warnings that fails does not go round in a circle either. */
  #tell(name: EventName, listener: object, error: unknown): void {
    if (this.#faulty.has(listener)) return;
    this.#faulty.add(listener);
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const warning: Warning = {
      code: 'listener-failed',
      message: redactText(`A listener of "${name}" failed: ${withFullStop(why)} What is being done went on.`),
      hint: 'Mend the listener. To stop a run, use signal or cancelSignal.',
    };
    this.#faults.push(warning);
    this.emit('warning', warning);
  }
}

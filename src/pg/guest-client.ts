import { Client, Query } from 'pg';
import type { GuestQuery } from './guest-query.js';
import type { Session } from './session.js';

/** What becomes of whatever is asked of a guest's client. */
export interface GuestHost {
  /** A query that wants to be sent. The stack of `site` holds the place of the call. */
  submit(query: GuestQuery, site: Error): void;
  /** Somebody tried to end the connection. */
  ended(): void;
}

type Callback = (error: Error | null, result?: unknown) => void;

interface DriverQuery extends GuestQuery {
  callback?: Callback;
  /** Where a library was called that knows it: its own calls come later, when that is no longer on the stack. */
  readonly site?: Error;
  readonly _result?: Record<string, unknown>;
}

/** Events of the real client that the guest hears as its own. */
const forwarded = ['notice', 'notification', 'error', 'end', 'drain'] as const;

/** Frames that are enough to reach the user's file through an ORM. */
const deepStack = 60;

/**
 * A `pg.Client` on a session of ours, for code that is not ours. It takes every form of `query()`, and sends none by
 * itself: all go to the host. Listeners and type parsers that are set on it are its own, and go with it; `end()` and
 * `release()` end nothing.
 */
export class GuestClient extends Client {
  readonly #session: Session;
  readonly #host: GuestHost;
  readonly #forwarders: readonly (readonly [string, (payload: unknown) => void])[];

  constructor(session: Session, host: GuestHost) {
    const { client } = session;
    const { host: address, port, user = '', database = '' } = client;
    super({ connection: session.wire, host: address, port, user, database } as object);
    this.#session = session;
    this.#host = host;
    const { processID, secretKey } = client as Client & { processID: number; secretKey: number };
    Object.assign(this, { processID, secretKey, readyForQuery: true, _connected: true, hasExecuted: true });
    this.#forwarders = forwarded.map((name) => [name, (payload: unknown) => this.#hear(name, payload)]);
    for (const [name, listener] of this.#forwarders) client.on(name as 'notice', listener);
  }

  /** The real client is heard no more. */
  detach(): void {
    for (const [name, listener] of this.#forwarders) this.#session.client.off(name, listener);
    this.removeAllListeners();
  }

  #hear(name: string, payload: unknown): void {
    // An error that nobody listens for would end the process; the run notices the end of its connection by itself.
    if (name !== 'error' || this.listenerCount('error') > 0) this.emit(name, payload);
  }

  override query(...args: unknown[]): never {
    const [config, values, callback] = args as [
      DriverQuery | string | null | undefined,
      unknown,
      Callback | undefined,
    ];
    if (config === null || config === undefined)
      throw new TypeError('Client was passed a null or undefined query');
    const site = siteOf(config);
    if (isSubmittable(config)) {
      const given = typeof values === 'function' ? (values as Callback) : callback;
      if (config.callback === undefined && given !== undefined) config.callback = given;
      return this.#submit(config, { site, result: config });
    }
    const query = new Query(config, values as unknown[], callback as never) as unknown as DriverQuery;
    if (query.callback !== undefined && query.callback !== null) {
      if (typeof query.callback !== 'function') throw new TypeError('callback is not a function');
      return this.#submit(query, { site, result: undefined });
    }
    const promise = new Promise((resolve, reject) => {
      query.callback = (error, result) => {
        if (error === null || error === undefined) resolve(result);
        else reject(withStack(error, site));
      };
    });
    promise.catch(() => {}); // the host knows of every failure; a call that nobody awaits must not end the process
    return this.#submit(query, { site, result: promise });
  }

  #submit(query: DriverQuery, about: { readonly site: Error; readonly result: unknown }): never {
    // The driver fills in its own type parsers where there are none yet; here those of the guest come first.
    const result = query['_result'];
    if (result !== undefined) result['_types'] ??= Reflect.get(this, '_types');
    this.#host.submit(query, about.site);
    return about.result as never;
  }

  override connect(callback?: unknown): never {
    if (typeof callback === 'function') {
      process.nextTick(callback, null, this);
      return undefined as never;
    }
    return Promise.resolve(this) as never;
  }

  override end(callback?: unknown): never {
    this.#host.ended();
    if (typeof callback === 'function') {
      process.nextTick(callback);
      return undefined as never;
    }
    return Promise.resolve() as never;
  }

  /** For code that takes it for a client of a pool. */
  release(): void {}

  /** The process of the run is kept alive by the run. */
  ref(): void {}
  unref(): void {}

  override getTransactionStatus(): never {
    return this.#session.transactionStatus as never;
  }
}

function isSubmittable(config: DriverQuery | string): config is DriverQuery {
  return typeof config === 'object' && typeof config.submit === 'function';
}

/**
 * An error whose stack is that of the caller, deep enough to reach through a library. V8 writes the text of a stack
 * when it is first asked for, which few calls are; that text is most of the cost.
 */
export function callSite(): Error {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = deepStack;
  const site = new Error('call site');
  Error.stackTraceLimit = before;
  return site;
}

function siteOf(config: DriverQuery | string): Error {
  const here = callSite();
  const before = typeof config === 'object' ? config.site : undefined;
  if (before === undefined) return here;
  const both = { get: () => `${before.stack ?? ''}\n${here.stack ?? ''}` };
  return Object.create(here, { stack: both }) as Error;
}

/** The error of the server with the stack of the call that caused it, instead of that of the socket. */
function withStack(error: Error, { stack = '' }: Error): Error {
  error.stack = `${error.name}: ${error.message}${stack.slice(stack.indexOf('\n'))}`;
  return error;
}

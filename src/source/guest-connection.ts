import { isLockkeeperError, LockkeeperError } from '../core/errors.js';
import type { MigrationDatabase } from '../migration/database.js';

type Client = MigrationDatabase['client'];
type Callback = (error: Error | null, result: object) => void;

/**
 * What a library takes for a connection of its own: our client, with a place for the marks that Knex puts on connections
 * (`__knexUid`, `__knexTxId`), which must not be shared between two of its transactions. `answer` is asked before a text
 * is sent: the command tag of one that is answered here, or null.
 */
export function connectionOver(client: Client, answer: (text: string) => string | null = () => null): object {
  const own: Record<PropertyKey, unknown> = Object.assign(Object.create(null) as object, {
    query: (config: unknown, ...rest: readonly unknown[]): unknown => {
      const text = textOf(config);
      const tag = answer(text);
      const callback = rest.findLast((argument) => typeof argument === 'function') as Callback | undefined;
      if (tag !== null) return told({ command: tag, rowCount: null, rows: [], fields: [] }, callback);
      const refusal = followTransaction(client, text);
      if (refusal !== null) return failed(refusal, callback);
      const args = rest.map((argument) =>
        typeof argument === 'function' ? keepingOurErrors(argument) : argument,
      );
      return (client.query as (...args: unknown[]) => unknown)(config, ...args);
    },
  });
  return new Proxy(client, {
    get(target, key): unknown {
      if (key in own) return own[key];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
    set: (_, key, value) => Reflect.set(own, key, value),
    deleteProperty: (_, key) => Reflect.deleteProperty(own, key),
    has: (target, key) => key in own || key in target,
  });
}

/** Knex writes the SQL into the message of the error that it is given; ours says where it stands already. */
function keepingOurErrors(callback: CallableFunction): Callback {
  return (error, result) =>
    void callback(isLockkeeperError(error) ? new Error(error.message, { cause: error }) : error, result);
}

function told(result: object, callback: Callback | undefined): unknown {
  if (callback === undefined) return Promise.resolve(result);
  process.nextTick(callback, null, result);
  return undefined;
}

function failed(error: Error, callback: Callback | undefined): unknown {
  if (callback === undefined) return Promise.reject(error);
  process.nextTick(callback, error);
  return undefined;
}

/** Clients on which a library has begun a transaction and not ended it. */
const inTransaction = new WeakSet<Client>();

/**
 * A library with a pool begins its transactions on connections of their own; here there is one. Two at a time would take
 * each other's savepoints for their own, so the second is refused.
 */
function followTransaction(client: Client, text: string): LockkeeperError | null {
  if (/^\s*(?:commit|rollback)\s*;?\s*$/i.test(text)) inTransaction.delete(client);
  if (!/^\s*(?:begin|start\s+transaction)\b/i.test(text)) return null;
  if (!inTransaction.has(client)) {
    inTransaction.add(client);
    return null;
  }
  return new LockkeeperError('TRANSACTION_CONTROL_REFUSED', {
    message: 'A second transaction was begun while the first was open, and a migration has one connection.',
    hint: 'Run them one after the other, or begin the second within the first, as a nested transaction.',
  });
}

function textOf(config: unknown): string {
  if (typeof config === 'string') return config;
  const text = (config as { readonly text?: unknown } | null)?.text;
  return typeof text === 'string' ? text : '';
}

/**
 * A connection on which a library begins and ends a transaction that is ours already: its commands are answered and not
 * sent. Everything between the first text and `end()` goes through.
 */
export function transactionConnection(client: Client): {
  readonly connection: object;
  readonly end: () => void;
} {
  let inside = false;
  let began = false;
  const connection = connectionOver(client, (text) => {
    if (inside) return null;
    inside = !began;
    began = true;
    return text.replace(/;$/, '').toUpperCase();
  });
  return { connection, end: () => void (inside = false) };
}

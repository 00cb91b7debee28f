import type { MigrationDatabase } from '../../migration/database.js';
import { connectionOver, transactionConnection } from '../guest-connection.js';
import { requireProjectPackage } from '../project-package.js';

type Client = MigrationDatabase['client'];

/** A client of Knex's: the part of a dialect that is changed, and what it was configured with. */
interface Dialect {
  readonly config: Readonly<Record<PropertyKey, unknown>>;
  runner(builder: Builder): Runner;
}

/** Something that becomes a query; the error is where it was begun. */
interface Builder {
  readonly _asyncStack?: { readonly error: Error };
}

interface Runner {
  query(compiled: { options?: object }): Promise<unknown>;
}

type DialectClass = new (config: object) => Dialect;

/** What `knex()` gives. */
export interface KnexInstance {
  (...args: readonly unknown[]): unknown;
  transaction(container: (trx: KnexInstance) => Promise<void>, options?: object): Promise<unknown>;
}

/** Where our client is kept in the configuration of an instance, which a transaction of it shares. */
const guest = Symbol('lockkeeper client');

const made = new WeakMap<DialectClass, DialectClass>();

/**
 * An instance of the project's own Knex whose every statement goes through `client`. There is no pool: whatever asks
 * for a connection gets the one of the run, and gives nothing back.
 * @throws {PACKAGE_MISSING}
 */
export function knexOver(
  client: Client,
  { base, config }: { readonly base: string; readonly config: Readonly<Record<string, unknown>> },
): KnexInstance {
  const knex = requireProjectPackage(base, 'knex', 'A migration with Knex') as (
    config: object,
  ) => KnexInstance;
  const { client: said } = config;
  const dialect = typeof said === 'function' ? (said as DialectClass) : postgresOf(base);
  const { host, port, user, database } = client;
  const connection = { host, port, user, database };
  // Builders keep the place where they were begun, which `return knex.raw(…)` loses.
  return knex({
    ...config,
    asyncStackTraces: true,
    client: guestDialect(dialect),
    connection,
    [guest]: client,
  });
}

function postgresOf(base: string): DialectClass {
  return requireProjectPackage(base, 'knex/lib/dialects/postgres/index.js', 'Knex') as DialectClass;
}

function guestDialect(base: DialectClass): DialectClass {
  const known = made.get(base);
  if (known !== undefined) return known;
  const dialect = class extends base {
    // A transaction of Knex's is made from the prototype alone, so there are methods here and no fields.
    initializeDriver(): void {}
    initializePool(): void {}

    acquireConnection(): Promise<object> {
      return Promise.resolve(connectionOver(this.config[guest] as Client));
    }

    acquireRawConnection(): Promise<object> {
      return this.acquireConnection();
    }

    releaseConnection(): Promise<void> {
      return Promise.resolve();
    }

    destroyRawConnection(): Promise<void> {
      return Promise.resolve();
    }

    override runner(builder: Builder): Runner {
      const runner = super.runner(builder);
      const query = runner.query.bind(runner);
      const site = builder['_asyncStack']?.error;
      runner.query = (compiled) => query(Object.assign(compiled, { options: { ...compiled.options, site } }));
      return runner;
    }

    /** It would take a second connection, while this one is busy. */
    get canCancelQuery(): boolean {
      return false;
    }
  };
  made.set(base, dialect);
  return dialect;
}

/** The instance of a connection in whose name transactions begin. Making one costs more than all it does for one migration. */
const roots = new WeakMap<object, { readonly config: unknown; readonly knex: KnexInstance }>();

/**
 * The same for {@link withinTransaction} alone, one for all migrations of a run, as with Knex itself: a transaction of it
 * has the connection that it is given, and this instance asks for none.
 */
export function knexForTransactions(client: Client, options: Parameters<typeof knexOver>[1]): KnexInstance {
  const { connection } = client as unknown as { readonly connection: object };
  const known = roots.get(connection);
  if (known?.config === options.config) return known.knex;
  const knex = knexOver(client, options);
  roots.set(connection, { config: options.config, knex });
  return knex;
}

/**
 * Calls `work` with what Knex hands a migration that runs in a transaction, while the real one is the run's: the
 * commands with which Knex begins and ends it are answered and not sent, so that what is inside stays the run's.
 */
export async function withinTransaction(
  knex: KnexInstance,
  client: Client,
  work: (trx: KnexInstance) => unknown,
): Promise<void> {
  const { connection, end } = transactionConnection(client);
  const container = async (trx: KnexInstance): Promise<void> => {
    try {
      await work(trx);
    } finally {
      end();
    }
  };
  await knex.transaction(container, { connection });
}

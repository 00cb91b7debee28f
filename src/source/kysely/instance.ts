import type { MigrationDatabase } from '../../migration/database.js';
import { connectionOver, transactionConnection } from '../guest-connection.js';
import { requireProjectPackage } from '../project-package.js';

type Client = MigrationDatabase['client'];

/** An instance of Kysely's, as far as it is used here. */
export interface KyselyInstance {
  transaction(): { execute(work: (trx: KyselyInstance) => Promise<void>): Promise<void> };
}

interface KyselyModule {
  readonly Kysely: new (config: object) => KyselyInstance;
  readonly PostgresDialect: new (config: object) => object;
}

interface InstanceOptions {
  /** Kysely is looked for from here. */
  readonly base: string;
  readonly plugins?: readonly unknown[];
}

/** An instance of the project's own Kysely whose every statement goes through `client`. @throws {PACKAGE_MISSING} */
export function kyselyOver(client: Client, options: InstanceOptions): KyselyInstance {
  return instanceOver(() => connectionOver(client), options);
}

/**
 * Calls `work` with a transaction of Kysely's, while the real one is the run's: the commands with which Kysely begins and
 * ends it are answered and not sent.
 */
export async function withinTransaction(
  client: Client,
  options: InstanceOptions,
  work: (trx: KyselyInstance) => unknown,
): Promise<void> {
  const { connection, end } = transactionConnection(client);
  const kysely = instanceOver(() => connection, options);
  await kysely.transaction().execute(async (trx) => {
    try {
      await work(trx);
    } finally {
      end();
    }
  });
}

function instanceOver(connect: () => object, { base, plugins = [] }: InstanceOptions): KyselyInstance {
  const module = requireProjectPackage(base, 'kysely', 'A migration with Kysely') as KyselyModule;
  const pool = { connect: () => Promise.resolve(connect()), end: () => Promise.resolve() };
  const dialect = new module.PostgresDialect({ pool, cursor: cursorOf(base) });
  return new module.Kysely({ dialect, plugins });
}

/** A package that is not there is looked for in every folder upwards, each time. */
const cursors = new Map<string, unknown>();

/** What `stream()` of Kysely needs, where the project has it. */
function cursorOf(base: string): unknown {
  if (!cursors.has(base)) cursors.set(base, findCursor(base));
  return cursors.get(base);
}

function findCursor(base: string): unknown {
  try {
    return requireProjectPackage(base, 'pg-cursor', 'stream()');
  } catch {
    // Kysely says by itself what is missing, when somebody asks for a stream.
    return undefined;
  }
}

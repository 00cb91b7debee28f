import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import {
  type ConnectionOptions,
  detectPooling,
  openSession,
  type Pooling,
  type Session,
} from '../pg/index.js';

/** An open session and the way to another one. */
export interface Opened {
  readonly session: Session;
  readonly connection: ConnectionOptions;
  /** What has to be done before the session is closed. */
  readonly closing: (() => Promise<void>)[];
}

/** Opens the database of the environment: the embedded server on demand, a pooler's way round where one is given. */
export async function openDatabase(config: ResolvedConfig, context: Context): Promise<Opened> {
  const connection = await connectionOf(config, context);
  const { lockTimeoutMs, statementTimeoutMs } = config.run;
  const pooled = saidPooled(config) === true;
  const session = await openSession(connection, { lockTimeoutMs, statementTimeoutMs, pooled });
  return { session, connection, closing: [] };
}

/** Gives back what the session holds for others to see, and closes it. */
export async function closeDatabase({ session, closing }: Opened): Promise<void> {
  try {
    for (const close of closing.splice(0)) await close();
  } finally {
    await session.end();
  }
}

/** What the configuration says of a pooler on the way that is used; null where it says nothing. */
function saidPooled({ target }: ResolvedConfig): boolean | null {
  if (target.kind === 'embedded') return false;
  return target.direct === null ? target.pooled : null;
}

async function connectionOf(config: ResolvedConfig, context: Context): Promise<ConnectionOptions> {
  const { target } = config;
  if (target.kind === 'server') return target.direct ?? target.connection;
  const { ensureServer } = await import('../pg/embedded/index.js');
  return await ensureServer(target, context);
}

/** Opens, works, closes. What the work throws is thrown, whether or not the session still lives. */
export async function withDatabase<Value>(
  config: ResolvedConfig,
  context: Context,
  work: (opened: Opened) => Promise<Value>,
): Promise<Value> {
  const opened = await openDatabase(config, context);
  try {
    return await work(opened);
  } finally {
    await closeDatabase(opened);
  }
}

/**
 * What stands between us and the server: as the configuration says, or as two connections find out. `false` in the
 * configuration means a session that stays ours.
 */
export async function findPooling({ session, connection }: Opened, config: ResolvedConfig): Promise<Pooling> {
  const said = saidPooled(config);
  if (said === true) return 'transaction';
  if (said === false) return session.info.proxied ? 'session' : 'none';
  return await detectPooling(session, connection);
}

/**
 * What a session must be before it may be used for a run (ENGINE A4, E27). Says what stands between us and the server;
 * where every transaction is given another session, nothing was set.
 * @throws {DATABASE_READ_ONLY}
 */
export async function assertCanMigrate(opened: Opened, config: ResolvedConfig): Promise<Pooling> {
  const { session } = opened;
  if (session.info.inRecovery || session.info.readOnly) throw readOnly(session);
  const pooling = await findPooling(opened, config);
  if (pooling === 'session') await session.applyBaseline();
  return pooling;
}

function readOnly(session: Session): LockkeeperError {
  return new LockkeeperError('DATABASE_READ_ONLY', {
    message: session.info.inRecovery
      ? `The database "${session.info.database}" is on a replica (pg_is_in_recovery() is true), which takes no writes.`
      : `The database "${session.info.database}" is read-only for the role "${session.info.user}" (default_transaction_read_only is on).`,
    hint: session.info.inRecovery
      ? 'Connect to the primary.'
      : 'Turn default_transaction_read_only off for this role or database.',
  });
}

/** `host:port/database`, for people; never with a password. */
export function databaseName(config: ResolvedConfig): string {
  const { target } = config;
  if (target.kind === 'embedded') return `embedded/${target.database}`;
  const { host, port, database } = target.direct ?? target.connection;
  return `${host}:${port}/${database}`;
}

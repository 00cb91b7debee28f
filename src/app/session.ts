import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import { type ConnectionOptions, detectPooling, openSession, type Session } from '../pg/index.js';

/** An open session and the way to another one. */
export interface Opened {
  readonly session: Session;
  readonly connection: ConnectionOptions;
}

/** Opens the database of the environment: the embedded server on demand, a pooler's way round where one is given. */
export async function openDatabase(config: ResolvedConfig, context: Context): Promise<Opened> {
  const connection = await connectionOf(config, context);
  const { lockTimeoutMs, statementTimeoutMs } = config.run;
  const session = await openSession(connection, { lockTimeoutMs, statementTimeoutMs });
  return { session, connection };
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
    await opened.session.end();
  }
}

/**
 * What a session must be before it may take the migration lock (ENGINE A4, E27).
 * @throws {DATABASE_READ_ONLY} {DATABASE_POOLED}
 */
export async function assertCanMigrate(opened: Opened, config: ResolvedConfig): Promise<void> {
  const { session, connection } = opened;
  if (session.info.inRecovery || session.info.readOnly) throw readOnly(session);
  const { target } = config;
  const said = target.kind === 'server' ? target.pooled : false;
  const pooling =
    said === true && target.kind === 'server' && target.direct === null
      ? 'transaction'
      : await detectPooling(session, connection);
  if (pooling === 'transaction') {
    throw new LockkeeperError('DATABASE_POOLED', {
      message: `The connection to ${connection.host}:${connection.port} goes through a pooler that gives every transaction another session, so neither the migration lock nor a setting would hold.`,
      hint: 'Give the address of the server itself as directUrl (or DIRECT_URL), or let the pooler use session mode for this user.',
      details: { host: connection.host, port: connection.port },
    });
  }
  if (session.info.proxied) await session.applyBaseline();
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

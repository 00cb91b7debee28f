import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { ResolvedConfig } from '../../config/resolved.js';
import type { Context } from '../../core/context.js';
import { type ConnectionOptions, openSession, type Session } from '../../pg/index.js';
import { quoteIdent } from '../../sql/quote.js';

/** A database that is thrown away, as a project of its own that keeps nobody else's history. */
export interface Shadow {
  readonly config: ResolvedConfig;
  /** Which server it is on, for people. */
  readonly server: string;
}

/**
 * Makes an empty database, works, and drops it: on the server of the target where the role may create one and the
 * environment is not protected, else on the embedded server.
 * @throws {EMBEDDED_UNAVAILABLE} {EMBEDDED_START_FAILED}
 */
export async function withShadow<Value>(
  config: ResolvedConfig,
  context: Context,
  work: (shadow: Shadow) => Promise<Value>,
): Promise<Value> {
  const database = `lockkeeper_shadow_${randomBytes(6).toString('hex')}`;
  const there = await connectionForShadow(config, context);
  await withSession(there.connection, (session) =>
    session.query(`create database ${quoteIdent(database)} template template0`),
  );
  try {
    return await work({
      config: shadowConfig(config, { ...there.connection, database }),
      server: there.server,
    });
  } finally {
    await withSession(there.connection, (session) =>
      session.query(`drop database if exists ${quoteIdent(database)} with (force)`),
    );
  }
}

interface ShadowServer {
  readonly connection: ConnectionOptions;
  readonly server: string;
}

async function connectionForShadow(config: ResolvedConfig, context: Context): Promise<ShadowServer> {
  const { target, environment } = config;
  const own = target.kind === 'server' ? (target.direct ?? target.connection) : null;
  if (own !== null && !environment.protected && (await mayCreate(own)))
    return { connection: own, server: `${own.host}:${own.port}` };
  const { ensureServer } = await import('../../pg/embedded/index.js');
  const embedded = {
    kind: 'embedded' as const,
    dir: join(config.root, '.lockkeeper', 'postgres-18'),
    database: 'postgres',
    applicationName: 'lockkeeper convert',
    role: null,
    searchPath: own?.searchPath ?? (target.kind === 'embedded' ? target.searchPath : null),
  };
  return { connection: await ensureServer(embedded, context), server: 'the embedded server' };
}

async function mayCreate(connection: ConnectionOptions): Promise<boolean> {
  return await withSession(connection, async (session) => {
    const rows = await session.query<{ may: boolean }>(
      `select rolcreatedb or rolsuper as may from pg_roles where rolname = current_user`,
    );
    return rows[0]?.may === true && !session.info.inRecovery && !session.info.readOnly;
  });
}

async function withSession<Value>(
  connection: ConnectionOptions,
  work: (session: Session) => Promise<Value>,
): Promise<Value> {
  const session = await openSession(connection, { lockTimeoutMs: 0, statementTimeoutMs: 0, pooled: false });
  try {
    return await work(session);
  } finally {
    await session.end();
  }
}

function shadowConfig(config: ResolvedConfig, connection: ConnectionOptions): ResolvedConfig {
  return {
    ...config,
    target: { kind: 'server', connection, direct: null, pooled: false },
    environment: { ...config.environment, protected: false },
    sources: config.sources.map((source) => ({ ...source, keepForeignHistory: false })),
    outOfOrder: 'allow',
    observe: null,
    warnings: [],
  };
}

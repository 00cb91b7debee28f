import { Client } from 'pg';
import { parseDuration } from '../core/duration.js';
import { LockkeeperError } from '../core/errors.js';
import { registerSecret } from '../core/redact.js';
import { type Baseline, baselineSets, startupOptions } from './baseline.js';
import { connectFailure } from './connect-failure.js';
import type { ConnectionOptions, TlsOptions } from './options.js';
import { Session, type SessionInfo } from './session.js';
import { sqlstate } from './sqlstate.js';

/** What a session needs beside the address. */
export interface SessionOptions {
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  /** Known to lead through a pooler, which would refuse settings in the startup packet. @default false */
  readonly pooled?: boolean;
}

const oldestMajor = 14;
/** A server that is starting up, or recovering after a crash, answers 57P03 for a while. */
const startupPatienceMs = 10_000;

/**
 * Opens the session of a verb, with the baseline of ENGINE A1 in its startup packet, and learns in one round trip
 * what stands at the other end.
 * @throws {DATABASE_UNREACHABLE} {DATABASE_AUTHENTICATION} {DATABASE_MISSING} {DATABASE_TLS} {DATABASE_UNSUPPORTED}
 */
export async function openSession(
  connection: ConnectionOptions,
  options: SessionOptions = { lockTimeoutMs: 0, statementTimeoutMs: 0 },
): Promise<Session> {
  const baseline = baselineOf(connection, options);
  const pooled = options.pooled === true;
  const deadline = Date.now() + startupPatienceMs;
  for (;;) {
    try {
      return await openWithBaseline(connection, baseline, pooled);
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (code !== sqlstate.cannotConnectNow || Date.now() > deadline) throw translated(error, connection);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** What a session to this address always has. */
export function baselineOf(connection: ConnectionOptions, options: SessionOptions): Baseline {
  const { lockTimeoutMs, statementTimeoutMs } = options;
  const { searchPath, role, applicationName } = connection;
  return { lockTimeoutMs, statementTimeoutMs, searchPath, role, applicationName };
}

function translated(error: unknown, connection: ConnectionOptions): unknown {
  return error instanceof LockkeeperError ? error : connectFailure(error, connection);
}

/** SQLSTATEs with which a server or a pooler refuses our `options`: unknown or bad setting, unsupported parameter. */
const refusesOptions = new Set(['08P01', '22023', '42704', '42501', '0A000']);

async function openWithBaseline(
  connection: ConnectionOptions,
  baseline: Baseline,
  pooled: boolean,
): Promise<Session> {
  const sets = baselineSets(baseline);
  if (pooled) return await introduce(await login(connection, null), connection, sets);
  try {
    return await introduce(await login(connection, startupOptions(baseline)), connection, sets);
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    const refused =
      (code !== undefined && refusesOptions.has(code)) || /startup parameter/.test(message ?? '');
    if (!refused || error instanceof LockkeeperError) throw error;
    return await introduce(await login(connection, null), connection, sets);
  }
}

async function login(connection: ConnectionOptions, options: string | null): Promise<Client> {
  const client = new Client({
    host: connection.host,
    port: connection.port,
    database: connection.database,
    user: connection.user,
    ...(connection.password === null ? {} : { password: guardedPassword(connection.password) }),
    ssl: connection.ssl === false ? false : tlsConfig(connection.ssl, connection.host),
    connectionTimeoutMillis: connection.connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    ...(options === null ? {} : { options }),
  });
  // Errors between connect() and the first query would otherwise have no listener and end the process.
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (error) {
    client.end().catch(() => {}); // the socket is dead already; the login error is what counts
    throw error;
  }
  return client;
}

/** What a password function gives is a secret like one from the configuration: no message may show it. */
function guardedPassword(password: NonNullable<ConnectionOptions['password']>): typeof password {
  if (typeof password === 'string') return password;
  return async () => {
    const value = await password();
    registerSecret(value);
    return value;
  };
}

function tlsConfig(ssl: TlsOptions, host: string): object {
  return {
    rejectUnauthorized: ssl.rejectUnauthorized,
    ...(ssl.ca === null ? {} : { ca: ssl.ca }),
    ...(ssl.cert === null ? {} : { cert: ssl.cert }),
    ...(ssl.key === null ? {} : { key: ssl.key }),
    servername: ssl.servername ?? host,
    ...(ssl.checkName ? {} : { checkServerIdentity: () => undefined }),
  };
}

const introduction = /* sql */ `
  select
    pg_backend_pid(),
    current_setting('server_version_num'),
    current_setting('server_version'),
    current_database(),
    current_user,
    pg_is_in_recovery(),
    current_setting('transaction_read_only'),
    current_setting('standard_conforming_strings'),
    current_setting('client_encoding'),
    coalesce(current_setting('transaction_timeout', true), '0'),
    current_setting('lockkeeper.baseline', true),
    current_setting('deadlock_timeout')`;

/**
 * Where the startup packet did not carry the baseline, it is SET at once on a direct connection. Behind a proxy that
 * waits for `session.applyBaseline()`: in a transaction pool the settings would outlive us in somebody else's session.
 */
async function introduce(client: Client, connection: ConnectionOptions, sets: string): Promise<Session> {
  try {
    const answer = await client.query({ text: introduction, rowMode: 'array' });
    const row = (answer.rows[0] ?? []) as readonly unknown[];
    const arrived = row[10] === 'on';
    const info = sessionInfo(row, client);
    assertUsable(info, row, connection);
    const timeout = row[9] === '0' || row[9] === '0ms' ? [] : ['set transaction_timeout = 0'];
    const session = new Session(client, info, [...(arrived ? [] : [sets]), ...timeout].join('; '));
    if (!info.proxied) await session.applyBaseline();
    return session;
  } catch (error) {
    await client.end().catch(() => {}); // the first error is what counts
    throw error;
  }
}

function sessionInfo(row: readonly unknown[], client: Client): SessionInfo {
  const version = Number(row[1]);
  const pid = Number(row[0]);
  const announced = (client as Client & { processID: number | null }).processID;
  return {
    pid,
    proxied: announced !== pid,
    version,
    major: Math.floor(version / 10_000),
    versionText: String(row[2]),
    database: String(row[3]),
    user: String(row[4]),
    inRecovery: row[5] === true,
    readOnly: row[6] === 'on',
    deadlockTimeoutMs: parseDuration(String(row[11])) ?? 1000,
  };
}

/** Strings must be lexed by the server as our splitter lexed them, or a file could hide a statement (ENGINE C13). */
function assertUsable(info: SessionInfo, row: readonly unknown[], connection: ConnectionOptions): void {
  if (info.major < oldestMajor) {
    throw new LockkeeperError('DATABASE_UNSUPPORTED', {
      message: `The server at ${connection.host}:${connection.port} is PostgreSQL ${info.versionText}; Lockkeeper needs ${oldestMajor} or newer.`,
      hint: 'Upgrade the server.',
      details: { version: info.version },
    });
  }
  if (row[7] !== 'on' || row[8] !== 'UTF8') {
    throw new LockkeeperError('DATABASE_UNSUPPORTED', {
      message: `The session could not be set to standard_conforming_strings = on and client_encoding = UTF8 (they are ${String(row[7])} and ${String(row[8])}).`,
      hint: 'Remove whatever forces these settings: a pooler, or ALTER ROLE … SET.',
    });
  }
}

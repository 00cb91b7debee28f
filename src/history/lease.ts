import { type AdvisoryKey, type Session, sqlstate } from '../pg/index.js';
import { quoteLiteral } from '../sql/quote.js';
import { guarded } from './install.js';
import type { HistoryTables } from './tables.js';

/** Who took the lease; what every journal row says of a run. */
export interface LeaseHolder {
  readonly host: string | null;
  /** Of the process, on that host. */
  readonly pid: number | null;
  readonly user: string | null;
}

/** The lease as it stands, by the clock of the server. */
export interface Lease {
  /** Grows with every holder; a step of a run whose token is another one is refused. A bigint in decimal. */
  readonly token: string;
  /** The run that holds it; null while nobody does. */
  readonly runId: string | null;
  readonly holder: LeaseHolder;
  /** ISO 8601 in UTC. */
  readonly acquiredAt: string;
  readonly heartbeatAt: string;
  /** Time since the last heartbeat. */
  readonly silentMs: number;
  /** How long the holder may be silent. */
  readonly lifetimeMs: number;
  /** A statement of the holder is seen at work, as far as this role may look. */
  readonly working: boolean;
}

/** Held by a run that gives signs of life: neither silent for too long, nor without a statement at work. */
export function isLive(lease: Lease): boolean {
  return lease.runId !== null && (lease.silentMs <= lease.lifetimeMs || lease.working);
}

/** First bytes of every statement that a run sends under a lease, before what it is doing. */
export const runMark = (runId: string): string => `/* lockkeeper ${runId} `;

const shortLockTimeout = `set local lock_timeout = '500ms'`;
const whereName = (tables: HistoryTables): string => `name = ${quoteLiteral(tables.name)}`;
const held = (tables: HistoryTables, token: string): string =>
  `${whereName(tables)} and token = ${quoteLiteral(token)}::bigint`;

/**
 * Reads the lease; null where there has never been one. Takes ACCESS SHARE only, so a step at work is no obstacle.
 * @throws {HISTORY_UNREADABLE}
 */
export async function readLease(session: Session, tables: HistoryTables): Promise<Lease | null> {
  const rows = await guarded(session, tables, () =>
    session.query<Record<string, string | null> & { holder: Partial<LeaseHolder> | null; working: boolean }>(
      /* sql */ `
      select l.token::text, l.run_id::text, l.holder,
             to_char(l.acquired_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as acquired_at,
             to_char(l.heartbeat_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as heartbeat_at,
             round(extract(epoch from clock_timestamp() - l.heartbeat_at) * 1000)::text as silent_ms,
             round(extract(epoch from l.lifetime) * 1000)::text as lifetime_ms,
             exists (select from pg_stat_activity a
                     where a.datname = current_database() and a.state <> 'idle' and a.pid <> pg_backend_pid()
                       and a.query like '/* lockkeeper ' || l.run_id::text || ' %') as working
      from ${tables.lease} l
      where l.name = $1`,
      [tables.name],
    ),
  );
  const row = rows[0];
  if (row === undefined) return null;
  return {
    token: row['token'] ?? '',
    runId: row['run_id'] ?? null,
    holder: {
      host: row.holder?.host ?? null,
      pid: row.holder?.pid ?? null,
      user: row.holder?.user ?? null,
    },
    acquiredAt: row['acquired_at'] ?? '',
    heartbeatAt: row['heartbeat_at'] ?? '',
    silentMs: Number(row['silent_ms']),
    lifetimeMs: Number(row['lifetime_ms']),
    working: row.working,
  };
}

export interface LeaseRequest {
  /** What `readLease` gave just now; the lease is taken only where it is still the same. */
  readonly seen: Lease | null;
  readonly runId: string;
  /** JSON, see `LeaseHolder`. */
  readonly holder: string;
  readonly lifetimeMs: number;
  /** Of the lock that runs with a session of their own hold: one of them keeps the lease away. */
  readonly key: AdvisoryKey;
}

/**
 * Takes a lease that is free, or whose holder is silent, and gives its new token; null where somebody else was faster,
 * a step of the old holder is at work (its FOR KEY SHARE holds the row), or a run with a session of its own has the lock.
 *
 * The first token is the time in microseconds, so that also a table that was dropped and made again never gives a
 * token twice, and a run that slept meanwhile stays locked out.
 */
export async function takeLease(
  session: Session,
  tables: HistoryTables,
  request: LeaseRequest,
): Promise<string | null> {
  const { seen, runId, key } = request;
  const run = quoteLiteral(runId);
  const holder = quoteLiteral(request.holder);
  const lifetime = `interval '${request.lifetimeMs} milliseconds'`;
  const unlocked = `pg_catalog.pg_try_advisory_xact_lock(${key.classId}, ${key.objectId})`;
  const take =
    seen === null
      ? `insert into ${tables.lease} (name, token, run_id, holder, lifetime) select ${quoteLiteral(tables.name)}, (extract(epoch from pg_catalog.clock_timestamp()) * 1000000)::bigint, ${run}, ${holder}, ${lifetime} where ${unlocked} on conflict do nothing`
      : `update ${tables.lease} set token = token + 1, run_id = ${run}, holder = ${holder}, lifetime = ${lifetime}, acquired_at = pg_catalog.clock_timestamp(), heartbeat_at = pg_catalog.clock_timestamp() where ${held(tables, seen.token)} and (run_id is null or heartbeat_at + lifetime < pg_catalog.clock_timestamp()) and ${unlocked}`;
  return await changeToken(session, `with taken as (${take} returning token) select token::text from taken`);
}

/**
 * Ends a lease, whoever holds it: its token changes, so that no further step of that run takes effect. False where a
 * step of the holder is at work, or somebody else has taken it since it was `seen`.
 */
export async function expireLease(session: Session, tables: HistoryTables, seen: Lease): Promise<boolean> {
  const text = `with ended as (update ${tables.lease} set token = token + 1, run_id = null where ${held(tables, seen.token)} returning token) select token::text from ended`;
  return (await changeToken(session, text)) !== null;
}

/** One transaction in one message, as a transaction pooler needs it. */
async function changeToken(session: Session, text: string): Promise<string | null> {
  try {
    const [rows] = await session.queryMany(`begin; ${shortLockTimeout}; ${text}; commit`);
    const token = rows?.[0]?.[0];
    return typeof token === 'string' ? token : null;
  } catch (error) {
    await session.rollBack();
    if ((error as { code?: string }).code === sqlstate.lockNotAvailable) return null;
    throw error;
  }
}

/**
 * SQL that gives 1 while the lease is ours, keeps it ours to the end of the transaction, and raises 22012 otherwise
 * (ENGINE A5).
 */
export function leaseGuard(tables: HistoryTables, token: string): string {
  return `(select 1 / pg_catalog.count(*)::int from (select from ${tables.lease} where ${held(tables, token)} for key share) held)`;
}

/** A heartbeat; answers `UPDATE 1`, or `UPDATE 0` where the lease is somebody else's. Touches no key column. */
function renewLease(tables: HistoryTables, token: string): string {
  return `update ${tables.lease} set heartbeat_at = pg_catalog.clock_timestamp() where ${held(tables, token)}`;
}

/**
 * The same within a transaction of a step. One with a snapshot of its own (repeatable read) would fail on a heartbeat
 * that came after it, and is left alone.
 */
export function renewInside(tables: HistoryTables, token: string): string {
  return `${renewLease(tables, token)} and pg_catalog.current_setting('transaction_isolation') = 'read committed'`;
}

/** The heartbeat as a transaction of its own that waits for nobody for long. */
export function heartbeat(tables: HistoryTables, token: string): string {
  return `begin; ${shortLockTimeout}; ${renewLease(tables, token)}; commit`;
}

/** Gives the lease back; nothing where it is somebody else's by now. */
export function releaseLease(tables: HistoryTables, token: string): string {
  return `update ${tables.lease} set run_id = null where ${held(tables, token)}`;
}

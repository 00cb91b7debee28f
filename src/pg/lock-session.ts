import type { LockHolder } from '../core/events.js';
import { fromCodePoints } from '../sql/position.js';
import type { AdvisoryKey } from './advisory-lock.js';
import type { Session } from './session.js';

/** The session that holds a lock of ours, as far as this role may see it (manual, "pg_stat_activity"). */
export interface LockSession {
  readonly pid: number;
  readonly applicationName: string | null;
  readonly user: string | null;
  readonly clientAddress: string | null;
  /** ISO 8601; when the session began. */
  readonly since: string | null;
  /** Seconds since the epoch as text; with `pid` it names the session for ever. Null where the role may not see it. */
  readonly backendStart: string | null;
  /** `active`, `idle in transaction` … */
  readonly state: string | null;
  /** ISO 8601; when the statement that it runs, or ran last, began. */
  readonly queryStart: string | null;
  /** As much of the statement as the server keeps (`track_activity_query_size`). */
  readonly query: string | null;
}

/** Who holds the lock; null when nobody does. */
export async function readLockSession(session: Session, key: AdvisoryKey): Promise<LockSession | null> {
  const rows = await session.query<Record<string, string | null> & { pid: number }>(
    /* sql */ `
    select l.pid, a.application_name, a.usename, host(a.client_addr) as client_addr, a.state, a.query,
           extract(epoch from a.backend_start)::text as backend_start,
           to_char(a.backend_start at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since,
           to_char(a.query_start at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as query_start
    from pg_locks l
    left join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.classid = $1 and l.objid = $2::bigint::oid and l.objsubid = 2 and l.granted
      and l.database = (select oid from pg_database where datname = current_database())`,
    [key.classId, String(key.objectId >>> 0)],
  );
  const row = rows[0];
  if (row === undefined) return null;
  return {
    pid: row.pid,
    applicationName: row['application_name'] ?? null,
    user: row['usename'] ?? null,
    clientAddress: row['client_addr'] ?? null,
    since: row['since'] ?? null,
    backendStart: row['backend_start'] ?? null,
    state: row['state'] ?? null,
    queryStart: row['query_start'] ?? null,
    query: row['query'] ?? null,
  };
}

const shownCharacters = 200;

/** What is told of the holder to those who wait for it; null when nobody holds the lock any more. */
export async function lockHolder(session: Session, key: AdvisoryKey): Promise<LockHolder | null> {
  const found = await readLockSession(session, key);
  if (found === null) return null;
  const { pid, applicationName, user, clientAddress, since } = found;
  const query = found.query?.slice(0, fromCodePoints(found.query, shownCharacters)) ?? null;
  return { pid, applicationName, user, clientAddress, since, query };
}

const endWithinMs = 10_000;

/**
 * Ends that very session, and waits up to ten seconds for its end; the process number may be another's by now, so the
 * begin of the session has to fit as well. False where it is still there. Its open transaction is rolled back.
 * @throws 42501 where the role is neither a superuser, nor a member of the other's role or of pg_signal_backend.
 */
export async function endLockSession(
  session: Session,
  { pid, backendStart }: Pick<LockSession, 'pid' | 'backendStart'>,
): Promise<boolean> {
  const rows = await session.query<{ ended: boolean }>(
    /* sql */ `
    select pg_terminate_backend(a.pid, ${endWithinMs}) as ended
    from pg_stat_activity a
    where a.pid = $1 and ($2::text is null or extract(epoch from a.backend_start)::text = $2)`,
    [pid, backendStart],
  );
  return rows[0]?.ended ?? true;
}

/** Ends the sessions that are at work for a run behind a transaction pooler; its statements begin with that mark. */
export async function endMarkedSessions(session: Session, mark: string): Promise<void> {
  await session.query(
    /* sql */ `
    select pg_terminate_backend(a.pid, ${endWithinMs})
    from pg_stat_activity a
    where a.datname = current_database() and a.state <> 'idle' and a.pid <> pg_backend_pid() and starts_with(a.query, $1)`,
    [mark],
  );
}

import { createHash } from 'node:crypto';
import type { Session } from './session.js';

/**
 * First half of every advisory lock key of ours: "LK" in ASCII. The two-integer form can never meet an
 * application's bigint keys, and makes our locks recognisable in pg_locks (classid, objsubid = 2; ENGINE A7).
 */
export const lockClass = 19_531;

export interface AdvisoryKey {
  readonly classId: number;
  readonly objectId: number;
}

/**
 * The key of a history: a hash of its folded, qualified name. Advisory locks are per database already. A collision
 * of two histories costs waiting, nothing else.
 */
export function historyLockKey(schema: string, table: string): AdvisoryKey {
  const digest = createHash('sha256').update(`${schema}.${table}`).digest();
  return { classId: lockClass, objectId: digest.readInt32BE(0) };
}

/** An advisory lock as pg_locks shows it. */
export interface AdvisoryLockId {
  readonly classid: number;
  readonly objid: number;
  readonly objsubid: number;
}

/** The advisory locks that the session holds beside our own. */
export async function readAdvisoryLocks(session: Session): Promise<readonly AdvisoryLockId[]> {
  return await session.query<{ classid: number; objid: number; objsubid: number }>(
    `select classid::int8::float8 as classid, objid::int8::float8 as objid, objsubid
     from pg_locks where locktype = 'advisory' and pid = pg_backend_pid() and granted
       and not (classid = $1 and objsubid = 2)`,
    [lockClass],
  );
}

/** Takes the lock for this session, or says at once that it is held. A blocking wait would hold a snapshot (A2). */
export async function tryLock(session: Session, key: AdvisoryKey): Promise<boolean> {
  const rows = await session.query<{ locked: boolean }>('select pg_try_advisory_lock($1, $2) as locked', [
    key.classId,
    key.objectId,
  ]);
  return rows[0]?.locked === true;
}

/**
 * SQL that gives 1 while this session holds the lock, and raises 22012 otherwise; for use inside a message.
 *
 * pg_advisory_unlock() answers whether the session held the lock; the lock is taken again in the same breath, and the
 * transaction-level lock that is taken first leaves nobody a gap between the two. It costs a few microseconds, where
 * a look into pg_locks costs a hundred.
 */
export function stillLockedSql(key: AdvisoryKey): string {
  const pair = `${key.classId}, ${key.objectId}`;
  return `1 / (case when not pg_catalog.pg_try_advisory_xact_lock(${pair}) then 0 when not pg_catalog.pg_advisory_unlock(${pair}) then 0 when pg_catalog.pg_try_advisory_lock(${pair}) then 1 else 0 end)`;
}

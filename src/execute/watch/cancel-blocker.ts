import type { Blocker } from '../../core/blocker.js';
import { lockClass, type Session } from '../../pg/index.js';

/** What became of the wish to be rid of a blocker: told so, or the reason why not. */
export type Cancelled = { readonly how: 'cancel' | 'terminate' } | { readonly refused: string };

/**
 * Idle sessions do not hear a cancel, so one that idles in a transaction is terminated. The conditions stand in the
 * statement itself, so that neither another transaction of the same process, nor a run of Lockkeeper, nor a process of
 * the server's own can be hit.
 */
const sql = /* sql */ `
select case when a.state like 'idle in transaction%' then pg_catalog.pg_terminate_backend(a.pid)
            else pg_catalog.pg_cancel_backend(a.pid) end as told,
       a.state like 'idle in transaction%' as idle
from pg_catalog.pg_stat_activity a
where a.pid = $1 and a.xact_start = $2::timestamptz and a.backend_type in ('client backend', 'autovacuum worker')
  and a.query not like '/* lockkeeper %'
  and not exists (select from pg_catalog.pg_locks l
                  where l.pid = a.pid and l.locktype = 'advisory' and l.classid = ${lockClass} and l.objsubid = 2)`;

/** Cancels what a blocker runs, or ends its session where it runs nothing. */
export async function cancelBlocker(observer: Session, blocker: Blocker): Promise<Cancelled> {
  if (blocker.preparedName !== null)
    return {
      refused: `a prepared transaction is ended only by name: rollback prepared '${blocker.preparedName}'`,
    };
  if (blocker.since === null)
    return {
      refused:
        'this role may not see what it does (grant pg_read_all_stats, and pg_signal_backend to cancel it)',
    };
  let rows: readonly { told: boolean; idle: boolean }[];
  try {
    rows = await observer.query<{ told: boolean; idle: boolean }>(sql, [blocker.pid, blocker.since]);
  } catch (error) {
    if (observer.lost !== null) throw error;
    return { refused: error instanceof Error ? error.message : String(error) };
  }
  const [row] = rows;
  if (row === undefined || !row.told)
    return { refused: 'it is a run of Lockkeeper or a process of the server, or has just ended' };
  return { how: row.idle ? 'terminate' : 'cancel' };
}

/** An autovacuum that must run before transaction ids run out; the server itself never cancels it for a lock. */
export function preventsWraparound(blocker: Blocker): boolean {
  return blocker.kind === 'autovacuum worker' && (blocker.query ?? '').includes('(to prevent wraparound)');
}

import type { Blocker } from '../../core/blocker.js';
import { redactText } from '../../core/redact.js';
import type { Session } from '../../pg/index.js';

/** One look at a worker that waits for a lock. */
export interface Wait {
  /** The lock it waits for, e.g. `AccessExclusiveLock`, and on what. */
  readonly mode: string;
  readonly on: string;
  readonly waitedMs: number;
  readonly blockers: readonly Blocker[];
  /** Sessions that wait for the worker; at most 50 are counted. */
  readonly waiting: number;
  /** How long the worker has waited while at least one of them did. 0 while there is none. */
  readonly obstructingMs: number;
  /** The role may not see what other sessions do (it lacks pg_read_all_stats). */
  readonly blind: boolean;
}

/**
 * Who stands in the worker's way, and who waits for it. pg_blocking_pids() takes the lock manager's locks, so it is
 * asked of the worker, of its blockers that wait themselves, and of at most 50 sessions at locks that the worker has
 * or wants. No relation is opened, so our own ACCESS EXCLUSIVE lock cannot stop it (ENGINE E26). A prepared
 * transaction comes as pid 0; its locks have no pid, and share their virtual transaction with the lock on its own
 * transaction id (tried on 15 and 18).
 */
const sql = /* sql */ `
with locks as materialized (
  select l.pid, l.mode, l.granted, l.waitstart, l.virtualtransaction, l.locktype, l.relation, l.transactionid,
         row(l.locktype, l.database, l.relation, l.page, l.tuple, l.virtualxid, l.transactionid::text,
             l.classid, l.objid, l.objsubid)::text as tag
  from pg_catalog.pg_locks l
), wanted as materialized (
  select * from locks where pid = $1 and not granted limit 1
), behind as materialized (
  select o.pid, o.waitstart
  from (select distinct on (o.pid) o.pid, o.waitstart from locks o
        where not o.granted and o.pid <> $1 and o.tag in (select tag from locks where pid = $1) limit 50) o
  where $1 = any (pg_catalog.pg_blocking_pids(o.pid))
), ways as materialized (
  select distinct unnest(pg_catalog.pg_blocking_pids($1)) as pid
), blockers as (
  select b.pid, a.application_name, a.usename, host(a.client_addr) as client_addr, a.state, a.backend_type as kind,
         left(a.query, 500) as query, a.xact_start as since,
         extract(epoch from clock_timestamp() - a.xact_start) * 1000 as age_ms,
         (select string_agg(distinct l.mode, ', ') from locks l, wanted w
          where l.pid = b.pid and l.granted and l.tag = w.tag) as mode,
         null::text as prepared,
         case when a.wait_event_type = 'Lock' then pg_catalog.pg_blocking_pids(b.pid) else '{}' end as waits_for
  from ways b left join pg_catalog.pg_stat_activity a on a.pid = b.pid
  where b.pid <> 0
  union all
  select 0, null, p.owner, null, 'prepared', 'prepared transaction', null, p.prepared,
         extract(epoch from clock_timestamp() - p.prepared) * 1000, string_agg(distinct l.mode, ', '), p.gid, '{}'
  from pg_catalog.pg_prepared_xacts p
  join locks own on own.pid is null and own.locktype = 'transactionid' and own.transactionid = p.transaction
  join locks l on l.pid is null and l.granted and l.virtualtransaction = own.virtualtransaction
  join wanted w on w.tag = l.tag
  where exists (select from ways where pid = 0)
  group by p.owner, p.prepared, p.gid
)
select w.mode,
       case
         when w.locktype in ('relation', 'page', 'tuple', 'extend') then
           (select n.nspname || '.' || c.relname from pg_catalog.pg_class c
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = w.relation)
         when w.locktype = 'virtualxid' then 'an older transaction'
         when w.locktype in ('transactionid', 'spectoken') then 'a row that another transaction has changed'
         when w.locktype = 'advisory' then 'an advisory lock'
       end as on_name,
       w.locktype,
       coalesce(extract(epoch from clock_timestamp() - w.waitstart) * 1000, 0)::float8 as waited_ms,
       (select count(*)::int from behind) as waiting,
       coalesce((select max(extract(epoch from clock_timestamp() - greatest(w.waitstart, b.waitstart))) * 1000
                 from behind b), 0)::float8 as obstructing_ms,
       coalesce((select json_agg(b order by b.pid) from blockers b), '[]') as blockers
from wanted w`;

interface Row extends Record<string, unknown> {
  readonly mode: string;
  readonly on_name: string | null;
  readonly locktype: string;
  readonly waited_ms: number;
  readonly waiting: number;
  readonly obstructing_ms: number;
  readonly blockers: readonly BlockerRow[];
}

interface BlockerRow {
  readonly pid: number;
  readonly application_name: string | null;
  readonly usename: string | null;
  readonly client_addr: string | null;
  readonly state: string | null;
  readonly kind: string | null;
  readonly query: string | null;
  readonly since: string | null;
  readonly age_ms: number | null;
  readonly mode: string | null;
  readonly prepared: string | null;
  readonly waits_for: readonly number[];
}

/** What stands in the columns of sessions that a role may not look into. */
const hidden = '<insufficient privilege>';

/** Null when the worker waits for no lock. */
export async function readWait(observer: Session, workerPid: number): Promise<Wait | null> {
  const [row] = await observer.queryPrepared<Row>('lockkeeper_wait', sql, [workerPid]);
  if (row === undefined) return null;
  return {
    mode: row.mode,
    on: row.on_name ?? `a lock of the kind ${row.locktype}`,
    waitedMs: Math.max(0, Math.round(row.waited_ms)),
    blockers: row.blockers.map(toBlocker),
    waiting: row.waiting,
    obstructingMs: Math.max(0, row.obstructing_ms),
    blind: row.blockers.some((blocker) => blocker.query === hidden),
  };
}

function toBlocker(row: BlockerRow): Blocker {
  const isHidden = row.query === hidden;
  return {
    pid: row.pid,
    // A session's name for itself is empty, and not null, where the role may not see it.
    applicationName: isHidden || row.application_name === '' ? null : row.application_name,
    user: row.usename,
    clientAddress: row.client_addr,
    state: row.state,
    query: isHidden || row.query === null || row.query === '' ? null : redactText(row.query),
    // Microseconds and all: with the pid it names the transaction.
    since: row.since,
    ageMs: row.age_ms === null ? null : Math.max(0, Math.round(row.age_ms)),
    mode: row.mode,
    kind: row.kind,
    preparedName: row.prepared,
    waitsFor: row.waits_for,
  };
}

/** Names one transaction of one session: a pid comes again, and a session goes on to other work. */
export function keyOfBlocker({ pid, since, preparedName }: Blocker): string {
  return `${preparedName ?? pid} ${since ?? ''}`;
}

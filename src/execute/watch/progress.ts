import type { EventMap } from '../../core/events.js';
import type { Session } from '../../pg/index.js';

/** What the server says of the work of one backend at one moment. */
export interface Sight {
  /** The backend waits for a lock. */
  readonly waits: boolean;
  /** Names its transaction; null outside of one. */
  readonly transaction: string | null;
  readonly work: Work | null;
}

export type Work = Pick<EventMap['progress'], 'what' | 'relation' | 'phase' | 'done' | 'total' | 'unit'>;

/**
 * The progress views of PostgreSQL 14 to 18 (manual, "Progress Reporting") brought to one shape, and whether the
 * backend waits. Columns that only newer servers have are read through JSON. Nothing here opens a relation or takes a
 * lock on one, so our own locks cannot stop it.
 */
const sql = /* sql */ `
select coalesce(a.wait_event_type = 'Lock', false) as waits, a.xact_start::text as transaction, w.what, w.phase, w.unit,
       w.done::float8 as done, nullif(w.total, 0)::float8 as total,
       (select n.nspname || '.' || c.relname from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = w.relid) as relation
from pg_catalog.pg_stat_get_activity($1) a
left join lateral (
  select 'create index' as what, p.relid, p.phase,
         case when p.phase like 'waiting%' then 'transactions'
              when p.phase ~ 'tuples|sorting' and p.tuples_total > 0 or p.blocks_total = 0 then 'rows'
              else 'blocks' end as unit,
         case when p.phase like 'waiting%' then p.lockers_done
              when p.phase ~ 'tuples|sorting' and p.tuples_total > 0 or p.blocks_total = 0 then p.tuples_done
              else p.blocks_done end as done,
         case when p.phase like 'waiting%' then p.lockers_total
              when p.phase ~ 'tuples|sorting' and p.tuples_total > 0 or p.blocks_total = 0 then p.tuples_total
              else p.blocks_total end as total
  from pg_catalog.pg_stat_progress_create_index p where p.pid = $1
  union all
  select 'vacuum', p.relid, p.phase,
         case when p.phase in ('vacuuming indexes', 'cleaning up indexes') then 'indexes' else 'blocks' end,
         case p.phase when 'vacuuming heap' then p.heap_blks_vacuumed
                      when 'vacuuming indexes' then coalesce((to_jsonb(p) ->> 'indexes_processed')::int8, 0)
                      when 'cleaning up indexes' then coalesce((to_jsonb(p) ->> 'indexes_processed')::int8, 0)
                      else p.heap_blks_scanned end,
         case when p.phase in ('vacuuming indexes', 'cleaning up indexes')
              then (to_jsonb(p) ->> 'indexes_total')::int8 else p.heap_blks_total end
  from pg_catalog.pg_stat_progress_vacuum p where p.pid = $1
  union all
  select 'cluster', p.relid, p.phase,
         case p.phase when 'seq scanning heap' then 'blocks' when 'rebuilding index' then 'indexes' else 'rows' end,
         case p.phase when 'seq scanning heap' then p.heap_blks_scanned
                      when 'rebuilding index' then p.index_rebuild_count
                      when 'writing new heap' then p.heap_tuples_written
                      else p.heap_tuples_scanned end,
         case p.phase when 'seq scanning heap' then p.heap_blks_total
                      when 'writing new heap' then p.heap_tuples_scanned end
  from pg_catalog.pg_stat_progress_cluster p where p.pid = $1
  union all
  select 'analyze', p.relid, p.phase,
         case when p.phase = 'acquiring inherited sample rows' then 'tables' else 'blocks' end,
         case when p.phase = 'acquiring inherited sample rows' then p.child_tables_done
              else p.sample_blks_scanned end,
         case when p.phase = 'acquiring inherited sample rows' then p.child_tables_total
              else p.sample_blks_total end
  from pg_catalog.pg_stat_progress_analyze p where p.pid = $1
  union all
  select 'copy', p.relid, lower(p.command),
         case when p.bytes_total > 0 then 'bytes' else 'rows' end,
         case when p.bytes_total > 0 then p.bytes_processed else p.tuples_processed end, p.bytes_total
  from pg_catalog.pg_stat_progress_copy p where p.pid = $1
  limit 1
) w on true`;

interface Row extends Record<string, unknown> {
  readonly waits: boolean;
  readonly transaction: string | null;
  readonly what: string | null;
  readonly relation: string | null;
  readonly phase: string | null;
  readonly unit: Work['unit'] | null;
  readonly done: number | null;
  readonly total: number | null;
}

/** Null when the backend is not there any more. */
export async function readSight(observer: Session, workerPid: number): Promise<Sight | null> {
  const [row] = await observer.queryPrepared<Row>('lockkeeper_sight', sql, [workerPid]);
  if (row === undefined) return null;
  const { waits, transaction, what, relation, phase, unit, done, total } = row;
  if (what === null || unit === null) return { waits, transaction, work: null };
  return { waits, transaction, work: { what, relation, phase: phase ?? what, done: done ?? 0, total, unit } };
}

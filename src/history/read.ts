import { migrationKey } from '../migration/migration.js';
import type { Session } from '../pg/index.js';
import { guarded } from './install.js';
import type { HistoryTables } from './tables.js';

/** One row of the history. */
export interface AppliedMigration {
  readonly source: string;
  readonly version: string;
  /** Order of application; undo goes backwards through it. */
  readonly seq: number;
  readonly name: string;
  readonly release: string | null;
  readonly format: string;
  readonly batch: number;
  /** ISO 8601 in UTC. */
  readonly appliedAt: string;
  readonly executionTimeMs: number | null;
  readonly checksum: string;
  readonly depends: readonly string[];
  readonly tags: readonly string[];
  readonly rollbackAvailable: boolean;
}

/** A step of a migration that was begun and not finished. */
export interface OpenStep {
  readonly id: number;
  readonly source: string;
  readonly version: string;
  readonly step: number;
  readonly action: 'apply' | 'rollback';
  readonly status: 'started' | 'completed';
  readonly hash: string | null;
  readonly preState: unknown;
  /** ISO 8601 in UTC. */
  readonly startedAt: string;
}

/** Everything a run has to know about the past; `failures` names why an unfinished migration stopped. */
export interface HistoryState {
  readonly applied: readonly AppliedMigration[];
  readonly open: readonly OpenStep[];
}

export const emptyHistory: HistoryState = { applied: [], open: [] };

/** Reads history and unfinished steps in one round trip, in order of application. */
export async function readHistory(session: Session, tables: HistoryTables): Promise<HistoryState> {
  const [applied = [], open = []] = await guarded(session, tables, () => readBoth(session, tables));
  return {
    applied: appliedFrom(applied[0] ?? []),
    open: open.map((row) => ({
      id: Number(row[0]),
      source: row[1] as string,
      version: row[2] as string,
      step: row[3] as number,
      action: row[4] as OpenStep['action'],
      status: row[5] as OpenStep['status'],
      hash: row[6] as string | null,
      preState: row[7] === null ? null : (JSON.parse(row[7] as string) as unknown),
      startedAt: row[8] as string,
    })),
  };
}

/**
 * The history comes as one row of JSON arrays, one for each column: of thousands of rows, the driver would make
 * thousands of messages first, and a value at a time.
 */
function appliedFrom(row: readonly (string | number | boolean | null)[]): readonly AppliedMigration[] {
  const columns = row.map((text) => (typeof text === 'string' ? (JSON.parse(text) as unknown[]) : []));
  const [sources = [], versions = [], seqs = [], names = [], releases = [], formats = []] = columns;
  const [batches = [], times = [], durations = [], checksums = []] = columns.slice(6);
  const [depends = [], tags = [], rollbacks = []] = columns.slice(10);
  return versions.map((version, index) => ({
    source: sources[index] as string,
    version: version as string,
    seq: seqs[index] as number,
    name: names[index] as string,
    release: releases[index] as string | null,
    format: formats[index] as string,
    batch: batches[index] as number,
    appliedAt: `${times[index] as string}Z`,
    executionTimeMs: durations[index] as number | null,
    checksum: checksums[index] as string,
    depends: (depends[index] ?? []) as readonly string[],
    tags: (tags[index] ?? []) as readonly string[],
    rollbackAvailable: rollbacks[index] === true,
  }));
}

/** row_security off turns "sees no row" into an error (42501), for this transaction only (ENGINE E22). */
async function readBoth(
  session: Session,
  tables: HistoryTables,
): Promise<readonly (readonly (readonly (string | number | boolean | null)[])[])[]> {
  try {
    return await session.queryMany(/* sql */ `
begin read only;
set local row_security = off;
select json_agg(source)::text, json_agg(version)::text, json_agg(seq)::text, json_agg(name)::text,
       json_agg(release)::text, json_agg(format)::text, json_agg(batch)::text,
       json_agg(applied_at at time zone 'utc')::text, json_agg(execution_time_ms)::text, json_agg(checksum)::text,
       json_agg(case when depends <> '{}' then depends end)::text,
       json_agg(case when tags <> '{}' then tags end)::text,
       json_agg(rollback_available)::text
from (select * from ${tables.migrations} order by seq) m;
select id::text, source, migration_version, step, action, status, step_hash, pre_state::text,
       to_char(started_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
from ${tables.log} l
where open
order by l.id;
commit`);
  } catch (error) {
    if (session.lost === null) await session.send('rollback');
    throw error;
  }
}

/** The token checksums of some applied migrations, read only where a raw checksum differs. */
export async function readTokenChecksums(
  session: Session,
  tables: HistoryTables,
  keys: readonly { readonly source: string; readonly version: string }[],
): Promise<ReadonlyMap<string, string>> {
  if (keys.length === 0) return new Map();
  const rows = await session.query<{ source: string; version: string; checksum_tokens: string }>(
    `select source, version, checksum_tokens from ${tables.migrations}
     where (source, version) in (select * from unnest($1::text[], $2::text[]))`,
    [keys.map((key) => key.source), keys.map((key) => key.version)],
  );
  return new Map(rows.map((row) => [migrationKey(row), row.checksum_tokens]));
}

/** A way back that was kept in the database because the file may be gone one day. */
export interface StoredDown {
  readonly script: string;
  /** sha256 (hex) written together with it. */
  readonly hash: string;
  /** Roles beside the present one that may write the history, a column of it, or a trigger on it, and so this text. */
  readonly writers: readonly string[];
}

export async function readStoredDown(
  session: Session,
  tables: HistoryTables,
  key: { readonly source: string; readonly version: string },
): Promise<StoredDown | null> {
  const rows = await session.query<{ script: string | null; hash: string | null; writers: string[] }>(
    /* sql */ `
    select m.down_script as script, m.down_script_hash as hash,
           array(select distinct case when w.role = 0 then 'public' else pg_get_userbyid(w.role)::text end
                 from pg_class c cross join lateral (
                   select a.grantee, a.privilege_type from aclexplode(c.relacl) a
                   union all
                   select a.grantee, a.privilege_type
                   from pg_attribute t cross join lateral aclexplode(t.attacl) a where t.attrelid = c.oid
                   union all
                   select c.relowner, 'UPDATE'
                 ) w(role, privilege)
                 left join pg_roles r on r.oid = w.role
                 where c.oid = $3::regclass and w.privilege in ('INSERT', 'UPDATE', 'TRIGGER')
                   and r.rolname is distinct from current_user and r.rolsuper is distinct from true) as writers
    from ${tables.migrations} m
    where m.source = $1 and m.version = $2`,
    [key.source, key.version, tables.migrations],
  );
  const row = rows[0];
  if (row === undefined || row.script === null || row.hash === null) return null;
  return { script: row.script, hash: row.hash, writers: row.writers };
}

export interface LogEntry {
  readonly runId: string;
  readonly version: string;
  readonly step: number;
  readonly action: 'apply' | 'rollback' | 'verify' | 'repair';
  readonly status: 'started' | 'completed' | 'failed';
  readonly startedAt: string;
  readonly completedAt: string | null;
  readonly durationMs: number | null;
  readonly error: string | null;
  readonly by: string | null;
}

/** The journal, newest first. */
export async function readLog(
  session: Session,
  tables: HistoryTables,
  limit: number,
): Promise<readonly LogEntry[]> {
  const rows = await guarded(session, tables, () =>
    session.query<Record<string, string | null> & { step: number }>(
      /* sql */ `
      select run_id::text, migration_version as version, step, action, status,
             to_char(started_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as started_at,
             to_char(completed_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as completed_at,
             round(extract(epoch from completed_at - started_at) * 1000)::text as duration_ms,
             error_message, execution_context ->> 'user' as by_user
      from ${tables.log}
      order by id desc
      limit $1`,
      [limit],
    ),
  );
  return rows.map((row) => ({
    runId: row['run_id'] ?? '',
    version: row['version'] ?? '',
    step: row.step,
    action: row['action'] as LogEntry['action'],
    status: row['status'] as LogEntry['status'],
    startedAt: row['started_at'] ?? '',
    completedAt: row['completed_at'] ?? null,
    durationMs: row['duration_ms'] === null ? null : Number(row['duration_ms']),
    error: row['error_message'] ?? null,
    by: row['by_user'] ?? null,
  }));
}

/** The run that a server process works for, as the journal knows it. */
export interface RunOfBackend {
  readonly runId: string;
  /** Of the machine and the process that drive it. */
  readonly host: string | null;
  readonly pid: number | null;
}

/** Looks through the latest journal rows; null before the first migration of the run is committed. */
export async function readRunOfBackend(
  session: Session,
  tables: HistoryTables,
  backend: { readonly pid: number; readonly backendStart: string | null },
): Promise<RunOfBackend | null> {
  const rows = await guarded(session, tables, () =>
    session.query<{ run_id: string; host: string | null; pid: string | null }>(
      /* sql */ `
      select run_id::text, execution_context ->> 'host' as host, execution_context ->> 'pid' as pid
      from (select * from ${tables.log} order by id desc limit 1000) latest
      where execution_context ->> 'backend' = $1 and extract(epoch from started_at) >= $2::numeric
      order by id desc
      limit 1`,
      [String(backend.pid), backend.backendStart ?? '0'],
    ),
  );
  const row = rows[0];
  if (row === undefined) return null;
  return { runId: row.run_id, host: row.host, pid: row.pid === null ? null : Number(row.pid) };
}

import type { HistoryTables } from '../tables.js';

/** Schema version 1: history, journal, and what this database is. Append-only: a change is a new numbered file. */
export function ddl0001(tables: HistoryTables): string {
  return /* sql */ `
create table ${tables.info} (
  only_row boolean primary key default true check (only_row),
  schema_version integer not null,
  environment text,
  created_at timestamptz not null default clock_timestamp()
);
create table ${tables.migrations} (
  source text collate "C" not null,
  version text collate "C" not null,
  seq bigint generated always as identity,
  name text not null,
  release text,
  description text,
  author text,
  format text not null,
  batch integer not null,
  run_id uuid not null,
  applied_at timestamptz not null default clock_timestamp(),
  applied_by text not null default session_user,
  execution_time_ms bigint,
  checksum text not null,
  checksum_tokens text not null,
  depends text[] not null default '{}',
  -- Labels that the verb tag put on this point of the history.
  tags text[] not null default '{}',
  rollback_available boolean not null,
  down_script text,
  down_script_hash text,
  primary key (source, version)
);
create table ${tables.log} (
  id bigint generated always as identity primary key,
  run_id uuid not null,
  source text collate "C" not null,
  migration_version text collate "C" not null,
  step integer not null,
  action text not null check (action in ('apply', 'rollback', 'verify', 'repair')),
  status text not null check (status in ('started', 'completed', 'failed')),
  started_at timestamptz not null default clock_timestamp(),
  completed_at timestamptz,
  error_message text,
  execution_context jsonb,
  step_hash text,
  pre_state jsonb,
  -- True while the migration is not finished: what resume reads, and what keeps two runs from one step.
  open boolean not null default false
);
create unique index on ${tables.log} (source, migration_version, action, step) where open;
`;
}

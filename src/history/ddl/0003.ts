import type { HistoryTables } from '../tables.js';

/**
 * Schema version 3: how far each backfill has come, and the rows that it put aside. A row of `backfills` is updated by
 * every batch, in the transaction of the batch; the free half of its page keeps that update HOT.
 */
export function ddl0003(tables: HistoryTables): string {
  return /* sql */ `
create table ${tables.backfills} (
  id bigint generated always as identity unique,
  source text collate "C" not null,
  migration_version text collate "C" not null,
  action text not null check (action in ('apply', 'rollback')),
  step integer not null,
  run_id uuid not null,
  -- The run's backend; with the migration lock it tells a running backfill from one that stands still.
  pid integer not null,
  table_name text not null,
  -- The plain table (perhaps a partition) that is being worked on, and behind which row; null before the first batch.
  relation oid,
  cursor jsonb,
  -- The columns that order the rows; empty: their place in the table (ctid).
  key_columns text[] not null default '{}',
  pass integer not null default 1,
  -- Rows that a transform has to look at again, because somebody edited them meanwhile.
  conflicts jsonb not null default '[]',
  -- Behind the last row of the last table.
  finished boolean not null default false,
  total bigint,
  done bigint not null default 0,
  changed bigint not null default 0,
  pass_changed bigint not null default 0,
  failed bigint not null default 0,
  batches bigint not null default 0,
  -- Name, in this schema, of the table with the old values.
  saved_table text,
  saved_columns text[] not null default '{}',
  paused_at timestamptz,
  paused_by text,
  started_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  completed_at timestamptz,
  primary key (source, migration_version, action, step)
) with (fillfactor = 50);
create table ${tables.errors} (
  id bigint generated always as identity primary key,
  run_id uuid not null,
  source text collate "C" not null,
  migration_version text collate "C" not null,
  action text not null check (action in ('apply', 'rollback')),
  step integer not null,
  table_name text not null,
  -- The values of the key by column; {"ctid": …} where the table has none.
  row_key jsonb not null,
  sqlstate text,
  message text not null,
  happened_at timestamptz not null default clock_timestamp()
);
create index on ${tables.errors} (source, migration_version, action, step);
`;
}

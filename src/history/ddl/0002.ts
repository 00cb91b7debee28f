import type { HistoryTables } from '../tables.js';

/**
 * Schema version 2: the lease, which stands for the lock where no session can hold one. `token` is part of a unique
 * index, so that FOR KEY SHARE on a row waits for (and holds up) a change of its token and no heartbeat (manual,
 * "Explicit Locking", Row-Level Locks).
 */
export function ddl0002(tables: HistoryTables): string {
  return /* sql */ `
create table ${tables.lease} (
  name text collate "C" primary key,
  token bigint not null,
  -- The run that holds it; null while nobody does.
  run_id uuid,
  holder jsonb,
  -- How long the holder may be silent before somebody else takes over.
  lifetime interval not null,
  acquired_at timestamptz not null default clock_timestamp(),
  heartbeat_at timestamptz not null default clock_timestamp(),
  unique (name, token)
);
`;
}

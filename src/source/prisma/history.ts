import { hash } from 'node:crypto';
import type { ForeignEntry, ForeignHistory, ForeignRecord, ForeignRow } from '../../migration/foreign.js';
import { quoteIdent, quoteLiteral, quoteQualified } from '../../sql/quote.js';
import type { PrismaSettings } from './configure.js';

const tableOf = ({ schema }: PrismaSettings): string => quoteQualified(schema, '_prisma_migrations');

/** What Prisma keeps in `_prisma_migrations`. A row that was rolled back is only a record of what once went wrong. */
export function prismaHistory(settings: PrismaSettings): ForeignHistory {
  const table = tableOf(settings);
  return {
    tool: 'Prisma',
    table,
    install: [...ensureSchema(settings.schema), createTable(table)],
    read: `select migration_name, checksum, finished_at is not null as finished,
  to_char(finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as applied_at
from ${table}
where rolled_back_at is null
order by started_at, migration_name`,
    entriesOf,
    readBatch: null,
    // The number that Prisma takes: https://www.prisma.io/docs, "Advisory locking".
    lock: settings.lock ? { kind: 'advisory', key: '72707369' } : null,
  };
}

function entriesOf(rows: readonly ForeignRow[]): readonly ForeignEntry[] {
  return (rows as readonly PrismaRow[]).map(({ migration_name: name, checksum, finished, applied_at }) => ({
    key: name,
    name,
    appliedAt: applied_at,
    checksum,
    // Begun and not finished: Prisma stops at it (P3009) until `prisma migrate resolve` has settled it.
    state: finished ? 'applied' : 'failed',
  }));
}

interface PrismaRow extends ForeignRow {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished: boolean;
  readonly applied_at: string | null;
}

/** A migration as Prisma knows it: its folder, the sha256 of its file, and the text that this was made of. */
export interface PrismaScript {
  readonly name: string;
  readonly checksum: string;
  readonly text: string;
}

/** The row that Prisma writes of a migration. */
export function prismaRecord(
  { name, checksum, text }: PrismaScript,
  settings: PrismaSettings,
): ForeignRecord {
  const table = tableOf(settings);
  const clear = `delete from ${table} where migration_name = ${quoteLiteral(name)} and finished_at is null and rolled_back_at is null`;
  return {
    checksum,
    accepts: (recorded) => isOfSameText(recorded, text),
    applied: () => [
      `insert into ${table} (id, checksum, finished_at, migration_name, logs, rolled_back_at, started_at, applied_steps_count)
values (pg_catalog.gen_random_uuid()::text, ${quoteLiteral(checksum)}, pg_catalog.clock_timestamp(), ${quoteLiteral(name)}, null, null, pg_catalog.now(), 1)`,
    ],
    unfinished: () => [
      clear,
      `insert into ${table} (id, checksum, finished_at, migration_name, logs, rolled_back_at, started_at, applied_steps_count)
values (pg_catalog.gen_random_uuid()::text, ${quoteLiteral(checksum)}, null, ${quoteLiteral(name)}, 'Applied in part; "lockkeeper up" finishes it.', null, pg_catalog.now(), 0)`,
    ],
    settled: () => [clear],
    // Prisma has no word for a migration that was undone, and would count a row with rolled_back_at as applied when it
    // is asked for the status; without a row it says that the migration is pending.
    undone: () => [
      `delete from ${table} where migration_name = ${quoteLiteral(name)} and rolled_back_at is null`,
    ],
  };
}

/** Prisma does not mind what Git does to line ends; and its first versions wrote bytes below 16 as one digit. */
function isOfSameText(recorded: string, text: string): boolean {
  const lf = text.replaceAll('\r\n', '\n');
  return [text, lf, text.replaceAll('\n', '\r\n')]
    .map((variant) => hash('sha256', variant, 'hex'))
    .some((padded) => recorded === padded || recorded === padded.replaceAll(/0(.)(?=(?:..)*$)/g, '$1'));
}

/** CREATE SCHEMA IF NOT EXISTS wants the right to create one also where it is there already. */
function ensureSchema(schema: string): readonly string[] {
  if (schema === 'public') return [];
  const create = `create schema ${quoteIdent(schema)}`;
  return [
    `do ${quoteLiteral(
      `begin if not exists (select from pg_catalog.pg_namespace where nspname = ${quoteLiteral(schema)}) then execute ${quoteLiteral(create)}; end if; end`,
    )}`,
  ];
}

const createTable = (table: string): string => `create table if not exists ${table} (
  id varchar(36) primary key not null,
  checksum varchar(64) not null,
  finished_at timestamptz,
  migration_name varchar(255) not null,
  logs text,
  rolled_back_at timestamptz,
  started_at timestamptz not null default now(),
  applied_steps_count integer not null default 0
)`;

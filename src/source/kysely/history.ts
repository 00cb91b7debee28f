import type { ForeignEntry, ForeignHistory, ForeignRecord, ForeignRow } from '../../migration/foreign.js';
import { quoteIdent, quoteLiteral, quoteQualified } from '../../sql/quote.js';
import type { KyselySettings } from './settings.js';

interface Row extends ForeignRow {
  readonly name: string;
  readonly timestamp: string;
}

/** As Kysely writes a time: the text of an ISO date. */
const isoNow = `to_char(pg_catalog.clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Both tables as the Migrator of Kysely makes them. It has no checksums, and all that it runs is one transaction. */
export function kyselyHistory(settings: KyselySettings): ForeignHistory {
  const { schema, makesSchema, tableName, lockTableName } = settings;
  const table = quoteQualified(schema, tableName);
  const lockTable = quoteQualified(schema, lockTableName);
  return {
    tool: 'Kysely',
    table,
    install: [
      ...(makesSchema ? [`create schema if not exists ${quoteIdent(schema)}`] : []),
      `create table if not exists ${table} (name varchar(255) not null primary key, "timestamp" varchar(255) not null)`,
      `create table if not exists ${lockTable} (id varchar(255) not null primary key, is_locked integer not null default 0)`,
      `insert into ${lockTable} (id, is_locked) values ('migration_lock', 0) on conflict do nothing`,
    ],
    read: `select name, "timestamp" from ${table} order by "timestamp", name`,
    entriesOf: (rows) => (rows as readonly Row[]).map(entryOf),
    readBatch: null,
    // The key that Kysely's adapter for PostgreSQL takes; the row of the lock table is for other databases.
    lock: { kind: 'advisory', key: '3853314791062309107' },
  };
}

function entryOf({ name, timestamp: appliedAt }: Row): ForeignEntry {
  return { key: name, name, appliedAt, checksum: null, state: 'applied' };
}

export function kyselyRecord({ schema, tableName }: KyselySettings, name: string): ForeignRecord {
  const table = quoteQualified(schema, tableName);
  return {
    checksum: null,
    applied: () => [`insert into ${table} (name, "timestamp") values (${quoteLiteral(name)}, ${isoNow})`],
    undone: () => [`delete from ${table} where name = ${quoteLiteral(name)}`],
  };
}

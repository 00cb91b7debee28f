import type { ForeignEntry, ForeignHistory, ForeignRecord, ForeignRow } from '../../migration/foreign.js';
import { quoteLiteral, quoteQualified } from '../../sql/quote.js';
import type { KnexSettings } from './settings.js';

interface Row extends ForeignRow {
  readonly name: string;
  readonly applied_at: string | null;
}

/** Both tables as Knex 3 makes them. It has no checksums, and a migration that failed leaves no row. */
export function knexHistory({ schema, tableName }: KnexSettings): ForeignHistory {
  const table = quoteQualified(schema, tableName);
  const lockTable = quoteQualified(schema, `${tableName}_lock`);
  const lockRow = `insert into ${lockTable} (is_locked) select 0 where not exists (select from ${lockTable})`;
  return {
    tool: 'Knex',
    table,
    install: [
      `create table if not exists ${table} (id serial primary key, name varchar(255), batch integer, migration_time timestamptz)`,
      `create table if not exists ${lockTable} (index serial primary key, is_locked integer)`,
      lockRow,
    ],
    read: `select name, to_char(migration_time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as applied_at from ${table} order by id`,
    entriesOf: (rows) => (rows as readonly Row[]).map(entryOf),
    readBatch: `select (coalesce(max(batch), 0) + 1)::text as batch from ${table}`,
    lock: {
      kind: 'row',
      table: lockTable,
      take: [lockRow, `update ${lockTable} set is_locked = 1 where is_locked = 0`],
      release: [`update ${lockTable} set is_locked = 0`],
      holder: `select 'a run of Knex (is_locked is 1; knex migrate:unlock frees it)'::text from ${lockTable} where is_locked = 1 limit 1`,
    },
  };
}

function entryOf({ name, applied_at: appliedAt }: Row): ForeignEntry {
  return { key: name, name, appliedAt, checksum: null, state: 'applied' };
}

/** `name` is the file's, with its extension. */
export function knexRecord({ schema, tableName }: KnexSettings, name: string): ForeignRecord {
  const table = quoteQualified(schema, tableName);
  return {
    checksum: null,
    applied: ({ batch }) => [
      `insert into ${table} (name, batch, migration_time) values (${quoteLiteral(name)}, ${Number(batch ?? 1)}, pg_catalog.now())`,
    ],
    undone: () => [`delete from ${table} where name = ${quoteLiteral(name)}`],
  };
}

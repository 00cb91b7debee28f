import type { ForeignHistory, ForeignRecord } from '../../migration/foreign.js';
import { quoteIdent, quoteLiteral, quoteQualified } from '../../sql/quote.js';
import type { NodePgMigrateSettings } from './settings.js';

/** `pgmigrations`: one row with the name of each migration. The tool keeps no checksum. */
export function createHistory(settings: NodePgMigrateSettings): ForeignHistory {
  const { lockValue } = settings;
  const table = tableOf(settings);
  return {
    tool: 'node-pg-migrate',
    table,
    install: [
      ...schemasToMake(settings).map((schema) => `create schema if not exists ${quoteIdent(schema)}`),
      `create table if not exists ${table} (id serial primary key, name varchar(255) not null, run_on timestamp not null)`,
    ],
    // `run_on` has no time zone: the tool writes now() into it, in the time zone of the session.
    read: `select name, to_char(run_on::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as run_on from ${table} order by ${table}.run_on, id`,
    entriesOf: (rows) =>
      rows.map((row) => ({
        key: String(row['name']),
        name: String(row['name']),
        appliedAt: String(row['run_on']),
        checksum: null,
        state: 'applied',
      })),
    readBatch: null,
    lock: lockValue === null ? null : { kind: 'advisory', key: lockValue },
  };
}

/** What the tool writes for one migration. */
export function createRecord(settings: NodePgMigrateSettings, name: string): ForeignRecord {
  const table = tableOf(settings);
  const text = quoteLiteral(name);
  return {
    checksum: null,
    applied: () => [`insert into ${table} (name, run_on) values (${text}, now())`],
    undone: () => [`delete from ${table} where name = ${text}`],
  };
}

const tableOf = ({ tableSchema, table }: NodePgMigrateSettings): string => quoteQualified(tableSchema, table);

function schemasToMake(settings: NodePgMigrateSettings): readonly string[] {
  const { createSchema, schemas, createTableSchema, tableSchema } = settings;
  return [...(createSchema ? schemas : []), ...(createTableSchema ? [tableSchema] : [])];
}

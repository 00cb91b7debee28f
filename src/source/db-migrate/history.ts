import type { ForeignEntry, ForeignHistory, ForeignRecord, ForeignRow } from '../../migration/foreign.js';
import { quoteLiteral, quoteQualified } from '../../sql/quote.js';
import type { DbMigrateSettings } from './settings.js';

/** `migrations`: the name of each migration with its scope before it. The tool keeps no checksum and takes no lock. */
export function createHistory(settings: DbMigrateSettings): ForeignHistory {
  const table = tableOf(settings);
  return {
    tool: 'db-migrate',
    table,
    install: [
      `create table if not exists ${table} (id serial primary key not null, name varchar(255) not null, run_on timestamp not null)`,
    ],
    read: `select name, to_char(run_on, 'YYYY-MM-DD"T"HH24:MI:SS.MS') as run_on from ${table} order by ${table}.run_on, name`,
    entriesOf: (rows) => rows.flatMap((row) => entryOf(row, settings)),
    readBatch: null,
    lock: null,
  };
}

/** Old versions of the tool wrote names without a slash, and sometimes with an ending. */
function entryOf(row: ForeignRow, { scope }: DbMigrateSettings): readonly ForeignEntry[] {
  const written = String(row['name']);
  const name = /\d{14}-[^.]+/.exec(written)?.[0];
  if (name === undefined || written.slice(0, Math.max(written.lastIndexOf('/'), 0)) !== scope) return [];
  // `run_on` is the local time of the process that wrote it.
  const appliedAt = new Date(String(row['run_on'])).toISOString();
  return [{ key: `${scope}/${name}`, name: written, appliedAt, checksum: null, state: 'applied' }];
}

/** What the tool writes for one migration. */
export function createRecord(settings: DbMigrateSettings, name: string): ForeignRecord {
  const table = tableOf(settings);
  const key = `${settings.scope}/${name}`;
  const keys = settings.scope === '' ? [key, name] : [key];
  return {
    checksum: null,
    applied: () => [
      `insert into ${table} (name, run_on) values (${quoteLiteral(key)}, ${quoteLiteral(localTime(new Date()))})`,
    ],
    undone: () => [`delete from ${table} where name in (${keys.map(quoteLiteral).join(', ')})`],
  };
}

const tableOf = ({ schema, table }: DbMigrateSettings): string => quoteQualified(schema, table);

/** As the driver writes a Date into a column without a time zone. */
function localTime(now: Date): string {
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, -1);
}

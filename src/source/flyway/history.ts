import type { ForeignEntry, ForeignHistory, ForeignRecord, ForeignRow } from '../../migration/foreign.js';
import { quoteIdent, quoteLiteral, quoteQualified } from '../../sql/quote.js';
import { flywayLockKey } from './lock.js';
import type { FlywaySettings } from './settings.js';
import { compareFlywayVersions, flywayVersion, versionKey } from './version.js';

/** What a row says of a migration that is there as a file. */
export interface FlywayRow {
  /** Null for repeatable ones. */
  readonly version: string | null;
  readonly description: string;
  readonly type: 'SQL' | 'SQL_BASELINE';
  readonly script: string;
  readonly checksum: number;
  readonly undo: { readonly description: string; readonly script: string; readonly checksum: number } | null;
}

const tableOf = ({ defaultSchema, table }: FlywaySettings): string =>
  defaultSchema === null ? quoteIdent(table) : quoteQualified(defaultSchema, table);

/** What Flyway keeps. `knownVersions` are those of the files, which a baseline row speaks for as well. */
export function flywayHistory(
  settings: FlywaySettings,
  knownVersions: () => readonly string[],
): ForeignHistory {
  const table = tableOf(settings);
  return {
    tool: 'Flyway',
    table,
    install: [installText(settings, table)],
    read: `select installed_rank, version, description, type, checksum, success,
  pg_catalog.to_char(installed_on::pg_catalog.timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as applied_at
from ${table}
order by installed_rank`,
    entriesOf: (rows) => entriesOf(rows as readonly HistoryRow[], knownVersions()),
    readBatch: null,
    lock: { kind: 'advisory', key: flywayLockKey(settings) },
  };
}

interface HistoryRow extends ForeignRow {
  readonly version: string | null;
  readonly description: string;
  readonly type: string;
  readonly checksum: number | null;
  readonly success: boolean;
  readonly applied_at: string | null;
}

/** The rows are a log: a later one takes back, repeats or replaces what an earlier one says. */
function entriesOf(rows: readonly HistoryRow[], knownVersions: readonly string[]): readonly ForeignEntry[] {
  const entries = new Map<string, ForeignEntry>();
  for (const row of rows) {
    if (row.type === 'SCHEMA') continue;
    const key = keyOf(row);
    // What is applied again stands where it was applied last.
    entries.delete(key);
    const takesBack = row.type === 'DELETE' || row.type.startsWith('UNDO_');
    if (takesBack && row.success) continue;
    const isBaseline = row.type === 'BASELINE' || row.type.endsWith('_BASELINE');
    if (isBaseline && row.version !== null) addBaselined(entries, row, knownVersions);
    // The marker of `flyway baseline` is no migration, unless there is a file of that version.
    if (row.type !== 'BASELINE') entries.set(key, entryOf(row, key));
  }
  return [...entries.values()];
}

function keyOf({ version, description }: HistoryRow): string {
  if (version === null) return `R:${description}`;
  const plain = flywayVersion(version);
  return plain === null ? version : versionKey(plain);
}

/** Versions up to a baseline count as applied, though they have no rows. */
function addBaselined(
  entries: Map<string, ForeignEntry>,
  row: HistoryRow,
  knownVersions: readonly string[],
): void {
  const upTo = flywayVersion(row.version ?? '');
  if (upTo === null) return;
  for (const version of knownVersions) {
    const key = versionKey(version);
    if (compareFlywayVersions(version, upTo) > 0 || entries.has(key)) continue;
    entries.set(key, { ...entryOf(row, key), checksum: null });
  }
}

function entryOf(row: HistoryRow, key: string): ForeignEntry {
  const { version, description, checksum, success, applied_at } = row;
  return {
    key,
    name: version === null ? description : `${version} ${description}`.trim(),
    appliedAt: applied_at,
    checksum: checksum === null ? null : String(checksum),
    state: success ? 'applied' : 'failed',
  };
}

/** The rows that Flyway writes of a migration. */
export function flywayRecord(row: FlywayRow, settings: FlywaySettings): ForeignRecord {
  const table = tableOf(settings);
  const insert = (values: RowValues): string => insertText(table, values, settings);
  const { description, type, script, checksum, undo } = row;
  const own = { version: row.version, description, script, checksum };
  // A repeatable one has the row of its last run, which a newer one would take back.
  const begun =
    row.version === null
      ? {}
      : begunAs(insert({ ...own, type, time: '0', success: false }), row.version, table);
  return {
    checksum: String(checksum),
    applied: () => [insert({ ...own, type, time: elapsed })],
    ...begun,
    undone: () => {
      const undone = insert({ ...own, ...undo, type: 'UNDO_SQL', time: elapsed });
      const deleted = insert({ ...own, type: 'DELETE', time: '0' });
      if (settings.undoneAs === 'DELETE' || undo === null) return [deleted];
      if (settings.undoneAs === 'UNDO_SQL') return [undone];
      const known = `exists (select from ${table} where type like 'UNDO\\_%')`;
      // Which of the two was written changes nothing for the question before the second.
      return [`${undone} having ${known}`, `${deleted} having not ${known}`];
    },
  };
}

function begunAs(row: string, version: string, table: string): Pick<ForeignRecord, 'unfinished' | 'settled'> {
  const clear = `delete from ${table} where not success and version = ${quoteLiteral(version)}`;
  return { unfinished: () => [clear, row], settled: () => [clear] };
}

interface RowValues {
  readonly version: string | null;
  readonly description: string;
  readonly type: string;
  readonly script: string;
  readonly checksum: number;
  /** SQL. */
  readonly time: string;
  /** @default true */
  readonly success?: boolean;
}

/** Milliseconds since the transaction began; what Flyway measures with a stop watch. */
const elapsed =
  '(extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.transaction_timestamp()) * 1000)::pg_catalog.int4';

function insertText(table: string, row: RowValues, { installedBy }: FlywaySettings): string {
  const by = installedBy === null ? 'current_user' : quoteLiteral(installedBy);
  const values = [
    'coalesce(max(installed_rank), 0) + 1',
    row.version === null ? 'null' : quoteLiteral(row.version),
    quoteLiteral(shortened(row.description)),
    quoteLiteral(row.type),
    quoteLiteral(row.script.length <= 1000 ? row.script : `...${row.script.slice(3, 1000)}`),
    String(row.checksum),
    by,
    row.time,
    String(row.success ?? true),
  ];
  return `insert into ${table} (installed_rank, version, description, type, script, checksum, installed_by, execution_time, success)
select ${values.join(', ')} from ${table}`;
}

/** Two hundred characters is what the column takes. */
const shortened = (description: string): string =>
  description.length <= 200 ? description : `${description.slice(0, 197)}...`;

/** One block, because the marker of made schemas belongs into the table that is made after them. */
function installText(settings: FlywaySettings, table: string): string {
  const { createdSchemas, installedBy } = settings;
  const marker = `insert into ${table} (installed_rank, version, description, type, script, checksum, installed_by, execution_time, success)
    values (0, null, '<< Flyway Schema Creation >>', 'SCHEMA', pg_catalog.array_to_string(made, ','), null, ${installedBy === null ? 'current_user' : quoteLiteral(installedBy)}, 0, true);`;
  const schemas = createdSchemas.map(
    (
      schema,
    ) => `  if not exists (select from pg_catalog.pg_namespace where nspname = ${quoteLiteral(schema)}) then
    create schema ${quoteIdent(schema)};
    made := made || ${quoteLiteral(quoteIdent(schema))}::pg_catalog.text;
  end if;`,
  );
  const body = `declare made pg_catalog.text[] := '{}';
begin
  if pg_catalog.to_regclass(${quoteLiteral(table)}) is not null then return; end if;
${schemas.join('\n')}
  ${createText(settings, table).join(';\n  ')};
  if made <> '{}' then
    ${marker}
  end if;
end`;
  return `do ${quoteLiteral(body)}`;
}

function createText({ table: name, tablespace }: FlywaySettings, table: string): readonly string[] {
  const space = tablespace === null ? '' : ` tablespace ${quoteIdent(tablespace)}`;
  const index = tablespace === null ? '' : ` using index${space}`;
  return [
    `create table ${table} (
    installed_rank int not null,
    version varchar(50),
    description varchar(200) not null,
    type varchar(20) not null,
    script varchar(1000) not null,
    checksum integer,
    installed_by varchar(100) not null,
    installed_on timestamp not null default now(),
    execution_time integer not null,
    success boolean not null
  )${space}`,
    `alter table ${table} add constraint ${quoteIdent(`${name}_pk`)} primary key (installed_rank)${index}`,
    `create index ${quoteIdent(`${name}_s_idx`)} on ${table} (success)${space}`,
  ];
}

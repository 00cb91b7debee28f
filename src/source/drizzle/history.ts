import type { ForeignEntry, ForeignHistory, ForeignRecord, ForeignRow } from '../../migration/foreign.js';
import type { MigrationFile } from '../../migration/migration.js';
import { quoteIdent, quoteLiteral, quoteQualified } from '../../sql/quote.js';
import type { DrizzleSettings } from './configure.js';
import type { DrizzleEntry, DrizzleFolder, DrizzleLayout } from './folder.js';

const tableOf = ({ schema, table }: DrizzleSettings): string => quoteQualified(schema, table);

/** What Drizzle keeps in `drizzle.__drizzle_migrations`. It takes no lock. */
export function drizzleHistory(folder: DrizzleFolder, settings: DrizzleSettings): ForeignHistory {
  const table = tableOf(settings);
  return {
    tool: 'Drizzle',
    table,
    get install() {
      return [ensureSchema(settings.schema), createTable(table, folder.layout)];
    },
    // Which columns there are beside the first three, the version of Drizzle decides that made or upgraded the table.
    read: `select id, hash, created_at::text as created_at, to_jsonb(m) ->> 'name' as name,
  to_char((to_jsonb(m) ->> 'applied_at')::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as applied_at
from ${table} as m
order by id`,
    entriesOf: (rows, files) => matchRows(rows as readonly DrizzleRow[], folder.entries, files),
    readBatch: null,
    lock: null,
  };
}

interface DrizzleRow extends ForeignRow {
  readonly hash: string;
  readonly created_at: string | null;
  readonly name: string | null;
  readonly applied_at: string | null;
}

/**
 * A row belongs to the migration of its name; where it has none, to that of its time, and among several of one time to
 * that of its hash. A time that no migration has was changed in the journal: then the hash alone has to do.
 */
function matchRows(
  rows: readonly DrizzleRow[],
  entries: readonly DrizzleEntry[],
  files: readonly MigrationFile[],
): readonly ForeignEntry[] {
  const hashOf = new Map(files.map((file) => [file.version, file.checksum]));
  const left = new Set(entries);
  const keys = new Map<DrizzleRow, string>();
  const claim = (row: DrizzleRow, found: readonly DrizzleEntry[]): void => {
    const [entry] = found;
    if (entry === undefined || keys.has(row)) return;
    keys.set(row, entry.key);
    left.delete(entry);
  };
  const byTime = groupBy(entries, ({ when }) => String(when));
  const byHash = groupBy(entries, ({ tag }) => hashOf.get(tag) ?? '');
  const byTag = new Map(entries.map((entry) => [entry.tag, entry]));
  for (const row of rows) {
    const named = byTag.get(row.name ?? '');
    if (named !== undefined) claim(row, [named]);
  }
  for (const row of rows) {
    const same = (byTime.get(row.created_at ?? '') ?? []).filter((entry) => left.has(entry));
    const exact = same.filter(({ tag }) => hashOf.get(tag) === row.hash);
    claim(row, exact.length > 0 ? exact : same);
  }
  for (const row of rows) {
    const same = (byHash.get(row.hash) ?? []).filter((entry) => left.has(entry));
    if (same.length === 1) claim(row, same);
  }
  return rows.map((row) => {
    const key = keys.get(row) ?? row.name ?? String(row.created_at);
    return { key, name: key, appliedAt: row.applied_at, checksum: row.hash, state: 'applied' };
  });
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** The row that Drizzle writes of a migration. */
export function drizzleRecord(
  entry: DrizzleEntry & { readonly hash: string; readonly layout: DrizzleLayout },
  settings: DrizzleSettings,
): ForeignRecord {
  const table = tableOf(settings);
  const { when, hash, tag, layout } = entry;
  const insert = `insert into ${table} (hash, created_at) values (${quoteLiteral(hash)}, ${when})`;
  return {
    checksum: hash,
    applied: () => [layout === 'journal' ? insert : withName(insert, table, tag)],
    undone: () => [
      `delete from ${table} where id = (
  select id from ${table} where created_at = ${when} or hash = ${quoteLiteral(hash)}
  order by (created_at is not distinct from ${when}) desc, (hash = ${quoteLiteral(hash)}) desc, id desc limit 1)`,
    ],
  };
}

/** Version 1 also writes the name of the folder, where it has made or upgraded the table. */
function withName(insert: string, table: string, tag: string): string {
  const named = insert
    .replace('(hash, created_at)', '(hash, created_at, name)')
    .replace(/\)$/, `, ${quoteLiteral(tag)})`);
  const column = `select from pg_catalog.pg_attribute where attrelid = ${quoteLiteral(table)}::pg_catalog.regclass and attname = 'name' and not attisdropped`;
  return `do ${quoteLiteral(`begin if exists (${column}) then ${named}; else ${insert}; end if; end`)}`;
}

/** CREATE SCHEMA IF NOT EXISTS wants the right to create one also where it is there already. */
function ensureSchema(schema: string): string {
  const create = `create schema ${quoteIdent(schema)}`;
  return `do ${quoteLiteral(
    `begin if not exists (select from pg_catalog.pg_namespace where nspname = ${quoteLiteral(schema)}) then execute ${quoteLiteral(create)}; end if; end`,
  )}`;
}

const createTable = (table: string, layout: DrizzleLayout): string => `create table if not exists ${table} (
  id serial primary key,
  hash text not null,
  created_at bigint${layout === 'journal' ? '' : ',\n  name text,\n  applied_at timestamp with time zone default now()'}
)`;

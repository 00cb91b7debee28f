import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { LockkeeperError } from '../core/errors.js';
import { quoteIdent } from '../sql/quote.js';
import type { Session } from './session.js';

type RowObject = Readonly<Record<string, unknown>>;

interface Load {
  /** As SQL would write it: `users`, `app.users`, `"Odd Name"`. */
  readonly table: string;
  readonly rows: Iterable<RowObject> | AsyncIterable<RowObject>;
  readonly columns?: readonly string[];
  /** Told of what is sent, as SQL that a file may hold, for whoever collects it; without it nothing is kept. */
  readonly onText?: ((text: string, values: readonly unknown[]) => void) | undefined;
}

/** Loads rows by COPY … FROM STDIN; gives their number. A row may leave columns out (they become NULL), never add one. */
export async function copyRows(session: Session, load: Load): Promise<number> {
  const { table } = await resolveTable(session, load.table);
  const source = asyncRows(load.rows);
  const first = await source.next();
  if (first.done === true) return 0;
  const columns = load.columns ?? Object.keys(first.value);
  const { from } = await import('pg-copy-streams');
  const statement = `copy ${table} (${columns.map(quoteIdent).join(', ')}) from stdin`;
  const target = session.client.query(from(statement));
  let count = 0;
  const kept: string[] = [];
  async function* lines(): AsyncGenerator<string> {
    for (let next = first; next.done !== true; next = await source.next()) {
      count += 1;
      const line = copyLine(next.value, columns, load.table);
      if (load.onText !== undefined) kept.push(line);
      yield line;
    }
  }
  await pipeline(Readable.from(lines()), target);
  load.onText?.(`${statement};\n${kept.join('')}\\.\n`, []);
  return count;
}

async function* asyncRows(rows: Load['rows']): AsyncGenerator<RowObject, undefined> {
  yield* rows;
  return undefined;
}

/** One line of COPY's text format (manual, "COPY", File Formats). */
function copyLine(row: RowObject, columns: readonly string[], table: string): string {
  assertKnownColumns(row, columns, table);
  return `${columns.map((column) => copyField(row[column])).join('\t')}\n`;
}

function copyField(value: unknown): string {
  const text = textValue(value);
  if (text === null) return '\\N';
  return text.replace(/[\\\n\r\t]/g, (char) => copyEscapes[char] ?? char);
}

const copyEscapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The text that PostgreSQL's input functions read; null for NULL. Objects become JSON, arrays array literals. */
function textValue(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return asHex(value);
  if (Array.isArray(value)) return arrayLiteral(value);
  if (typeof value === 'object') return JSON.stringify(value);
  const plain = value as string | number | boolean | bigint;
  return String(plain);
}

function arrayLiteral(values: readonly unknown[]): string {
  const items = values.map((value) => {
    if (Array.isArray(value)) return arrayLiteral(value);
    const text = textValue(value);
    return text === null ? 'NULL' : `"${text.replace(/["\\]/g, (char) => `\\${char}`)}"`;
  });
  return `{${items.join(',')}}`;
}

const upsertBatchRows = 1000;

/** INSERT … ON CONFLICT DO UPDATE in batches; gives the rows touched. Values are read by the table's own types. */
export async function upsertRows(
  session: Session,
  load: Load & { readonly key?: readonly string[] },
): Promise<number> {
  const { table, oid } = await resolveTable(session, load.table);
  const key = load.key ?? (await primaryKey(session, oid, load.table));
  let touched = 0;
  let batch: RowObject[] = [];
  let { columns } = load;
  const flush = async (): Promise<void> => {
    if (batch.length === 0 || columns === undefined) return;
    touched += await upsertBatch(session, { table, key, columns, batch, onText: load.onText });
    batch = [];
  };
  for await (const row of load.rows) {
    columns ??= Object.keys(row);
    assertKnownColumns(row, columns, load.table);
    batch.push(row);
    if (batch.length === upsertBatchRows) await flush();
  }
  await flush();
  return touched;
}

interface Batch extends Pick<Load, 'onText'> {
  readonly table: string;
  readonly key: readonly string[];
  readonly columns: readonly string[];
  readonly batch: readonly RowObject[];
}

/** jsonb_populate_recordset gives every column the type that the table has for it. */
async function upsertBatch(session: Session, { table, key, columns, batch, onText }: Batch): Promise<number> {
  const names = columns.map(quoteIdent).join(', ');
  const others = columns.filter((column) => !key.includes(column));
  const update =
    others.length === 0
      ? 'do nothing'
      : `do update set ${others.map((column) => `${quoteIdent(column)} = excluded.${quoteIdent(column)}`).join(', ')}`;
  const json = JSON.stringify(batch.map(jsonRow), (_, value: unknown) => jsonValue(value));
  const text = `insert into ${table} (${names}) select ${names} from jsonb_populate_recordset(null::${table}, $1::jsonb) on conflict (${key.map(quoteIdent).join(', ')}) ${update}`;
  const answer = await session.client.query(text, [json]);
  onText?.(text, [json]);
  return answer.rowCount ?? 0;
}

/** JSON knows neither NaN nor Infinity and would make NULL of them; the table's numeric types read them as text. */
function jsonRow(row: RowObject): RowObject {
  const unusual = (value: unknown): boolean => typeof value === 'number' && !Number.isFinite(value);
  if (!Object.values(row).some(unusual)) return row;
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [column, unusual(value) ? String(value) : value]),
  );
}

/** JSON.stringify turns a Buffer into { type, data } before it asks; bytea reads hex. */
function jsonValue(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return asHex(value);
  const bytes = value as { type?: unknown; data?: unknown } | null;
  if (typeof bytes === 'object' && bytes?.type === 'Buffer' && Array.isArray(bytes.data)) {
    return asHex(Buffer.from(bytes.data as number[]));
  }
  return value;
}

const asHex = (bytes: Uint8Array): string => `\\x${Buffer.from(bytes).toString('hex')}`;

async function resolveTable(
  session: Session,
  name: string,
): Promise<{ readonly table: string; readonly oid: string }> {
  const rows = await session.query<{ oid: string; table: string }>(
    'select c.oid::text as oid, c.oid::regclass::text as table from pg_class c where c.oid = to_regclass($1)',
    [name],
  );
  const row = rows[0];
  if (row !== undefined) return row;
  throw new LockkeeperError('QUERY_FAILED', {
    message: `There is no table ${name} in the search_path of this session.`,
    hint: 'Write the name as SQL would: schema.table, with double quotes around odd names.',
    details: { table: name },
  });
}

async function primaryKey(session: Session, oid: string, name: string): Promise<readonly string[]> {
  const rows = await session.query<{ column: string }>(
    /* sql */ `
    select a.attname as column
    from pg_index i
    cross join lateral unnest(i.indkey::int2[]) with ordinality as k(attnum, place)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
    where i.indrelid = $1::oid and i.indisprimary
    order by k.place`,
    [oid],
  );
  if (rows.length > 0) return rows.map((row) => row.column);
  throw new LockkeeperError('QUERY_FAILED', {
    message: `The table ${name} has no primary key, so an upsert cannot know which rows are the same.`,
    hint: 'Name the key: db.upsert(table, rows, { key: [...] }).',
    details: { table: name },
  });
}

function assertKnownColumns(row: RowObject, columns: readonly string[], table: string): void {
  const unknown = Object.keys(row).find((column) => !columns.includes(column));
  if (unknown === undefined) return;
  throw new LockkeeperError('QUERY_FAILED', {
    message: `A row for ${table} has the column "${unknown}", which the first row did not have.`,
    hint: 'Give every row the same keys, or name all columns with the option columns.',
    details: { table, column: unknown },
  });
}

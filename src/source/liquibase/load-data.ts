import { hash } from 'node:crypto';
import { quoteLiteral } from '../../sql/quote.js';
import type { Change } from './change.js';
import { type Column, readValue } from './column.js';
import { parseCsv } from './csv.js';
import { namedFile } from './files.js';
import { storedName } from './naming.js';
import { flagOf, valueOf } from './node.js';

/** One value of one line of a file. */
export interface LoadedCell {
  readonly name: string;
  readonly sql: string;
  readonly allowUpdate: boolean;
}

export type LoadedRow = readonly LoadedCell[];

/** Reads the file of loadData: what its columns are called comes from the first line. */
export function loadRows(change: Change): readonly LoadedRow[] {
  const { text, name } = namedFile(change, 'file');
  const separator = change.text('separator') ?? ',';
  const quote = change.text('quotchar') ?? '"';
  const comment = change.text('commentLineStartsWith') ?? '#';
  const [header, ...lines] = parseCsv(text, {
    separator: separator === '\\t' ? '\t' : separator,
    quote,
    comment,
  });
  if (header === undefined)
    return change.refuse(`its file "${name}" is empty.`, 'Give it a first line with names.');
  const { columns } = change;
  const configs = header.map((title, index) => configOf(columns, title.trim(), index));
  return lines.map(({ length }, at) => {
    const line = lines[at] ?? [];
    if (length !== header.length) {
      change.refuse(
        `line ${at + 2} of "${name}" has ${length} values, and its first line names ${header.length}.`,
        'Correct the file: a value with a separator has to stand in quotes.',
      );
    }
    return line.flatMap((value, index) => {
      const config = configs[index] ?? null;
      const title = (header[index] ?? '').trim();
      return config !== null && config.type?.toLowerCase() === 'skip'
        ? []
        : [cellOf(change, { value, title, config })];
    });
  });
}

function configOf(columns: readonly Column[], title: string, index: number): Column | null {
  const same = (text: string | null): boolean => text?.trim().toLowerCase() === title.toLowerCase();
  return (
    columns.find(({ node }) => valueOf(node, 'index') === String(index) || same(valueOf(node, 'header'))) ??
    columns.find(({ name, node }) => valueOf(node, 'header') === null && same(name)) ??
    null
  );
}

function cellOf(
  change: Change,
  {
    value,
    title,
    config,
  }: { readonly value: string; readonly title: string; readonly config: Column | null },
): LoadedCell {
  const name = config === null || config.name === '' ? title : config.name;
  const allowUpdate = config === null || flagOf(config.node, 'allowUpdate', true);
  return { name, sql: cellSql(change, { value, name, config }), allowUpdate };
}

function cellSql(
  change: Change,
  { value, name, config }: { readonly value: string; readonly name: string; readonly config: Column | null },
): string {
  const type = config?.type?.trim().toLowerCase() ?? null;
  const nothing = config === null ? null : valueOf(config.node, 'nullPlaceholder');
  if (nothing === null ? /^null$/i.test(value) : value === nothing) return 'null';
  if (value === '') {
    const unsaid = config === null ? null : readValue(config.node, 'defaultValue', type);
    if (unsaid !== null) return unsaid.sql;
    if (type === 'string' || type === 'clob') return "''";
    return type === null ? emptyValue(change, name) : 'null';
  }
  switch (type) {
    case 'boolean':
      return /^(?:true|t|yes|y|1|on)$/i.test(value.trim()) ? 'true' : 'false';
    case 'numeric':
      return /^[+-]?[\d.]+(?:[eE][+-]?\d+)?$/.test(value.trim()) ? value.trim() : quoteLiteral(value);
    case 'computed':
      return value;
    case 'sequence':
      return `pg_catalog.nextval(${quoteLiteral(value)})`;
    case 'date':
    case 'datetime':
    case 'time':
      return quoteLiteral(value.replace(/^(\d{4}-\d\d-\d\d)T/, '$1 '));
    case 'blob':
      return `pg_catalog.decode(${quoteLiteral(value)}, 'base64')`;
    default:
      return quoteLiteral(value);
  }
}

/** An empty text in a column of texts, and null in any other: only the table knows which it is. */
function emptyValue(change: Change, name: string): string {
  const table = change.relation('tableName');
  const column = storedName(name, change.context.quoting);
  const isText = `select '' from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid where a.attrelid = ${quoteLiteral(table)}::regclass and a.attname = ${quoteLiteral(column)} and t.typcategory = 'S'`;
  return `(pg_catalog.jsonb_populate_record(null::${table}, pg_catalog.jsonb_build_object(${quoteLiteral(column)}, (${isText})))).${JSON.stringify(column)}`;
}

/** The file counts without its comments, empty lines and the last line end. */
export function loadedFileChecksum(change: Change): string {
  const { text } = namedFile(change, 'file');
  const comment = (change.text('commentLineStartsWith') ?? '#')[0] ?? '';
  const lines = text
    .replaceAll('\r', '')
    .split('\n')
    .filter((line) => line !== '' && !(comment !== '' && line.startsWith(comment)));
  return `9:${hash('md5', lines.join('\n'), 'hex')}`;
}

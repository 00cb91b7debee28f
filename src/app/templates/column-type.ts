import { LockkeeperError } from '../../core/errors.js';
import { nearest } from '../../core/text.js';
import { splitQualified, writeIdentifier } from './identifier.js';

/** A type of the table below. */
interface TypeEntry {
  readonly sql: string;
  /** What may stand in parentheses: the smallest and largest of each number; more than one number is optional. */
  readonly numbers?: readonly (readonly [number, number])[];
  /** With the number, it is this type: `string(20)` is `varchar(20)`. */
  readonly sized?: string;
  readonly kind: TypeKind;
}

export type TypeKind = 'text' | 'number' | 'serial' | 'boolean' | 'time' | 'other';

/** A column's type as the SQL says it. */
export interface ColumnType {
  readonly sql: string;
  readonly kind: TypeKind;
  readonly array: boolean;
}

const length: readonly (readonly [number, number])[] = [[1, 10_485_760]];
const precision: readonly (readonly [number, number])[] = [[0, 6]];
const decimal: readonly (readonly [number, number])[] = [
  [1, 1000],
  [-1000, 1000],
];

const entries: Readonly<Record<string, TypeEntry>> = {
  string: { sql: 'text', numbers: length, sized: 'varchar', kind: 'text' },
  text: { sql: 'text', kind: 'text' },
  varchar: { sql: 'varchar', numbers: length, kind: 'text' },
  'character varying': { sql: 'varchar', numbers: length, kind: 'text' },
  char: { sql: 'char', numbers: length, kind: 'text' },
  character: { sql: 'char', numbers: length, kind: 'text' },
  integer: { sql: 'integer', kind: 'number' },
  int: { sql: 'integer', kind: 'number' },
  int4: { sql: 'integer', kind: 'number' },
  bigint: { sql: 'bigint', kind: 'number' },
  int8: { sql: 'bigint', kind: 'number' },
  smallint: { sql: 'smallint', kind: 'number' },
  int2: { sql: 'smallint', kind: 'number' },
  serial: { sql: 'serial', kind: 'serial' },
  bigserial: { sql: 'bigserial', kind: 'serial' },
  smallserial: { sql: 'smallserial', kind: 'serial' },
  float: { sql: 'double precision', kind: 'number' },
  float4: { sql: 'real', kind: 'number' },
  float8: { sql: 'double precision', kind: 'number' },
  double: { sql: 'double precision', kind: 'number' },
  'double precision': { sql: 'double precision', kind: 'number' },
  real: { sql: 'real', kind: 'number' },
  decimal: { sql: 'numeric', numbers: decimal, kind: 'number' },
  numeric: { sql: 'numeric', numbers: decimal, kind: 'number' },
  money: { sql: 'money', kind: 'other' },
  boolean: { sql: 'boolean', kind: 'boolean' },
  bool: { sql: 'boolean', kind: 'boolean' },
  date: { sql: 'date', kind: 'time' },
  datetime: { sql: 'timestamptz', numbers: precision, kind: 'time' },
  timestamp: { sql: 'timestamp', numbers: precision, kind: 'time' },
  'timestamp without time zone': { sql: 'timestamp', numbers: precision, kind: 'time' },
  timestamptz: { sql: 'timestamptz', numbers: precision, kind: 'time' },
  'timestamp with time zone': { sql: 'timestamptz', numbers: precision, kind: 'time' },
  time: { sql: 'time', numbers: precision, kind: 'time' },
  timetz: { sql: 'timetz', numbers: precision, kind: 'time' },
  interval: { sql: 'interval', numbers: precision, kind: 'other' },
  json: { sql: 'json', kind: 'other' },
  jsonb: { sql: 'jsonb', kind: 'other' },
  uuid: { sql: 'uuid', kind: 'other' },
  binary: { sql: 'bytea', kind: 'other' },
  blob: { sql: 'bytea', kind: 'other' },
  bytea: { sql: 'bytea', kind: 'other' },
  bit: { sql: 'bit', numbers: length, kind: 'other' },
  varbit: { sql: 'varbit', numbers: length, kind: 'other' },
  inet: { sql: 'inet', kind: 'other' },
  cidr: { sql: 'cidr', kind: 'other' },
  macaddr: { sql: 'macaddr', kind: 'other' },
  xml: { sql: 'xml', kind: 'other' },
  tsvector: { sql: 'tsvector', kind: 'other' },
  point: { sql: 'point', kind: 'other' },
  polygon: { sql: 'polygon', kind: 'other' },
  int4range: { sql: 'int4range', kind: 'other' },
  int8range: { sql: 'int8range', kind: 'other' },
  numrange: { sql: 'numrange', kind: 'other' },
  daterange: { sql: 'daterange', kind: 'other' },
  tstzrange: { sql: 'tstzrange', kind: 'other' },
};

/** Every type word that a column may be given. */
export const columnTypeWords: readonly string[] = Object.keys(entries);

/**
 * Reads a column's type: a word of the table, with its length or precision, and `[]` for arrays. A type of the
 * project's own is written with its schema (`public.mood`) or in quotes, which tells it from a misspelt word.
 * @throws {TEMPLATE_INVALID} for anything else, with the words that are near.
 */
export function parseColumnType(text: string): ColumnType {
  const [, base = '', brackets = ''] = /^(.*?)((?:\s*\[\d*\])*)$/s.exec(text.trim()) ?? [];
  const array = brackets !== '';
  const suffix = brackets.replaceAll(/\s/g, '');
  if (/["."]/.test(base.replace(/\(.*$/s, ''))) return { sql: ownType(base) + suffix, kind: 'other', array };
  const [, words = '', inside, rest = ''] = /^([^()]*?)\s*(?:\(([^()]*)\)\s*(.*))?$/s.exec(base) ?? [];
  const word = `${words} ${rest}`.trim().toLowerCase().replaceAll(/\s+/g, ' ');
  const entry = Object.hasOwn(entries, word) ? entries[word] : undefined;
  if (entry === undefined) throw unknownType(text, word);
  if (array && entry.kind === 'serial') {
    throw invalid(text, `"${word}" cannot be an array.`, 'Use integer[] or bigint[].');
  }
  const sql = inside === undefined ? entry.sql : withNumbers(text, entry, inside);
  return { sql: sql + suffix, kind: array ? 'other' : entry.kind, array };
}

function withNumbers(text: string, entry: TypeEntry, inside: string): string {
  const given = inside.split(',').map((part) => part.trim());
  const limits = entry.numbers ?? [];
  const good =
    given.length <= limits.length &&
    given.every((part, index) => {
      const [least, most] = limits[index] ?? [0, -1];
      return /^-?\d+$/.test(part) && Number(part) >= least && Number(part) <= most;
    });
  if (good) return `${entry.sized ?? entry.sql}(${given.join(', ')})`;
  const ranges = limits.map(([least, most]) => `a number from ${least} to ${most}`).join(', then perhaps ');
  throw invalid(
    text,
    `"${inside}" does not fit the type ${entry.sql}.`,
    limits.length === 0 ? `${entry.sql} takes no numbers.` : `Accepted: ${ranges}.`,
  );
}

function ownType(text: string): string {
  const parts = splitQualified(text);
  if (parts.length > 2 || parts.includes('')) {
    throw invalid(text, `"${text}" is no type name.`, 'Accepted: schema.type, or "type" in double quotes.');
  }
  return parts.map(writeIdentifier).join('.');
}

function unknownType(text: string, word: string): LockkeeperError {
  const words = nearWords(word);
  const meant = words.length === 0 ? '' : ` Near to it: ${words.join(', ')}.`;
  return invalid(
    text,
    `The column type "${text}" is not known.${meant}`,
    `Known types: ${columnTypeWords.filter((each) => !each.includes(' ')).join(', ')}, and arrays of them such as text[]. ` +
      'A type of your own is written with its schema: public.mood.',
  );
}

/** Up to three words that are near by letters, then some that begin alike. */
function nearWords(word: string): string[] {
  const found: string[] = [];
  for (let count = 0; count < 3; count += 1) {
    const next = nearest(
      word,
      columnTypeWords.filter((each) => !found.includes(each)),
    );
    if (next === null) break;
    found.push(next);
  }
  const alike = columnTypeWords.filter((each) => word.length > 2 && each.startsWith(word.slice(0, 3)));
  return [...new Set([...found, ...alike])].slice(0, 4);
}

function invalid(type: string, message: string, hint: string): LockkeeperError {
  return new LockkeeperError('TEMPLATE_INVALID', { message, hint, details: { option: 'column', type } });
}

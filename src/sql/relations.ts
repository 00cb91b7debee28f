import { skipModifiers } from './classify/create.js';
import { nameAt } from './classify/name.js';
import { afterIfExists, objectKindAt } from './classify/object.js';
import { WORD } from './lexer.js';
import type { Statement } from './statement.js';
import { type TokenList, withTokens } from './token-list.js';

// How many relations a statement makes. Each is locked until the transaction ends, and a run in one transaction
// can fill the server's lock table with them (max_locks_per_transaction). Only such a run asks, so it is worked out
// on demand and is none of the traits.

/** Types of fixed length, which never need a TOAST table, with their bytes (manual, chapter "Data Types"). */
const fixedBytes = new Map<string, number>([
  ...fixed(1, 'BOOL BOOLEAN'),
  ...fixed(2, 'SMALLINT INT2 SMALLSERIAL SERIAL2'),
  ...fixed(4, 'INT INTEGER INT4 SERIAL SERIAL4 REAL FLOAT4 DATE OID REGCLASS REGTYPE REGPROC XID CID'),
  ...fixed(
    8,
    'BIGINT INT8 BIGSERIAL SERIAL8 FLOAT FLOAT8 DOUBLE MONEY TIMESTAMP TIMESTAMPTZ TIME PG_LSN XID8',
  ),
  ...fixed(16, 'UUID INTERVAL TIMETZ POINT MACADDR MACADDR8'),
  ...fixed(32, 'LSEG BOX CIRCLE LINE'),
]);

/** TOAST_TUPLE_THRESHOLD of 8 kB pages: rows that cannot grow past it get no TOAST table. */
const toastThreshold = 2032;

const serials = ['SERIAL', 'BIGSERIAL', 'SMALLSERIAL', 'SERIAL4', 'SERIAL8', 'SERIAL2'] as const;
const tableConstraints = ['CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN', 'EXCLUDE'] as const;

/** About how many relations a statement makes: tables with their indexes, sequences and TOAST tables. */
export function countRelations(text: string, statement: Statement): number {
  const { label, creates } = statement.traits;
  if (label.startsWith('CREATE '))
    return withTokens(text, statement, (tokens) => countCreated(tokens, skipModifiers(tokens).next));
  if (label.startsWith('ALTER ')) return withTokens(text, statement, countAltered);
  return creates === null ? 0 : 3; // SELECT … INTO
}

function countCreated(tokens: TokenList, at: number): number {
  const { kind, next } = objectKindAt(tokens, at);
  const name = nameAt(tokens, afterIfExists(tokens, next));
  if (kind === 'INDEX') return 1;
  if (name === null) return 0;
  switch (kind) {
    case 'TABLE':
      return tokens.find(name.next, ['AS']) > 0 ? 3 : countTable(tokens, name.next);
    case 'MATERIALIZED VIEW':
      return 3;
    case 'VIEW':
    case 'SEQUENCE':
    case 'FOREIGN TABLE':
      return 1;
    case 'SCHEMA':
      return countSchemaElements(tokens, name.next);
    default:
      return 0;
  }
}

/** CREATE SCHEMA may hold CREATE TABLE, INDEX, VIEW, SEQUENCE and TRIGGER; all are one statement. */
function countSchemaElements(tokens: TokenList, from: number): number {
  let relations = 0;
  for (let at = tokens.find(from, ['CREATE']); at > 0; at = tokens.find(at + 1, ['CREATE'])) {
    const { kind, next } = objectKindAt(tokens, tokens.is(at + 1, 'UNIQUE') ? at + 2 : at + 1);
    const element = nameAt(tokens, afterIfExists(tokens, next));
    if (kind === 'TABLE' && element !== null) relations += countTable(tokens, element.next);
    else if (kind === 'VIEW' || kind === 'INDEX' || kind === 'SEQUENCE') relations += 1;
  }
  return relations;
}

function countAltered(tokens: TokenList): number {
  const { kind, next } = objectKindAt(tokens, 1);
  if (kind !== 'TABLE' && kind !== 'FOREIGN TABLE') return 0;
  return countIndexes(tokens, next, tokens.count) + countSequences(tokens, next, tokens.count);
}

/**
 * The table, its TOAST table and index where a row could need one, an index for each PRIMARY KEY, UNIQUE and EXCLUDE,
 * and a sequence for each serial and identity column. What comes from LIKE or from a partitioned parent is not seen.
 */
function countTable(tokens: TokenList, open: number): number {
  if (!tokens.sign(open, '(')) return 3;
  const end = tokens.afterParenthesis(open) - 1;
  let relations = 1;
  let bytes = 0;
  for (let from = open + 1; from < end;) {
    const to = elementEnd(tokens, from, end);
    relations += countIndexes(tokens, from, to) + countSequences(tokens, from, to);
    bytes += columnBytes(tokens, from);
    from = to + 1;
  }
  const partitioned = tokens.find(end + 1, ['PARTITION', 'BY']) > 0;
  return bytes > toastThreshold && !partitioned ? relations + 2 : relations;
}

/** Indexes that the constraints between two tokens make. PRIMARY and UNIQUE are reserved; EXCLUDE may be a name. */
function countIndexes(tokens: TokenList, from: number, to: number): number {
  let count = 0;
  for (let index = from; index < to; index++) {
    if (tokens.nesting(index) === 1) index = tokens.afterParenthesis(index) - 1;
    if (tokens.kind(index) !== WORD) continue;
    const unique = tokens.is(index, 'UNIQUE');
    const key = unique || tokens.has(index, ['PRIMARY', 'KEY']);
    if (key && !tokens.has(unique ? index + 1 : index + 2, ['USING', 'INDEX'])) count++;
    else if (tokens.is(index, 'EXCLUDE') && (tokens.is(index + 1, 'USING') || tokens.sign(index + 1, '(')))
      count++;
  }
  return count;
}

/** Sequences that serial and identity columns between two tokens make. */
function countSequences(tokens: TokenList, from: number, to: number): number {
  let count = 0;
  for (let index = from; index < to; index++) {
    if (tokens.nesting(index) === 1) index = tokens.afterParenthesis(index) - 1;
    else if (tokens.has(index, ['AS', 'IDENTITY']) || tokens.isAny(index, serials)) count++;
  }
  return count;
}

/** How many bytes a column may need; infinite where it has no bound or the type is not known. */
function columnBytes(tokens: TokenList, from: number): number {
  if (tokens.isAny(from, tableConstraints)) {
    // EXCLUDE is not reserved, so it may be a column as well.
    if (!tokens.is(from, 'EXCLUDE') || tokens.is(from + 1, 'USING') || tokens.sign(from + 1, '(')) return 0;
  }
  const type = tokens.word(from + 1);
  const wide = tokens.is(from + 2, 'VARYING') ? from + 3 : from + 2;
  const length = tokens.sign(wide, '(') ? Number(tokens.raw(wide + 1)) : Number.NaN;
  const array = tokens.is(wide, 'ARRAY') || tokens.sign(wide, '[') || tokens.sign(wide + 3, '[');
  if (array || tokens.sign(wide, '.')) return Number.POSITIVE_INFINITY;
  const bytes = fixedBytes.get(type);
  if (bytes !== undefined) return bytes;
  if (type === 'CHAR' || type === 'CHARACTER' || type === 'VARCHAR') {
    const single = wide === from + 2 && type !== 'VARCHAR' ? 1 : Number.POSITIVE_INFINITY;
    return 4 * (Number.isNaN(length) ? single : length) + 4;
  }
  const bounded = (type === 'NUMERIC' || type === 'DECIMAL') && !Number.isNaN(length);
  return bounded ? length / 2 + 12 : Number.POSITIVE_INFINITY;
}

/** Index of the comma or closing parenthesis that ends the element at `from`. */
function elementEnd(tokens: TokenList, from: number, end: number): number {
  let index = from;
  while (index < end && !tokens.sign(index, ',')) {
    index = tokens.nesting(index) === 1 ? tokens.afterParenthesis(index) : index + 1;
  }
  return Math.min(index, end);
}

function fixed(bytes: number, names: string): [string, number][] {
  return names.split(' ').map((name) => [name, bytes]);
}

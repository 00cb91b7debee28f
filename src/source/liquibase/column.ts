import { quoteLiteral } from '../../sql/quote.js';
import { dataType } from './data-type.js';
import { childOf, flagOf, type Node, valueOf } from './node.js';
import { refusedStep } from './problem.js';

/** One column of a change: what it is, or what goes into it. */
export interface Column {
  readonly node: Node;
  readonly name: string;
  readonly type: string | null;
  readonly value: ColumnValue | null;
  readonly constraints: Node | null;
}

export interface ColumnValue {
  readonly sql: string;
}

export function readColumn(node: Node): Column {
  return {
    node,
    name: valueOf(node, 'name') ?? '',
    type: valueOf(node, 'type'),
    value: readValue(withText(node), 'value', null),
    constraints: childOf(node, 'constraints'),
  };
}

/** The text of a column element is its value, where no attribute says one. */
export function withText(node: Node): Node {
  const text = node.value?.trim() ?? '';
  if (text === '' || childOf(node, 'value') !== null) return node;
  const value: Node = { name: 'value', place: node.place, value: text, children: [] };
  return { ...node, children: [...node.children, value] };
}

/** The value that is said under `prefix`, `<prefix>Numeric`, `<prefix>Date` and so on; null where there is none. */
export function readValue(
  node: Node,
  prefix: 'value' | 'defaultValue',
  type: string | null,
): ColumnValue | null {
  for (const child of node.children) {
    if (!child.name.startsWith(prefix) || child.value === null) continue;
    const sql = valueSql(child, child.name.slice(prefix.length), type);
    if (sql !== null) return { sql };
  }
  return null;
}

function valueSql({ value, place, name }: Node, kind: string, type: string | null): string | null {
  const text = value ?? '';
  switch (kind) {
    case '':
      return textSql(text, type);
    case 'Numeric':
      return /^[\s+-]*[\d.]+(?:[eE][+-]?\d+)?\s*$/.test(text) ? text.trim() : expression(text);
    case 'Boolean':
      return /^(?:true|1|yes|y|t|on)$/i.test(text.trim()) ? 'true' : 'false';
    case 'Date':
      return dateSql(text.trim());
    case 'Computed':
      return expression(text);
    case 'SequenceNext':
      return `pg_catalog.nextval(${quoteLiteral(text.trim())})`;
    case 'SequenceCurrent':
      return `pg_catalog.currval(${quoteLiteral(text.trim())})`;
    case 'BlobFile':
    case 'ClobFile':
      throw refusedStep(
        place,
        `"${name}" takes a value out of a file.`,
        'Write the value into the changelog.',
      );
    default:
      return null;
  }
}

function textSql(text: string, type: string | null): string {
  if (/^null$/i.test(text)) return 'null';
  const kind = type === null ? null : dataType(type).kind;
  // Without quotes its own type stays in the catalog, as with Liquibase.
  if (kind === 'number' && /^\s*[+-]?\d+(?:\.\d+)?\s*$/.test(text)) return text.trim();
  // A function stands for itself where a time is wanted, and is a text anywhere else.
  const isTime = kind === 'time';
  if (isTime && /^(?:now\(\)|current_(?:timestamp|date|time)(?:\(\))?|localtimestamp)$/i.test(text.trim())) {
    return expression(text);
  }
  return quoteLiteral(text);
}

function dateSql(text: string): string {
  if (/^null$/i.test(text)) return 'null';
  if (/^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/.test(text)) {
    return quoteLiteral(text.replace('T', ' '));
  }
  if (/^\d\d:\d\d(?::\d\d)?$/.test(text)) return quoteLiteral(text);
  return expression(text);
}

/**
 * Liquibase takes the names that other databases have for the present moment. What begins like the standard's name is
 * NOW() as a whole: the precision and the time zone behind it are dropped, and the catalog shows another default.
 */
function expression(text: string): string {
  const plain = text.trim();
  if (/^current_(?:timestamp|datetime)/i.test(plain)) return 'now()';
  return /^(?:current_?date_?time|sysdate|systimestamp|getdate\(\)|current)$/i.test(plain) ? 'now()' : plain;
}

/** What a column of a table is: type, identity, default, NOT NULL. */
export function columnDefinition(column: Column, name: string): string {
  const { node, constraints } = column;
  const type = dataType(column.type ?? 'text');
  const parts = [name, type.sql];
  if (type.serial || flagOf(node, 'autoIncrement', false)) parts.push(identity(node));
  else {
    const unsaid = readValue(node, 'defaultValue', column.type);
    if (unsaid !== null) parts.push(`default ${unsaid.sql}`);
  }
  // Liquibase leaves notNullConstraintName out, because PostgreSQL before version 18 had no such name.
  if (isNotNull(constraints)) parts.push('not null');
  return parts.join(' ');
}

const isNotNull = (constraints: Node | null): boolean =>
  constraints !== null && !flagOf(constraints, 'nullable', true);

export function identity(node: Node): string {
  const kind = valueOf(node, 'generationType')?.trim().toLowerCase() === 'always' ? 'always' : 'by default';
  const start = valueOf(node, 'startWith');
  const step = valueOf(node, 'incrementBy');
  const options = [start === null ? '' : `start with ${start}`, step === null ? '' : `increment by ${step}`]
    .filter((option) => option !== '')
    .join(' ');
  return `generated ${kind} as identity${options === '' ? '' : ` (${options})`}`;
}

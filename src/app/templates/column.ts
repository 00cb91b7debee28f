import { LockkeeperError } from '../../core/errors.js';
import { didYouMean } from '../../core/text.js';
import { quoteLiteral } from '../../sql/quote.js';
import { parseColumnType, type ColumnType } from './column-type.js';
import { assertIdentifierFits, splitQualified, writeIdentifier } from './identifier.js';

/** A column as `--column name:type[:notnull][:unique][:default=…][:references=table.column]` describes it. */
export interface Column {
  readonly name: string;
  /** The name as it stands in the SQL. */
  readonly sql: string;
  /** Null where only a name was given, as for an index. */
  readonly type: ColumnType | null;
  readonly notNull: boolean;
  readonly unique: boolean;
  readonly primary: boolean;
  /** SQL expression; null for none. */
  readonly default: string | null;
  /** `table (column)` as it stands in the SQL; null for none. */
  readonly references: string | null;
}

const modifiers = ['notnull', 'null', 'unique', 'primary', 'default=…', 'references=table.column'];

/** @throws {TEMPLATE_INVALID} with what is accepted. */
export function parseColumn(spec: string): Column {
  const [name = '', type, ...rest] = splitSpec(spec).map((part) => part.trim());
  const column = { ...readName(name, spec), type: type === undefined ? null : parseColumnType(type) };
  const draft = {
    notNull: false,
    unique: false,
    primary: false,
    default: null as string | null,
    references: null as string | null,
  };
  for (const modifier of rest) applyModifier(draft, { modifier, spec, type: column.type });
  if (draft.default !== null && column.type?.kind === 'serial') {
    throw invalid(spec, `The column "${column.name}" counts by itself and cannot have a default.`, {
      hint: 'Use integer or bigint for a default of your own.',
    });
  }
  return { ...column, ...draft };
}

/** The definition as in CREATE TABLE: `email text not null unique`. */
export function renderColumn(column: Column): string {
  return [
    column.sql,
    requireType(column).sql,
    ...(column.primary ? ['primary key'] : []),
    ...(column.notNull && !column.primary ? ['not null'] : []),
    ...(column.default === null ? [] : [`default ${column.default}`]),
    ...(column.unique && !column.primary ? ['unique'] : []),
    ...(column.references === null ? [] : [`references ${column.references}`]),
  ].join(' ');
}

/** @throws {TEMPLATE_INVALID} for a column without a type. */
export function requireType(column: Column): ColumnType {
  if (column.type !== null) return column.type;
  throw invalid(column.name, `The column "${column.name}" has no type.`, {
    hint: `Write it as ${column.name}:text.`,
  });
}

/** Cuts at colons outside of quotes, parentheses and brackets; `::` is a cast. */
function splitSpec(spec: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const [token] of spec.matchAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|::|[\s\S]/g)) {
    if ('([{'.includes(token)) depth += 1;
    else if (')]}'.includes(token)) depth -= 1;
    if (token === "'" || token === '"' || depth < 0) {
      throw invalid(spec, `The column "${spec}" has a quote or a parenthesis without its other half.`, {
        hint: 'Close it; a quote inside a text is written twice.',
      });
    }
    if (token === ':' && depth === 0) parts.push('');
    else parts.push((parts.pop() ?? '') + token);
  }
  if (depth === 0) return parts;
  throw invalid(spec, `The column "${spec}" has a parenthesis without its other half.`, {
    hint: 'Close it.',
  });
}

function readName(text: string, spec: string): { name: string; sql: string } {
  const parts = splitQualified(text);
  const name = parts[0] ?? '';
  if (name === '' || parts.length > 1) {
    throw invalid(spec, `"${text}" is no column name.`, {
      hint: 'Write name:type, e.g. email:text. A name with a dot in it stands in double quotes.',
    });
  }
  assertIdentifierFits(name, 'column');
  return { name, sql: writeIdentifier(name) };
}

interface Draft {
  notNull: boolean;
  unique: boolean;
  primary: boolean;
  default: string | null;
  references: string | null;
}

function applyModifier(
  draft: Draft,
  given: { modifier: string; spec: string; type: ColumnType | null },
): void {
  const { modifier, spec, type } = given;
  const [, key = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(modifier) ?? [];
  const word = key
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_-]/g, '');
  if (value !== undefined && word === 'default') draft.default = readDefault(value.trim(), spec, type);
  else if (value !== undefined && word === 'references') draft.references = readReference(value, spec);
  else if (value !== undefined) throw unknownModifier(spec, modifier);
  else if (word === 'notnull') draft.notNull = true;
  else if (word === 'unique') draft.unique = true;
  else if (['primary', 'primarykey', 'pk'].includes(word)) draft.primary = true;
  else if (!['null', 'nullable'].includes(word)) throw unknownModifier(spec, modifier);
}

/**
 * An expression stays as it is; a bare word becomes a string, which PostgreSQL turns into a value of any type:
 * `default=active`, `default=2024-01-01`, `default={}`.
 */
function readDefault(value: string, spec: string, type: ColumnType | null): string {
  if (value === '') {
    throw invalid(spec, `The column "${spec}" has an empty default.`, {
      hint: "Write default='' for an empty text.",
    });
  }
  const word = value.toLowerCase();
  // As a string, 'now' and 'today' would be read once, when the table is made.
  if (type?.kind === 'time' && word === 'now') return 'now()';
  if (type?.kind === 'time' && word === 'today') return 'current_date';
  if (/^(?:true|false|null|current_\w+|localtime|localtimestamp|session_user|user)$/.test(word)) return word;
  const expression = /^(?:[ebxn]?'|\$|array\s*\[)/i.test(value) || /[()]|::/.test(value);
  // Braces and brackets begin a document or an array, whatever stands inside.
  const asIs = (expression && !/^[{[]/.test(value)) || type?.kind === 'number';
  return asIs ? value : quoteLiteral(value);
}

/** `users`, `users.id`, `app.users.id`, or `users(id)`. */
function readReference(value: string, spec: string): string {
  const [, outer = '', inner] = /^([^()]*)(?:\(([^()]*)\))?$/s.exec(value.trim()) ?? [];
  const parts = [
    ...splitQualified(outer.trim()),
    ...(inner === undefined ? [] : splitQualified(inner.trim())),
  ];
  if (parts.length > 3 || parts.includes('') || (inner !== undefined && parts.length < 2)) {
    throw invalid(spec, `"${value}" is no reference.`, {
      hint: 'Accepted: references=table, references=table.column, references=schema.table.column.',
    });
  }
  for (const part of parts) assertIdentifierFits(part, 'column');
  const [first = '', ...rest] = parts.map(writeIdentifier);
  const column = rest.pop();
  const table = [first, ...rest].join('.');
  return column === undefined ? table : `${table} (${column})`;
}

function unknownModifier(spec: string, modifier: string): LockkeeperError {
  const words = modifiers.map((each) => each.replace(/=.*/, ''));
  const word = modifier.replace(/=.*/s, '');
  return invalid(spec, `"${modifier}" says nothing about the column "${spec}".${didYouMean(word, words)}`, {
    hint: `Accepted behind the type: ${modifiers.join(', ')}, each after a colon.`,
  });
}

function invalid(spec: string, message: string, more: { hint: string }): LockkeeperError {
  return new LockkeeperError('TEMPLATE_INVALID', {
    message,
    hint: more.hint,
    details: { option: 'column', column: spec },
  });
}

import { LockkeeperError } from '../../core/errors.js';
import { renderColumn, requireType, type Column } from './column.js';
import { objectName, writeIdentifier, type TableName } from './identifier.js';

/** What a new migration is about. */
export interface TemplateInput {
  /** Name in snake case. */
  readonly name: string;
  readonly table: TableName | null;
  readonly columns: readonly Column[];
}

/** The SQL of both ways, without markers. Comments alone where something is left to be written. */
export interface SqlTexts {
  readonly up: string;
  readonly down: string;
}

/**
 * A new table: a uuid key unless a column is the key, the columns given, and when a row was made, changed and deleted.
 * Its indexes need no CONCURRENTLY, because nobody uses the table yet.
 */
export function createTable({ table, columns }: TemplateInput): SqlTexts {
  const target = requireTable(table, 'create-table');
  const given = new Set(columns.map((column) => column.name));
  const hasKey = columns.some((column) => column.primary);
  const before = hasKey || given.has('id') ? [] : ['id uuid primary key default gen_random_uuid()'];
  const after = [
    'created_at timestamptz not null default now()',
    'updated_at timestamptz not null default now()',
    'deleted_at timestamptz',
  ].filter((line) => !given.has(line.split(' ')[0] ?? ''));
  // A column named id is the key that one expects, unless another was declared.
  const named = columns.map((column) =>
    column.name === 'id' && !hasKey ? { ...column, primary: true } : column,
  );
  const lines = [...before, ...named.map(renderColumn), ...after];
  const indexes = columns
    .filter((column) => column.references !== null && !column.unique && !column.primary)
    .map((column) => `create index on ${target.sql} (${column.sql});`);
  return {
    up: [`create table ${target.sql} (\n  ${lines.join(',\n  ')}\n);`, ...indexes].join('\n\n'),
    down: `drop table ${target.sql};`,
  };
}

/**
 * Columns for a table that is in use. What would scan or block is taken apart: NOT NULL through a check that is
 * validated on its own, uniqueness and the index of a reference built CONCURRENTLY.
 */
export function alterTable({ table, columns }: TemplateInput): SqlTexts {
  const target = requireTable(table, 'alter-table');
  if (columns.length === 0) {
    return {
      up: `-- alter table ${target.sql} add column name type;`,
      down: `-- alter table ${target.sql} drop column name;`,
    };
  }
  const up = [addColumns(target, columns), ...columns.flatMap((column) => afterAdding(target, column))];
  const drops = columns.toReversed().map((column) => `drop column ${column.sql}`);
  return { up: up.join('\n\n'), down: `${alter(target, drops)};` };
}

/** An index on a table that is in use, built while it is used. */
export function createIndex({ table, columns }: TemplateInput): SqlTexts {
  const target = requireTable(table, 'create-index');
  if (columns.length === 0) {
    return {
      up: `-- create index concurrently name on ${target.sql} (column);`,
      down: '-- drop index concurrently name;',
    };
  }
  const names = columns.map((column) => column.name);
  const unique = columns.some((column) => column.unique);
  const index = objectName([target.table, ...names], unique ? 'key' : 'idx');
  const list = columns.map((column) => column.sql).join(', ');
  return {
    up: `create ${unique ? 'unique ' : ''}index concurrently ${writeIdentifier(index)} on ${target.sql} (${list});`,
    down: `drop index concurrently if exists ${inSchema(target, index)};`,
  };
}

/** Room for SQL of one's own. */
export function raw(): SqlTexts {
  return { up: '-- Write the SQL of the way up here.', down: '-- Write the SQL of the way back here.' };
}

function addColumns(target: TableName, columns: readonly Column[]): string {
  const additions = columns.map((column) => {
    requireType(column);
    const late = isAddedLater(column);
    return `add column ${renderColumn({
      ...column,
      notNull: column.notNull && !late,
      unique: false,
      references: column.default === null ? column.references : null,
    })}`;
  });
  const rewrites = columns.filter(differsByRow);
  const warning = rewrites.map(
    (column) =>
      `-- ${column.name}: its default differs from row to row, so the whole table is rewritten while nobody can use it.\n`,
  );
  return `${warning.join('')}${alter(target, additions)};`;
}

/** What follows the new column, each in a statement that blocks nobody for long. */
function afterAdding(target: TableName, column: Column): string[] {
  return [
    ...(isAddedLater(column) ? [setNotNull(target, column)] : []),
    ...(column.unique ? [makeUnique(target, column)] : []),
    ...(column.references !== null && column.default !== null ? [addReference(target, column)] : []),
    ...(column.references !== null && !column.unique ? [indexReference(target, column)] : []),
  ];
}

/** NOT NULL without a default fails at once where the table has rows. */
function isAddedLater(column: Column): boolean {
  return column.notNull && column.default === null && column.type?.kind !== 'serial';
}

/** Since PostgreSQL 12 a validated check spares SET NOT NULL its own scan under ACCESS EXCLUSIVE. */
function setNotNull(target: TableName, column: Column): string {
  const check = writeIdentifier(objectName([target.table, column.name], 'not_null'));
  return [
    `-- Where the table has rows, fill ${column.name} here; the check below is validated without blocking writes.`,
    `alter table ${target.sql} add constraint ${check} check (${column.sql} is not null) not valid;`,
    `alter table ${target.sql} validate constraint ${check};`,
    `alter table ${target.sql} alter column ${column.sql} set not null;`,
    `alter table ${target.sql} drop constraint ${check};`,
  ].join('\n');
}

function makeUnique(target: TableName, column: Column): string {
  const key = writeIdentifier(objectName([target.table, column.name], 'key'));
  return [
    `create unique index concurrently ${key} on ${target.sql} (${column.sql});`,
    `alter table ${target.sql} add constraint ${key} unique using index ${key};`,
  ].join('\n');
}

/** A reference of a column without values is valid at once; one with a default has to be looked through. */
function addReference(target: TableName, column: Column): string {
  const constraint = writeIdentifier(objectName([target.table, column.name], 'fkey'));
  return [
    `alter table ${target.sql} add constraint ${constraint} foreign key (${column.sql}) references ${column.references} not valid;`,
    `alter table ${target.sql} validate constraint ${constraint};`,
  ].join('\n');
}

function indexReference(target: TableName, column: Column): string {
  const index = writeIdentifier(objectName([target.table, column.name], 'idx'));
  return `create index concurrently ${index} on ${target.sql} (${column.sql});`;
}

/** Volatile defaults cannot be kept beside the rows, as constant ones are since PostgreSQL 11. */
function differsByRow(column: Column): boolean {
  const volatile =
    /\b(?:random|gen_random_uuid|uuidv[47]|uuid_generate_\w+|clock_timestamp|nextval|timeofday)\s*\(/i;
  return column.type?.kind === 'serial' || (column.default !== null && volatile.test(column.default));
}

function alter(target: TableName, actions: readonly string[]): string {
  const [only = ''] = actions;
  return actions.length === 1
    ? `alter table ${target.sql} ${only}`
    : `alter table ${target.sql}\n  ${actions.join(',\n  ')}`;
}

/** An index lives in the schema of its table. */
function inSchema(target: TableName, name: string): string {
  const index = writeIdentifier(name);
  return target.schema === null ? index : `${writeIdentifier(target.schema)}.${index}`;
}

function requireTable(table: TableName | null, template: string): TableName {
  if (table !== null) return table;
  throw new LockkeeperError('TEMPLATE_INVALID', {
    message: `The template "${template}" needs a table, and the name does not tell which.`,
    hint: 'Name it: --table users',
    details: { option: 'table' },
  });
}

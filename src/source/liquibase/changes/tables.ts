import { quoteLiteral } from '../../../sql/quote.js';
import type { Change, ChangeTypes } from '../change.js';
import { type Column, columnDefinition } from '../column.js';
import { objectName, storedName } from '../naming.js';
import { childOf, flagOf, type Node, valueOf } from '../node.js';

/** Tables as a whole. */
export const tableChanges: ChangeTypes = {
  createTable: {
    fields:
      'catalogName schemaName tableName tablespace remarks tableType columns ifNotExists rowDependencies',
    unsummed: ['ifNotExists', 'rowDependencies'],
    up: createTable,
    down: (change) => [`drop table ${change.relation('tableName')}`],
  },
  dropTable: {
    fields: 'catalogName schemaName tableName cascadeConstraints',
    up: (change) => [
      `drop table ${change.relation('tableName')}${change.flag('cascadeConstraints') ? ' cascade' : ''}`,
    ],
  },
  renameTable: {
    fields: 'catalogName schemaName oldTableName newTableName',
    up: (change) => [
      `alter table ${change.relation('oldTableName')} rename to ${change.ident('newTableName')}`,
    ],
    down: (change) => [
      `alter table ${change.relation('newTableName')} rename to ${change.ident('oldTableName')}`,
    ],
  },
  setTableRemarks: {
    fields: 'catalogName schemaName tableName remarks',
    up: (change) => [
      `comment on table ${change.relation('tableName')} is ${quoteLiteral((change.text('remarks') ?? '').trim())}`,
    ],
  },
};

function createTable(change: Change): readonly string[] {
  const table = change.relation('tableName');
  const { columns } = change;
  const definitions = columns.map((column) => columnDefinition(column, ident(change, column.name)));
  const parts = [...definitions, ...constraintsOf(change, columns)];
  const missing = change.flag('ifNotExists') ? 'if not exists ' : '';
  const space = change.text('tablespace');
  const kind = tableKind(change);
  return [
    `create ${kind}table ${missing}${table} (${parts.join(', ')})${space === null ? '' : ` tablespace ${objectName(space)}`}`,
    ...remarks(change, table, columns),
  ];
}

function tableKind(change: Change): string {
  const said = change.text('tableType')?.toLowerCase() ?? '';
  return said === 'unlogged' || said === 'temporary' || said === 'temp' ? `${said} ` : '';
}

function remarks(change: Change, table: string, columns: readonly Column[]): readonly string[] {
  const own = change.text('remarks');
  return [
    ...(own === null ? [] : [`comment on table ${table} is ${quoteLiteral(own.trim())}`]),
    ...columnRemarks(change, table, columns),
  ];
}

export function columnRemarks(change: Change, table: string, columns: readonly Column[]): readonly string[] {
  return columns.flatMap(({ node, name }) => {
    const said = valueOf(node, 'remarks');
    if (said === null) return [];
    return [`comment on column ${table}.${ident(change, name)} is ${quoteLiteral(said.trim())}`];
  });
}

/** Keys, foreign keys and unique columns of a new table. */
function constraintsOf(change: Change, columns: readonly Column[]): readonly string[] {
  const keys = columns.filter(({ constraints }) => says(constraints, 'primaryKey'));
  const found: string[] = [];
  if (keys.length > 0) {
    const said = keys.map(({ constraints }) => valueOf(constraints as Node, 'primaryKeyName')).find(isThere);
    const name = said ?? `${storedName(change.need('tableName'), change.context.quoting)}_pkey`;
    found.push(`constraint ${objectName(name)} primary key (${names(change, keys)})`);
  }
  for (const column of columns) found.push(...foreignKey(change, column));
  found.push(...uniques(change, columns));
  return found;
}

function uniques(change: Change, columns: readonly Column[]): readonly string[] {
  const groups = new Map<string, Column[]>();
  for (const column of columns) {
    if (!says(column.constraints, 'unique')) continue;
    const name = valueOf(column.constraints as Node, 'uniqueConstraintName');
    // Columns that name one constraint share it.
    const key = name ?? `\0${column.name}`;
    groups.set(key, [...(groups.get(key) ?? []), column]);
  }
  return [...groups].map(([name, members]) => {
    const named = name.startsWith('\0') ? '' : `constraint ${objectName(name)} `;
    return `${named}unique (${names(change, members)})`;
  });
}

/** The foreign key and check that a column brings with it. */
export function foreignKey(change: Change, { name, constraints }: Column): readonly string[] {
  if (constraints === null) return [];
  if (childOf(constraints, 'checkConstraint') !== null) {
    change.refuse('checkConstraint is not part of the free Liquibase.', 'Write the constraint as SQL.');
  }
  const references = valueOf(constraints, 'references');
  const table = valueOf(constraints, 'referencedTableName');
  if (references === null && table === null) return [];
  const target =
    references === null
      ? `${change.inSchema(table ?? '', valueOf(constraints, 'referencedTableSchemaName'))}(${referenced(change, constraints)})`
      : qualifiedReference(change, references);
  const key = valueOf(constraints, 'foreignKeyName');
  const named = key === null ? '' : `constraint ${objectName(key)} `;
  const rules = [
    flagOf(constraints, 'deleteCascade', false) ? ' on delete cascade' : '',
    flagOf(constraints, 'deferrable', false) ? ' deferrable' : '',
    flagOf(constraints, 'initiallyDeferred', false) ? ' initially deferred' : '',
  ].join('');
  return [`${named}foreign key (${ident(change, name)}) references ${target}${rules}`];
}

const referenced = (change: Change, constraints: Node): string =>
  (valueOf(constraints, 'referencedColumnNames') ?? '')
    .split(',')
    .map((one) => ident(change, one.trim()))
    .join(', ');

/** `other(id)` and `app.other(id, kind)`. */
function qualifiedReference(change: Change, text: string): string {
  const [, schema, table, columns] = /^\s*(?:([^.(]+)\.)?([^.(]+?)\s*\(([^)]*)\)\s*$/.exec(text) ?? [];
  if (table === undefined || columns === undefined) {
    return change.refuse(`references is "${text}".`, 'Write it as table(column).');
  }
  const list = columns.split(',').map((one) => ident(change, one.trim()));
  return `${change.inSchema(table, schema ?? null)}(${list.join(', ')})`;
}

export const ident = (change: Change, name: string): string => objectName(name, change.context.quoting);

const names = (change: Change, columns: readonly Column[]): string =>
  columns.map(({ name }) => ident(change, name)).join(', ');

export const says = (constraints: Node | null, name: string): boolean =>
  constraints !== null && flagOf(constraints, name, false);

const isThere = (text: string | null): text is string => text !== null && text !== '';

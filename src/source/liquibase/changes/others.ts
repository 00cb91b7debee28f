import type { Change, ChangeTypes } from '../change.js';
import { dataType } from '../data-type.js';
import { objectName } from '../naming.js';
import { flagOf } from '../node.js';
import { ident } from './tables.js';

/** Indexes, sequences and lookup tables. */
export const otherChanges: ChangeTypes = {
  createIndex: {
    fields:
      'catalogName schemaName tableName indexName unique tablespace columns associatedWith clustered using',
    unsummed: ['associatedWith', 'using'],
    up: createIndex,
    down: (change) => [`drop index ${change.relation('indexName')}`],
  },
  dropIndex: {
    fields: 'catalogName schemaName tableName indexName associatedWith',
    up: (change) => [`drop index ${change.relation('indexName')}`],
  },
  createSequence: {
    fields:
      'catalogName schemaName sequenceName startValue incrementBy minValue maxValue ordered cycle cacheSize dataType',
    up: (change) => {
      const type = change.text('dataType');
      const as = type === null ? '' : ` as ${dataType(type).sql}`;
      return [`create sequence if not exists ${change.relation('sequenceName')}${as}${options(change)}`];
    },
    down: (change) => [`drop sequence ${change.relation('sequenceName')} cascade`],
  },
  alterSequence: {
    fields:
      'catalogName schemaName sequenceName incrementBy minValue maxValue ordered cacheSize cycle dataType',
    up: (change) => {
      const type = change.text('dataType');
      const as = type === null ? '' : ` as ${dataType(type).sql}`;
      return [`alter sequence ${change.relation('sequenceName')}${as}${options(change)}`];
    },
  },
  dropSequence: {
    fields: 'catalogName schemaName sequenceName',
    up: (change) => [`drop sequence ${change.relation('sequenceName')} cascade`],
  },
  renameSequence: {
    fields: 'catalogName schemaName oldSequenceName newSequenceName',
    up: (change) => [
      `alter sequence ${change.relation('oldSequenceName')} rename to ${change.ident('newSequenceName')}`,
    ],
    down: (change) => [
      `alter sequence ${change.relation('newSequenceName')} rename to ${change.ident('oldSequenceName')}`,
    ],
  },
  addLookupTable: {
    fields:
      'existingTableCatalogName existingTableSchemaName existingTableName existingColumnName newTableCatalogName ' +
      'newTableSchemaName newTableName newColumnName newColumnDataType constraintName',
    up: addLookupTable,
    down: (change) => [
      `alter table ${change.relation('existingTableName', 'existingTableSchemaName')} drop constraint ${lookupKey(change)}`,
      `drop table ${change.relation('newTableName', 'newTableSchemaName')}`,
    ],
  },
};

function createIndex(change: Change): readonly string[] {
  const columns = change.columns.filter(({ node }) => !flagOf(node, 'included', false));
  const included = change.columns.filter(({ node }) => flagOf(node, 'included', false));
  const parts = columns.map(({ node, name }) => {
    const expression = flagOf(node, 'computed', false) || !/^["\w$]+$/.test(name);
    const order = flagOf(node, 'descending', false) ? ' desc' : '';
    // What is no plain name is an expression, and stands as it is written; it may end in an operator class.
    return `${expression ? name : ident(change, name)}${order}`;
  });
  const index = change.text('indexName');
  const name = index === null ? '' : ` ${objectName(index, change.context.quoting)}`;
  const using = change.text('using') === null ? '' : ` using ${change.ident('using')}`;
  const include =
    included.length === 0 ? '' : ` include (${included.map((one) => ident(change, one.name)).join(', ')})`;
  const space = change.text('tablespace') === null ? '' : ` tablespace ${change.ident('tablespace')}`;
  const unique = change.flag('unique') ? 'unique ' : '';
  return [
    `create ${unique}index${name} on ${change.relation('tableName')}${using} (${parts.join(', ')})${include}${space}`,
    ...(change.flag('clustered') ? [`cluster ${change.relation('tableName')} using${name}`] : []),
  ];
}

function options(change: Change): string {
  const numbers = [
    ['startValue', 'start with'],
    ['incrementBy', 'increment by'],
    ['minValue', 'minvalue'],
    ['maxValue', 'maxvalue'],
    ['cacheSize', 'cache'],
  ] as const;
  const said = numbers.flatMap(([name, words]) => {
    const value = change.text(name);
    return value === null ? [] : [` ${words} ${value}`];
  });
  const cycle = change.text('cycle') === null ? '' : change.flag('cycle') ? ' cycle' : ' no cycle';
  return `${said.join('')}${cycle}`;
}

function addLookupTable(change: Change): readonly string[] {
  const existing = change.relation('existingTableName', 'existingTableSchemaName');
  const column = change.ident('existingColumnName');
  const lookup = change.relation('newTableName', 'newTableSchemaName');
  const code = change.ident('newColumnName');
  return [
    `create table ${lookup} as select distinct ${column} as ${code} from ${existing} where ${column} is not null`,
    `alter table ${lookup} alter column ${code} set not null`,
    `alter table ${lookup} add primary key (${code})`,
    `alter table ${existing} add constraint ${lookupKey(change)} foreign key (${column}) references ${lookup} (${code})`,
  ];
}

const lookupKey = (change: Change): string => {
  const said = change.text('constraintName');
  const made = `FK_${change.need('existingTableName')}_${change.need('newTableName')}`.toUpperCase();
  return objectName(said ?? made, change.context.quoting);
};

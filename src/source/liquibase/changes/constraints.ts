import type { Change, ChangeTypes } from '../change.js';
import { fieldsChecksum } from '../fields-checksum.js';
import { objectName } from '../naming.js';

const table = (change: Change): string => `alter table ${change.relation('tableName')}`;
const base = (change: Change): string =>
  `alter table ${change.relation('baseTableName', 'baseTableSchemaName')}`;

const drop = (change: Change): string => `drop constraint ${change.ident('constraintName')}`;

/** `constraint name `, or nothing where PostgreSQL is to find a name. */
function named(change: Change): string {
  const name = change.text('constraintName');
  return name === null ? '' : `constraint ${objectName(name, change.context.quoting)} `;
}

const deferred = (change: Change): string =>
  `${change.flag('deferrable') ? ' deferrable' : ''}${change.flag('initiallyDeferred') ? ' initially deferred' : ''}`;

/** Named by PostgreSQL, it cannot be dropped by a name that the changelog has. */
const ifNamed =
  (action: (change: Change) => readonly string[]) =>
  (change: Change): readonly string[] | null =>
    change.text('constraintName') === null ? null : action(change);

function space(change: Change): string {
  const name = change.text('tablespace');
  return name === null ? '' : ` using index tablespace ${objectName(name)}`;
}

export const constraintChanges: ChangeTypes = {
  addPrimaryKey: {
    fields:
      'catalogName schemaName tableName columnNames constraintName tablespace clustered forIndexName forIndexSchemaName forIndexCatalogName validate',
    up: (change) => {
      const index = change.text('forIndexName');
      if (index !== null) {
        return [`${table(change)} add ${named(change)}primary key using index ${objectName(index)}`];
      }
      const add = `${table(change)} add ${named(change)}primary key (${change.idents('columnNames')})${space(change)}`;
      return change.flag('clustered') && change.text('constraintName') !== null
        ? [add, `cluster ${change.relation('tableName')} using ${change.ident('constraintName')}`]
        : [add];
    },
    down: (change) =>
      change.text('constraintName') === null
        ? [dropUnnamedKey(change)]
        : [`${table(change)} ${drop(change)}`],
  },
  dropPrimaryKey: {
    fields: 'catalogName schemaName tableName constraintName dropIndex',
    up: (change) => [
      change.text('constraintName') === null ? dropUnnamedKey(change) : `${table(change)} ${drop(change)}`,
    ],
  },
  addForeignKeyConstraint: {
    fields:
      'baseTableCatalogName baseTableSchemaName baseTableName baseColumnNames constraintName referencedTableCatalogName ' +
      'referencedTableSchemaName referencedTableName referencedColumnNames deferrable initiallyDeferred onDelete onUpdate ' +
      'deleteCascade referencesUniqueColumn validate',
    unsummed: ['deleteCascade', 'referencesUniqueColumn'],
    checksum: (change, fields) =>
      fieldsChecksum(
        change.type,
        change.flag('deleteCascade') ? new Map([...fields, ['onDelete', 'CASCADE']]) : fields,
      ),
    up: (change) => {
      const target = change.relation('referencedTableName', 'referencedTableSchemaName');
      const rules = [
        rule(change, 'onUpdate', 'on update'),
        change.flag('deleteCascade') ? ' on delete cascade' : rule(change, 'onDelete', 'on delete'),
        deferred(change),
        change.flag('validate', true) ? '' : ' not valid',
      ].join('');
      return [
        `${base(change)} add constraint ${change.ident('constraintName')} foreign key (${change.idents('baseColumnNames')}) references ${target} (${change.idents('referencedColumnNames')})${rules}`,
      ];
    },
    down: (change) => [`${base(change)} ${drop(change)}`],
  },
  dropForeignKeyConstraint: {
    fields: 'baseTableCatalogName baseTableSchemaName baseTableName constraintName',
    up: (change) => [`${base(change)} ${drop(change)}`],
  },
  addUniqueConstraint: {
    fields:
      'catalogName schemaName tableName columnNames constraintName tablespace clustered forIndexName forIndexSchemaName ' +
      'forIndexCatalogName deferrable initiallyDeferred disabled validate',
    up: (change) => {
      const index = change.text('forIndexName');
      const body =
        index === null
          ? `unique (${change.idents('columnNames')})${space(change)}`
          : `unique using index ${objectName(index)}`;
      return [`${table(change)} add ${named(change)}${body}${deferred(change)}`];
    },
    down: ifNamed((change) => [`${table(change)} ${drop(change)}`]),
  },
  dropUniqueConstraint: {
    fields: 'catalogName schemaName tableName constraintName uniqueColumns',
    up: (change) => [`${table(change)} ${drop(change)}`],
  },
};

const accepted = /^(?:cascade|restrict|no action|set null|set default)$/;

function rule(change: Change, name: string, words: string): string {
  const said = change.text(name);
  if (said === null) return '';
  const action = said.trim().toLowerCase().replaceAll(/\s+/g, ' ');
  return accepted.test(action) ? ` ${words} ${action}` : change.refuse(`${name} is "${said}".`);
}

/** Liquibase looks the name up as well. */
const dropUnnamedKey = (change: Change): string => {
  const name = change.relation('tableName').replaceAll("'", "''");
  return (
    `do 'begin execute (select format(''alter table %s drop constraint %I'', conrelid::regclass, conname) ` +
    `from pg_catalog.pg_constraint where contype = ''p'' and conrelid = ''${name.replaceAll("'", "''")}''::regclass); end'`
  );
};

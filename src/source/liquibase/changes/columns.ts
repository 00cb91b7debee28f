import { quoteLiteral } from '../../../sql/quote.js';
import type { Change, ChangeTypes } from '../change.js';
import { columnDefinition, identity, readValue } from '../column.js';
import { dataType } from '../data-type.js';
import { fieldsChecksum } from '../fields-checksum.js';
import { objectName, storedName } from '../naming.js';
import { valueOf } from '../node.js';
import { columnRemarks, foreignKey, ident, says } from './tables.js';

const table = (change: Change): string => `alter table ${change.relation('tableName')}`;
const column = (change: Change): string => `${table(change)} alter column ${change.ident('columnName')}`;

/** Columns of tables that are there. */
export const columnChanges: ChangeTypes = {
  addColumn: {
    fields: 'catalogName schemaName tableName columns',
    up: addColumn,
    down: (change) => change.columns.map(({ name }) => `${table(change)} drop column ${ident(change, name)}`),
  },
  dropColumn: {
    fields: 'catalogName schemaName tableName columnName columns',
    up: (change) => {
      const listed = change.columns.map(({ name }) => name);
      const names = listed.length > 0 ? listed : [change.need('columnName')];
      return names.map((name) => `${table(change)} drop column ${ident(change, name)}`);
    },
  },
  renameColumn: {
    fields: 'catalogName schemaName tableName oldColumnName newColumnName columnDataType remarks',
    up: (change) => [
      // Liquibase makes no comment of its remarks.
      `${table(change)} rename column ${change.ident('oldColumnName')} to ${change.ident('newColumnName')}`,
    ],
    down: (change) => [
      `${table(change)} rename column ${change.ident('newColumnName')} to ${change.ident('oldColumnName')}`,
    ],
  },
  modifyDataType: {
    fields: 'catalogName schemaName tableName columnName newDataType',
    up: (change) => {
      const type = dataType(change.need('newDataType')).sql;
      return [`${column(change)} type ${type} using (${change.ident('columnName')}::${type})`];
    },
  },
  setColumnRemarks: {
    fields: 'catalogName schemaName tableName columnName remarks columnDataType columnParentType',
    up: (change) => [
      `comment on column ${change.relation('tableName')}.${change.ident('columnName')} is ${quoteLiteral((change.text('remarks') ?? '').trim())}`,
    ],
  },
  addDefaultValue: {
    fields:
      'catalogName schemaName tableName columnName columnDataType defaultValue defaultValueNumeric defaultValueDate ' +
      'defaultValueBoolean defaultValueComputed defaultValueSequenceNext defaultValueConstraintName',
    // A date without quotes in YAML is summed as Java prints it, in the time zone of the machine.
    checksum: (change, fields) =>
      change.text('defaultValueDate')?.endsWith('T00:00:00') === true
        ? null
        : fieldsChecksum(change.type, fields),
    up: (change) => {
      const value = readValue(change.node, 'defaultValue', change.text('columnDataType'));
      if (value === null) change.need('defaultValue');
      const sequence = change.text('defaultValueSequenceNext');
      return [
        `${column(change)} set default ${value?.sql ?? 'null'}`,
        ...(sequence === null
          ? []
          : [
              `alter sequence ${change.inSchema(sequence, null)} owned by ${change.relation('tableName')}.${change.ident('columnName')}`,
            ]),
      ];
    },
    down: (change) => [`${column(change)} drop default`],
  },
  dropDefaultValue: {
    fields: 'catalogName schemaName tableName columnName columnDataType',
    up: (change) => [`${column(change)} drop default`],
  },
  addAutoIncrement: {
    fields:
      'catalogName schemaName tableName columnName columnDataType startWith incrementBy defaultOnNull generationType',
    up: addAutoIncrement,
  },
  addNotNullConstraint: {
    fields:
      'catalogName schemaName tableName columnName columnDataType constraintName defaultNullValue validate shouldValidate',
    up: (change) => {
      const unsaid = change.text('defaultNullValue');
      const name = change.ident('columnName');
      const fill =
        unsaid === null
          ? []
          : [
              `update ${change.relation('tableName')} set ${name} = ${/^null$/i.test(unsaid) ? 'null' : quoteLiteral(unsaid)} where ${name} is null`,
            ];
      return [...fill, `${column(change)} set not null`];
    },
    down: (change) => [`${column(change)} drop not null`],
  },
  dropNotNullConstraint: {
    fields: 'catalogName schemaName tableName columnName columnDataType constraintName',
    up: (change) => [`${column(change)} drop not null`],
    down: (change) => [`${column(change)} set not null`],
  },
  mergeColumns: {
    fields:
      'catalogName schemaName tableName column1Name column2Name joinString finalColumnName finalColumnType',
    up: (change) => {
      const [first, second] = [change.ident('column1Name'), change.ident('column2Name')];
      const last = change.ident('finalColumnName');
      const between = quoteLiteral(change.text('joinString') ?? '');
      return [
        `${table(change)} add ${last} ${dataType(change.need('finalColumnType')).sql}`,
        `update ${change.relation('tableName')} set ${last} = ${first} || ${between} || ${second}`,
        `${table(change)} drop column ${first}`,
        `${table(change)} drop column ${second}`,
      ];
    },
  },
};

function addColumn(change: Change): readonly string[] {
  const name = change.relation('tableName');
  const { columns } = change;
  return [
    ...columns.map((one) => `${table(change)} add ${columnDefinition(one, ident(change, one.name))}`),
    ...columns
      .filter(({ constraints }) => says(constraints, 'primaryKey'))
      .map((one) => `${table(change)} add primary key (${ident(change, one.name)})`),
    ...columns
      .filter(({ constraints }) => says(constraints, 'unique'))
      .map((one) => {
        const said = one.constraints === null ? null : valueOf(one.constraints, 'uniqueConstraintName');
        return `${table(change)} add ${said === null ? '' : `constraint ${objectName(said)} `}unique (${ident(change, one.name)})`;
      }),
    ...columns.flatMap((one) => foreignKey(change, one).map((text) => `${table(change)} add ${text}`)),
    ...columns
      .filter(({ value }) => value !== null)
      .map((one) => `update ${name} set ${ident(change, one.name)} = ${one.value?.sql ?? 'null'}`),
    ...columnRemarks(change, name, columns),
  ];
}

/** An identity where PostgreSQL would make one; Liquibase gives an existing column a sequence of its own. */
function addAutoIncrement(change: Change): readonly string[] {
  const { quoting } = change.context;
  const sequence = `${storedName(change.need('tableName'), quoting)}_${storedName(change.need('columnName'), quoting)}_seq`;
  const name = change.inSchema(`"${sequence}"`, change.text('schemaName'));
  const start = change.text('startWith');
  const step = change.text('incrementBy');
  if (change.text('generationType') !== null) return [`${column(change)} add ${identity(change.node)}`];
  return [
    `create sequence if not exists ${name}${start === null ? '' : ` start with ${start}`}${step === null ? '' : ` increment by ${step}`}`,
    `${column(change)} set not null`,
    `${column(change)} set default nextval(${quoteLiteral(name)})`,
    `alter sequence ${name} owned by ${change.relation('tableName')}.${change.ident('columnName')}`,
  ];
}

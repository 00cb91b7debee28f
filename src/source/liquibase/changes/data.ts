import type { Change, ChangeTypes } from '../change.js';
import { textChecksum } from '../checksum.js';
import type { Column } from '../column.js';
import { loadedFileChecksum, loadRows, type LoadedRow } from '../load-data.js';
import { ident } from './tables.js';

const loadFields =
  'catalogName schemaName tableName file commentLineStartsWith relativeToChangelogFile encoding separator quotchar columns ' +
  'usePreparedStatements primaryKey onlyUpdate';

/** What is in tables. */
export const dataChanges: ChangeTypes = {
  insert: {
    fields: 'catalogName schemaName tableName columns dbms',
    up: (change) => {
      const { columns } = change;
      const names = columns.map(({ name }) => ident(change, name)).join(', ');
      const values = columns.map(({ value }) => value?.sql ?? 'null').join(', ');
      return [`insert into ${change.relation('tableName')} (${names}) values (${values})`];
    },
  },
  update: {
    fields: 'catalogName schemaName tableName columns where whereParams',
    unsummed: ['whereParams'],
    up: (change) => [
      `update ${change.relation('tableName')} set ${assignments(change, change.columns)}${condition(change)}`,
    ],
  },
  delete: {
    fields: 'catalogName schemaName tableName where whereParams',
    unsummed: ['whereParams'],
    up: (change) => [`delete from ${change.relation('tableName')}${condition(change)}`],
  },
  loadData: {
    fields: loadFields,
    checksum: (change) => textChecksum(`${change.need('tableName')}:${loadedFileChecksum(change)}`),
    up: (change) => {
      const rows = loadRows(change);
      const [first] = rows;
      if (first === undefined) return [];
      const values = rows.map((row) => `(${row.map(({ sql }) => sql).join(', ')})`);
      return [
        `insert into ${change.relation('tableName')} (${namesOf(change, first)}) values ${values.join(', ')}`,
      ];
    },
  },
  loadUpdateData: {
    fields: loadFields,
    checksum: (change) => textChecksum(`${change.need('tableName')}:${loadedFileChecksum(change)}`),
    up: (change) => loadRows(change).flatMap((row) => upsert(change, row)),
  },
};

function assignments(change: Change, columns: readonly Column[]): string {
  return columns.map(({ name, value }) => `${ident(change, name)} = ${value?.sql ?? 'null'}`).join(', ');
}

function condition(change: Change): string {
  const where = change.where();
  return where === null ? '' : ` where ${where}`;
}

const namesOf = (change: Change, row: LoadedRow): string =>
  row.map(({ name }) => ident(change, name)).join(', ');

/** The row with that key is changed, or made where there is none. */
function upsert(change: Change, row: LoadedRow): readonly string[] {
  const table = change.relation('tableName');
  const said = change.need('primaryKey').split(',');
  const keys = new Set(said.map((name) => name.trim().toLowerCase()));
  const isKey = (name: string): boolean => keys.has(name.toLowerCase());
  const where = row
    .filter(({ name }) => isKey(name))
    .map(({ name, sql }) =>
      sql === 'null' ? `${ident(change, name)} is null` : `${ident(change, name)} = ${sql}`,
    )
    .join(' and ');
  if (where === '') return change.refuse('its file has no column of the primary key.', 'Correct primaryKey.');
  const set = row
    .filter(({ name, allowUpdate }) => allowUpdate && !isKey(name))
    .map(({ name, sql }) => `${ident(change, name)} = ${sql}`)
    .join(', ');
  const update = set === '' ? [] : [`update ${table} set ${set} where ${where}`];
  if (change.flag('onlyUpdate')) return update;
  const values = row.map(({ sql }) => sql).join(', ');
  return [
    ...update,
    `insert into ${table} (${namesOf(change, row)}) select ${values} where not exists (select from ${table} where ${where})`,
  ];
}

import type { Change, ChangeType } from './change.js';
import { withText } from './column.js';
import type { Summed } from './fields-checksum.js';
import { childrenOf, type Node } from './node.js';

/** What a change says of itself, as far as Liquibase makes its checksum of it. @throws {FOREIGN_STEP_REFUSED} for a word that it does not know. */
export function summedFields(change: Change, { fields, unsummed = [] }: ChangeType): Summed {
  const known = new Set(fields.split(' '));
  const summed = new Map<string, string | Summed | readonly Summed[]>();
  for (const child of change.node.children) {
    if (child.name === 'column' || child.name === 'columns') continue;
    if (!known.has(child.name)) refuseWord(change, child);
    if (unsummed.includes(child.name)) continue;
    if (child.value !== null) summed.set(child.name, plain(child.name, child.value));
  }
  const columns = childrenOf(change.node, 'column', 'columns');
  if (columns.length > 0 && !known.has('columns')) refuseWord(change, columns[0] ?? change.node);
  // The type and the constraints of an index's column say nothing, and are not counted.
  const counted = change.type === 'createIndex' ? columns.map(withoutType) : columns;
  if (columns.length > 0) summed.set('columns', counted.map(columnFields));
  addDirect(change, summed);
  return summed;
}

const withoutType = (node: Node): Node => ({
  ...node,
  children: node.children.filter(({ name }) => name !== 'type' && name !== 'constraints'),
});

function refuseWord(change: Change, { name }: Node): never {
  return change.refuse(`"${name}" is not known in ${change.type}.`, 'Correct or remove it.');
}

/** The text of an element, where it stands for one of the fields. */
function addDirect(change: Change, summed: Map<string, string | Summed | readonly Summed[]>): void {
  const text = change.node.value?.trim() ?? '';
  if (change.type === 'output') {
    if (text !== '') summed.set('message', text);
    if (!summed.has('target')) summed.set('target', 'STDERR');
  }
  if (change.type === 'stop' && !summed.has('message')) {
    summed.set('message', text === '' ? 'Stop command in changelog file' : text);
  }
}

const flags = new Set(
  (
    'computed valueBoolean defaultValueBoolean autoIncrement defaultOnNull descending included nullable primaryKey unique ' +
    'deleteCascade initiallyDeferred deferrable validateNullable validateUnique validatePrimaryKey validateForeignKey ' +
    'cascadeConstraints replaceIfExists fullDefinition ifExists clustered ordered cycle dropIndex disabled validate'
  ).split(' '),
);

function plain(name: string, value: string): string {
  if (flags.has(name) && /^(?:true|false)$/i.test(value.trim())) return value.trim().toLowerCase();
  // An element, whose text is read without the blank space around it.
  return name === 'where' ? value.trim() : value;
}

/** A column as Liquibase keeps it: a date that is none is a function. */
function columnFields(node: Node): Summed {
  const summed = new Map<string, string | Summed>();
  for (const child of withText(node).children) {
    if (child.name === 'constraints') summed.set('constraints', constraintFields(child));
    else if (child.value !== null) {
      const [name, value] = dated(child.name, child.value);
      summed.set(name, plain(name, value));
    }
  }
  return summed;
}

const constraintFields = (node: Node): Summed =>
  new Map(node.children.map(({ name, value }) => [name, plain(name, value ?? '')]));

const isoDate = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d+)?)?$|^\d\d:\d\d:\d\d$/;

function dated(name: string, value: string): readonly [string, string] {
  if (name !== 'valueDate' && name !== 'defaultValueDate') return [name, value];
  if (isoDate.test(value.trim())) return [name, value.trim().replace(' ', 'T')];
  return [name.replace('Date', 'Computed'), value];
}

/** `createTable tableName=person`: the kind of change, and the names in it. */
export function describeChange(change: Change, { fields }: ChangeType): string {
  const names = change.node.children
    .filter(
      ({ name, value }) => isName(name) && fields.split(' ').includes(name) && value !== null && value !== '',
    )
    .map(({ name, value }) => `${name}=${value}`)
    .sort((a, b) => (a < b ? -1 : 1));
  return names.length === 0 ? change.type : `${change.type} ${names.join(', ')}`;
}

const isName = (key: string): boolean =>
  key === 'path' || (/name$/i.test(key) && !/schema|catalog/i.test(key));

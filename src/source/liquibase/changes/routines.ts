import { quoteLiteral } from '../../../sql/quote.js';
import type { Change, ChangeTypes } from '../change.js';
import { sqlChecksum, textChecksum } from '../checksum.js';
import { fieldsChecksum, type Summed } from '../fields-checksum.js';
import { fileText } from '../files.js';
import { childOf } from '../node.js';

/** Their text is summed by itself, without its blank space. */
const withText =
  (textOf: (change: Change) => string) =>
  (change: Change, fields: Summed): string =>
    textChecksum(`${fieldsChecksum(change.type, fields)}:${sqlChecksum(textOf(change))}`);

/** Views and procedures. */
export const routineChanges: ChangeTypes = {
  createView: {
    fields:
      'catalogName schemaName viewName selectQuery replaceIfExists fullDefinition path relativeToChangelogFile encoding remarks',
    unsummed: ['path', 'relativeToChangelogFile', 'selectQuery', 'encoding'],
    checksum: withText(selectQuery),
    up: (change) => {
      const view = change.relation('viewName');
      const query = selectQuery(change).trim().replace(/;\s*$/, '');
      const replace = change.flag('replaceIfExists') ? 'or replace ' : '';
      const remarks = change.text('remarks');
      return [
        change.flag('fullDefinition') ? query : `create ${replace}view ${view} as ${query}`,
        ...(remarks === null ? [] : [`comment on view ${view} is ${quoteLiteral(remarks.trim())}`]),
      ];
    },
    down: (change) => [`drop view ${change.relation('viewName')}`],
  },
  dropView: {
    fields: 'catalogName schemaName viewName ifExists',
    up: (change) => [
      `drop view ${change.flag('ifExists') ? 'if exists ' : ''}${change.relation('viewName')}`,
    ],
  },
  renameView: {
    fields: 'catalogName schemaName oldViewName newViewName',
    up: (change) => [`alter view ${change.relation('oldViewName')} rename to ${change.ident('newViewName')}`],
    down: (change) => [
      `alter view ${change.relation('newViewName')} rename to ${change.ident('oldViewName')}`,
    ],
  },
  createProcedure: {
    fields:
      'catalogName schemaName procedureName procedureText dbms path relativeToChangelogFile encoding comment comments procedureBody replaceIfExists',
    unsummed: [
      'path',
      'dbms',
      'relativeToChangelogFile',
      'procedureText',
      'procedureBody',
      'encoding',
      'comment',
      'comments',
      'replaceIfExists',
    ],
    checksum: withText(procedureText),
    up: (change) => [procedureText(change).trim()],
  },
  dropProcedure: {
    fields: 'catalogName schemaName procedureName',
    up: (change) => [`drop procedure ${change.relation('procedureName')}`],
  },
};

function selectQuery(change: Change): string {
  return fileText(change) ?? change.node.value ?? change.need('selectQuery');
}

function procedureText(change: Change): string {
  const body = childOf(change.node, 'procedureBody')?.value;
  return fileText(change) ?? body ?? change.node.value ?? change.need('procedureText');
}

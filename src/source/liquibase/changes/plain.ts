import { quoteLiteral } from '../../../sql/quote.js';
import type { Change, ChangeTypes } from '../change.js';
import { sqlChecksum } from '../checksum.js';
import { withSemicolons } from '../delimiter.js';
import { namedFile } from '../files.js';

const sqlFields =
  'sql comment comments stripComments splitStatements endDelimiter dbms rerunnable path relativeToChangelogFile encoding';

/** SQL as it is, and changes that do nothing to the database. */
export const plainChanges: ChangeTypes = {
  sql: {
    fields: sqlFields,
    checksum: (change) => sqlChecksum(sqlText(change)),
    up: (change) => sqlOf(change, sqlText(change)),
  },
  sqlFile: {
    fields: sqlFields,
    checksum: (change) => sqlChecksum(namedFile(change, 'path').text),
    up: (change) => sqlOf(change, change.context.file.parameters.expand(namedFile(change, 'path').text)),
  },
  tagDatabase: {
    fields: 'tag keepTagOnRollback',
    unsummed: ['keepTagOnRollback'],
    up: () => [],
    down: () => [],
  },
  empty: { fields: '', up: () => [], down: () => [] },
  output: { fields: 'message target', up: () => [], down: () => [] },
  stop: {
    fields: 'message',
    // What comes before it runs, and there the run ends.
    up: (change) => {
      const said = change.node.value?.trim() ?? change.text('message') ?? 'Stop command in changelog file';
      const raise = `begin raise exception using message = ${quoteLiteral(`The changelog says stop: ${said}`)}; end`;
      return [`do ${quoteLiteral(raise)}`];
    },
  },
};

const sqlText = (change: Change): string => change.node.value ?? change.need('sql');

const sqlOf = (change: Change, text: string): readonly string[] => [
  withSemicolons(text, change.text('endDelimiter')),
];

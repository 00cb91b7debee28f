import { changesetChecksum, sqlChecksum } from './checksum.js';
import { type FileContext, runsHere, withInherited } from './context.js';

/** A file of SQL without any of Liquibase's comments is one changeset. */
export function readRawSql(text: string, context: FileContext): void {
  const sql = text.trim();
  if (sql === '') return;
  const own = { contexts: null, labels: null };
  context.gathered.changesets.push({
    id: 'raw',
    author: 'includeAll',
    filename: context.name,
    place: { path: context.path, file: context.shown, line: 1 },
    runOnChange: false,
    runAlways: false,
    runInTransaction: true,
    failOnError: null,
    ...withInherited(own, context.inherited),
    comments: '',
    description: 'sql',
    runsHere: runsHere({ ...own, dbms: null, ignore: false }, context),
    preconditions: null,
    up: [{ text, place: { path: context.path, file: context.shown, line: 1 } }],
    down: null,
    checksum: changesetChecksum([sqlChecksum(sql)]),
    tag: null,
    content: sql,
  });
}

import { posix } from 'node:path';
import { readText } from '../decode.js';
import type { Change } from './change.js';
import { normalPath } from './path.js';

/** A file beside a changelog that one of its changes names. */
export interface NamedFile {
  /** Absolute. */
  readonly path: string;
  /** As the changelog means it, relative to the search path. */
  readonly name: string;
  readonly text: string;
}

/** @throws {FOREIGN_FILE_INVALID} {MIGRATION_UNREADABLE} where there is no such file. */
export function namedFile(change: Change, key: 'path' | 'file'): NamedFile {
  const { file, includer } = change.context;
  const said = change.need(key);
  const relative = change.flag('relativeToChangelogFile');
  const name = relative ? posix.join(posix.dirname(file.physical), normalPath(said)) : said;
  const path = includer.resolve(name);
  if (path === null) return change.refuse(`its file "${said}" is not there.`, 'Correct the path.');
  const encoding = change.text('encoding');
  if (encoding !== null && !/^utf-?8$/i.test(encoding)) {
    return change.refuse(`its file "${said}" is in ${encoding}.`, 'Save it as UTF-8.');
  }
  return { path, name: normalPath(name), text: readText(path, normalPath(name), null).text };
}

/** The text of the file that `path` names, with its properties filled in; null where there is no `path`. */
export function fileText(change: Change): string | null {
  if (change.text('path') === null) return null;
  return change.context.file.parameters.expand(namedFile(change, 'path').text);
}

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { LockkeeperError, type SourceLocation } from '../core/errors.js';

/** A code migration that could not be imported, with the place where its error was thrown, as far as that is told. */
export function loadFailure(cause: unknown, path: string, shown: string): LockkeeperError {
  const message = stripVTControlCharacters(cause instanceof Error ? cause.message : String(cause));
  const firstLine = message.split('\n').find((line) => line.trim() !== '') ?? '';
  const location = findPlace(cause, message, path);
  return new LockkeeperError('MIGRATION_LOAD_FAILED', {
    message: `"${shown}" failed to load: ${clean(firstLine, path).replace(/[.\s]*$/, '')}.`,
    hint: hintFor(cause, message),
    location: { file: shown, line: 1, column: 1, ...location },
    cause,
  });
}

/** The first place in the file that the message of a syntax error, or the error's stack, names. */
function findPlace(cause: unknown, message: string, path: string): Omit<SourceLocation, 'file'> | null {
  const stack =
    cause instanceof Error ? `${message}\n${stripVTControlCharacters(cause.stack ?? '')}` : message;
  const names = [path, pathToFileURL(path).href];
  const matches = names.flatMap((name) => {
    const at = stack.indexOf(name);
    const match = at === -1 ? null : /^(?:\?[^\s():]*)?:(\d+)(?::(\d+))?/.exec(stack.slice(at + name.length));
    return match === null ? [] : [match];
  });
  const [, line = '1', column = '1'] = matches[0] ?? [];
  if (matches.length === 0) return null;
  const lineText = readFileSync(path, 'utf8').split(/\r?\n/)[Number(line) - 1];
  return { line: Number(line), column: Number(column), ...(lineText === undefined ? {} : { lineText }) };
}

/** Without the path, which the error names anyway. */
function clean(line: string, path: string): string {
  return line
    .replaceAll(`file://${path}`, '')
    .replaceAll(path, '')
    .replace(/\s*:\d+:\d+\s*$/, '')
    .trim();
}

function hintFor(cause: unknown, message: string): string {
  const missing = /Cannot find (?:module|package) '([^']+)'/.exec(message)?.[1];
  if (missing !== undefined && !missing.startsWith('.') && !missing.startsWith('/')) {
    return `Install it in the project: npm install ${missing}`;
  }
  if (missing !== undefined) return 'Correct the path of the import.';
  return cause instanceof SyntaxError || /ParseError|SyntaxError/.test(message)
    ? 'Correct the syntax; the place is given above.'
    : 'The file is run when it is imported; what it does outside of up and down must work without a database.';
}

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { isLockkeeperError, LockkeeperError, type SourceLocation } from '../core/errors.js';
import { withFullStop } from '../core/text.js';
import { MessageRefused, type ServerError, sqlstate } from '../pg/index.js';
import { fromCodePoints, locate } from '../sql/position.js';

/** Where in the user's file a call was made. */
export interface CodePlace {
  readonly line: number;
  readonly column: number;
}

/** Finds the frame of the user's file in a stack; null where the file is not on it (a call after an await in a library). */
export function placeOf(error: Error, file: string): CodePlace | null {
  const name = basename(file);
  for (const frame of (error.stack ?? '').split('\n')) {
    const at = frame.lastIndexOf(name);
    if (at < 0) continue;
    const match = /^:(\d+):(\d+)/.exec(frame.slice(at + name.length));
    if (match !== null) return { line: Number(match[1]), column: Number(match[2]) };
  }
  return null;
}

/** The user's file: as shown to people, and where it is. */
export interface CodeFile {
  readonly shown: string;
  readonly path: string;
}

export interface Call {
  readonly sql: string | null;
  /** The method of `db` that was called; null where the function itself threw. */
  readonly method: string | null;
  readonly place: CodePlace | null;
  readonly file: CodeFile;
  readonly transaction: boolean;
}

/** One error for a statement that a code migration sent: the place of the call, and the place in the SQL. */
export function codeFailure(error: unknown, call: Call): LockkeeperError {
  const server = serverError(error);
  const location = sourceLocation(call);
  if (isLockkeeperError(error)) {
    return new LockkeeperError(error.code, {
      message: error.message,
      details: error.details,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(location === null ? {} : { location }),
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new LockkeeperError(
    server?.code === sqlstate.lockNotAvailable ? 'LOCK_BUDGET_EXCEEDED' : 'MIGRATION_FAILED',
    {
      message: `${server === null ? message : withFullStop(message)}${sqlExcerpt(call.sql, server)}`,
      hint: server?.hint ?? wayOut(server, call.transaction),
      details: {
        ...(server === null ? {} : { sqlstate: server.code }),
        ...(server?.detail === undefined ? {} : { detail: server.detail }),
        ...(call.sql === null ? {} : { sql: call.sql.slice(0, 2000) }),
      },
      cause: error,
      ...(location === null ? {} : { location }),
    },
  );
}

function wayOut(server: ServerError | null, transaction: boolean): string {
  if (server?.code === sqlstate.lockNotAvailable)
    return 'A function is called only once, so nothing was tried again: end the session that keeps the lock, or raise --lock-timeout, and run the command again.';
  return transaction
    ? 'Nothing of this step was kept. Mend the file and run the command again.'
    : 'The migration has no transaction, so what it had done stays: look at the database, and settle it with lockkeeper mark.';
}

/** The line as it is in the file; a loader keeps the lines of what it translates, and may move the columns. */
function sourceLocation({ place, file, method }: Call): SourceLocation | null {
  if (place === null) return null;
  const lineText = lineOf(file.path, place.line);
  if (lineText === null) return { file: file.shown, line: place.line, column: place.column };
  const start = method === null ? place.column - 1 : nearestCall(lineText, method, place.column - 1);
  const column = Array.from(lineText.slice(0, start)).length + 1;
  return { file: file.shown, line: place.line, column, lineText, length: method?.length ?? 1 };
}

function nearestCall(lineText: string, method: string, near: number): number {
  const starts = [...lineText.matchAll(new RegExp(`(?<=\\.\\s*)${method}\\b`, 'g'))].map(
    ({ index }) => index,
  );
  return starts.toSorted((a, b) => Math.abs(a - near) - Math.abs(b - near))[0] ?? near;
}

function lineOf(path: string, line: number): string | null {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/)[line - 1] ?? null;
  } catch {
    return null; // removed meanwhile; the number of the line still helps
  }
}

function serverError(error: unknown): ServerError | null {
  if (error instanceof MessageRefused) return error.server;
  const candidate = error as Partial<ServerError> | null;
  return typeof candidate?.severity === 'string' && typeof candidate.code === 'string'
    ? (candidate as ServerError)
    : null;
}

/** The line of the SQL that the server's position points at. */
function sqlExcerpt(sql: string | null, server: ServerError | null): string {
  if (sql === null || server?.position === undefined) return '';
  const place = locate(sql, fromCodePoints(sql, Number(server.position) - 1), 1);
  return `\nin the SQL, line ${place.line}, column ${place.column}: ${place.lineText.trim()}`;
}

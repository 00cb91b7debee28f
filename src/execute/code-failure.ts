import { basename } from 'node:path';
import { isLockkeeperError, LockkeeperError, type SourceLocation } from '../core/errors.js';
import { MessageRefused, type ServerError } from '../pg/index.js';
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

interface Call {
  readonly sql: string | null;
  readonly place: CodePlace | null;
  readonly file: string;
}

/** One error for a statement that a code migration sent: the place of the call, and the place in the SQL. */
export function codeFailure(error: unknown, call: Call): LockkeeperError {
  const server = serverError(error);
  const location: SourceLocation | null =
    call.place === null ? null : { file: call.file, line: call.place.line, column: call.place.column };
  if (isLockkeeperError(error)) {
    return new LockkeeperError(error.code, {
      message: error.message,
      details: error.details,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(location === null ? {} : { location }),
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new LockkeeperError('MIGRATION_FAILED', {
    message: `${message}${server?.detail === undefined ? '' : ` (${server.detail})`}${sqlExcerpt(call.sql, server)}`,
    hint: server?.hint ?? 'Nothing of this step was kept. Mend the file and run the command again.',
    details: {
      ...(server === null ? {} : { sqlstate: server.code }),
      ...(call.sql === null ? {} : { sql: call.sql.slice(0, 2000) }),
    },
    cause: error,
    ...(location === null ? {} : { location }),
  });
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

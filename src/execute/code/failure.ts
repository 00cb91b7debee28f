import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { isLockkeeperError, LockkeeperError, type SourceLocation } from '../../core/errors.js';
import { withFullStop } from '../../core/text.js';
import { MessageRefused, type ServerError, sqlstate } from '../../pg/index.js';
import { fromCodePoints, locate } from '../../sql/position.js';

/** Where in the user's file a call was made. */
export interface CodePlace {
  readonly line: number;
  readonly column: number;
}

/** Finds the frame of the user's file in a stack; null where the file is not on it (a call after an await in a library). */
export function placeOf(stack: string, file: string): CodePlace | null {
  const name = basename(file);
  for (const frame of stack.split('\n')) {
    const at = frame.lastIndexOf(name);
    if (at < 0) continue;
    // A native import may carry a query behind the name.
    const match = /^(?:\?[^\s:)]*)?:(\d+):(\d+)/.exec(frame.slice(at + name.length));
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
  /** The method of `db` or of its client that was called; null where the function itself threw. */
  readonly method: string | null;
  readonly place: CodePlace | null;
  readonly file: CodeFile;
  readonly transaction: boolean;
}

/** A call of `db` or of its client. Its place is looked for when it is first asked for. */
export class CallAt implements Call {
  readonly sql: string | null;
  readonly method: string | null;
  readonly file: CodeFile;
  readonly transaction: boolean;
  readonly #site: Error;
  #place: CodePlace | null | undefined;

  constructor(
    what: Pick<Call, 'sql' | 'method'>,
    site: Error,
    where: { readonly file: CodeFile; readonly transaction: boolean },
  ) {
    this.sql = what.sql;
    this.method = what.method;
    this.file = where.file;
    this.transaction = where.transaction;
    this.#site = site;
  }

  get place(): CodePlace | null {
    this.#place ??= placeOf(this.#site.stack ?? '', this.file.shown);
    return this.#place;
  }
}

/** One error for a statement that a code migration sent: the place of the call, and the place in the SQL. */
export function codeFailure(
  error: unknown,
  call: Call,
  /** Version of the migration, where something of it is committed. */
  { committed }: { readonly committed: string | null } = { committed: null },
): LockkeeperError {
  const server = serverError(error);
  const location = sourceLocation(call);
  if (isLockkeeperError(error)) {
    return new LockkeeperError(error.code, {
      message: error.message,
      details: error.details,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(error.location === undefined
        ? location === null
          ? {}
          : { location }
        : { location: error.location }),
      ...(error.cause === undefined ? {} : { cause: error.cause }),
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new LockkeeperError(
    server?.code === sqlstate.lockNotAvailable ? 'LOCK_BUDGET_EXCEEDED' : 'MIGRATION_FAILED',
    {
      message: `${server === null ? message : withFullStop(message)}${sqlExcerpt(call.sql, server)}${location === null ? withoutLine(call) : ''}`,
      hint:
        committed === null
          ? (ownHint(server) ?? wayOut(server, call.transaction))
          : behindCommit(committed, server),
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

/** What the server advises; of a new value of an enum we know more than it does. */
const ownHint = (server: ServerError | null): string | undefined =>
  server?.code === sqlstate.unsafeNewEnumValueUsage ? undefined : server?.hint;

function behindCommit(version: string, server: ServerError | null): string {
  const own = server?.hint === undefined ? '' : `${withFullStop(server.hint)} `;
  return `${own}What came before it is committed. Mend the cause and run the command again: the function is answered from the journal up to here. Or finish it by hand: lockkeeper mark ${version} --applied --why "…".`;
}

/** A library that sends later than it is called has left the line behind. */
const withoutLine = ({ file, method }: Call): string =>
  `\nin ${file.shown}${method === null ? '' : '; from which line it was sent, its library does not tell'}`;

/** What is refused inside a transaction; a statement of that kind in plain sight runs alone, so this one was hidden. */
const outside: ReadonlySet<string> = new Set([
  sqlstate.activeSqlTransaction,
  sqlstate.invalidTransactionTermination,
]);

function wayOut(server: ServerError | null, transaction: boolean): string {
  if (server?.code === sqlstate.lockNotAvailable)
    return 'Another session keeps the lock: end it, run at a quieter time, or raise --lock-timeout. A function that has been answered is not called again by itself; retry: true in its migration allows that.';
  if (server?.code === sqlstate.unsafeNewEnumValueUsage && transaction)
    return "It is committed before the next statement unless a savepoint, a BEGIN of the function's own, SET LOCAL, a cursor or a lock is open, which a commit would end. End that first, or add the value in a migration of its own.";
  if (server !== null && outside.has(server.code) && transaction) {
    return /^SET TRANSACTION/i.test(server.message)
      ? "The run has written its claim before the function was called. With transaction: 'none' the function can begin a transaction of its own in any mode."
      : "It could not be seen beforehand (a function or procedure does it). Set transaction: 'none' in the migration, so that nothing of it runs in a transaction.";
  }
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

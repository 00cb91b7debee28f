import type { LockkeeperError } from '../core/errors.js';
import { problemAt } from './position.js';

/** `\restrict TOKEN` and `\unrestrict TOKEN`, which pg_dump writes since its minor releases of August 2025. */
const restrictLine = /^\\(un)?restrict[ \t]+(\S+)[ \t]*$/;

/** What is to be done about a backslash at `offset`. */
export interface PsqlLine {
  /** Where the script goes on: the end of the line. */
  readonly next: number;
  readonly problem: LockkeeperError | null;
}

/**
 * Meets the psql commands of one script. The restrict pair is passed over, because it only tells psql to refuse other
 * commands, as is done here anyway; every other command is refused, and none is ever run.
 */
export class PsqlCommands {
  readonly #text: string;
  #restricted: { readonly token: string; readonly offset: number } | null = null;

  constructor(text: string) {
    this.#text = text;
  }

  read(offset: number, betweenStatements: boolean): PsqlLine {
    const text = this.#text;
    const lineStart = offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
    const feed = text.indexOf('\n', offset);
    const next = feed < 0 ? text.length : feed;
    const line = text.slice(offset, next).replace(/\r$/, '');
    const restrict = restrictLine.exec(line);
    const wholeLine = text.slice(lineStart, offset).trim() === '';
    if (restrict !== null && betweenStatements && wholeLine) {
      const problem = this.#restrict(offset, restrict[1] === undefined, restrict[2] ?? '');
      return { next, problem };
    }
    return { next, problem: refusal(text, offset, line) };
  }

  /** What is still open at the end of the script. */
  end(): LockkeeperError | null {
    if (this.#restricted === null) return null;
    return this.#mismatch(this.#restricted.offset, 'A \\restrict has no \\unrestrict with its token.');
  }

  #restrict(offset: number, opens: boolean, token: string): LockkeeperError | null {
    const open = this.#restricted;
    this.#restricted = opens ? { token, offset } : null;
    if (opens && open !== null) return this.#mismatch(offset, 'A \\restrict stands inside another.');
    if (!opens && open?.token !== token) {
      return this.#mismatch(offset, 'An \\unrestrict has no \\restrict with its token before it.');
    }
    return null;
  }

  #mismatch(offset: number, message: string): LockkeeperError {
    const hint = 'Keep both lines as pg_dump wrote them, or remove both.';
    return problemAt('PSQL_COMMAND_REFUSED', this.#text, { offset, message, hint });
  }
}

function refusal(text: string, offset: number, line: string): LockkeeperError {
  const command = /^\\[^\s\\]*/.exec(line)?.[0] ?? '\\';
  return problemAt('PSQL_COMMAND_REFUSED', text, {
    offset,
    length: command.length,
    message: `The psql command ${command} is refused: a migration is sent to the server as it is, and psql takes no part.`,
    hint: hintFor(command),
    details: { command },
  });
}

function hintFor(command: string): string {
  if (/^\\ir?$|^\\include/.test(command))
    return 'Put the SQL of that file here, or make it a migration of its own.';
  if (command === '\\copy')
    return 'Use COPY … FROM STDIN with the data below it, ended by a line with \\. alone.';
  if (/^\\c(onnect)?$/.test(command))
    return 'Remove the line; the database is chosen by --url or the configuration.';
  if (command === '\\.') return 'A line with \\. ends the data of a COPY … FROM STDIN; none is open here.';
  return 'Remove the command, or write what it does in SQL.';
}

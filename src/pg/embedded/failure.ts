import { join } from 'node:path';
import { isLockkeeperError, LockkeeperError } from '../../core/errors.js';
import { readLog, type Layout } from './layout.js';

/** What the start could have been doing, for the message. */
export interface StartFailure {
  readonly what: string;
  readonly hint: string;
  /** Where the server began to write for this start; the lines after it are quoted. */
  readonly logOffset?: number;
  /** What a program printed, where the log is not the place. */
  readonly output?: string;
  readonly cause?: unknown;
}

const quotedLines = 12;

/** EMBEDDED_START_FAILED with the last words of the server itself, which say more than we could. */
export function startFailed(layout: Layout, failure: StartFailure): LockkeeperError {
  const said = lastLines(
    failure.output ?? (failure.logOffset === undefined ? '' : readLog(layout, failure.logOffset)),
  );
  return new LockkeeperError('EMBEDDED_START_FAILED', {
    message: said === '' ? failure.what : `${failure.what} It said:\n${said}`,
    hint: failure.hint,
    details: { dir: layout.home, log: layout.log },
    ...(failure.cause === undefined ? {} : { cause: failure.cause }),
  });
}

/** A process that may be a server on the data, and may not: two servers on one folder would ruin it. */
export function doubtful(layout: Layout, pid: number): LockkeeperError {
  return startFailed(layout, {
    what: `Process ${pid} may be a server on "${layout.data}" and does not answer, so the folder is left alone.`,
    hint: `End process ${pid} when it is one, or delete "${join(layout.data, 'postmaster.pid')}" when it is not, and run again.`,
  });
}

/** INTERRUPTED, for a wait that the caller no longer wants. */
export function interrupted(what: string): LockkeeperError {
  return new LockkeeperError('INTERRUPTED', {
    message: `Stopped while ${what}.`,
    hint: 'Run the command again.',
  });
}

/**
 * Turns what the system or the server said into a sentence that a person can act on. Our own errors pass, and so do
 * those without a code: they come from a listener, and are its author's to see.
 */
export function explain(layout: Layout, error: unknown): unknown {
  const code = errnoOf(error);
  if (code === null || isLockkeeperError(error)) return error;
  return ['EACCES', 'EPERM', 'EROFS'].includes(code) ? denied(layout, error, code) : refused(layout, error);
}

function refused(layout: Layout, error: unknown): LockkeeperError {
  return startFailed(layout, {
    what: `The embedded server in "${layout.home}" cannot be used: ${error instanceof Error ? error.message : String(error)}.`,
    hint: `Its log is "${layout.log}". When its data is not needed, run "lockkeeper db stop" and delete that folder; or give a database url.`,
    cause: error,
  });
}

function denied(layout: Layout, error: unknown, code: string): LockkeeperError {
  const path = (error as NodeJS.ErrnoException).path ?? layout.home;
  return startFailed(layout, {
    what:
      code === 'EROFS'
        ? `The embedded server needs "${layout.home}", and the file system is read-only.`
        : `The embedded server's files belong to another user: "${path}" is not ours to use (${code}).`,
    hint: 'Run as the user that owns the project, delete that folder if its data is not needed, or give a database url.',
    cause: error,
  });
}

/** The system's code of an error (`ENOENT` …); null where it has none. */
export function errnoOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

function lastLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .slice(-quotedLines)
    .map((line) => `  ${line}`)
    .join('\n');
}

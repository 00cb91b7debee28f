import { errorCatalogue, type ErrorCode, type ExitCode } from './error-catalogue.js';
import { redact, redactText } from './redact.js';

/** A place in a file that a person can jump to. Lines and columns count from 1; columns count code points. */
export interface SourceLocation {
  /** Path as shown to people: relative to the project folder where possible. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The whole text of that line, so that a report can underline the place without reading the file again. */
  readonly lineText?: string;
  /** How many code points to underline; at least 1. */
  readonly length?: number;
}

export interface ErrorInit {
  /** What happened, to which object, and why. Full sentences. */
  readonly message: string;
  /** The way out: what to run, set or change. */
  readonly hint?: string;
  readonly location?: SourceLocation;
  /** Machine-readable facts: option, version, sqlstate … Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  /** The single mistakes, where several were found at once and are reported together. */
  readonly problems?: readonly LockkeeperError[];
}

const brand = Symbol.for('lockkeeper.error');

/**
 * Every failure of Lockkeeper. `code` is stable and listed in `docs/errors.md`; `exit` is the exit status
 * that the command line gives for it.
 */
export class LockkeeperError extends Error {
  readonly code: ErrorCode;
  readonly exit: ExitCode;
  readonly hint: string | undefined;
  readonly location: SourceLocation | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly problems: readonly LockkeeperError[];
  readonly [brand] = true;

  constructor(code: ErrorCode, init: ErrorInit) {
    // Redacted here, once for all: an error may hold a statement with a password in it, and ends up in logs.
    super(redactText(init.message), init.cause === undefined ? undefined : { cause: redact(init.cause) });
    this.name = 'LockkeeperError';
    this.code = code;
    this.exit = errorCatalogue[code].exit;
    this.hint = init.hint;
    this.location = redact(init.location);
    this.details = redact(init.details ?? {});
    this.problems = init.problems ?? [];
  }

  /** Where the catalogue explains this code. */
  get docs(): string {
    return `docs/errors.md#${this.code.toLowerCase()}`;
  }

  /** One JSON shape for logs, `--json` and the studio. The stack stays out of it. */
  toJSON(): ErrorJson {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.location === undefined ? {} : { location: this.location }),
      ...(Object.keys(this.details).length === 0 ? {} : { details: this.details }),
      ...(this.problems.length === 0 ? {} : { problems: this.problems.map((problem) => problem.toJSON()) }),
      docs: this.docs,
    };
  }
}

export interface ErrorJson {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly location?: SourceLocation;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly problems?: readonly ErrorJson[];
  readonly docs: string;
}

/** Tells our errors from others, also across two installed copies of the package. */
export function isLockkeeperError(value: unknown, code?: ErrorCode): value is LockkeeperError {
  if (typeof value !== 'object' || value === null || !(brand in value)) return false;
  return code === undefined || (value as LockkeeperError).code === code;
}

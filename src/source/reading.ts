import type { LockkeeperError } from '../core/errors.js';
import type { Warning } from '../core/report.js';
import type { Migration, SqlScript } from '../migration/migration.js';
import type { Outcome } from './outcome.js';

/** Migrations that were parsed or imported. A file with a problem that stops it is not among `migrations`. */
export interface SourceReading {
  readonly migrations: readonly Migration[];
  readonly problems: readonly LockkeeperError[];
  readonly warnings: readonly Warning[];
  /** In the order in which they run. */
  readonly hooks?: readonly RunHook[];
}

/** A script that another tool runs once in a whole run, in a transaction of its own. */
export interface RunHook {
  /** `after` at the end of every run, `after-applied` only where something was applied. */
  readonly when: 'before' | 'after-applied' | 'after' | 'after-error';
  /** What the tool calls it. */
  readonly event: string;
  readonly script: SqlScript;
  /** Holds in its transaction; null for what the session has. */
  readonly searchPath: string | null;
}

/** What reading several files gave, as one. */
export function readingOf(outcomes: readonly Outcome[]): SourceReading {
  return {
    migrations: outcomes.flatMap(({ migration }) => migration ?? []),
    problems: outcomes.flatMap(({ problems }) => problems),
    warnings: outcomes.flatMap(({ warnings }) => warnings),
  };
}

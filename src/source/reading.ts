import type { LockkeeperError } from '../core/errors.js';
import type { Warning } from '../core/report.js';
import type { Migration } from '../migration/migration.js';
import type { Outcome } from './outcome.js';

/** Migrations that were parsed or imported. A file with a problem that stops it is not among `migrations`. */
export interface SourceReading {
  readonly migrations: readonly Migration[];
  readonly problems: readonly LockkeeperError[];
  readonly warnings: readonly Warning[];
}

/** What reading several files gave, as one. */
export function readingOf(outcomes: readonly Outcome[]): SourceReading {
  return {
    migrations: outcomes.flatMap(({ migration }) => migration ?? []),
    problems: outcomes.flatMap(({ problems }) => problems),
    warnings: outcomes.flatMap(({ warnings }) => warnings),
  };
}

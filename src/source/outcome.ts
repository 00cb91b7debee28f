import type { LockkeeperError } from '../core/errors.js';
import type { Warning } from '../core/report.js';
import type { Migration } from '../migration/migration.js';

/** What reading one file gave. `migration` is null exactly when `problems` holds something. */
export interface Outcome {
  readonly migration: Migration | null;
  readonly problems: readonly LockkeeperError[];
  readonly warnings: readonly Warning[];
}

/** A file that cannot be used. */
export function unusable(problems: readonly LockkeeperError[], warnings: readonly Warning[] = []): Outcome {
  return { migration: null, problems, warnings };
}

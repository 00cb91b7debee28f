import { isLockkeeperError, type LockkeeperError } from '../core/errors.js';
import type { Warning } from '../core/report.js';
import { type ChecksumParts, tokenChecksumOf } from '../migration/checksum.js';
import type { Metadata } from '../migration/metadata.js';
import type { Migration, MigrationFile } from '../migration/migration.js';

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

/** What reading gives; an error of ours that it throws makes the file one that cannot be used. */
export function attempt(read: () => Outcome): Outcome {
  try {
    return read();
  } catch (error) {
    return unusableBy(error);
  }
}

/** The same for reading that has to wait. */
export async function attemptAsync(read: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await read();
  } catch (error) {
    return unusableBy(error);
  }
}

function unusableBy(error: unknown): Outcome {
  if (isLockkeeperError(error)) return unusable([error]);
  throw error;
}

/**
 * A file and what was read of it, as one. Written out, because a spread of two objects gives each result a hidden
 * class of its own: with thousands of migrations that is megabytes and a tenth of the reading.
 */
export function assembleMigration(
  file: MigrationFile,
  parts: Omit<ChecksumParts, 'metadata' | 'checksum'> & { readonly metadata: Metadata },
  /** Of another tool's migration only. */
  foreign: Pick<Migration, 'foreign' | 'keepsSession'> | null = null,
): Migration {
  const { source, version, name, format, repeatable, path, downPath, checksum } = file;
  const { metadata, up, down, validateBefore, validateAfter } = parts;
  const migration = {
    source,
    version,
    name,
    format,
    repeatable,
    path,
    downPath,
    checksum,
    metadata,
    up,
    down,
    validateBefore,
    validateAfter,
    tokenChecksum: tokenChecksumOf({ metadata, up, down, validateBefore, validateAfter, checksum }),
  };
  if (foreign === null || file.foreignKey === undefined) return migration;
  return { ...migration, foreignKey: file.foreignKey, ...foreign };
}

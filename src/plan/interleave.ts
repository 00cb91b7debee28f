import type { MigrationFile } from '../migration/migration.js';
import { momentDigits, parseMigrationName } from '../migration/version.js';

/**
 * One order for the migrations of several folders. Each folder keeps its own. Folders whose versions are times are
 * merged by time, at the place of the first of them; what has no time in such a folder (`0_init`) stays with what
 * stands before it. Folders without any time run as they are listed in the configuration.
 */
export function interleave(folders: readonly (readonly MigrationFile[])[]): readonly MigrationFile[] {
  const [only] = folders;
  // Most projects have one folder, and pay nothing for this.
  if (only !== undefined && folders.length === 1) return only;
  const timed = folders.map(withTimes);
  const merged = merge(timed.filter((folder) => folder !== null));
  const first = timed.findIndex((folder) => folder !== null);
  return folders.flatMap((folder, index) => {
    if (timed[index] === null) return folder;
    return index === first ? merged : [];
  });
}

interface Timed {
  readonly file: MigrationFile;
  /** Calendar digits, YYYYMMDDHHMMSSmmm; empty before every time. */
  readonly time: string;
}

/** Null for a folder in which nothing has a time. */
function withTimes(files: readonly MigrationFile[]): readonly Timed[] | null {
  let time = '';
  const timed = files.map((file) => {
    time = timeOf(file) ?? time;
    return { file, time };
  });
  return time === '' ? null : timed;
}

function timeOf({ version, writtenAt }: MigrationFile): string | null {
  if (writtenAt !== undefined) return new Date(writtenAt).toISOString().replaceAll(/\D/g, '');
  // Some tools' versions are whole file names.
  return momentDigits(version) ?? momentDigits(parseMigrationName(version)?.version ?? '');
}

/** Takes the oldest of the folders' next ones, and of two equally old ones that of the folder listed first. */
function merge(folders: readonly (readonly Timed[])[]): readonly MigrationFile[] {
  const next = folders.map(() => 0);
  const merged: MigrationFile[] = [];
  for (;;) {
    let oldest: { readonly index: number; readonly timed: Timed } | null = null;
    for (const [index, folder] of folders.entries()) {
      const timed = folder[next[index] ?? 0];
      if (timed !== undefined && (oldest === null || timed.time < oldest.timed.time))
        oldest = { index, timed };
    }
    if (oldest === null) return merged;
    next[oldest.index] = (next[oldest.index] ?? 0) + 1;
    merged.push(oldest.timed.file);
  }
}

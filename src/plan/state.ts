import type { AppliedMigration, HistoryState, OpenStep } from '../history/index.js';
import { type MigrationFile, migrationKey, runsLast } from '../migration/migration.js';

/** Files and history laid side by side. */
export interface MigrationState {
  /** In order of application; `file` is null where it is gone. */
  readonly applied: readonly { readonly row: AppliedMigration; readonly file: MigrationFile | null }[];
  /** In order of version, repeatable ones last. A repeatable file whose content changed is pending again. */
  readonly pending: readonly MigrationFile[];
  readonly missing: readonly AppliedMigration[];
  /** Raw bytes differ from what was applied; whether the meaning does, only the tokens tell. */
  readonly touched: readonly { readonly row: AppliedMigration; readonly file: MigrationFile }[];
  /** Pending, and older than something applied from the same source. */
  readonly outOfOrder: readonly MigrationFile[];
  /** Begun and not finished, with the steps that the journal has of them. */
  readonly unfinished: readonly UnfinishedMigration[];
}

export interface UnfinishedMigration {
  readonly source: string;
  readonly version: string;
  readonly action: OpenStep['action'];
  readonly steps: readonly OpenStep[];
}

/** Compares a listing (in version order) with the history. Linear in both. */
export function compareState(files: readonly MigrationFile[], history: HistoryState): MigrationState {
  const placeOf = indexRows(history.applied);
  // By place, not by row: a map that is keyed by objects has to give each of them an identity first.
  const fileAt: (MigrationFile | null)[] = history.applied.map(() => null);
  const pending: MigrationFile[] = [];
  const touched: { row: AppliedMigration; file: MigrationFile }[] = [];
  const lastApplied = new Map<string, number>();
  files.forEach((file, index) => {
    const place = placeOf(file);
    const row = place === undefined ? undefined : history.applied[place];
    if (place === undefined || row === undefined) {
      if (file.excluded === undefined) pending.push(file);
      return;
    }
    fileAt[place] = file;
    if (!file.repeatable) lastApplied.set(file.source, index);
    if (row.checksum === file.checksum) return;
    if (file.repeatable && file.excluded !== undefined) return;
    if (file.repeatable) pending.push(file);
    else touched.push({ row, file });
  });
  return {
    applied: history.applied.map((row, place) => ({ row, file: fileAt[place] ?? null })),
    pending: [...pending.filter((file) => !runsLast(file)), ...pending.filter(runsLast)],
    missing: history.applied.filter((_, place) => fileAt[place] === null),
    touched,
    outOfOrder: findOutOfOrder(files, pending, lastApplied),
    unfinished: groupOpenSteps(history.open),
  };
}

/** One map for each source: joined keys would be thousands of new strings to hash, in every `status`. */
function indexRows(rows: readonly AppliedMigration[]): (file: MigrationFile) => number | undefined {
  const sources = new Map<string, Map<string, number>>();
  rows.forEach(({ source, version }, place) => {
    const versions = sources.get(source) ?? new Map<string, number>();
    if (versions.size === 0) sources.set(source, versions);
    versions.set(version, place);
  });
  return (file) => sources.get(file.source)?.get(file.version);
}

/** The history does not say what is repeatable; the file does, or the form of its name where the file is gone. */
export function repeatableRows(state: MigrationState): (row: AppliedMigration) => boolean {
  const marked = new Set(
    state.applied.filter(({ file }) => file !== null && runsLast(file)).map(({ row }) => row),
  );
  return (row) => marked.has(row) || row.version.startsWith('R__');
}

function findOutOfOrder(
  files: readonly MigrationFile[],
  pending: readonly MigrationFile[],
  lastApplied: ReadonlyMap<string, number>,
): readonly MigrationFile[] {
  if (pending.length === 0) return [];
  const waiting = new Set(pending);
  return files.filter(
    (file, index) => !file.repeatable && index < (lastApplied.get(file.source) ?? -1) && waiting.has(file),
  );
}

function groupOpenSteps(open: readonly OpenStep[]): readonly UnfinishedMigration[] {
  const groups = new Map<string, OpenStep[]>();
  for (const step of open) {
    const key = migrationKey(step);
    groups.set(key, [...(groups.get(key) ?? []), step]);
  }
  return [...groups.values()].map((steps) => {
    const first = steps[0] as OpenStep;
    return { source: first.source, version: first.version, action: first.action, steps };
  });
}

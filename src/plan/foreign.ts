import type { AppliedMigration, HistoryState } from '../history/index.js';
import type { ForeignEntry } from '../migration/foreign.js';
import { type MigrationFile, migrationKey } from '../migration/migration.js';

/** One source whose other tool's history is kept, and what that history says. */
export interface ForeignSide {
  readonly source: string;
  /** In order of application; null where the tool's table is not there. */
  readonly entries: readonly ForeignEntry[] | null;
  readonly files: readonly MigrationFile[];
}

/** Our history and the other one, laid side by side. */
export interface Reconciliation {
  /** Applied by the other tool, in its order; we have no row yet. */
  readonly taken: readonly { readonly file: MigrationFile; readonly entry: ForeignEntry }[];
  /** Applied by us, known to the other tool, and undone by it. */
  readonly gone: readonly AppliedMigration[];
  /** Applied by us; the other tool has not heard of it. */
  readonly untold: readonly { readonly row: AppliedMigration; readonly file: MigrationFile }[];
  /** In both histories; only the note of that is missing. */
  readonly unlinked: readonly { readonly row: AppliedMigration; readonly key: string }[];
  /** Begun by the other tool and not finished. */
  readonly failed: readonly { readonly source: string; readonly entry: ForeignEntry }[];
  /** On record there, and no file is. */
  readonly fileless: readonly { readonly source: string; readonly entry: ForeignEntry }[];
  /** Sources of which the other tool has a history, and we have taken over nothing yet. */
  readonly strange: readonly string[];
}

/**
 * Compares the two histories of every foreign source. `links` says which of our rows the other tool was told of, or was
 * heard of from: only those can have been undone by it.
 */
export function reconcile(
  history: HistoryState,
  sides: readonly ForeignSide[],
  links: ReadonlyMap<string, string>,
): Reconciliation {
  const parts = sides.map((side) => reconcileOne(history, side, links));
  return {
    taken: parts.flatMap((part) => part.taken),
    gone: parts.flatMap((part) => part.gone),
    untold: parts.flatMap((part) => part.untold),
    unlinked: parts.flatMap((part) => part.unlinked),
    failed: parts.flatMap((part) => part.failed),
    fileless: parts.flatMap((part) => part.fileless),
    strange: parts.flatMap((part) => part.strange),
  };
}

function reconcileOne(
  history: HistoryState,
  { source, entries, files }: ForeignSide,
  links: ReadonlyMap<string, string>,
): Reconciliation {
  const rows = history.applied.filter((row) => row.source === source);
  const rowOf = new Map(rows.map((row) => [row.version, row]));
  const fileOf = new Map(files.map((file) => [file.foreignKey, file]));
  const fileOfVersion = new Map(files.map((file) => [file.version, file]));
  // What stopped here in part is told to the other tool as begun, and is ours to finish.
  const begunHere = new Set(
    history.open.flatMap((step) => (step.source === source && step.action === 'apply' ? [step.version] : [])),
  );
  const failed = (entries ?? []).filter(
    ({ state, key }) => state === 'failed' && !begunHere.has(fileOf.get(key)?.version ?? ''),
  );
  const applied = (entries ?? []).filter(({ state }) => state === 'applied');
  const there = new Set(applied.map(({ key }) => key));
  const linkOf = (row: AppliedMigration): string | undefined => links.get(migrationKey(row));
  const isLinked = rows.some((row) => linkOf(row) !== undefined);
  const known = rows.map((row) => {
    const file = fileOfVersion.get(row.version);
    return { row, file, link: linkOf(row), key: linkOf(row) ?? file?.foreignKey };
  });
  const keys = new Set(known.map(({ key }) => key));
  const newest = files.findLastIndex((file) => rowOf.has(file.version));
  const taken = applied.flatMap((entry) => {
    const file = fileOf.get(entry.key);
    if (file === undefined || rowOf.has(file.version)) return [];
    // A file that was merged late, below what we have: the other tool would pass over it in silence.
    const isLate = entry.implied === true && isLinked && files.indexOf(file) < newest;
    return isLate ? [] : [{ file, entry }];
  });
  return {
    taken,
    gone: known.flatMap(({ row, link }) =>
      entries !== null && link !== undefined && !there.has(link) ? [row] : [],
    ),
    untold: known.flatMap(({ row, file, link, key }) => {
      const isThere = key !== undefined && there.has(key);
      const isDue = entries === null || link === undefined;
      return file !== undefined && isDue && !isThere ? [{ row, file }] : [];
    }),
    unlinked: known.flatMap(({ row, link, key }) =>
      link === undefined && key !== undefined && there.has(key) ? [{ row, key }] : [],
    ),
    failed: failed.map((entry) => ({ source, entry })),
    fileless: applied.flatMap((entry) =>
      fileOf.has(entry.key) || keys.has(entry.key) ? [] : [{ source, entry }],
    ),
    strange: taken.length > 0 && !isLinked ? [source] : [],
  };
}

/** What the history will be when it has followed the other tool; for those who only read. */
export function followed(history: HistoryState, { taken, gone }: Reconciliation): HistoryState {
  if (taken.length === 0 && gone.length === 0) return history;
  const left = new Set(gone);
  const newest = Math.max(0, ...history.applied.map(({ seq }) => seq));
  return {
    ...history,
    applied: [
      ...history.applied.filter((row) => !left.has(row)),
      ...taken.map(({ file, entry }, index): AppliedMigration => ({
        source: file.source,
        version: file.version,
        seq: newest + index + 1,
        name: file.name,
        release: null,
        format: file.format,
        batch: 0,
        appliedAt: entry.appliedAt ?? '',
        executionTimeMs: null,
        checksum: file.checksum,
        depends: [],
        tags: [],
        rollbackAvailable: false,
      })),
    ],
  };
}

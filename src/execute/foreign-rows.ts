import type { Direction } from '../core/report.js';
import {
  executeCallLink,
  type HistoryTables,
  linkForeign,
  type Preparation,
  unlinkForeign,
} from '../history/index.js';
import type { Migration } from '../migration/migration.js';
import type { PlannedMigration } from '../plan/plan.js';
import { ours, type Part } from './parts.js';
import type { Run } from './run.js';

/** What the history of another tool is told of a migration that this run has finished. */
export function foreignRows(
  { foreign, direction, tables }: Run,
  planned: PlannedMigration,
  prepared?: Preparation,
): readonly Part[] {
  const { migration, open } = planned;
  const about = { migration, direction, settles: open.length > 0, prepared };
  return foreignStatements({ foreign }, tables, about).map((text) => ours(text));
}

/** What the other tool is told of a migration that stopped partly applied. */
export function foreignUnfinished({ foreign, direction }: Run, migration: Migration): readonly string[] {
  if (direction === 'down' || !foreign.has(migration.source)) return [];
  return migration.foreign?.unfinished?.() ?? [];
}

/** What the history of another tool is told, in the transaction that writes ours. */
export function foreignStatements(
  { foreign }: Pick<Run, 'foreign'>,
  tables: HistoryTables,
  {
    migration,
    direction,
    settles = false,
    prepared,
  }: {
    readonly migration: Migration;
    readonly direction: Direction;
    /** It was begun before, and the other tool may have been told. */
    readonly settles?: boolean;
    /** Where the session holds our own part prepared. */
    readonly prepared?: Preparation | undefined;
  },
): readonly string[] {
  const run = foreign.get(migration.source);
  if (run === undefined || migration.foreign === undefined) return [];
  const { applied, undone, settled } = migration.foreign;
  const before = settles ? (settled?.() ?? []) : [];
  const theirs = direction === 'up' ? applied(run) : undone(run);
  const key = migration.foreignKey ?? migration.version;
  if (prepared !== undefined) return [...before, ...theirs, executeCallLink(prepared, migration, key)];
  const link = direction === 'up' ? linkForeign(tables, migration, key) : unlinkForeign(tables, migration);
  return [...before, ...theirs, link];
}

import type { Warning } from '../core/report.js';
import { readForeignLinks } from '../history/index.js';
import type { ForeignEntry, ForeignHistory, ForeignRun } from '../migration/foreign.js';
import type { MigrationFile } from '../migration/migration.js';
import { type ForeignSide, followed, reconcile, type Reconciliation } from '../plan/foreign.js';
import type { Session } from '../pg/index.js';
import type { ProjectFiles } from './migrations.js';
import type { Prepared } from './prepare-read.js';

/** A source whose other tool's history is kept beside ours. */
export interface ForeignTarget {
  readonly source: string;
  readonly history: ForeignHistory;
  readonly files: readonly MigrationFile[];
}

/** Both histories of a project, compared. */
export interface ForeignView {
  readonly targets: readonly ForeignTarget[];
  readonly sides: readonly ForeignSide[];
  readonly difference: Reconciliation;
}

/** What a reader sees: our history as the next run will have it, when it has followed the other tools. */
export async function viewForeign(project: ProjectFiles, prepared: Prepared): Promise<Prepared> {
  const { difference, targets, sides } = await compareForeign(project, prepared);
  const there = new Set(sides.filter(({ entries }) => entries !== null).map(({ source }) => source));
  const runs = await readRuns(
    prepared.opened.session,
    targets.filter(({ source }) => there.has(source)),
  );
  return {
    ...prepared,
    // A dry run shows what would be told to the other tool.
    foreign: new Map(targets.map(({ source }) => [source, runs.get(source) ?? { batch: '1' }])),
    history: followed(prepared.history, difference),
    warnings: [
      ...prepared.warnings,
      ...difference.failed.map(unfinishedThere),
      ...notes(difference, targets),
    ],
  };
}

/** Reads the other tools' histories and lays ours beside them; writes nothing. */
export async function compareForeign(project: ProjectFiles, prepared: Prepared): Promise<ForeignView> {
  const { session } = prepared.opened;
  const targets = targetsOf(project);
  const sides = await readSides(session, targets);
  const links = await readForeignLinks(session, prepared.tables);
  return { targets, sides, difference: reconcile(prepared.history, sides, links) };
}

export function targetsOf({ sources, files }: ProjectFiles): readonly ForeignTarget[] {
  return sources.flatMap(({ name, foreign }) =>
    foreign === null
      ? []
      : [{ source: name, history: foreign, files: files.filter((file) => file.source === name) }],
  );
}

export async function isThere(session: Session, table: string): Promise<boolean> {
  const rows = await session.query<{ there: boolean }>('select to_regclass($1) is not null as there', [
    table,
  ]);
  return rows[0]?.there === true;
}

export async function readSides(
  session: Session,
  targets: readonly ForeignTarget[],
): Promise<readonly ForeignSide[]> {
  const sides: ForeignSide[] = [];
  for (const { source, history, files } of targets) {
    sides.push({ source, files, entries: await readEntries(session, history, files) });
  }
  return sides;
}

async function readEntries(
  session: Session,
  history: ForeignHistory,
  files: readonly MigrationFile[],
): Promise<readonly ForeignEntry[] | null> {
  if (!(await isThere(session, history.table))) return null;
  return history.entriesOf(await session.query(history.read), files);
}

export async function readRuns(
  session: Session,
  targets: readonly ForeignTarget[],
): Promise<ReadonlyMap<string, ForeignRun>> {
  const runs = new Map<string, ForeignRun>();
  for (const { source, history } of targets) {
    const rows = history.readBatch === null ? [] : await session.queryMany(history.readBatch);
    const batch = rows[0]?.[0]?.[0] ?? null;
    runs.set(source, { batch: batch === null ? null : String(batch) });
  }
  return runs;
}

function unfinishedThere({ source, entry }: Reconciliation['failed'][number]): Warning {
  return {
    code: 'foreign-unfinished',
    message: `${source}: ${entry.name} was begun by the other tool and not finished.`,
    hint: 'Settle it with that tool; "up" refuses until then.',
  };
}

/** What the two histories say of each other, in sentences. */
export function notes(
  { taken, gone, fileless, strange }: Reconciliation,
  targets: readonly ForeignTarget[],
): readonly Warning[] {
  return targets.flatMap(({ source, history: { tool } }): Warning[] => {
    const here = taken.filter(({ file }) => file.source === source).map(({ file }) => file.version);
    const away = gone.filter((row) => row.source === source).map(({ version }) => version);
    const lost = fileless.filter((item) => item.source === source).map(({ entry }) => entry.name);
    const list = (names: readonly string[]): string =>
      names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
    return [
      ...(here.length === 0 ? [] : [appliedElsewhere(list(here), { source, tool, strange })]),
      ...(away.length === 0
        ? []
        : [{ code: 'undone-elsewhere', message: `${source}: undone by ${tool}: ${list(away)}.` }]),
      ...(lost.length === 0
        ? []
        : [
            {
              code: 'foreign-file-missing',
              message: `${source}: ${tool} has applied what has no file here: ${list(lost)}.`,
            },
          ]),
    ];
  });
}

function appliedElsewhere(
  list: string,
  {
    source,
    tool,
    strange,
  }: { readonly source: string; readonly tool: string; readonly strange: readonly string[] },
): Warning {
  const message = `${source}: applied by ${tool}: ${list}.`;
  return strange.includes(source)
    ? { code: 'not-adopted', message, hint: 'Take it over with "lockkeeper adopt"; "up" refuses until then.' }
    : { code: 'applied-elsewhere', message };
}

/** A table's name as people write it: without quotes where it needs none. */
export const plainTable = (table: string): string => table.replaceAll(/"([a-z_][a-z0-9_]*)"/g, '$1');

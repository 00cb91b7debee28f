import { LockkeeperError } from '../core/errors.js';
import type { Warning } from '../core/report.js';
import type { AppliedMigration, MigrationKey } from '../history/index.js';
import { type Migration, migrationKey } from '../migration/migration.js';
import { createResolver, findReferenced, holdsName } from '../migration/order.js';
import { orderByDependencies } from './order.js';

/** Which of the possible migrations a person asked for. */
export interface Selection {
  readonly to?: string | undefined;
  readonly steps?: number | undefined;
  readonly only?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly batch?: boolean | undefined;
  readonly all?: boolean | undefined;
}

/** What `redo` applies again: these and no others, in this order. No person types it. */
export interface ExactSelection extends Selection {
  readonly exactly?: readonly MigrationKey[] | undefined;
}

/**
 * Contradictory wishes are refused before anything is opened.
 * @throws {USAGE_INVALID} naming the options.
 */
export function assertSelection(selection: Selection): void {
  const given = (['to', 'steps', 'only', 'batch', 'all'] as const).filter(
    (key) => selection[key] !== undefined && selection[key] !== false,
  );
  if (given.length > 1) {
    throw new LockkeeperError('USAGE_INVALID', {
      message: `The options ${given.join(' and ')} contradict each other.`,
      hint: 'Give one of them.',
      details: { options: given },
    });
  }
  const { steps } = selection;
  if (steps !== undefined && (!Number.isSafeInteger(steps) || steps < 1)) {
    throw new LockkeeperError('USAGE_INVALID', {
      message: `The option steps is ${String(steps)}.`,
      hint: 'Give a whole number of 1 or more.',
      details: { option: 'steps' },
    });
  }
}

/** What a selection is made from beside the pending migrations themselves. */
export interface SelectFrom {
  readonly applied: readonly AppliedMigration[];
  /** Pending, and not for this environment. */
  readonly elsewhere: readonly Migration[];
}

/**
 * Chooses among pending migrations, which come in the order in which they would run.
 * @throws {MIGRATION_NOT_FOUND} {MIGRATION_DEPENDENCY_PENDING}
 */
export function selectUp(
  pending: readonly Migration[],
  { applied, elsewhere }: SelectFrom,
  selection: ExactSelection,
): readonly Migration[] {
  let chosen = pending;
  if (selection.exactly !== undefined) chosen = takeExactly(pending, selection.exactly);
  if (selection.to !== undefined) chosen = upTo(pending, applied, selection.to);
  if (selection.only !== undefined) {
    chosen = findReferenced(selection.only, pending);
    if (chosen.length > 1) throw ambiguous(selection.only, chosen);
    if (chosen.length === 0 && findReferenced(selection.only, applied).length === 0) {
      throw notFound(selection.only, pending);
    }
  }
  const tags = selection.tags ?? [];
  if (tags.length > 0)
    chosen = chosen.filter((migration) => migration.metadata.tags.some((tag) => tags.includes(tag)));
  if (selection.steps !== undefined) chosen = chosen.slice(0, selection.steps);
  assertNoneElsewhere(chosen, elsewhere);
  assertDependenciesMet(chosen, pending);
  return chosen;
}

/** Their order is the one in which they were applied before; what a file says now of its dependencies comes first. */
function takeExactly(pending: readonly Migration[], keys: readonly MigrationKey[]): readonly Migration[] {
  const byKey = new Map(pending.map((migration) => [migrationKey(migration), migration]));
  return orderByDependencies(
    keys.map((key) => {
      const migration = byKey.get(migrationKey(key));
      if (migration === undefined) throw notFound(key.version, pending);
      return migration;
    }),
  );
}

/** `to` may name a release: then everything up to the last migration of that release. */
function upTo(
  pending: readonly Migration[],
  applied: readonly AppliedMigration[],
  to: string,
): readonly Migration[] {
  const named = findReferenced(to, pending);
  if (named.length > 1) throw ambiguous(to, named);
  const last = pending.findLastIndex(
    (migration) => migration === named[0] || migration.metadata.release === to,
  );
  if (last >= 0) return pending.slice(0, last + 1);
  if (findReferenced(to, applied).length > 0) return [];
  if (applied.some((row) => row.release === to || row.tags.includes(to))) return [];
  throw notFound(to, pending);
}

/** Why a selection came to nothing although it names something; null where it chose something, or nothing was named. */
export function explainNothing(
  chosen: readonly Migration[],
  applied: readonly AppliedMigration[],
  { to, only, tags = [] }: Selection,
): Warning | null {
  if (chosen.length > 0) return null;
  if (tags.length > 0) {
    const wanted = tags.join(' or ');
    return { code: 'nothing-selected', message: `No migration to be run carries the tag ${wanted}.` };
  }
  const word = only ?? to;
  if (word === undefined) return null;
  const [row] = findReferenced(word, applied);
  const what = row === undefined ? `Everything up to "${word}"` : `Migration ${label(row)}`;
  return { code: 'already-applied', message: `${what} is applied already.` };
}

/** The first migration that depends on one of `others`. */
function findNeeding(
  chosen: readonly Migration[],
  others: readonly Migration[],
): { readonly migration: Migration; readonly needed: Migration } | null {
  if (others.length === 0) return null;
  const resolve = createResolver(others);
  for (const migration of chosen) {
    const [needed] = migration.metadata.depends.flatMap(resolve);
    if (needed !== undefined) return { migration, needed };
  }
  return null;
}

/** A migration never runs without what it depends on, also where that is left out on purpose. */
function assertNoneElsewhere(chosen: readonly Migration[], elsewhere: readonly Migration[]): void {
  const first = findNeeding(chosen, elsewhere);
  if (first === null) return;
  const { migration, needed } = first;
  const only = needed.metadata.environments.join(', ');
  throw new LockkeeperError('MIGRATION_DEPENDENCY_PENDING', {
    message: `Migration ${label(migration)} depends on ${label(needed)}, which is pending and does not run in this environment (environments: ${only}).`,
    hint: `Give ${migration.version} the same environments, or let ${needed.version} run here as well.`,
    details: { version: migration.version, depends: needed.version },
  });
}

function assertDependenciesMet(chosen: readonly Migration[], pending: readonly Migration[]): void {
  if (chosen.length === pending.length) return;
  const selected = new Set(chosen);
  const first = findNeeding(
    chosen,
    pending.filter((migration) => !selected.has(migration)),
  );
  if (first === null) return;
  throw new LockkeeperError('MIGRATION_DEPENDENCY_PENDING', {
    message: `Migration ${label(first.migration)} depends on ${label(first.needed)}, which is pending and not selected.`,
    hint: `Run ${first.needed.version} first, or leave the selection out.`,
    details: { version: first.migration.version, depends: first.needed.version },
  });
}

/**
 * Chooses what to undo, newest first. Repeatable migrations have no place in the order: they are undone when they
 * are named, with their batch, or with everything.
 * @throws {MIGRATION_NOT_FOUND} {MIGRATION_NEEDED} where something that stays depends on it.
 */
export function selectDown(
  applied: readonly AppliedMigration[],
  selection: Selection,
  isRepeatable: (row: AppliedMigration) => boolean,
): readonly AppliedMigration[] {
  const newestFirst = applied.toReversed();
  const chosen = chooseDown(newestFirst, selection, isRepeatable);
  const going = new Set(chosen);
  const resolve = createResolver(applied);
  for (const needs of applied) {
    if (needs.depends.length === 0 || going.has(needs)) continue;
    const row = needs.depends.flatMap((reference) => resolve(reference)).find((needed) => going.has(needed));
    if (row === undefined) continue;
    throw new LockkeeperError('MIGRATION_NEEDED', {
      message: `Migration ${label(row)} cannot be undone: ${label(needs)} is applied and depends on it.`,
      hint: `Undo ${needs.version} first.`,
      details: { version: row.version, neededBy: needs.version },
    });
  }
  return chosen;
}

function chooseDown(
  newestFirst: readonly AppliedMigration[],
  selection: Selection,
  isRepeatable: (row: AppliedMigration) => boolean,
): readonly AppliedMigration[] {
  if (selection.all === true) return newestFirst;
  if (selection.batch === true) {
    const batch = Math.max(0, ...newestFirst.map((row) => row.batch));
    return newestFirst.filter((row) => row.batch === batch);
  }
  if (selection.only !== undefined) {
    const found = findReferenced(selection.only, newestFirst);
    if (found.length === 0) throw notFound(selection.only, newestFirst);
    if (found.length > 1) throw ambiguous(selection.only, found);
    return found;
  }
  const versioned = newestFirst.filter((row) => !isRepeatable(row));
  if (selection.to !== undefined) {
    const to = selection.to;
    const named = findReferenced(to, versioned);
    if (named.length > 1) throw ambiguous(to, named);
    const kept = versioned.findIndex(
      (row) => row === named[0] || row.release === to || row.tags.includes(to),
    );
    if (kept < 0) throw notFound(to, newestFirst);
    return versioned.slice(0, kept);
  }
  return versioned.slice(0, selection.steps ?? 1);
}

const label = (migration: { readonly version: string; readonly name: string }): string =>
  holdsName(migration) ? migration.version : `${migration.version} ${migration.name}`;

function notFound(
  word: string,
  among: readonly { readonly version: string; readonly name: string }[],
): LockkeeperError {
  const near = among
    .filter(({ version, name }) => version.includes(word) || (name !== '' && name.includes(word)))
    .slice(0, 3)
    .map(label);
  return new LockkeeperError('MIGRATION_NOT_FOUND', {
    message: `No migration has the version, name, release or tag "${word}".`,
    hint:
      near.length > 0 ? `Near it: ${near.join(', ')}.` : '`lockkeeper status --verbose` lists all of them.',
    details: { word },
  });
}

function ambiguous(
  word: string,
  found: readonly { readonly version: string; readonly name: string }[],
): LockkeeperError {
  return new LockkeeperError('USAGE_INVALID', {
    message: `"${word}" names ${found.length} migrations: ${found.map(label).join(', ')}.`,
    hint: 'Give the version instead.',
    details: { word },
  });
}

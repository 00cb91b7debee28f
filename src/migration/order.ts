import { LockkeeperError } from '../core/errors.js';
import { didYouMean } from '../core/text.js';
import type { Migration, MigrationFile } from './migration.js';
import { parseMigrationName, versionIdentity } from './version.js';

/** What a reference can point at. */
export type Referable = Pick<MigrationFile, 'version' | 'name'>;

/** Where a whole file or folder name is the version, as with many tools, its end is the name already. */
export const holdsName = ({ version, name }: Referable): boolean =>
  name === '' || version === name || version.endsWith(`_${name}`);

/**
 * What a reference names: a version (in any spelling of the same number), a name, `version_name`, or a file name.
 * More than one where several migrations share a name.
 */
export function findReferenced<Known extends Referable>(
  reference: string,
  known: readonly Known[],
): readonly Known[] {
  return createResolver(known)(reference);
}

/** `findReferenced` for many references to the same migrations: the indexes are made once. */
export function createResolver<Known extends Referable>(
  known: readonly Known[],
): (reference: string) => readonly Known[] {
  const byVersion = groupBy(known, (each) => versionIdentity(each.version));
  const byName = groupBy(known, (each) => each.name);
  return (reference) => {
    const stem = reference.trim().replace(/(?:\.up)?\.(?:sql|[cm]?[jt]s)$/, '');
    const exact = byVersion.get(versionIdentity(stem));
    if (exact !== undefined) return exact;
    const named = stem === '' ? undefined : byName.get(stem);
    if (named !== undefined) return named;
    const parsed = parseMigrationName(stem);
    if (parsed === null) return [];
    const same = byVersion.get(versionIdentity(parsed.version)) ?? [];
    return same.filter((each) => each.name === parsed.name);
  };
}

/**
 * Checks what the migrations that were read say about others: every reference names exactly one of `known` (the
 * whole listing, and whatever else counts as there, such as applied migrations whose file is gone), and no circle.
 */
export function checkDependencies(
  migrations: readonly Migration[],
  known: readonly Referable[],
): LockkeeperError[] {
  if (migrations.every((migration) => migration.metadata.depends.length === 0)) return [];
  const resolve = createResolver(known);
  const unknown = migrations.flatMap((migration) =>
    migration.metadata.depends.flatMap((reference) =>
      checkReference({ migration, reference, found: resolve(reference), known }),
    ),
  );
  return [...unknown, ...findCycles(migrations)];
}

interface CheckedReference {
  readonly migration: Migration;
  readonly reference: string;
  readonly found: readonly Referable[];
  readonly known: readonly Referable[];
}

function checkReference({ migration, reference, found, known }: CheckedReference): LockkeeperError[] {
  if (found.length === 1) return [];
  const details = { version: migration.version, reference };
  if (found.length > 1) {
    return [
      new LockkeeperError('MIGRATION_DEPENDENCY_UNKNOWN', {
        message: `${title(migration)} depends on "${reference}", and ${found.length} migrations have that name: ${found.map(title).join(', ')}.`,
        hint: 'Name the version instead.',
        details,
      }),
    ];
  }
  const candidates = known.flatMap((each) => [each.version, each.name]).filter((word) => word !== '');
  return [
    new LockkeeperError('MIGRATION_DEPENDENCY_UNKNOWN', {
      message: `${title(migration)} depends on "${reference}", and there is no such migration.${didYouMean(reference, candidates)}`,
      hint: 'Name a version, a name, or version_name of a file in the migrations folder.',
      details,
    }),
  ];
}

/** One error for every circle, naming it in full. */
function findCycles(migrations: readonly Migration[]): LockkeeperError[] {
  const resolve = createResolver(migrations);
  const done = new Set<Migration>();
  const path: Migration[] = [];
  const errors: LockkeeperError[] = [];
  const visit = (migration: Migration): void => {
    const start = path.indexOf(migration);
    if (start !== -1) errors.push(circle([...path.slice(start), migration]));
    if (start !== -1 || done.has(migration)) return;
    path.push(migration);
    for (const reference of migration.metadata.depends) resolve(reference).forEach(visit);
    path.pop();
    done.add(migration);
  };
  migrations.forEach(visit);
  return errors;
}

function circle(members: readonly Migration[]): LockkeeperError {
  const names = members.map((member) => member.version);
  return new LockkeeperError('MIGRATION_DEPENDENCY_CYCLE', {
    message: `Migrations depend on each other in a circle: ${names.join(' → ')}.`,
    hint: 'Remove one of these dependencies.',
    details: { versions: names },
  });
}

function title(each: Referable): string {
  return holdsName(each) ? each.version : `${each.version}_${each.name}`;
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

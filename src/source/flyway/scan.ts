import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { missingFolder } from '../missing-folder.js';
import { type FlywayName, parseFlywayName } from './names.js';
import type { FlywaySettings } from './settings.js';
import { compareFlywayVersions, versionKey } from './version.js';

/** A file of Flyway's that was found; nothing of it was read. */
export interface FoundFile {
  readonly path: string;
  /** Relative to its location, with slashes: what the history calls the script. */
  readonly script: string;
  readonly fileName: string;
  readonly name: FlywayName;
}

type Found<Kind extends FlywayName['kind']> = FoundFile & { readonly name: FlywayName & { kind: Kind } };

/** What Flyway's locations hold, by names, each kind in the order in which Flyway takes it. */
export interface Scan {
  /** Versioned migrations, and baseline migrations that stand for versions that are not there one by one. */
  readonly versioned: readonly (Found<'versioned'> | Found<'baseline'> | Found<'code'>)[];
  readonly repeatable: readonly (Found<'repeatable'> | Found<'code'>)[];
  /** By `versionKey`. */
  readonly undo: ReadonlyMap<string, Found<'undo'>>;
  readonly callbacks: readonly Found<'callback'>[];
  readonly invalid: readonly Found<'invalid'>[];
  /** Baseline migrations whose versions are all there one by one, or that a later one takes the place of. */
  readonly idleBaselines: readonly Found<'baseline'>[];
}

/** @throws {MIGRATIONS_DIR_MISSING} when none of the locations is there. */
export function scanLocations(settings: FlywaySettings, root: string): Scan {
  const files = outermost(settings.locations)
    .flatMap((location, index) => walk(location, location, { root, optional: index > 0 }))
    .flatMap(({ path, script }): FoundFile[] => {
      const fileName = script.slice(script.lastIndexOf('/') + 1);
      const name = parseFlywayName(fileName, settings);
      return name === null ? [] : [{ path, script, fileName, name }];
    });
  const of = <Kind extends FlywayName['kind']>(kind: Kind): readonly Found<Kind>[] =>
    files.filter((file): file is Found<Kind> => file.name.kind === kind);
  const code = of('code');
  const singles = [...of('versioned'), ...code.filter(({ name }) => name.version !== null)];
  const { used, idle } = chooseBaseline(of('baseline'), singles);
  return {
    versioned: [...singles, ...used].toSorted((a, b) => compareFlywayVersions(versionOf(a), versionOf(b))),
    repeatable: [...of('repeatable'), ...code.filter(({ name }) => name.version === null)].toSorted((a, b) =>
      compareTexts(a.name.description, b.name.description),
    ),
    undo: new Map(of('undo').map((file) => [versionKey(file.name.version), file])),
    callbacks: of('callback').toSorted(
      (a, b) =>
        compareTexts(a.name.event, b.name.event) || compareTexts(a.name.description, b.name.description),
    ),
    invalid: of('invalid'),
    idleBaselines: idle,
  };
}

/** The version of a file that has one. */
export const versionOf = ({ name }: FoundFile): string => ('version' in name ? (name.version ?? '') : '');

/**
 * Flyway runs the newest baseline migration on a database without history, and the versions up to it on none. Which it
 * is, a listing cannot know; where the versions are there one by one, they make the same schema.
 */
function chooseBaseline(
  baselines: readonly Found<'baseline'>[],
  singles: readonly FoundFile[],
): { readonly used: readonly Found<'baseline'>[]; readonly idle: readonly Found<'baseline'>[] } {
  const newest = baselines.toSorted((a, b) => compareFlywayVersions(versionOf(a), versionOf(b))).at(-1);
  if (newest === undefined) return { used: [], idle: [] };
  const replaced = singles.some((file) => compareFlywayVersions(versionOf(file), versionOf(newest)) <= 0);
  const used = replaced ? [] : [newest];
  return { used, idle: baselines.filter((file) => !used.includes(file)) };
}

/** A location below another one would give its files twice. */
function outermost(locations: readonly string[]): readonly string[] {
  return locations.filter((location) => !locations.some((other) => location.startsWith(`${other}${sep}`)));
}

interface WalkContext {
  readonly root: string;
  /** Flyway passes over a location that is not there; all of them missing is a mistake. */
  readonly optional: boolean;
}

function walk(
  folder: string,
  location: string,
  context: WalkContext,
): readonly { readonly path: string; readonly script: string }[] {
  return entriesOf(folder, context).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!isFolder(entry, path)) return [{ path, script: relative(location, path).split(sep).join('/') }];
    return entry.name.startsWith('.') ? [] : walk(path, location, context);
  });
}

function entriesOf(folder: string, { root, optional }: WalkContext): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    if (optional && (cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw missingFolder(folder, root, cause);
  }
}

function isFolder(entry: Dirent, path: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

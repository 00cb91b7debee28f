import { relative, resolve, sep } from 'node:path';
import { type ForeignFormat, foreignFormats } from '../migration/migration.js';
import type { FormatSettings, SourceOptions } from '../source/options.js';
import type { Candidate } from './explain.js';
import { problem } from './problems.js';
import type { MigrationsConfig, SettingsConfig } from './public.js';
import { configured, type SettingsRequest } from './settings.js';

export interface FoldersRequest extends SettingsRequest {
  readonly root: string;
  /** What the folder of a flag is relative to; everything else is relative to the project folder. */
  readonly cwd: string;
}

interface Folder {
  /** Absolute. */
  readonly dir: string;
  readonly name: string | null;
  readonly writes?: 'sql' | 'ts';
  readonly foreign?: ForeignItem;
}

/** What lockkeeper.config says of a folder of another tool. */
interface ForeignItem {
  readonly format: ForeignFormat;
  readonly keepForeignHistory: boolean;
  /** Keys of that format; see its `configure`. */
  readonly given: FormatSettings;
}

/** The folders of migrations, in the order they were given. */
export function resolveSources(request: FoldersRequest): readonly SourceOptions[] {
  const { input, cwd, root } = request;
  const show = (folders: readonly Folder[]): string =>
    folders.map((folder) => projectPath(folder.dir, root)).join(', ');
  const byDefault: readonly Folder[] = [{ dir: resolve(root, 'migrations'), name: null }];
  const variable = request.variables.get('MIGRATION_DIRECTORY');
  const candidates: (Candidate<readonly Folder[]> | null)[] = [
    fromText(input.migrations, { kind: 'flag', option: 'migrations' }, cwd),
    variable === null ? null : fromText(variable.value, variable.origin, root),
    ...configured(request, (settings) => fromConfig(settings.migrations, root), show),
    { value: byDefault, text: 'migrations', origin: { kind: 'default' } },
  ];
  if (input.migrations === '') {
    const message = 'migrations is empty. Accepted: the path of a folder.';
    request.problems.push(problem({ message, details: { option: 'migrations' } }));
  }
  const chosen = request.explanation.choose('migrations', candidates)?.value ?? byDefault;
  const sources = chosen.map(({ dir, name, writes, foreign }): SourceOptions => ({
    name: name ?? projectPath(dir, root),
    dir,
    format: foreign?.format ?? 'native',
    ...(writes === undefined ? {} : { writes }),
    ...(foreign === undefined
      ? {}
      : { settings: foreign.given, keepForeignHistory: foreign.keepForeignHistory }),
  }));
  refuseTwins(sources, request);
  return sources;
}

function fromText(
  text: string | undefined,
  origin: Candidate<unknown>['origin'],
  base: string,
): Candidate<readonly Folder[]> | null {
  if (text === undefined || text === '') return null;
  return { value: [{ dir: resolve(base, text), name: null }], text, origin };
}

const languages = { native: undefined, sql: 'sql', typescript: 'ts' } as const;

function fromConfig(migrations: SettingsConfig['migrations'], root: string): readonly Folder[] | undefined {
  if (migrations === undefined) return undefined;
  const list = Array.isArray(migrations)
    ? (migrations as readonly (string | MigrationsConfig)[])
    : [migrations];
  const folders = (list as readonly (string | MigrationsConfig | undefined)[]).flatMap((item) => {
    const dir = typeof item === 'string' ? item : item?.dir;
    // One that the check found wanting was left out, and is reported.
    if (dir === undefined) return [];
    if (typeof item !== 'object') return [{ dir: resolve(root, dir), name: null }];
    const { name = null, format = 'native' } = item;
    const folder = { dir: resolve(root, dir), name };
    if (isForeign(format)) return [{ ...folder, foreign: foreignItem(item, format) }];
    const writes = languages[format];
    return [writes === undefined ? folder : { ...folder, writes }];
  });
  return folders.length === 0 ? undefined : folders;
}

function isForeign(format: MigrationsConfig['format']): format is ForeignFormat {
  return foreignFormats.some((name) => name === format);
}

function foreignItem(item: MigrationsConfig, format: ForeignFormat): ForeignItem {
  const { dir: _dir, name: _name, format: _format, keepForeignHistory = true, ...given } = item;
  return { format, keepForeignHistory, given };
}

/** Two sources of one name would share their history rows; two of one folder would run each file twice. */
function refuseTwins(sources: readonly SourceOptions[], request: FoldersRequest): void {
  for (const [index, source] of sources.entries()) {
    const twin = sources
      .slice(0, index)
      .find((other) => other.dir === source.dir || other.name === source.name);
    if (twin === undefined) continue;
    const message =
      twin.dir === source.dir
        ? `The folder ${projectPath(source.dir, request.root)} is given twice under "migrations".`
        : `Two folders under "migrations" have the name "${source.name}".`;
    request.problems.push(problem({ message, hint: 'Keep one of them, or name them differently.' }));
  }
}

export function resolveSeedsDir(request: FoldersRequest): string {
  const read = (settings: SettingsConfig): string | undefined =>
    typeof settings.seeds === 'object' ? settings.seeds.dir : settings.seeds;
  const variable = request.variables.get('SEED_DIRECTORY');
  const chosen = request.explanation.choose('seeds', [
    variable === null ? null : { value: variable.value, text: variable.value, origin: variable.origin },
    ...configured(request, read, String),
    { value: 'seeds', text: 'seeds', origin: { kind: 'default' } },
  ]);
  return resolve(request.root, chosen?.value ?? 'seeds');
}

export function resolveTemplatesDir(request: FoldersRequest): string | null {
  const chosen = request.explanation.choose(
    'templates',
    configured(request, (settings) => settings.templates, String),
  );
  return chosen === null ? null : resolve(request.root, chosen.value);
}

/** Relative to the project folder, with slashes on every system, because it is kept in the history. */
export function projectPath(dir: string, root: string): string {
  return relative(root, dir).split(sep).join('/') || '.';
}

import { resolve } from 'node:path';
import { type ForeignFormat, foreignFormats } from '../migration/migration.js';
import { detectFolderFormat, detectFormats } from '../source/format-marks.js';
import type { SourceOptions } from '../source/options.js';
import type { Candidate } from './explain.js';
import { type Folder, type FoldersRequest, nativeSource, projectPath, showFolder } from './folder.js';
import type { MigrationFolders } from './migration-folders.js';
import { problem } from './problems.js';
import type { MigrationsConfig, SettingsConfig } from './public.js';
import { configured } from './settings.js';

/**
 * The folders of migrations: those that somebody named, else those of the tool that the project shows signs of, else
 * `migrations`. A project that shows none is looked at by one reading of its folder, and nothing foreign is loaded.
 */
export async function resolveSources(request: FoldersRequest): Promise<MigrationFolders> {
  const said = saidFolders(request);
  const folders = said[0]?.value.map(withFolderMark) ?? null;
  const open = folders?.some(({ format }) => format === null) ?? true;
  const marks = open ? detectFormats(request.root) : [];
  const found = await find(folders, { said, marks }, request);
  refuseTwins(found.sources, request);
  return found;
}

type Said = readonly Candidate<readonly Folder[]>[];

async function find(
  folders: readonly Folder[] | null,
  { said, marks }: { readonly said: Said; readonly marks: readonly ForeignFormat[] },
  request: FoldersRequest,
): Promise<MigrationFolders> {
  const { root } = request;
  const [winner, ...losers] = said;
  if (folders === null || winner === undefined) {
    const byDefault = defaultFolder(root);
    const candidates = [{ value: null, text: 'migrations', origin: { kind: 'default' } as const }];
    const native = { sources: [nativeSource(byDefault, root)], tools: [], warnings: [], candidates };
    if (marks.length === 0) return native;
    const { detectProject } = await import('./detect-project.js');
    return (await detectProject(marks, request)) ?? native;
  }
  const natives = folders.flatMap((folder) => asNative(folder, marks));
  if (natives.length === folders.length) {
    const sources = natives.map((folder) => nativeSource(folder, root));
    return { sources, tools: [], warnings: [], candidates: said };
  }
  const { configureFolders } = await import('./foreign-sources.js');
  const foreign = await configureFolders(folders, marks, request);
  return { ...foreign, candidates: [{ ...winner, text: foreign.text }, ...losers] };
}

const defaultFolder = (root: string): Folder & { readonly dir: string } => ({
  dir: resolve(root, 'migrations'),
  name: null,
  format: 'native',
});

function withFolderMark(folder: Folder): Folder {
  if (folder.format !== null || folder.dir === null) return folder;
  return { ...folder, format: detectFolderFormat(folder.dir) };
}

/** A folder that is native for certain, without a look at its files. */
function asNative(folder: Folder, marks: readonly ForeignFormat[]): readonly (Folder & { dir: string })[] {
  const { dir, format } = folder;
  const isNative = format === 'native' || (format === null && marks.length === 0);
  return isNative && dir !== null ? [{ ...folder, dir }] : [];
}

/** The folders that somebody named, strongest first. */
function saidFolders(request: FoldersRequest): Said {
  const { input, cwd, root } = request;
  const show = (folders: readonly Folder[]): string =>
    folders.map((folder) => showFolder(folder, root)).join(', ');
  const variable = request.variables.get('MIGRATION_DIRECTORY');
  if (input.migrations === '') {
    const message = 'migrations is empty. Accepted: the path of a folder.';
    request.problems.push(problem({ message, details: { option: 'migrations' } }));
  }
  const candidates = [
    fromText(input.migrations, { kind: 'flag', option: 'migrations' }, cwd),
    variable === null ? null : fromText(variable.value, variable.origin, root),
    ...configured(request, (settings) => fromConfig(settings.migrations, root), show),
  ];
  return candidates.filter((candidate) => candidate !== null);
}

function fromText(
  text: string | undefined,
  origin: Candidate<unknown>['origin'],
  base: string,
): Candidate<readonly Folder[]> | null {
  if (text === undefined || text === '') return null;
  return { value: [{ dir: resolve(base, text), name: null, format: null }], text, origin };
}

const languages = { native: undefined, sql: 'sql', typescript: 'ts' } as const;

function fromConfig(migrations: SettingsConfig['migrations'], root: string): readonly Folder[] | undefined {
  if (migrations === undefined) return undefined;
  const list = Array.isArray(migrations)
    ? (migrations as readonly (string | MigrationsConfig)[])
    : [migrations];
  const folders = (list as readonly (string | MigrationsConfig | undefined)[]).flatMap((item): Folder[] => {
    if (typeof item === 'string') return [{ dir: resolve(root, item), name: null, format: null }];
    return item === undefined ? [] : fromItem(item, root);
  });
  return folders.length === 0 ? undefined : folders;
}

function fromItem(item: MigrationsConfig, root: string): Folder[] {
  const { dir: text, name = null, format, keepForeignHistory = true, dependsOn, ...given } = item;
  const declared = dependsOn === undefined ? {} : { dependsOn: listsOf(dependsOn) };
  const dir = text === undefined ? null : resolve(root, text);
  if (isForeign(format)) return [{ dir, name, format, keepForeignHistory, given, ...declared }];
  // One that the check found wanting was left out, and is reported.
  if (dir === null) return [];
  if (format === undefined) return [{ dir, name, format: null, ...declared }];
  const writes = languages[format];
  return [{ dir, name, format: 'native', ...(writes === undefined ? {} : { writes }), ...declared }];
}

const listsOf = (dependsOn: NonNullable<MigrationsConfig['dependsOn']>): NonNullable<Folder['dependsOn']> =>
  Object.fromEntries(
    Object.entries(dependsOn).map(([key, needs]) => [key, typeof needs === 'string' ? [needs] : needs]),
  );

function isForeign(format: MigrationsConfig['format']): format is ForeignFormat {
  return foreignFormats.some((name) => name === format);
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

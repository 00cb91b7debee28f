import type { Context } from '../core/context.js';
import type { ForeignHistory } from '../migration/foreign.js';
import type { MigrationFile } from '../migration/migration.js';
import { FileReader } from './file-bytes.js';
import type { FormatSource } from './format.js';
import { listInSlices, listMigrations, type SourceListing } from './list.js';
import type { SourceOptions } from './options.js';
import { readMigrations } from './read.js';
import type { SourceReading } from './reading.js';

/** One folder of migrations. */
export interface Source {
  readonly name: string;
  /** Absolute path. */
  readonly dir: string;
  readonly format: SourceOptions['format'];
  /** @throws {MIGRATIONS_DIR_MISSING} when there is no such folder. */
  list(this: void): SourceListing;
  /** The same with pauses. @throws {MIGRATIONS_DIR_MISSING} before the first of them. */
  listInSlices(this: void): Generator<undefined, SourceListing>;
  /** Reads these files, and no others. Bad files become problems; all of them are reported together. */
  read(this: void, files: readonly MigrationFile[], context?: Context): Promise<SourceReading>;
  /** The other tool's history that is kept beside ours; null for native migrations, and where it is not kept. */
  readonly foreign: ForeignHistory | null;
  /** True where reading a file of another tool's loads code, which `status` never does. */
  readonly isForeignCode: boolean;
  readonly create: FormatSource['create'] | null;
  /** What the configuration says that its migrations need. */
  readonly dependsOn: SourceOptions['dependsOn'];
}

/** Opens a folder of native migrations. Nothing is read before `list` or `read`. */
export function createSource(options: SourceOptions, { root }: { readonly root: string }): Source {
  const project = { root, reader: new FileReader() };
  const { name, dir, format, dependsOn } = options;
  return {
    name,
    dir,
    format,
    list: () => listMigrations(options, project),
    listInSlices: () => listInSlices(options, project),
    read: (files) => readMigrations(files, project),
    foreign: null,
    isForeignCode: false,
    create: null,
    dependsOn,
  };
}

/** The same for a folder of any format; what is particular to a tool is loaded first. */
export async function openSource(
  options: SourceOptions,
  project: { readonly root: string },
): Promise<Source> {
  const { name, dir, format, keepForeignHistory = true, dependsOn } = options;
  if (format === 'native') return createSource(options, project);
  const { loadFormat } = await import('./formats.js');
  const opened = (await loadFormat(format)).open(options, { ...project, reader: new FileReader() });
  return {
    name,
    dir,
    format,
    list: opened.list,
    listInSlices: () => inOneSlice(opened),
    read: opened.read,
    foreign: keepForeignHistory ? opened.history : null,
    isForeignCode: opened.isCode,
    create: opened.create ?? null,
    dependsOn,
  };
}

/** The folders of other tools hold few files: they are listed at once, and the pause comes behind it. */
function* inOneSlice({ list }: FormatSource): Generator<undefined, SourceListing> {
  const listing = list();
  yield;
  return listing;
}

import { isLockkeeperError } from '../core/errors.js';
import type { Warning } from '../core/report.js';
import type { ForeignFormat } from '../migration/migration.js';
import type { SourceOptions } from '../source/options.js';
import { configureFolder, type ForeignFolder } from './configure-folder.js';
import { type Folder, type FoldersRequest, nativeSource, showFolder } from './folder.js';
import { decideOwner } from './owner.js';
import type { ToolConnection } from './tool-connection.js';

export interface ForeignFolders {
  readonly sources: readonly SourceOptions[];
  readonly tools: readonly ToolConnection[];
  readonly warnings: readonly Warning[];
  /** The folders as `config --explain` shows them. */
  readonly text: string;
}

/** Lets each format of another tool read that tool's own configuration; native folders stay as they are. */
export async function configureFolders(
  folders: readonly Folder[],
  marks: readonly ForeignFormat[],
  request: FoldersRequest,
): Promise<ForeignFolders> {
  const known: (ForeignFolder | SourceOptions)[] = [];
  // One after another: two configurations that are code would see each other's variables.
  for (const folder of folders) {
    const decided = await decideOwner(folder, marks, request);
    const configured = decided === null ? null : await configureOne(decided, request);
    if (configured !== null) known.push(configured);
  }
  return joinFolders(known, request.root);
}

export function joinFolders(known: readonly (ForeignFolder | SourceOptions)[], root: string): ForeignFolders {
  const foreign = known.filter((each): each is ForeignFolder => 'source' in each);
  const sources = known.map((each) => ('source' in each ? each.source : each));
  return {
    sources,
    tools: foreign.flatMap(({ tool }) => (tool === null ? [] : [tool])),
    warnings: foreign.flatMap(({ warnings }) => warnings),
    text: sources.map((source) => showFolder(source, root)).join(', '),
  };
}

async function configureOne(
  folder: Folder,
  request: FoldersRequest,
): Promise<ForeignFolder | SourceOptions | null> {
  const { dir, format } = folder;
  if (format === 'native' || format === null) {
    return dir === null ? null : nativeSource({ ...folder, dir }, request.root);
  }
  try {
    return await configureFolder({ ...folder, format }, request);
  } catch (error) {
    if (!isLockkeeperError(error)) throw error;
    request.problems.push(error);
    return null;
  }
}

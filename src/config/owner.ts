import { isLockkeeperError } from '../core/errors.js';
import type { ForeignFormat } from '../migration/migration.js';
import { ownerOf } from '../source/folder-owner.js';
import { isRunnable } from '../source/formats.js';
import { configureFolder } from './configure-folder.js';
import { type Folder, type FoldersRequest, projectPath } from './folder.js';
import { problem } from './problems.js';

/**
 * Whose files a folder holds that was named without a format, in a project that shows signs of other tools. What is in
 * the files decides; where they tell nothing, the folder is ours unless a tool's own configuration names it too: then
 * both could be meant, and it is asked for. Null when it was.
 */
export async function decideOwner(
  folder: Folder,
  marks: readonly ForeignFormat[],
  request: FoldersRequest,
): Promise<Folder | null> {
  const { dir, format } = folder;
  if (format !== null || dir === null) return folder;
  const owners = marks.filter(isRunnable).map((mark) => ({ format: mark, owner: ownerOf(dir, mark) }));
  const theirs = owners.filter(({ owner }) => owner === 'foreign');
  const [first] = theirs;
  if (first !== undefined && theirs.length === 1) return { ...folder, format: first.format };
  const native: Folder = { ...folder, format: 'native' };
  if (theirs.length === 0 && owners.some(({ owner }) => owner === 'native')) return native;
  for (const { format: mark, owner } of owners) {
    if (owner === 'empty') continue;
    const file = await namesToo(mark, dir, request);
    if (file === null) continue;
    request.problems.push(undecided({ dir, format: mark, why: file }, request));
    return null;
  }
  return native;
}

/** Why the folder may be that tool's: what names it; null when the tool's configuration names another one. */
async function namesToo(format: ForeignFormat, dir: string, request: FoldersRequest): Promise<string | null> {
  try {
    const { source, file, title } = await configureFolder({ dir: null, name: null, format }, request);
    return source.dir === dir ? `${file ?? title} names the same folder` : null;
  } catch (error) {
    if (!isLockkeeperError(error)) throw error;
    return `the tool's own configuration, which may name the same folder, cannot be used (${error.message})`;
  }
}

export function undecided(
  { dir, format, why }: { readonly dir: string; readonly format: ForeignFormat; readonly why: string },
  { root }: FoldersRequest,
): ReturnType<typeof problem> {
  const shown = projectPath(dir, root);
  const say = (word: string): string => `migrations: { dir: '${shown}', format: '${word}' }`;
  return problem({
    message: `The files in ${shown} can be migrations of Lockkeeper's own or of ${format}: they do not tell, and ${why}.`,
    hint: `Say it in lockkeeper.config: ${say(format)} or ${say('native')}.`,
    details: { key: 'migrations', format },
  });
}

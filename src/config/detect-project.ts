import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { isLockkeeperError, type LockkeeperError } from '../core/errors.js';
import { joinWords } from '../core/text.js';
import type { ForeignFormat } from '../migration/migration.js';
import { holdsMigrations, ownerOf } from '../source/folder-owner.js';
import { isRunnable } from '../source/formats.js';
import { configureFolder, type ForeignFolder } from './configure-folder.js';
import type { FoldersRequest } from './folder.js';
import type { MigrationFolders } from './migration-folders.js';
import { joinFolders } from './foreign-sources.js';
import { undecided } from './owner.js';
import { problem } from './problems.js';
import { toolOrigin } from './tool-connection.js';

/** Tools that are used side by side in one project; the order is that of running. */
const together: readonly (readonly ForeignFormat[])[] = [['prisma', 'drizzle']];

/**
 * The folders of the tools that a project shows signs of, when nobody named any. Null when they have none, and the
 * folder `migrations` is ours. What cannot be decided goes into the problems.
 */
export async function detectProject(
  marks: readonly ForeignFormat[],
  request: FoldersRequest,
): Promise<MigrationFolders | null> {
  const ownDir = resolve(request.root, 'migrations');
  const { tools, failures } = await configureAll(marks, request);
  const theirs = tools.filter((tool) => tool.source.dir !== ownDir || isTheirs(tool, request));
  const filled = theirs.filter(({ source }) => holdsAnything(source.dir));
  const ours = holdsMigrations(ownDir) && theirs.every(({ source }) => source.dir !== ownDir);
  // A lockkeeper.config that names no folder means our own, when there are migrations in it.
  if (ours && (request.file !== null || (filled.length === 0 && failures.length === 0))) return null;
  request.problems.push(...failures);
  const chosen = filled.length > 0 ? filled : theirs;
  if (chosen.length === 0) return null;
  if (ours) request.problems.push(oursAndTheirs(chosen));
  else if (chosen.length > 1 && !areTogether(chosen)) request.problems.push(several(chosen));
  const { text, ...folders } = joinFolders(chosen, request.root);
  const origin = toolOrigin({
    title: joinWords(chosen.map(({ title }) => title)),
    file: joinWords([...new Set(chosen.flatMap(({ file }) => file ?? []))]) || null,
  });
  return { ...folders, candidates: [{ value: null, text, origin }] };
}

async function configureAll(
  marks: readonly ForeignFormat[],
  request: FoldersRequest,
): Promise<{ readonly tools: readonly ForeignFolder[]; readonly failures: readonly LockkeeperError[] }> {
  const tools: ForeignFolder[] = [];
  const failures: LockkeeperError[] = [];
  // One after another: two configurations that are code would see each other's variables.
  for (const format of marks.filter(isRunnable)) {
    try {
      tools.push(await configureFolder({ dir: null, name: null, format }, request));
    } catch (error) {
      if (!isLockkeeperError(error)) throw error;
      failures.push(error);
    }
  }
  return { tools, failures };
}

/** Of our own default folder: it is also that of several tools, and only what is in it tells. */
function isTheirs({ source, title, file }: ForeignFolder, request: FoldersRequest): boolean {
  const { dir } = source;
  const format = source.format as ForeignFormat;
  const owner = ownerOf(dir, format);
  if (owner === 'both') {
    const why = `${file ?? title} names the folder`;
    request.problems.push(undecided({ dir, format, why }, request));
  }
  return owner !== 'native';
}

function holdsAnything(dir: string): boolean {
  try {
    return readdirSync(dir).some((name) => !name.startsWith('.'));
  } catch {
    return false; // not there yet
  }
}

function areTogether(folders: readonly ForeignFolder[]): boolean {
  return together.some((formats) =>
    folders.every(({ source }) => formats.some((name) => name === source.format)),
  );
}

function oursAndTheirs(folders: readonly ForeignFolder[]): LockkeeperError {
  const theirs = joinWords(folders.map(({ title, source }) => `of ${title} in ${source.name}`));
  return problem({
    message: `There are migrations of Lockkeeper's own in migrations and ${theirs}, and nothing says which of them run.`,
    hint:
      `Say it in lockkeeper.config: migrations: 'migrations' for our own, migrations: ${entries(folders)} for the ` +
      `other ones, or a list of both in the order in which they are to run.`,
    details: { key: 'migrations' },
  });
}

function several(folders: readonly ForeignFolder[]): LockkeeperError {
  const names = joinWords(folders.map(({ title, source }) => `${title} (${source.name})`));
  return problem({
    message: `This project shows signs of several tools: ${names}. Nothing says whose migrations run, or in which order.`,
    hint: `Say it in lockkeeper.config: migrations: ${entries(folders)} in the order in which they are to run, or only one of them.`,
    details: { key: 'migrations' },
  });
}

function entries(folders: readonly ForeignFolder[]): string {
  const each = folders.map(({ source }) => `{ format: '${source.format}' }`);
  return each.length === 1 ? (each[0] ?? '') : `[${each.join(', ')}]`;
}

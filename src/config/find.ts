import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { LockkeeperError } from '../core/errors.js';
import { joinWords } from '../core/text.js';
import type { ConfigInput } from './input.js';

const extensions = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs', 'json'];

/** The project folder, and the configuration file in it where there is one. */
export interface ProjectFiles {
  /** Absolute. */
  readonly cwd: string;
  /** Absolute. */
  readonly root: string;
  /** Absolute; null when there is none. */
  readonly file: string | null;
}

/**
 * Finds the configuration file: the one named, else `lockkeeper.config.*` in `cwd`. Parent folders are not searched: a
 * tool that changes databases must not act on a project that the person is not standing in.
 */
export function findProject(input: ConfigInput): ProjectFiles {
  const cwd = resolve(input.cwd ?? process.cwd());
  if (kindOf(cwd) !== 'folder') {
    throw new LockkeeperError('CONFIG_NOT_LOADED', {
      message: `The project folder ${cwd} does not exist, or is not a folder.`,
      hint: 'Name an existing folder with cwd (-C).',
      details: { option: 'cwd', path: cwd },
    });
  }
  if (input.config !== undefined) return namedFile(cwd, input.config);
  const found = extensions
    .map((extension) => `lockkeeper.config.${extension}`)
    .filter((name) => kindOf(join(cwd, name)) === 'file');
  if (found.length > 1) throw severalFiles(found);
  return { cwd, root: cwd, file: found[0] === undefined ? null : join(cwd, found[0]) };
}

function namedFile(cwd: string, name: string): ProjectFiles {
  const file = resolve(cwd, name);
  if (kindOf(file) !== 'file') {
    throw new LockkeeperError('CONFIG_NOT_LOADED', {
      message: `The configuration file ${name} does not exist, or is not a file.`,
      hint: `Name an existing file; ${file} was looked for.`,
      details: { option: 'config', path: file },
    });
  }
  return { cwd, root: dirname(file), file };
}

function severalFiles(names: readonly string[]): LockkeeperError {
  return new LockkeeperError('CONFIG_NOT_LOADED', {
    message: `There are ${names.length} configuration files: ${joinWords(names)}.`,
    hint: 'Keep one of them, or name the one to use with config (--config).',
    details: { files: names },
  });
}

function kindOf(path: string): 'file' | 'folder' | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  return stats.isDirectory() ? 'folder' : 'file';
}

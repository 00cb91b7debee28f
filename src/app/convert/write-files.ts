import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';
import type { ConvertedFile } from './files.js';

/** Writes all or nothing, and never over a file; gives the paths. @throws {FILE_EXISTS} */
export function writeFiles(dir: string, files: readonly ConvertedFile[]): readonly string[] {
  mkdirSync(dir, { recursive: true });
  const written: string[] = [];
  for (const { name, text } of files) {
    if (text === null) continue;
    const path = join(dir, `${name.stem}.sql`);
    try {
      writeFileSync(path, text, { flag: 'wx' });
      written.push(path);
    } catch (cause) {
      removeFiles(written);
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
      throw new LockkeeperError('FILE_EXISTS', {
        message: `The file "${path}" exists already.`,
        hint: 'Give --to another folder, or remove what an earlier conversion has left.',
        details: { file: path },
      });
    }
  }
  return written;
}

export function removeFiles(paths: readonly string[]): void {
  for (const path of paths) rmSync(path, { force: true });
}

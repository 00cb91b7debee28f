import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Where compiled TypeScript of a project is kept; false when nothing can be written. It lies within the project and
 * never in a shared temporary folder, because what lies in it is executed.
 */
export function cacheFolder(root: string): string | false {
  if (existsSync(join(root, 'node_modules'))) return join(root, 'node_modules', '.cache', 'lockkeeper');
  const folder = join(root, '.lockkeeper');
  try {
    mkdirSync(join(folder, 'cache'), { recursive: true });
    writeFileSync(join(folder, '.gitignore'), '*\n', { flag: 'wx' });
  } catch (error) {
    // An ignore file that is there already stays as it is; a folder that cannot be written means no cache.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
  }
  return join(folder, 'cache');
}

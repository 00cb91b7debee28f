import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createJiti, type Jiti } from 'jiti';
import { defineConfig } from './public.js';

/**
 * What a configuration gets for our own names: the running copy, so that a project without a copy of its own can import
 * them, and one with another version does not load both.
 */
const ownModules = { lockkeeper: { defineConfig }, 'lockkeeper/config': { defineConfig } };

/** Loads TypeScript on every supported Node, with a cache of compiled files in the project. */
export function createModuleLoader(file: string, root: string): Jiti {
  const tsconfig = join(root, 'tsconfig.json');
  return createJiti(file, {
    fsCache: cacheFolder(root),
    // The variables that a configuration reads may be others the next time.
    moduleCache: false,
    virtualModules: ownModules,
    tsconfigPaths: existsSync(tsconfig) ? tsconfig : false,
  });
}

/** Where the file stops being JavaScript; null when the parser has nothing against it. */
export function findSyntaxError(file: string, root: string): { line: number; column: number } | null {
  const source = readFileSync(file, 'utf8');
  const code = createModuleLoader(file, root).transform({ source, filename: file, async: true });
  const found = /^exports\.__JITI_ERROR__ = (\{.*\})/.exec(code)?.[1];
  if (found === undefined) return null;
  const { line, column } = JSON.parse(found) as { line: number; column: number };
  return { line, column: column + 1 };
}

/** Within the project, never in a shared temporary folder: what lies in it is executed. */
function cacheFolder(root: string): string | false {
  if (existsSync(join(root, 'node_modules'))) return join(root, 'node_modules/.cache/lockkeeper');
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

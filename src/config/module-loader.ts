import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createJiti, type Jiti } from 'jiti';
import { cacheFolder } from '../core/cache-folder.js';
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

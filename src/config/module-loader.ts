import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createJiti, type Jiti } from 'jiti';

/** Loads TypeScript on every supported Node, with a cache of compiled files in the project. */
export function createModuleLoader(file: string, root: string): Jiti {
  return createJiti(file, { fsCache: cacheFolder(root), moduleCache: false, alias: ownEntries() });
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

/**
 * Our own names lead to the running copy, so that a project without a copy of its own can import them, and one with
 * another version does not load both.
 */
function ownEntries(): Record<string, string> {
  const here = fileURLToPath(import.meta.url);
  const folder = packageFolder(dirname(here));
  // Run from source, as the unit tests do: there may be nothing built.
  if (here.endsWith('.ts')) {
    return {
      'lockkeeper/config': join(folder, 'src/config/public.ts'),
      lockkeeper: join(folder, 'src/index.ts'),
    };
  }
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageManifest;
  return Object.fromEntries(
    Object.entries(exports).map(([key, target]) => [
      `lockkeeper${key.slice(1)}`,
      join(folder, typeof target === 'string' ? target : target.default),
    ]),
  );
}

interface PackageManifest {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
}

function packageFolder(from: string): string {
  let folder = from;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

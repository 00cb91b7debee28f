import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Jiti } from 'jiti';
import { cacheFolder } from '../core/cache-folder.js';
import { backfill } from '../migration/backfill.js';
import { defineMigration } from '../migration/define.js';
import { sql } from '../migration/sql-tag.js';
import { createCommonJsTest, requireCommonJs } from './common-js.js';
import type { Exports } from './module-exports.js';

/** Imports code migrations, each once more when its bytes have changed. */
export interface ModuleLoader {
  /** The module's exports. @throws whatever the module throws while it loads. */
  load(path: string, checksum: string): Promise<Exports>;
}

export interface ModuleLoaderOptions {
  /** What JavaScript goes through; tools that give it to jiti have projects that Node alone does not load. @default 'node' */
  readonly javascript?: 'node' | 'jiti';
  /** Absolute. @default tsconfig.json of the project folder */
  readonly tsconfig?: string;
}

/**
 * What `import … from 'lockkeeper'` gives inside a TypeScript migration: the running program itself, so that no copy
 * has to be installed in the project and none is loaded a second time.
 */
const ownModule = { backfill, defineMigration, sql };

/**
 * TypeScript goes through jiti, which takes every kind of project on every supported Node; JavaScript goes through
 * Node's own import or require, unless it imports our name where no copy is installed. There is no second try with the other:
 * the module may have half run.
 */
export function createModuleLoader(root: string, options: ModuleLoaderOptions = {}): ModuleLoader {
  let jiti: Promise<Jiti> | null = null;
  const { javascript = 'node', tsconfig } = options;
  const isCommonJs = createCommonJsTest();
  return {
    async load(path, checksum) {
      if (javascript === 'node' && /\.[cm]?js$/i.test(path)) {
        const text = readFileSync(path, 'utf8');
        if (!wantsOwnModule(path, text))
          return isCommonJs(path, text) ? requireCommonJs(path, checksum) : loadJavaScript(path, checksum);
      }
      jiti ??= createLoader(root, tsconfig ?? join(root, 'tsconfig.json'));
      const loader = await jiti;
      // The cache is the process's own; a file that was edited since has to run anew.
      delete loader.cache[path];
      return loader.import(path);
    },
  };
}

async function createLoader(root: string, tsconfig: string): Promise<Jiti> {
  const { createJiti } = await import('jiti');
  return createJiti(pathToFileURL(join(root, 'lockkeeper')).href, {
    fsCache: cacheFolder(root),
    interopDefault: false,
    virtualModules: { lockkeeper: ownModule },
    tsconfigPaths: existsSync(tsconfig) ? tsconfig : false,
  });
}

/** `npx lockkeeper` runs without a copy in the project; then Node cannot resolve our name in a JavaScript migration. */
function wantsOwnModule(path: string, text: string): boolean {
  if (!/(?:from|import|require\s*\()\s*(['"])lockkeeper\1/.test(text)) return false;
  try {
    createRequire(path).resolve('lockkeeper/package.json');
    return false;
  } catch {
    // Not to be resolved from there: that is what was asked.
    return true;
  }
}

async function loadJavaScript(path: string, checksum: string): Promise<Exports> {
  const url = pathToFileURL(path);
  // Node keeps modules by URL, CommonJS ones by path as well; the checksum makes an edited file another module.
  url.searchParams.set('checksum', checksum.slice(0, 16));
  delete createRequire(url).cache[path];
  return (await import(url.href)) as Exports;
}

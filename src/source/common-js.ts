import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Exports } from './module-exports.js';

// A CommonJS file is the same module by `import` and by `require`; the way through `import` reads it twice, looks for the
// names of its exports and waits four times, which a thousand migrations pay a second for.

/** Tells whether a file is surely CommonJS; what is in doubt is left to Node. The folders' package.json are read once. */
export function createCommonJsTest(): (path: string, text: string) => boolean {
  const isModuleFolder = new Map<string, boolean>();
  const ofFolder = (folder: string): boolean => {
    const known = isModuleFolder.get(folder);
    if (known !== undefined) return known;
    const manifest = join(folder, 'package.json');
    const parent = dirname(folder);
    const found = existsSync(manifest)
      ? /"type"\s*:\s*"module"/.test(readFileSync(manifest, 'utf8'))
      : parent !== folder && ofFolder(parent);
    isModuleFolder.set(folder, found);
    return found;
  };
  return (path, text) => {
    if (/\.cjs$/i.test(path)) return true;
    const seemsCommonJs = /\bexports\b/.test(text) && !/^\s*(?:import|export)\b|\bimport\.meta\b/m.test(text);
    return /\.js$/i.test(path) && seemsCommonJs && !ofFolder(dirname(path));
  };
}

/** Checksums of what was loaded, by path: what was edited since is loaded anew. */
const loaded = new Map<string, string>();

/** What `import` gives for a CommonJS file: its `module.exports` as the default, and what is in them by name. */
export function requireCommonJs(path: string, checksum: string): Exports {
  const require = createRequire(path);
  const file = require.resolve(path);
  if (loaded.get(file) !== checksum) delete require.cache[file];
  const exports: unknown = require(file);
  loaded.set(file, checksum);
  const named = typeof exports === 'object' || typeof exports === 'function' ? exports : {};
  return { ...named, default: exports };
}

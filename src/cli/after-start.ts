import { enableCompileCache } from './compile-cache.js';
import { tuneEngine } from './tune-engine.js';
import type { Lockkeeper, LockkeeperOptions } from '../app/lockkeeper.js';

// What is not needed to show help: `main.ts` and `program.ts` load this, and nothing else, when there is more to do.
export { reportFailure } from './failure.js';
export { runCommand } from './run-command.js';
export { usageError } from './usage-error.js';

/** Loads the library and opens a project with it. */
export async function openLibrary(options: LockkeeperOptions): Promise<Lockkeeper> {
  tuneEngine(process.versions.v8);
  enableCompileCache(process.env);
  const { createLockkeeper } = await import('../app/create-lockkeeper.js');
  return createLockkeeper(options);
}

import * as module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Lets Node keep compiled code between runs, where it can (22.1 and newer): `up` starts about a sixth faster.
 * The folder is the user's own; the usual one below the system's temporary folder could be prepared by another user.
 * NODE_DISABLE_COMPILE_CACHE and NODE_COMPILE_CACHE have their usual effect.
 */
export function enableCompileCache(env: Readonly<Record<string, string | undefined>>): void {
  const enable: unknown = Reflect.get(module, 'enableCompileCache');
  if (typeof enable !== 'function') return;
  const base = env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  // A folder that cannot be written makes it do nothing; it does not throw.
  enable(join(base, 'lockkeeper', 'node'));
}

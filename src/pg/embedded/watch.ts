import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, setPriority } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Layout } from './layout.js';

/** The environment variable that tells a supervisor what to watch, as JSON. */
export const watchVariable = 'LOCKKEEPER_EMBEDDED_WATCH';

/** What a supervisor is told. */
export interface Watch {
  readonly home: string;
  readonly idleMs: number;
}

/**
 * Starts the process that ends the server when nobody uses it. It runs at the lowest priority, so that its own
 * start takes nothing from the command that waits for its database.
 * @returns its pid; null where it could not be started, and then the server runs until `db stop`.
 */
export function spawnSupervisor(layout: Layout, idleMs: number): number | null {
  const watch: Watch = { home: layout.home, idleMs };
  const child = spawn(process.execPath, entryArguments(), {
    cwd: layout.home,
    detached: true,
    stdio: 'ignore',
    windowsHide: true,
    env: { ...essentialEnvironment(), [watchVariable]: JSON.stringify(watch) },
  });
  // Told by the missing pid; unheard, the event would end this process.
  child.on('error', () => undefined);
  child.unref();
  if (child.pid === undefined) return null;
  try {
    setPriority(child.pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has the usual priority, then.
  }
  return child.pid;
}

/** The built entry lies in the root of dist/, this code there or in a chunk; from source, a loader is needed. */
function entryArguments(): readonly string[] {
  for (const path of ['./embedded-supervisor.js', '../embedded-supervisor.js']) {
    const file = fileURLToPath(new URL(path, import.meta.url));
    if (existsSync(file)) return [file];
  }
  const loader = createRequire(import.meta.url)
    .resolve('jiti/package.json')
    .replace(/package\.json$/, 'lib/jiti-register.mjs');
  return ['--import', pathToFileURL(loader).href, fileURLToPath(new URL('./supervisor.ts', import.meta.url))];
}

/** Not the caller's: the process outlives it, and its secrets have no place there. */
function essentialEnvironment(): NodeJS.ProcessEnv {
  const names = ['PATH', 'HOME', 'SystemRoot', 'TEMP', 'TMP', 'USERPROFILE', 'LOCALAPPDATA'];
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { askDataFolder } from './client.js';
import { errnoOf } from './failure.js';
import type { Layout } from './layout.js';
import { isAlive, isPostgres, processIdentity } from './process.js';
import type { ServerState } from './state.js';

/** What a running server says of itself in postmaster.pid (miscadmin.h, LOCK_FILE_LINE_*). */
export interface Postmaster {
  readonly pid: number;
  /** Seconds since the epoch. */
  readonly startedAt: string;
  readonly port: number;
  /** Clients are served. */
  readonly ready: boolean;
}

/** The server that postmaster.pid names, running or not; null where there is no such file. */
export function readPostmaster(layout: Layout): Postmaster | null {
  let lines: string[];
  try {
    lines = readFileSync(pidFile(layout), 'utf8').split('\n');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
  const pid = Math.abs(Number.parseInt(lines[0] ?? '', 10));
  if (!Number.isSafeInteger(pid) || pid === 0) return null;
  return {
    pid,
    startedAt: (lines[2] ?? '').trim(),
    port: Number.parseInt(lines[3] ?? '', 10) || 0,
    ready: (lines[7] ?? '').trim() === 'ready',
  };
}

/** Whether the file still names the very server that was looked at when the state was written. */
export function isKnown(layout: Layout, postmaster: Postmaster, state: ServerState): boolean {
  return (
    state.folder === folderIdentity(layout) &&
    postmaster.pid === state.pid &&
    postmaster.startedAt === state.startedAt &&
    postmaster.port === state.port &&
    isAlive(postmaster.pid) &&
    (state.identity === null
      ? isPostgres(postmaster.pid)
      : processIdentity(postmaster.pid) === state.identity)
  );
}

/**
 * `ours`: it runs on this very folder · `gone`: the process has ended · `stranger`: the pid belongs to another
 * process now, or the file came here with a copy of the folder · `unknown`: a PostgreSQL that does not say.
 */
export type Verdict = 'ours' | 'gone' | 'stranger' | 'unknown';

/** Finds out whose process postmaster.pid names. */
export async function judge(layout: Layout, postmaster: Postmaster): Promise<Verdict> {
  if (!isAlive(postmaster.pid)) return 'gone';
  // A postmaster's working directory is its data folder. Only Linux shows it, and only to the same user and to root.
  const cwd = isSameFolder(`/proc/${postmaster.pid}/cwd`, layout.data);
  if (cwd !== null) return cwd ? 'ours' : 'stranger';
  if (!isPostgres(postmaster.pid)) return 'stranger';
  const folder = await askDataFolder(layout, postmaster.port);
  if (folder === null) return 'unknown';
  // A folder that was moved while its server ran: the server still gives the old path, where nothing is now.
  return (isSameFolder(folder, layout.data) ?? true) ? 'ours' : 'stranger';
}

/**
 * Makes the file of a server that is gone harmless. The file is not removed where that can be helped: its line with
 * the shared memory key lets PostgreSQL see backends that outlived their postmaster. PostgreSQL takes a file with
 * its parent's pid for stale (CreateLockFile in miscinit.c), and we are the parent of the server about to start.
 */
export function disownPidFile(layout: Layout): void {
  const file = pidFile(layout);
  if (process.platform === 'win32') return rmSync(file, { force: true });
  const [, ...rest] = readFileSync(file, 'utf8').split('\n');
  writeFileSync(file, [String(process.pid), ...rest].join('\n'));
}

/** A text that stays the data folder's own when it is moved, and that no copy of it has. */
export function folderIdentity(layout: Layout): string | null {
  const stat = statSync(layout.data, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.dev}:${stat.ino}`;
}

/** Null where one of them cannot be looked at. */
function isSameFolder(one: string, other: string): boolean | null {
  try {
    const [a, b] = [statSync(one, { bigint: true }), statSync(other, { bigint: true })];
    return a.ino === b.ino && a.dev === b.dev;
  } catch {
    return null;
  }
}

function pidFile(layout: Layout): string {
  return join(layout.data, 'postmaster.pid');
}

import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';
import { errnoOf } from './failure.js';
import { keepOwner } from './layout.js';
import { isAlive } from './process.js';
import { waitFor } from './wait.js';

/** A holder shows that it lives this often … */
const heartbeatMs = 2_000;
/** … and is taken for dead after this long, whatever its pid says: pids are used again, and differ between containers. */
const staleAfterMs = 15_000;
/** Long enough for another process to make and start a server on a slow disk. */
const waitMs = 180_000;

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly token: string;
}

/**
 * Runs `work` while no other process runs its own on the same lock file. The file is made with O_EXCL; one whose
 * holder is gone is taken over. PostgreSQL's postmaster.pid and the rename that ends the making of a data folder
 * stand behind it: should two processes ever hold it at once, no data is harmed.
 */
export async function withLock<Result>(
  file: string,
  signal: AbortSignal | null,
  work: () => Promise<Result>,
): Promise<Result> {
  const token = randomUUID();
  const got = await waitFor(() => (take(file, token) ? true : null), {
    doing: 'waiting for another process that works on the embedded server',
    timeoutMs: waitMs,
    signal,
  });
  if (got === null) throw neverFree(file);
  const heartbeat = setInterval(() => touch(file, token), heartbeatMs);
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    if (readHolder(file)?.token === token) rmSync(file, { force: true });
  }
}

/** Whether some process holds the lock file, or looks as if. */
export function isLocked(file: string): boolean {
  return existsSync(file);
}

function take(file: string, token: string): boolean {
  if (create(file, token)) return true;
  if (!isStale(file)) return false;
  breakStale(file, token);
  return create(file, token);
}

function create(file: string, token: string): boolean {
  const holder: Holder = { pid: process.pid, host: hostname(), token };
  try {
    writeFileSync(file, JSON.stringify(holder), { flag: 'wx' });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
  keepOwner(file);
  return true;
}

/**
 * Removes a stale lock. Two processes may see the same stale file, and the slower one must not remove the lock that
 * the faster one has made since: so it is judged and removed under a second, momentary lock.
 */
function breakStale(file: string, token: string): void {
  const guard = `${file}.break`;
  const guardAge = ageMs(guard);
  if (guardAge !== null && guardAge > staleAfterMs) rmSync(guard, { force: true });
  if (!create(guard, token)) return;
  try {
    // Renamed first: whoever looks sees either the stale file or none.
    if (isStale(file)) {
      const grave = join(dirname(file), `lock.stale-${token}`);
      renameSync(file, grave);
      rmSync(grave, { force: true });
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  } finally {
    rmSync(guard, { force: true });
  }
}

function isStale(file: string): boolean {
  const age = ageMs(file);
  if (age === null) return false;
  if (age > staleAfterMs) return true;
  const holder = readHolder(file);
  return holder !== null && holder.host === hostname() && !isAlive(holder.pid);
}

/** Null where the file is gone, or its maker has not written it yet. */
function readHolder(file: string): Holder | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder;
  } catch {
    return null;
  }
}

function ageMs(file: string): number | null {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? null : Date.now() - stat.mtimeMs;
}

function touch(file: string, token: string): void {
  if (readHolder(file)?.token !== token) return;
  const now = new Date();
  try {
    utimesSync(file, now, now);
  } catch (error) {
    // Taken over and removed in between: the next beat sees that it is no longer ours.
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function neverFree(file: string): LockkeeperError {
  const holder = readHolder(file);
  return new LockkeeperError('EMBEDDED_START_FAILED', {
    message: `Process ${holder?.pid ?? 'unknown'} has been working on the embedded server for ${waitMs / 1000} seconds.`,
    hint: `Wait for it or end it; when it is no Lockkeeper process, delete "${file}".`,
    details: { lock: file, holder: holder?.pid ?? null },
  });
}

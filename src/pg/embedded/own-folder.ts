import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoOf } from './failure.js';

/**
 * Folders outside the project that only this user can write, best first: for copies of the programs (`cache`), and
 * for data that the project's folder cannot hold (`data`). Root's are open to other users for reading, because the
 * server runs as one of them.
 */
export function* ownFolders(kind: 'cache' | 'data'): Generator<string> {
  const uid = process.getuid?.() ?? 0;
  const first = uid === 0 && process.platform !== 'win32' ? '/var/lib/lockkeeper' : userFolder(kind);
  for (const base of [first, join(tmpdir(), `lockkeeper-${uid}`)]) {
    if (base === null) continue;
    const dir = join(base, kind);
    // Made only when it comes to it.
    if (isOwn(dir)) yield dir;
  }
}

/**
 * Makes a folder in one movement: filled under another name and then renamed, so that nobody sees half of it.
 * @returns the folder, or null where it cannot be made.
 */
export function makeOnce(dir: string, fill: (made: string) => void): string | null {
  if (existsSync(dir)) return dir;
  const made = `${dir}.${randomUUID()}`;
  try {
    mkdirSync(made, { mode: 0o755 });
    fill(made);
    chmodSync(made, 0o755);
    renameSync(made, dir);
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    if (existsSync(dir)) return dir;
    if (isDenied(error)) return null;
    throw error;
  }
  return dir;
}

function userFolder(kind: 'cache' | 'data'): string | null {
  if (process.platform === 'win32') return join(process.env['LOCALAPPDATA'] ?? homedir(), 'lockkeeper');
  const variable = process.env[kind === 'cache' ? 'XDG_CACHE_HOME' : 'XDG_DATA_HOME'];
  if (variable !== undefined && variable.startsWith('/')) return join(variable, 'lockkeeper');
  try {
    return join(homedir(), kind === 'cache' ? '.cache' : '.local/share', 'lockkeeper');
  } catch {
    // Neither HOME nor an entry in the password database.
    return null;
  }
}

/** Makes the folder; false where that fails, or where another user could have put something into it. */
function isOwn(dir: string): boolean {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o755 });
  } catch (error) {
    if (isDenied(error)) return false;
    throw error;
  }
  if (process.platform === 'win32') return true;
  openForReading(dir);
  // The folder above is ours as well: in a shared folder for temporary files, somebody else may have made it first.
  return [join(dir, '..'), dir].every((path) => {
    const stat = lstatSync(path);
    return stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o022) === 0;
  });
}

/** A strict umask must not close root's folders to the server's user. */
function openForReading(dir: string): void {
  if (process.getuid?.() !== 0) return;
  for (const path of [join(dir, '..'), dir]) {
    const stat = lstatSync(path);
    if (stat.isDirectory() && stat.uid === 0 && (stat.mode & 0o055) !== 0o055) chmodSync(path, 0o755);
  }
}

function isDenied(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENOENT', 'ENOSPC'].includes(errnoOf(error) ?? '');
}

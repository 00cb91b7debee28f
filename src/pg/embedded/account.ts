import { spawnSync, type SpawnOptions } from 'node:child_process';
import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';

/**
 * As whom the server's programs run. initdb and postgres refuse root, and initdb refuses a user without an entry in
 * the password database. `mapped` is the way out of both: `unshare --user` shows them uid 65534 while the kernel
 * goes on to see the real one, so that files stay what they are.
 */
export interface Account {
  /** Switch to this user; null = stay. */
  readonly user: { readonly uid: number; readonly gid: number } | null;
  readonly mapped: { readonly initdb: boolean; readonly server: boolean };
}

/** `nobody` on every Linux distribution; also the kernel's overflow uid. */
const nobody = { uid: 65_534, gid: 65_534 };
const plain = { initdb: false, server: false };

/** A program call under an account, ready for spawn. */
export interface Call {
  readonly program: string;
  readonly args: readonly string[];
  readonly options: SpawnOptions;
}

/** How to call a program of the server under an account. */
export function callAs(account: Account, program: string, args: readonly string[]): Call {
  const kind = /initdb(\.exe)?$/.test(program) ? 'initdb' : 'server';
  const unshare = ['--user', `--map-user=${nobody.uid}`, `--map-group=${nobody.gid}`, '--', program, ...args];
  return {
    ...(account.mapped[kind] ? { program: 'unshare', args: unshare } : { program, args }),
    // The working directory is one that every user may enter. On Linux, spawn also drops root's other groups.
    options: { cwd: dirname(program), env: environment(), windowsHide: true, ...account.user },
  };
}

/** The account of a data folder that is there: its owner's. */
export function accountOf(data: string): Account {
  const owner = statSync(data);
  if (process.platform === 'win32') return { user: null, mapped: plain };
  if (process.getuid?.() !== 0) return { user: null, mapped: { initdb: !hasEntry(null), server: false } };
  return owner.uid === 0 ? asMappedRoot() : { user: { uid: owner.uid, gid: owner.gid }, mapped: plain };
}

/** Whom a new server could run as, best first. `project` is a folder whose owner is the one to serve. */
export function possibleAccounts(project: string): readonly Account[] {
  if (process.platform === 'win32') return [{ user: null, mapped: plain }];
  if (process.getuid?.() !== 0) return [{ user: null, mapped: { initdb: !hasEntry(null), server: false } }];
  const { uid, gid } = statSync(project);
  const owner = { user: { uid, gid }, mapped: { initdb: !hasEntry(uid), server: false } };
  return [...(uid === 0 ? [] : [owner]), asNobody(), asMappedRoot()];
}

/** The account that needs nothing of the project: for data that lies outside of it. */
export function asNobody(): Account {
  return { user: nobody, mapped: plain };
}

/** Whether a program of the server starts under the account at all. */
export function canRun(account: Account, program: string): boolean {
  if (account.user === null && !account.mapped.initdb) return true;
  const call = callAs(account, program, ['--version']);
  return (
    spawnSync(call.program, call.args, { ...call.options, stdio: 'ignore', timeout: 10_000 }).status === 0
  );
}

/** Whether the account can read `path` and pass through every folder above it, as the mode bits say. */
export function canReach(account: Account, path: string): boolean {
  if (process.platform === 'win32') return true;
  if (account.user === null && !account.mapped.server) return true;
  const who = account.user ?? { uid: 0, gid: 0 };
  for (let at = path; ; at = dirname(at)) {
    const needed = at === path ? 0o5 : 0o1;
    if ((bitsFor(who, at) & needed) !== needed) return false;
    if (at === dirname(at)) return true;
  }
}

/** Shown in errors. */
export function accountName(account: Account): string {
  if (account.user !== null) return `user ${account.user.uid}`;
  return account.mapped.server ? 'root in a user namespace' : 'the current user';
}

function asMappedRoot(): Account {
  return { user: null, mapped: { initdb: true, server: true } };
}

/** The read, write and execute bits that count for a user who is in no other group. */
function bitsFor(who: { readonly uid: number; readonly gid: number }, path: string): number {
  const stat = statSync(path);
  if (stat.uid === who.uid) return (stat.mode >> 6) & 0o7;
  return (stat.gid === who.gid ? stat.mode >> 3 : stat.mode) & 0o7;
}

/** Whether the password database knows the user (null = the current one); containers often run as one it does not. */
function hasEntry(uid: number | null): boolean {
  if (uid !== null)
    return spawnSync('id', ['-un', String(uid)], { stdio: 'ignore', timeout: 10_000 }).status === 0;
  try {
    return userInfo().username !== '';
  } catch {
    return false;
  }
}

/** No more than the programs need: the caller's environment may hold secrets, and SQL can read a server's. */
function environment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'LD_LIBRARY_PATH', 'SystemRoot', 'TEMP', 'TMP'];
  const entries = kept.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  );
  // Messages are matched against, so they are English. TZ spares initdb a search through all time zones.
  return { ...Object.fromEntries(entries), LC_ALL: 'C', TZ: 'UTC' } as NodeJS.ProcessEnv;
}

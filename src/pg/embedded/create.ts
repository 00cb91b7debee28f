import { createHash, randomUUID } from 'node:crypto';
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../../core/context.js';
import {
  accountName,
  asNobody,
  callAs,
  canReach,
  canRun,
  possibleAccounts,
  type Account,
} from './account.js';
import { preparePrograms, type Package, type Programs } from './binaries.js';
import { makePassword, serverUser } from './client.js';
import { errnoOf, startFailed } from './failure.js';
import { recordData, withData, type Layout } from './layout.js';
import { makeOnce, ownFolders } from './own-folder.js';
import { run } from './run.js';

const initdbTimeoutMs = 120_000;
const unfinished = 'data.new-';

/**
 * A server for one developer: small, in UTC like most servers in production, and able to replicate logically.
 * fsync stays on, because the folder holds a person's data; that a commit does not wait for the disk costs at most
 * the last moments before a power failure and never consistency (manual, section 28.4 Asynchronous Commit).
 */
const settings = `
# Written by Lockkeeper when it made this server; yours to change. The port and the addresses are given at each start.
shared_buffers = 64MB
max_connections = 100
synchronous_commit = off
wal_level = logical
io_method = sync
log_checkpoints = off
timezone = 'UTC'
log_timezone = 'UTC'
`;

/** A place for the data, and who runs the server there. */
interface Site {
  readonly place: string;
  readonly account: Account;
}

/** Whether the server's data is there. Data appears in one movement when it is complete, so half of it never counts. */
export function hasData(layout: Layout): boolean {
  return existsSync(join(layout.data, 'global', 'pg_control'));
}

/**
 * Makes the data folder: in the project where possible, else in a folder of the user's that `location` names. To be
 * called under the lock.
 * @returns the layout with the place of the data.
 */
export async function createData(layout: Layout, found: Package, context: Context): Promise<Layout> {
  context.events.emit('server:create', { dir: layout.home });
  const refusals: string[] = [];
  for (const site of sites(layout)) {
    const fresh = prepare(site, found);
    if (typeof fresh !== 'string') return initialise(layout, fresh, context);
    refusals.push(`- in "${site.place}" as ${accountName(site.account)}: ${fresh}`);
  }
  throw startFailed(layout, {
    what: `PostgreSQL does not run as this user, and no other way was found.\n${refusals.join('\n')}`,
    hint: 'Run as an ordinary user that owns the project, or give a database url.',
  });
}

interface Fresh {
  readonly place: string;
  readonly dir: string;
  readonly account: Account;
  readonly programs: Programs;
}

function* sites(layout: Layout): Generator<Site> {
  const accounts = possibleAccounts(layout.home);
  for (const account of accounts) yield { place: layout.home, account };
  const outside = process.getuid?.() === 0 ? asNobody() : accounts[0];
  if (outside === undefined) return;
  const name = createHash('sha256').update(layout.home).digest('hex').slice(0, 16);
  for (const base of ownFolders('data')) {
    const place = makeOnce(join(base, name), () => undefined);
    if (place !== null) yield { place, account: outside };
  }
}

/** An empty folder that belongs to the account, or why there can be none. */
function prepare(site: Site, found: Package): Fresh | string {
  const { place, account } = site;
  if (!canReach(account, place)) return 'a folder above it is closed to that user';
  const programs = preparePrograms(found, account);
  if (programs === null) return 'the binaries cannot be read by that user, and no copy of them could be made';
  if (!canRun(account, programs.postgres)) return 'the system does not let us run a program as that user';
  const dir = join(place, `${unfinished}${randomUUID()}`);
  mkdirSync(dir, { mode: 0o700 });
  if (belongsTo(account, dir)) return { place, dir, account, programs };
  rmSync(dir, { recursive: true, force: true });
  return 'the file system does not keep owners and modes';
}

/** PostgreSQL refuses a folder of another owner, and one that others may enter (checkDataDir in miscinit.c). */
function belongsTo(account: Account, dir: string): boolean {
  if (process.platform === 'win32') return true;
  try {
    if (account.user !== null) chownSync(dir, account.user.uid, account.user.gid);
  } catch (error) {
    if (errnoOf(error) === 'EPERM' || errnoOf(error) === 'EINVAL') return false;
    throw error;
  }
  const stat = statSync(dir);
  return stat.uid === (account.user?.uid ?? process.getuid?.()) && (stat.mode & 0o077) === 0;
}

async function initialise(layout: Layout, fresh: Fresh, context: Context): Promise<Layout> {
  const passwordFile = `${fresh.dir}.password`;
  try {
    writeFileSync(passwordFile, `${makePassword(layout)}\n`, { mode: 0o600 });
    belongsTo(fresh.account, passwordFile);
    await runInitdb(layout, fresh, passwordFile, context.stop.finish);
    appendFileSync(join(fresh.dir, 'postgresql.conf'), settings);
    const made = withData(layout, join(fresh.place, 'data'));
    setAside(made);
    renameSync(fresh.dir, made.data);
    recordData(made);
    return made;
  } finally {
    rmSync(passwordFile, { force: true });
    removeTree(fresh.dir);
  }
}

async function runInitdb(
  layout: Layout,
  fresh: Fresh,
  passwordFile: string,
  signal: AbortSignal,
): Promise<void> {
  const call = callAs(fresh.account, fresh.programs.initdb, [
    '--pgdata',
    fresh.dir,
    '--username',
    serverUser,
    '--pwfile',
    passwordFile,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-sync',
    '--no-instructions',
  ]);
  const doing = 'making the data folder of the embedded server';
  const { status, output } = await run(call, { doing, timeoutMs: initdbTimeoutMs, signal });
  if (status === 0) return;
  throw startFailed(layout, {
    what: `The data folder of the embedded server could not be made: initdb ended with ${status ?? 'a signal'}.`,
    hint: 'The last lines say why. Free some disk space or memory where that is it, or give a database url.',
    output,
  });
}

/**
 * Makes way for new data: a folder without its control file, or one outside of the project whose password was deleted
 * with the project's part. What is in it is not ours to delete.
 */
function setAside(layout: Layout): void {
  if (!existsSync(layout.data)) return;
  renameSync(layout.data, `${layout.data}.broken-${randomUUID().slice(0, 8)}`);
}

/** Removes what a process left that was killed while it made a data folder. To be called under the lock. */
export function removeUnfinished({ home }: Layout): void {
  for (const name of readdirSync(home)) if (name.startsWith(unfinished)) removeTree(join(home, name));
}

function removeTree(dir: string): void {
  try {
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
  } catch (error) {
    // A process of a killed initdb still writes there: the folder is in nobody's way, and the next start removes it.
    if (errnoOf(error) !== 'ENOTEMPTY') throw error;
  }
}

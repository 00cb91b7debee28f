import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Where everything of one embedded server lies. */
export interface Layout {
  /** The folder that the configuration names; ours alone. */
  readonly home: string;
  /** PostgreSQL's own data folder (PGDATA); in `home`, or elsewhere where `home` cannot hold it. */
  readonly data: string;
  readonly log: string;
  readonly lock: string;
  readonly password: string;
  readonly state: string;
}

/** The file in `home` that names the data folder where that one lies elsewhere. */
const elsewhere = 'location';

/** The paths of the server whose folder is `home`. */
export function layoutOf(home: string): Layout {
  return {
    home,
    data: dataFolder(home),
    log: join(home, 'server.log'),
    lock: join(home, 'lock'),
    password: join(home, 'password'),
    state: join(home, 'server.json'),
  };
}

/** The same server with its data at `data`. */
export function withData(layout: Layout, data: string): Layout {
  return { ...layout, data };
}

/** Makes `home` and keeps it out of version control. */
export function makeHome(home: string): void {
  const firstMade = mkdirSync(home, { recursive: true, mode: 0o755 });
  if (firstMade !== undefined) handOver(firstMade, home);
  const parent = dirname(home);
  const ignored = basename(parent) === '.lockkeeper' ? parent : home;
  const file = join(ignored, '.gitignore');
  if (existsSync(file)) return;
  writeFileSync(file, '*\n');
  keepOwner(file);
}

/** Notes in `home` where the data is, when it is not in `home`. */
export function recordData(layout: Layout): void {
  const file = join(layout.home, elsewhere);
  if (layout.data === join(layout.home, 'data')) return rmSync(file, { force: true });
  writeFileSync(file, `${layout.data}\n`);
  keepOwner(file);
}

/**
 * Gives a file that root has just written to the owner of its folder. Without it, one run as root (in a container,
 * or with sudo) would lock the project's owner out of the server.
 */
export function keepOwner(file: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(file));
  if (uid !== 0) chownSync(file, uid, gid);
}

/** The last text of the server's log, from `offset` bytes on. */
export function readLog(layout: Layout, offset = 0): string {
  try {
    return readFileSync(layout.log).subarray(offset).toString('utf8');
  } catch {
    // No log yet.
    return '';
  }
}

/** Size of the log in bytes; where a new start begins to write. */
export function logSize(layout: Layout): number {
  return statSync(layout.log, { throwIfNoEntry: false })?.size ?? 0;
}

function dataFolder(home: string): string {
  try {
    return readFileSync(join(home, elsewhere), 'utf8').trim();
  } catch {
    // The ordinary case: the data is in the project.
    return join(home, 'data');
  }
}

/** Every folder from the first one made down to `home`; a strict umask must not close them to the server's user. */
function handOver(firstMade: string, home: string): void {
  if (process.getuid?.() !== 0) return;
  const made: string[] = [];
  for (let dir = home; dir.length >= firstMade.length; dir = dirname(dir)) made.unshift(dir);
  for (const dir of made) {
    chmodSync(dir, 0o755);
    keepOwner(dir);
  }
}

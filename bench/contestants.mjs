// Lockkeeper, the floor script and psql: how each gets its files, and how each is called.
import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import {
  write,
  writeLongProject,
  writePsqlProject,
  writeSqlProject,
  writeTypeScriptProject,
} from './workload.mjs';

const repository = dirname(fileURLToPath(new URL('.', import.meta.url)));

/** The program that the build made, started through its first line (#!) as npm's link does. */
export const program = join(repository, 'dist', 'cli', 'main.js');

/** Bundled like Lockkeeper itself, because one file opens faster than the hundred of an unbundled driver. */
export async function bundleFloor(work) {
  const bundle = await rolldown({
    cwd: repository,
    platform: 'node',
    external: [/^node:/, 'pg-native'],
    input: fileURLToPath(new URL('floor.mjs', import.meta.url)),
    // The project's copy of the driver, not the rivals'.
    resolve: { alias: { pg: join(repository, 'node_modules', 'pg', 'esm', 'index.mjs') } },
  });
  const file = join(work, 'floor.mjs');
  const minify = { compress: true, mangle: false, codegen: { removeWhitespace: true } };
  await bundle.write({ file, format: 'esm', minify, codeSplitting: false });
  await bundle.close();
  return file;
}

/** `lockkeeper` resolves in the project, as after `npm install`. */
function linkPackage(folder) {
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  symlinkSync(repository, join(folder, 'node_modules', 'lockkeeper'));
}

const lockkeeper = (...args) => ({ command: program, args });

function lockkeeperContestant(key, label, writeProject, flags = []) {
  return {
    key,
    label,
    kind: 'ours',
    write(folder, count) {
      writeProject(folder, count);
      linkPackage(folder);
    },
    up: (folder, url) => lockkeeper('up', ...flags, '--url', url, '-C', folder, '--yes'),
    noop: (folder, url) => lockkeeper('up', '--url', url, '-C', folder, '--yes'),
    one: (folder, url) => lockkeeper('up', '--single-transaction', '--url', url, '-C', folder, '--yes'),
    status: (folder, url) => lockkeeper('status', '--url', url, '-C', folder),
    down: (folder, url) => lockkeeper('down', '--all', '--yes', '--url', url, '-C', folder),
  };
}

export const ours = lockkeeperContestant('ours', 'lockkeeper', writeSqlProject);

/** Waits for the disk at every COMMIT, as the others do; Lockkeeper by itself waits at the last one of a run. */
export const oursSynchronous = lockkeeperContestant(
  'synchronous',
  'lockkeeper, synchronousCommit: true',
  (folder, count) => {
    writeSqlProject(folder, count);
    write(folder, 'lockkeeper.config.json', '{ "synchronousCommit": true }\n');
  },
);

/** `up` behind a crash, and with nothing to do, in one project that nobody else uses: it gets more and more migrations. */
const resumable = { ...ours, key: 'resumable' };
export const resumed = [
  { ...ours, key: 'resumed', label: 'lockkeeper after a crash', owner: resumable, crashed: true },
  {
    ...ours,
    key: 'nothing-pending',
    label: 'lockkeeper, nothing pending',
    owner: resumable,
    crashed: false,
  },
];

export const oursTypeScript = [
  lockkeeperContestant('ours-ts-strings', 'lockkeeper, TypeScript (SQL strings)', (folder, count) =>
    writeTypeScriptProject(folder, count, 'strings'),
  ),
  lockkeeperContestant('ours-ts-code', 'lockkeeper, TypeScript (async functions)', (folder, count) =>
    writeTypeScriptProject(folder, count, 'code'),
  ),
];

/** The second connection that watches long steps, on and off, on quick files and on long work. */
export const observers = {
  quick: lockkeeperContestant('unobserved', 'lockkeeper --no-observer', writeSqlProject, ['--no-observer']),
  long: [
    lockkeeperContestant('observed', 'lockkeeper', writeLongProject),
    lockkeeperContestant('unobserved', 'lockkeeper --no-observer', writeLongProject, ['--no-observer']),
  ],
};

export function floorContestant(script) {
  const call = (verb) => (folder, url) => ({
    command: process.execPath,
    args: [script, verb, join(folder, 'migrations'), url],
  });
  return {
    key: 'floor',
    label: 'floor script',
    kind: 'floor',
    write: writeSqlProject,
    up: call('up'),
    noop: call('up'),
    one: call('onetx'),
    status: call('status'),
    down: call('down'),
  };
}

export function psqlContestant(psql) {
  const call = (file) => (folder, url) => ({
    command: psql,
    args: ['-X', '-q', '-f', file, url],
    cwd: folder,
  });
  return {
    key: 'psql',
    label: 'psql',
    kind: 'psql',
    write: writePsqlProject,
    up: call('each.psql'),
    one: call('one.psql'),
    down: call('down.psql'),
  };
}

/** The smallest process that Node can be. */
export const bareNode = {
  key: 'node',
  label: 'node -e 0',
  kind: 'node',
  start: () => ({ command: process.execPath, args: ['-e', '0'] }),
};

export const starts = [
  { key: 'help', label: 'lockkeeper --help', kind: 'ours', start: () => lockkeeper('--help') },
  { key: 'version', label: 'lockkeeper --version', kind: 'ours', start: () => lockkeeper('--version') },
];

/** A command of ours with arguments of its own. */
export const lockkeeperCommand = lockkeeper;

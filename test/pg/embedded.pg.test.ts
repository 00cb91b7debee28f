import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import {
  ensureServer,
  serverStatus,
  serverUrl,
  startServer,
  stopServer,
} from '../../src/pg/embedded/index.js';
import { isAlive } from '../../src/pg/embedded/process.js';
import {
  ask,
  createContext,
  createMadeProject,
  createProject,
  open,
  removeProjects,
  removeTemplate,
  runChild,
  serverPid,
  until,
} from './embedded-support.js';
import type { ConnectionOptions } from '../../src/pg/options.js';

afterEach(removeProjects);
afterAll(removeTemplate);

describe('a first start', () => {
  test('makes the server and the database, out of version control, and gives the way to connect', async () => {
    const project = createProject();
    const context = createContext(project);
    const connection = await ensureServer(project.target, context);
    const [row] = await ask<{ database: string; major: string }>(
      connection,
      `select current_database() as database, split_part(current_setting('server_version'), '.', 1) as major`,
    );
    expect(row).toEqual({ database: 'app', major: '18' });
    expect(context.seen).toEqual(['server:create', 'server:start']);
    expect(readFileSync(join(project.root, '.lockkeeper', '.gitignore'), 'utf8')).toBe('*\n');
    expect(connection).toMatchObject({ host: '127.0.0.1', ssl: false, applicationName: 'embedded test' });
  });

  test('listens on the loopback address only and trusts nobody', async () => {
    const project = await createMadeProject();
    const connection = await ensureServer(project.target, createContext(project));
    const settings = await ask(
      connection,
      `select current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets`,
    );
    expect(settings).toEqual([{ addresses: '127.0.0.1', sockets: '' }]);
    const methods = await ask(connection, 'select distinct auth_method from pg_hba_file_rules');
    expect(methods).toEqual([{ auth_method: 'scram-sha-256' }]);
    await expect(ask({ ...connection, password: 'guess' }, 'select 1')).rejects.toMatchObject({
      code: '28P01',
    });
    expect(statSync(join(project.home, 'password')).mode & 0o777).toBe(0o600);
  });

  test('compares and folds letters of every language, the same on every machine', async () => {
    const project = await createMadeProject();
    const connection = await ensureServer(project.target, createContext(project));
    const rows = await ask(
      connection,
      `select lower('ÄÉЖ') as lower, current_setting('server_encoding') as encoding`,
    );
    expect(rows).toEqual([{ lower: 'äéж', encoding: 'UTF8' }]);
  });

  test('works in a folder with spaces, quotes and letters of every language', async () => {
    const project = createProject({ name: `it's a "prøject" 日本 $HOME-`, database: `the "dä" base; --` });
    const connection = await ensureServer(project.target, createContext(project));
    const rows = await ask(connection, 'select current_database() as database');
    expect(rows).toEqual([{ database: `the "dä" base; --` }]);
    const url = await serverUrl(project.target);
    expect(new URL(url ?? '').pathname).toBe(`/${encodeURIComponent(`the "dä" base; --`)}`);
  });

  test('gives the server none of the secrets in our environment', async () => {
    const project = await createMadeProject();
    process.env['LOCKKEEPER_TEST_SECRET'] = 'hidden';
    try {
      const connection = await ensureServer(project.target, createContext(project));
      const client = await open(connection);
      await client.query(`create temp table environment (line text)`);
      await client.query(`copy environment from program 'env'`);
      const { rows } = await client.query<{ line: string }>('select line from environment');
      await client.end();
      const lines = rows.map((row) => row.line);
      expect(lines).toContain('TZ=UTC');
      expect(lines.join()).not.toContain('LOCKKEEPER_TEST_SECRET');
    } finally {
      delete process.env['LOCKKEEPER_TEST_SECRET'];
    }
  });
});

describe('a running server', () => {
  test('is used again, also for another database', async () => {
    const project = await createMadeProject();
    const first = await ensureServer(project.target, createContext(project));
    const context = createContext(project);
    const again = await ensureServer(project.target, context);
    const other = await ensureServer({ ...project.target, database: 'other' }, context);
    expect(context.seen).toEqual([]);
    expect([again.port, other.port]).toEqual([first.port, first.port]);
    expect(await ask(other, 'select current_database() as database')).toEqual([{ database: 'other' }]);
  });

  test('gets its database back when somebody has dropped it', async () => {
    const project = await createMadeProject();
    const connection = await ensureServer(project.target, createContext(project));
    await ask({ ...connection, database: 'postgres' }, 'drop database app');
    const again = await ensureServer(project.target, createContext(project));
    expect(await ask(again, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('shows itself, gives its url, and stops with its data kept', async () => {
    const project = await createMadeProject();
    const before = await serverStatus(project.target);
    expect(before).toEqual({
      running: false,
      pid: null,
      port: null,
      url: null,
      dir: project.home,
      version: null,
    });
    const started = await startServer(project.target, createContext(project), { keep: true });
    expect(started).toMatchObject({ running: true, pid: serverPid(project), dir: project.home });
    expect(started.version).toMatch(/^18\./);
    expect(await serverStatus(project.target)).toEqual(started);
    expect(await serverUrl(project.target)).toBe(started.url);
    const connection = await ensureServer(project.target, createContext(project));
    await ask(connection, 'create table kept (id int)');
    expect(await stopServer(project.target)).toEqual({ ...before, stopped: true });
    expect(isAlive(started.pid ?? 0)).toBe(false);
    expect(await serverUrl(project.target)).toBeNull();
    const next = await ensureServer(project.target, createContext(project));
    expect(await ask(next, `select count(*)::int as count from kept`)).toEqual([{ count: 0 }]);
    expect(next.port).toBe(connection.port);
  });

  test('stops although a session is in the middle of something', async () => {
    const project = await createMadeProject();
    const connection = await ensureServer(project.target, createContext(project));
    const client = await open(connection);
    const query = client.query('select pg_sleep(600)');
    const refused = expect(query).rejects.toThrow();
    await stopServer(project.target);
    await refused;
    expect((await serverStatus(project.target)).running).toBe(false);
  });

  test('does not hold the process that started it', async () => {
    const project = await createMadeProject();
    // The child ends by itself, and only then gives its lines.
    const connection = await runChild<ConnectionOptions>({ verb: 'ensureServer', target: project.target });
    expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }]);
  });
});

describe('an idle server', () => {
  test('is ended after a while, and not while somebody is connected', async () => {
    const project = await createMadeProject();
    const connection = await ensureServer(project.target, createContext(project), { idleMs: 1_500 });
    const client = await open(connection);
    const pid = serverPid(project);
    // Longer than the idle time, with one session that does nothing.
    await client.query('select pg_sleep(4)');
    expect(isAlive(pid)).toBe(true);
    await client.end();
    await until('the idle server ends', () => !isAlive(pid));
    expect(readFileSync(join(project.home, 'server.log'), 'utf8')).toContain('fast shutdown');
    const again = await ensureServer(project.target, createContext(project));
    expect(await ask(again, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('stays when it was asked to stay, whoever started it', async () => {
    const project = await createMadeProject();
    const connection = await ensureServer(project.target, createContext(project), { idleMs: 800 });
    const { supervisor } = state(project.home);
    await startServer(project.target, createContext(project), { keep: true });
    await until('its supervisor ends', () => !isAlive(supervisor));
    expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }]);
    await ensureServer(project.target, createContext(project), { idleMs: 800 });
    expect(state(project.home)).toMatchObject({ keep: true, supervisor: null });
  });

  test('gets a new supervisor when the first one was killed', async () => {
    const project = await createMadeProject();
    await ensureServer(project.target, createContext(project));
    const { supervisor } = state(project.home);
    process.kill(supervisor, 'SIGKILL');
    await until('the supervisor is gone', () => !isAlive(supervisor));
    await ensureServer(project.target, createContext(project));
    const next = state(project.home).supervisor;
    expect(next).not.toBe(supervisor);
    expect(isAlive(next)).toBe(true);
  });

  test('takes its supervisor with it', async () => {
    const project = await createMadeProject();
    await ensureServer(project.target, createContext(project));
    const { supervisor } = state(project.home);
    await stopServer(project.target);
    await until('the supervisor ends', () => !isAlive(supervisor));
  });

  test('is ended when its folder was deleted under it', async () => {
    const project = await createMadeProject();
    const connection = await ensureServer(project.target, createContext(project), { idleMs: 2_000 });
    const pid = serverPid(project);
    const { supervisor } = state(project.home);
    await until('the supervisor has looked once', async () => {
      const rows = await ask(
        connection,
        `select from pg_stat_activity where application_name = 'lockkeeper supervisor'`,
      );
      return rows.length === 1;
    });
    rmSync(join(project.root, '.lockkeeper'), { recursive: true, force: true, maxRetries: 5 });
    await until('the server ends', () => !isAlive(pid));
    await until('the supervisor ends', () => !isAlive(supervisor));
  });
});

describe('a start that fails', () => {
  test('says what the server said, and leaves nothing running', async () => {
    const project = await createMadeProject();
    await ensureServer(project.target, createContext(project));
    await stopServer(project.target);
    const file = join(project.home, 'data', 'postgresql.conf');
    const good = readFileSync(file, 'utf8');
    writeFileSync(file, `${good}\nno_such_setting = 1\n`);
    await expect(ensureServer(project.target, createContext(project))).rejects.toMatchObject({
      code: 'EMBEDDED_START_FAILED',
      message: expect.stringContaining('unrecognized configuration parameter "no_such_setting"') as string,
      hint: expect.stringContaining('server.log') as string,
    });
    expect(existsSync(join(project.home, 'data', 'postmaster.pid'))).toBe(false);
    expect(existsSync(join(project.home, 'lock'))).toBe(false);
    writeFileSync(file, good);
    const connection = await ensureServer(project.target, createContext(project));
    expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('is interrupted when it is asked to, and leaves nothing half-made', async () => {
    const project = createProject();
    const stop = new AbortController();
    const context = createContext(project, stop.signal);
    context.events.on('server:create', () => setTimeout(() => stop.abort(), 30));
    await expect(ensureServer(project.target, context)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(readdirSync(project.home).filter((name) => name.startsWith('data'))).toEqual([]);
    const connection = await ensureServer(project.target, createContext(project));
    expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('says so when the server no longer takes our password', async () => {
    const project = await createMadeProject();
    const connection = await ensureServer(project.target, createContext(project));
    await ask(connection, `alter user postgres password 'another'`);
    await expect(
      ensureServer({ ...project.target, database: 'other' }, createContext(project)),
    ).rejects.toMatchObject({
      code: 'EMBEDDED_START_FAILED',
      message: expect.stringContaining('password authentication failed') as string,
      hint: expect.stringContaining('db stop') as string,
    });
  });

  test('says so when the password of existing data is gone', async () => {
    const project = await createMadeProject();
    await ensureServer(project.target, createContext(project));
    await stopServer(project.target);
    rmSync(join(project.home, 'password'));
    await expect(ensureServer(project.target, createContext(project))).rejects.toMatchObject({
      code: 'EMBEDDED_START_FAILED',
      message: expect.stringContaining('password') as string,
    });
  });
});

function state(home: string): { readonly supervisor: number; readonly keep: boolean } {
  return JSON.parse(readFileSync(join(home, 'server.json'), 'utf8')) as { supervisor: number; keep: boolean };
}

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createLockkeeper } from '../../src/app/create-lockkeeper.js';
import type { RunReport } from '../../src/core/report.js';
import {
  latest,
  servers,
  startServer,
  tempProject,
  userTables,
  type RunningServer,
  type TestServer,
} from '../support/database.js';
import { noPgBouncer, startPgBouncer, type PgBouncer } from './pgbouncer.js';
import { createWorkspace, failure, type Workspace, type WorkspaceOptions } from './workspace.js';

const files = {
  '1_a.sql': '-- migrate:up\ncreate table a (id int);\n-- migrate:down\ndrop table a;\n',
  '2_b.sql': 'create index concurrently a_id on a (id);',
};

function urlWith(app: Workspace, change: (url: URL) => void): string {
  const url = new URL(app.database.url);
  change(url);
  return url.href;
}

describe('a server that asks for passwords', () => {
  let server: RunningServer;
  let target: TestServer;
  beforeAll(async () => {
    server = await startServer(latest.major);
    target = { major: server.major, url: server.url, superuser: 'postgres' };
    writeFileSync(
      join(server.dir, 'data', 'pg_hba.conf'),
      'host all postgres 127.0.0.1/32 trust\nhost all stranger 127.0.0.1/32 reject\nhost all all 127.0.0.1/32 scram-sha-256\n',
    );
  });
  afterAll(() => server.remove());
  const open = async (options: WorkspaceOptions = {}): Promise<Workspace> => {
    const app = await createWorkspace(files, { ...options, server: target });
    await app.database.query('select pg_reload_conf()');
    return app;
  };

  it('says in one sentence that the password is wrong, and never shows it', async () => {
    const app = await open();
    const role = await app.role();
    const url = role.url.replace(':secret@', ':correct-horse-battery@');
    const error = await failure((await app.open({ url })).up());
    expect(error).toMatchObject({ code: 'DATABASE_AUTHENTICATION', exit: 3, details: { user: role.name } });
    expect(error.hint).toBeTruthy();
    expect(error.message).not.toContain('\n');
    expect(inspect(error, { depth: 9 }) + JSON.stringify(error)).not.toContain('correct-horse-battery');
  });

  it('says that no password was given', async () => {
    const app = await open();
    const role = await app.role();
    const error = await failure((await app.open({ url: role.url.replace(':secret@', '@') })).status());
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', exit: 2 });
    expect(error.hint).toContain('PGPASSWORD');
  });

  it('works with the right password, with one of a function, and with one that needs encoding', async () => {
    const app = await open();
    const role = await app.role();
    await app.database.query(
      `alter role ${role.name} password 'p@ss:/?#[]% ü😀'; grant all on schema public to ${role.name}; grant create on database ${app.database.name} to ${role.name}`,
    );
    const url = urlWith(app, (url) => {
      url.username = role.name;
      url.password = encodeURIComponent('p@ss:/?#[]% ü😀');
    });
    await (await app.open({ url })).up();
    expect(await app.applied()).toEqual(['1', '2']);
  });

  it('says that the server refuses the user from here', async () => {
    const app = await open();
    await app.database.query('create role stranger login');
    const error = await failure(
      (await app.open({ url: urlWith(app, (url) => (url.username = 'stranger')) })).up(),
    );
    await app.database.query('drop role stranger');
    expect(error).toMatchObject({ code: 'DATABASE_AUTHENTICATION', exit: 3 });
    expect(error.hint).toContain('pg_hba.conf');
  });

  it('says that the server has no encryption when it was asked for', async () => {
    const app = await open();
    const error = await failure((await app.open({ url: `${app.database.url}?sslmode=require` })).up());
    expect(error).toMatchObject({ code: 'DATABASE_TLS', exit: 3 });
    expect(error.hint).toContain('sslmode=disable');
  });
});

describe.each(servers)('a connection that cannot be had on PostgreSQL $major', (server) => {
  it('says that there is no such database', async () => {
    const app = await createWorkspace(files, { server });
    const error = await failure(
      (await app.open({ url: urlWith(app, (url) => (url.pathname = '/no%20where;--')) })).up(),
    );
    expect(error).toMatchObject({ code: 'DATABASE_MISSING', exit: 3, details: { database: 'no where;--' } });
    expect(error.hint).toContain('createdb');
  });

  it('says that nobody answers, and that the name is unknown', async () => {
    const app = await createWorkspace(files, { server });
    expect(
      await failure((await app.open({ url: urlWith(app, (url) => (url.port = '1')) })).up()),
    ).toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      exit: 3,
      message: expect.stringContaining('127.0.0.1:1'),
    });
    expect(
      await failure(
        (await app.open({ url: urlWith(app, (url) => (url.hostname = 'no-such-host.invalid')) })).up(),
      ),
    ).toMatchObject({ code: 'DATABASE_UNREACHABLE', exit: 3 });
    expect(
      await failure(
        (await app.open({ url: urlWith(app, (url) => (url.port = '1')), migrations: 'nowhere' })).up(),
      ),
    ).toMatchObject({ code: 'MIGRATIONS_DIR_MISSING' });
  });

  it('says that the role may not connect, and that it has too many connections', async () => {
    const app = await createWorkspace(files, { server });
    const role = await app.role();
    await app.database.query(`revoke connect on database ${app.database.name} from public`);
    const denied = await failure((await app.open({ url: role.url })).up());
    expect(denied).toMatchObject({ code: 'DATABASE_PERMISSION', exit: 3 });
    expect(denied.hint).toContain('grant connect');
    await app.database.query(
      `grant connect on database ${app.database.name} to public; alter role ${role.name} connection limit 0`,
    );
    expect(await failure((await app.open({ url: role.url })).up())).toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      exit: 3,
      message: expect.stringContaining('no more connections'),
    });
  });

  it('says that the configured role is not there, or may not be taken', async () => {
    const app = await createWorkspace(files, { server, config: { role: 'no such role' } });
    const missing = await failure(app.up());
    expect(missing).toMatchObject({ code: 'DATABASE_PERMISSION', exit: 3 });
    expect(missing.message).toContain('no such role');
    const role = await app.role();
    app.project.write('lockkeeper.config.json', '{"role": "postgres"}');
    const denied = await failure((await app.open({ url: role.url })).up());
    expect(denied).toMatchObject({ code: 'DATABASE_PERMISSION', exit: 3 });
    expect(denied.message).toContain('postgres');
  });

  it('says that the role may not create the schema, and what an administrator can do', async () => {
    const app = await createWorkspace(files, { server });
    const role = await app.role();
    const error = await failure((await app.open({ url: role.url })).up());
    expect(error).toMatchObject({ code: 'HISTORY_INSTALL_FAILED', exit: 3, details: { sqlstate: '42501' } });
    expect(error.hint).toContain(`create schema "lockkeeper" authorization "${role.name}"`);
    expect((await (await app.open({ url: role.url })).status()).pending).toHaveLength(2);
    const doctor = await (await app.open({ url: role.url })).doctor();
    expect(doctor).toMatchObject({ ok: false });
    expect(doctor.checks.filter((check) => check.status === 'problem').map((check) => check.check)).toEqual([
      'rights',
    ]);
  });

  it('says that the target is read-only, and still answers what only reads', async () => {
    const app = await createWorkspace(files, { server });
    await (await app.open()).up({ steps: 1 });
    await app.database.query(`alter database ${app.database.name} set default_transaction_read_only = on`);
    const lockkeeper = await app.open();
    for (const verb of [
      () => lockkeeper.up(),
      () => lockkeeper.down(),
      () => lockkeeper.fresh({ yes: true }),
      () => lockkeeper.tag('x'),
    ]) {
      const error = await failure(verb());
      expect(error).toMatchObject({ code: 'DATABASE_READ_ONLY', exit: 3 });
      expect(error.hint).toContain('default_transaction_read_only');
    }
    expect(await lockkeeper.status()).toMatchObject({
      applied: [{ version: '1' }],
      pending: [{ version: '2' }],
    });
    expect(await lockkeeper.verify()).toMatchObject({ ok: true });
    expect(await lockkeeper.up({ dryRun: true })).toMatchObject({
      dryRun: true,
      migrations: [{ version: '2' }],
    });
  });

  it('runs with a role that may have one connection only', async () => {
    const app = await createWorkspace(files, { server });
    const role = await app.role('connection limit 1');
    await app.database.query(
      `grant all on schema public to ${role.name}; grant create on database ${app.database.name} to ${role.name}`,
    );
    expect(((await (await app.open({ url: role.url })).up()) as RunReport).applied).toHaveLength(2);
  });

  it.each([
    [
      'standard_conforming_strings = off',
      "create table odd (t text); insert into odd values ('a\\'); select 1; -- ');",
    ],
    ["statement_timeout = '1ms'", 'select pg_sleep(0.1);'],
    [
      "lock_timeout = '1ms'; alter role R set idle_in_transaction_session_timeout = '1ms'; alter role R set idle_session_timeout = '1ms'",
      'select pg_sleep(0.1);',
    ],
    ["search_path = ''", 'create table public.odd (t text);'],
    ["client_encoding = 'LATIN1'", "create table odd (t text); insert into odd values ('ü😀');"],
    [
      "default_transaction_isolation = 'serializable'; alter role R set default_transaction_deferrable = on",
      'create table odd (t text);',
    ],
    [
      "datestyle = 'German, DMY'; alter role R set intervalstyle = 'sql_standard'; alter role R set bytea_output = 'escape'; alter role R set extra_float_digits = -15",
      'create table odd (t text);',
    ],
  ])('is not led astray by a role with %s', async (setting, sql) => {
    const app = await createWorkspace(
      {
        '1_a.sql': sql,
        '2_b.sql':
          'select pg_sleep(0.02); create table after (id int); create index concurrently on after (id);',
      },
      { server },
    );
    const role = await app.role();
    await app.database.query(
      `grant all on schema public to ${role.name}; grant create on database ${app.database.name} to ${role.name}`,
    );
    for (const one of `alter role R set ${setting}`.split('; '))
      await app.database.query(one.replace(/\bR\b/, role.name));
    const app2 = await app.open({ url: role.url });
    if (setting.startsWith('search_path')) app.write({ '2_b.sql': 'create table public.after (id int);' });
    expect(((await app2.up()) as RunReport).applied).toHaveLength(2);
    expect((await app2.status()).applied).toHaveLength(2);
    expect((await app2.status()).applied[0]?.appliedAt).toMatch(/^20\d\d-/);
    await app2.history();
  });
});

it('refuses a replica, and says so', async () => {
  const server = await startServer(latest.major);
  onTestFinished(() => server.remove());
  await server.stop();
  writeFileSync(join(server.dir, 'data', 'standby.signal'), '');
  await server.start();
  const project = tempProject({ 'migrations/1_a.sql': 'select 1;' });
  onTestFinished(() => project.remove());
  const lockkeeper = await createLockkeeper({ cwd: project.dir, url: server.url, variables: {} });
  const error = await failure(lockkeeper.up());
  expect(error).toMatchObject({ code: 'DATABASE_READ_ONLY', exit: 3, hint: 'Connect to the primary.' });
  expect(error.message).toContain('replica');
  expect((await lockkeeper.status()).pending).toHaveLength(1);
});

describe.skipIf(noPgBouncer !== null)(`a pooler${noPgBouncer === null ? '' : ` (${noPgBouncer})`}`, () => {
  const pooled = async (
    app: Workspace,
    mode: 'session' | 'transaction',
    poolSize = 5,
  ): Promise<PgBouncer> => {
    const bouncer = await startPgBouncer(app.database, { mode, poolSize });
    onTestFinished(() => bouncer.stop());
    return bouncer;
  };
  /** PgBouncer keeps sessions of ours open under our name; they hold nothing. */
  const forget = async (app: Workspace): Promise<void> => {
    await app.database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    );
  };

  it('in session mode works like a direct connection, with the settings of ours', async () => {
    const app = await createWorkspace({
      ...files,
      '3_seen.sql':
        "create table seen as select current_setting('lock_timeout') as lock, current_setting('client_connection_check_interval') as look, current_setting('idle_session_timeout') as idle;",
      '4_set.sql': "set work_mem = '9MB'; set lock_timeout = 0; set search_path = pg_catalog;",
      '5_seen.sql':
        "create table seen_again as select current_setting('lock_timeout') as lock, current_setting('work_mem') as memory;",
    });
    const bouncer = await pooled(app, 'session');
    await (await app.open({ url: bouncer.url })).up();
    expect(await app.database.query('select * from seen')).toEqual([{ lock: '2s', look: '2s', idle: '0' }]);
    expect(await app.database.query('select * from seen_again')).toEqual([{ lock: '2s', memory: '4MB' }]);
    expect((await (await app.open({ url: bouncer.url })).status()).applied).toHaveLength(5);
    await forget(app);
  });

  it.each([5, 1])(
    'in transaction mode is refused before any lock or setting, with a pool of %i',
    async (poolSize) => {
      const app = await createWorkspace(files);
      const bouncer = await pooled(app, 'transaction', poolSize);
      const error = await failure((await app.open({ url: bouncer.url })).up());
      expect(error).toMatchObject({ code: 'DATABASE_POOLED', exit: 3 });
      expect(error.hint).toContain('directUrl');
      const ours = `select 1 from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())`;
      expect(await app.database.query(ours)).toEqual([]);
      const { Client } = await import('pg');
      const client = new Client(bouncer.url);
      await client.connect();
      for (let look = 0; look < 5; look++) {
        const { rows } = await client.query(
          "select current_setting('lock_timeout') as lock, current_setting('idle_session_timeout') as idle, current_setting('search_path') as path",
        );
        expect(rows).toEqual([{ lock: '0', idle: '0', path: '"$user", public' }]);
      }
      await client.end();
      expect(await userTables(app.database)).toEqual([]);
      expect((await (await app.open({ url: bouncer.url })).status()).pending).toHaveLength(2);
      await forget(app);
    },
  );

  it('in transaction mode is gone round by directUrl', async () => {
    const app = await createWorkspace(files);
    const bouncer = await pooled(app, 'transaction');
    const variables = { DATABASE_URL: bouncer.url, DIRECT_URL: app.database.url };
    const lockkeeper = await createLockkeeper({ cwd: app.project.dir, variables });
    expect(((await lockkeeper.up()) as RunReport).applied).toHaveLength(2);
    await forget(app);
  });

  it('is found by doctor, and believed when the configuration names it', async () => {
    const app = await createWorkspace(files);
    const bouncer = await pooled(app, 'transaction');
    const doctor = await (await app.open({ url: bouncer.url })).doctor();
    expect(doctor.checks.find((check) => check.check === 'pooler')).toMatchObject({ status: 'warning' });
    app.project.write('lockkeeper.config.json', JSON.stringify({ pooled: true }));
    expect(await failure(app.up())).toMatchObject({ code: 'DATABASE_POOLED' });
    await forget(app);
  });
});

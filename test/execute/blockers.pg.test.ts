import type { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import type { LockkeeperOptions } from '../../src/app/lockkeeper.js';
import type { RunReport } from '../../src/core/report.js';
import { createWorkspace, failure, record, type Workspace } from '../app/workspace.js';
import { latest, servers, type TestServer } from '../support/database.js';
import { eventually, isAlive } from './support.js';

const pidOf = (client: Client): number => (client as Client & { processID: number }).processID;

/** A table with a session in the way of its next migration. */
async function blocked(
  server: TestServer,
  options: { readonly config?: Readonly<Record<string, unknown>>; readonly open?: LockkeeperOptions } = {},
): Promise<{ readonly app: Workspace; readonly client: Client }> {
  const config = options.config === undefined ? {} : { config: options.config };
  const app = await createWorkspace({ '1_t.sql': 'create table t (id int);' }, { server, ...config });
  await (await app.open(options.open ?? {})).up();
  app.write({ '2_alter.sql': 'alter table t add n int;' });
  const client = await app.database.connect();
  await client.query('begin; select from t');
  return { app, client };
}

describe.each(servers)('a session in the way on PostgreSQL $major', (server) => {
  it('is left alone unless that was asked for', async () => {
    const { app, client } = await blocked(server);
    await failure((await app.open({ lockTimeout: '1500ms', lockRetries: 0 })).up());
    expect(await isAlive(app.database, pidOf(client))).toBe(true);
    await client.query('rollback');
  });

  it('is ended where it idles in a transaction for longer than was allowed, also over several tries', async () => {
    const { app, client } = await blocked(server);
    const lockkeeper = await app.open({ lockTimeout: '500ms', cancelBlockersAfter: '1500ms' });
    const told = record(lockkeeper, 'lock:blocker-cancelled');
    const report = (await lockkeeper.up()) as RunReport;
    expect(report.applied.map((done) => done.version)).toEqual(['2']);
    expect(told).toMatchObject([{ version: '2', how: 'terminate', blocker: { pid: pidOf(client) } }]);
    expect(await isAlive(app.database, pidOf(client))).toBe(false);
    expect(report.applied[0]?.steps[0]?.retries).toBeGreaterThan(0);
  });

  it('loses its statement, and not its session, where it runs one', async () => {
    const { app, client } = await blocked(server);
    const sleeping = client.query('select pg_sleep(60)').then(
      () => 'slept',
      (error: { code?: string }) => error.code,
    );
    const lockkeeper = await app.open({ lockTimeout: '20s', cancelBlockersAfter: '1s' });
    const told = record(lockkeeper, 'lock:blocker-cancelled');
    await lockkeeper.up();
    expect(await sleeping).toBe('57014');
    expect(told).toMatchObject([{ how: 'cancel', blocker: { query: 'select pg_sleep(60)' } }]);
    expect(await isAlive(app.database, pidOf(client))).toBe(true);
  });

  it('stays where the role may not cancel it, which is said once', async () => {
    const { app, client } = await blocked(server);
    await client.query('rollback');
    const role = await app.role();
    await app.database.query(
      `alter table t owner to ${role.name}; grant all on schema public, lockkeeper to ${role.name};
       grant all on all tables in schema lockkeeper to ${role.name}; grant pg_read_all_stats to ${role.name}`,
    );
    await client.query('begin; select from t');
    const lockkeeper = await app.open({
      url: role.url,
      lockTimeout: '2500ms',
      lockRetries: 0,
      cancelBlockersAfter: '500ms',
    });
    const warnings = record(lockkeeper, 'warning');
    await failure(lockkeeper.up());
    await client.query('rollback');
    expect(warnings.map(({ code }) => code)).toEqual(['blocker-not-cancelled']);
    expect(warnings[0]?.message).toContain(`process ${pidOf(client)}`);
    expect(warnings[0]?.message).toMatch(/permission denied|must be/);
  });

  it('stays where it is another run of Lockkeeper, by another history', async () => {
    const { app, client } = await blocked(server);
    await client.query('rollback');
    const other = await createWorkspace(
      { '1_long.sql': 'select from t;\nselect pg_sleep(4);' },
      { config: { history: { schema: 'other' } } },
    );
    const long = (await other.open({ url: app.database.url })).up();
    await eventually('the other run reads', async () => {
      const rows = await app.database.query(
        "select 1 from pg_locks where relation = 't'::regclass and mode = 'AccessShareLock'",
      );
      return rows.length > 0 ? true : null;
    });
    const lockkeeper = await app.open({ lockTimeout: '20s', cancelBlockersAfter: '500ms' });
    const warnings = record(lockkeeper, 'warning');
    const [report] = await Promise.all([lockkeeper.up(), long]);
    expect((report as RunReport).applied).toHaveLength(1);
    expect(warnings).toMatchObject([{ code: 'blocker-not-cancelled' }]);
  });

  it('is a prepared transaction, which nothing can cancel: its way out is told', async () => {
    const { app, client } = await blocked(server);
    const gid = `lk ${app.database.name}`;
    await client.query(`prepare transaction '${gid}'`);
    const lockkeeper = await app.open({
      lockTimeout: '1500ms',
      lockRetries: 0,
      cancelBlockersAfter: '500ms',
    });
    const warnings = record(lockkeeper, 'warning');
    await failure(lockkeeper.up());
    await client.query(`rollback prepared '${gid}'`);
    expect(warnings[0]?.message).toContain(`rollback prepared '${gid}'`);
  });
});

describe('cancelling what stands in the way of a protected environment', () => {
  it('needs its name', async () => {
    const config = { environments: { production: { protected: true } } };
    const { app, client } = await blocked(latest, { config, open: { env: 'production' } });
    const open = { env: 'production', cancelBlockersAfter: '500ms', lockTimeout: '20s' };
    const error = await failure((await app.open(open)).up({ yes: true }));
    expect(error).toMatchObject({ code: 'CONFIRMATION_MISSING', exit: 5 });
    expect(await isAlive(app.database, pidOf(client))).toBe(true);
    expect(((await (await app.open(open)).up({ confirm: 'production' })) as RunReport).applied).toHaveLength(
      1,
    );
    expect(await isAlive(app.database, pidOf(client))).toBe(false);
  });

  it('asks nothing where nothing is pending, and nothing elsewhere', async () => {
    const config = { environments: { production: { protected: true } } };
    const app = await createWorkspace({}, { config });
    expect(
      ((await (await app.open({ env: 'production', cancelBlockersAfter: '5s' })).up()) as RunReport).applied,
    ).toEqual([]);
  });
});

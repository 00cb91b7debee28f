import { describe, expect, it, onTestFinished } from 'vitest';
import { createLockkeeper } from '../../src/app/create-lockkeeper.js';
import type { RunReport } from '../../src/core/report.js';
import { historyLockKey } from '../../src/pg/advisory-lock.js';
import {
  createDatabase,
  invalidIndexes,
  servers,
  startServer,
  tempProject,
  type TestServer,
} from '../support/database.js';
import { startProxy } from '../support/proxy.js';
import { createWorkspace, failure, record, reportOf, type Workspace } from '../app/workspace.js';
import {
  backendGone,
  eventually,
  holdSnapshot,
  isAlive,
  ledger,
  lockHolders,
  openSteps,
  waitsForLock,
  workerAt,
} from './support.js';

const files = {
  '1_tables.sql': `create table a (id int); insert into ledger values ('1');`,
  '2_mixed.sql': `insert into ledger values ('2 before'); create index concurrently on a (id); insert into ledger values ('2 after');`,
  '3_code.ts': `export default { up: async (db: any) => {
    await db.query("insert into ledger values ('3 one')");
    await db.query('select 1 as one');
    await db.exec("insert into ledger values ('3 two')");
  } };`,
  '4_copy.sql': `copy ledger from stdin;\n4\n\\.\ninsert into ledger values ('4 after');`,
};

const everyLine = { '1': 1, '2 after': 1, '2 before': 1, '3 one': 1, '3 two': 1, '4': 1, '4 after': 1 };

async function withLedger(server: TestServer, more: Readonly<Record<string, string>>): Promise<Workspace> {
  const workspace = await createWorkspace(more, { server });
  await workspace.database.query('create table ledger (what text not null)');
  return workspace;
}

const plain = {
  '1_a.sql': 'create table a (id int);',
  '2_b.sql': 'create table b (id int);',
  '3_c.sql': 'create table c (id int);',
  '4_d.sql': 'create table d (id int);',
};

describe.each(servers)('a connection that ends, on PostgreSQL $major', (server) => {
  it.each([
    ['', files, everyLine],
    [', also while migrations are sent ahead', plain, {}],
  ])(
    'at any answer of the server is told as such, and the next run finishes%s',
    async (_, sources, lines) => {
      const codes = new Set<string>();
      let finished = false;
      // Each round cuts the line one answer later; the last ones no longer meet the run.
      for (let round = 1; !finished && round < 60; round++) {
        const workspace = await withLedger(server, sources);
        const { database } = workspace;
        let cut = false;
        const proxy = await startProxy(database.url, {
          watch: (flow, _, count) => {
            if (flow !== 'toClient' || count < round) return 'pass';
            cut = true;
            return 'cut';
          },
        });
        onTestFinished(() => proxy.close());
        const lockkeeper = await workspace.open({ url: proxy.url(database.url), lockWait: '10s' });
        const error: unknown = await lockkeeper.up().then(
          () => null,
          (thrown: unknown) => thrown,
        );
        finished = !cut;
        if (error !== null) {
          const { code, exit } = await failure(Promise.reject(error));
          codes.add(code);
          expect([round, code, exit]).toEqual([
            round,
            expect.stringMatching(/^(CONNECTION_LOST|DATABASE_UNREACHABLE)$/),
            3,
          ]);
        }
        await (await workspace.open({ lockWait: '10s' })).up();
        expect([round, await ledger(database)]).toEqual([round, lines]);
        expect(await workspace.applied()).toEqual(['1', '2', '3', '4']);
        expect([await invalidIndexes(database), await openSteps(database)]).toEqual([[], []]);
      }
      expect([finished, [...codes].toSorted()]).toEqual([true, ['CONNECTION_LOST', 'DATABASE_UNREACHABLE']]);
    },
  );

  it('before the server has read the message leaves nothing of it', async () => {
    const workspace = await withLedger(server, files);
    const { database } = workspace;
    const proxy = await startProxy(database.url, {
      watch: (flow, bytes) => (flow === 'toServer' && bytes.includes('2 before') ? 'cut' : 'pass'),
    });
    onTestFinished(() => proxy.close());
    const error = await failure((await workspace.open({ url: proxy.url(database.url) })).up());
    expect(error).toMatchObject({ code: 'CONNECTION_LOST', exit: 3, details: { version: '2' } });
    expect(reportOf(error)).toMatchObject({
      applied: [{ version: '1' }],
      failed: { version: '2', completedSteps: [] },
      notRun: [{ version: '3' }, { version: '4' }],
    });
    await (await workspace.open({ lockWait: '10s' })).up();
    expect(await ledger(database)).toEqual(everyLine);
  });

  it('on our side only keeps the lock with the server until that has noticed', async () => {
    const workspace = await withLedger(server, {
      '1_slow.sql': `insert into ledger values ('1'); select pg_sleep(1);`,
    });
    const { database } = workspace;
    const proxy = await startProxy(database.url);
    onTestFinished(() => proxy.close());
    const running = failure((await workspace.open({ url: proxy.url(database.url) })).up());
    const worker = await workerAt(database, 'pg_sleep');
    proxy.cutClients();
    expect((await running).code).toBe('CONNECTION_LOST');
    expect([await isAlive(database, worker), await lockHolders(database)]).toEqual([true, [worker]]);
    const refused = await failure(workspace.up());
    expect(refused).toMatchObject({ code: 'LOCK_HELD', exit: 4, details: { holder: { pid: worker } } });
    const next = (await workspace.open({ lockWait: '20s' })).up();
    await database.query('select pg_sleep(1.2)');
    proxy.release();
    expect(((await next) as RunReport).applied).toEqual([]);
    expect(await ledger(database)).toEqual({ '1': 1 });
  });

  it.each([
    ['a transaction', { '1_x.sql': `insert into ledger values ('1'); select pg_sleep(30);` }, 'pg_sleep(30)'],
    ['a statement outside any', { '1_x.sql': '-- transaction: none\nselect pg_sleep(30);' }, 'pg_sleep(30)'],
    [
      'a query of a code migration',
      { '1_x.ts': `export default { up: async (db: any) => { await db.query('select pg_sleep(30)'); } };` },
      'pg_sleep(30)',
    ],
    [
      'a script of a code migration',
      { '1_x.ts': `export default { up: async (db: any) => { await db.exec('select pg_sleep(30)'); } };` },
      'pg_sleep(30)',
    ],
    [
      'a later query of a code migration',
      {
        '1_x.ts': `export default { up: async (db: any) => { await db.query('lock ledger'); await db.query('select pg_sleep(30)'); } };`,
      },
      'pg_sleep(30)',
    ],
  ])('by pg_terminate_backend in %s is told as such', async (_, source, statement) => {
    const workspace = await withLedger(server, source);
    const { database } = workspace;
    const running = failure(workspace.up());
    const worker = await workerAt(database, statement);
    await database.query('select pg_terminate_backend($1)', [worker]);
    const error = await running;
    expect(error).toMatchObject({ code: 'CONNECTION_LOST', exit: 3 });
    expect(reportOf(error)).toMatchObject({ applied: [], failed: { version: '1' } });
    expect(await workspace.applied()).toEqual([]);
  });

  it('by pg_terminate_backend while a code migration thinks is told as such', async () => {
    const workspace = await withLedger(server, {
      '1_x.ts': `export default { up: async (db: any) => {
        await db.query("insert into ledger values ('thinking')");
        await new Promise((resolve) => setTimeout(resolve, 500));
        await db.query('select 1');
      } };`,
    });
    const { database } = workspace;
    const running = failure(workspace.up());
    const worker = await eventually('the worker is idle in its transaction', async () => {
      const rows = await database.query<{ pid: number }>(
        `select pid from pg_stat_activity where datname = current_database() and state = 'idle in transaction' and query ~ 'thinking'`,
      );
      return rows[0]?.pid ?? null;
    });
    await database.query('select pg_terminate_backend($1)', [worker]);
    expect(await running).toMatchObject({ code: 'CONNECTION_LOST', exit: 3 });
    expect(await ledger(database)).toEqual({});
  });

  it('while the run waits for the lock is told as such', async () => {
    const workspace = await withLedger(server, files);
    const { database } = workspace;
    const { classId, objectId } = historyLockKey('lockkeeper', 'schema_migrations');
    const holder = await database.connect();
    await holder.query('select pg_advisory_lock($1, $2)', [classId, objectId]);
    const lockkeeper = await workspace.open({ lockWait: '20s' });
    const waits = record(lockkeeper, 'lock:wait');
    const running = failure(lockkeeper.up());
    await eventually('the run waits', async () => (waits.length > 0 ? true : null));
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name ilike 'lockkeeper%'`,
    );
    expect(await running).toMatchObject({ code: 'CONNECTION_LOST', exit: 3 });
    await holder.query('select pg_advisory_unlock_all()');
  });

  it('by pg_terminate_backend in an index build leaves what the next run removes', async () => {
    const workspace = await withLedger(server, {
      '1_a.sql': 'create table a (id int);',
      '2_i.sql': 'create index concurrently a_id on a (id);',
    });
    const { database } = workspace;
    const snapshot = await holdSnapshot(database);
    const running = failure(workspace.up());
    const worker = await workerAt(database, 'a_id');
    await waitsForLock(database, worker);
    await database.query('select pg_terminate_backend($1)', [worker]);
    expect(await running).toMatchObject({ code: 'CONNECTION_LOST', details: { version: '2' } });
    await backendGone(database, worker);
    expect(await invalidIndexes(database)).toEqual(['a_id']);
    await snapshot.release();
    await workspace.up();
    expect(await invalidIndexes(database)).toEqual([]);
  });

  it('by a time-out of the role does not happen, whatever its settings are', async () => {
    const workspace = await withLedger(server, {
      '1_slow.ts': `export default { up: async (db: any) => {
        await db.query('select pg_sleep(0.6)');
        await new Promise((resolve) => setTimeout(resolve, 600));
        await db.query('create table slow (id int)');
      } };`,
      '2_slow.sql': 'select pg_sleep(0.6);',
      '3_wait.ts': `export default { transaction: 'none', up: async (db: any) => {
        await new Promise((resolve) => setTimeout(resolve, 600));
        await db.query('select 1');
      } };`,
    });
    const role = await workspace.role();
    const settings = ['idle_session_timeout', 'idle_in_transaction_session_timeout', 'statement_timeout'];
    if (server.major >= 17) settings.push('transaction_timeout');
    for (const name of settings)
      await workspace.database.query(`alter role ${role.name} set ${name} = '300ms'`);
    await workspace.database.query(
      `do $$ begin execute format('grant create on database %I to ${role.name}', current_database()); end $$; grant all on schema public to ${role.name}`,
    );
    const report = (await (await workspace.open({ url: role.url })).up()) as RunReport;
    expect(report.applied.map((done) => done.version)).toEqual(['1', '2', '3']);
  });
});

describe.each(servers)('a server that crashes, on PostgreSQL $major', ({ major }) => {
  it('in the middle of a run is told as such, and after its restart the next run finishes', async () => {
    const server = await startServer(major);
    onTestFinished(() => server.remove());
    const database = await createDatabase({ major, url: server.url, superuser: 'postgres' });
    const project = tempProject({
      'migrations/1_a.sql': `create table a (id int); insert into ledger values ('1');`,
      'migrations/2_slow.sql': `insert into ledger values ('2'); select pg_sleep(1);`,
      'migrations/3_mixed.sql': `insert into ledger values ('3 before'); create index concurrently a_id on a (id); insert into ledger values ('3 after');`,
    });
    onTestFinished(() => project.remove());
    await database.query('create table ledger (what text)');
    const open = () => createLockkeeper({ cwd: project.dir, url: database.url, variables: {} });
    const crash = async (statement: string) => {
      const seen = await createDatabase({ major, url: server.url, superuser: 'postgres' });
      const snapshot = await (
        await connectTo(database.url)
      )('begin isolation level repeatable read; select 1');
      const running = failure((await open()).up());
      await eventually(`a session runs ${statement}`, async () => {
        const rows = await seen.query(
          `select 1 from pg_stat_activity where state = 'active' and application_name ilike 'lockkeeper%' and query ~ $1
             and (query !~ 'concurrently' or wait_event_type = 'Lock')`,
          [statement],
        );
        return rows.length > 0 ? true : null;
      });
      await server.stop('immediate');
      expect(await running).toMatchObject({ code: 'CONNECTION_LOST', exit: 3 });
      void snapshot;
      expect(await failure((await open()).up())).toMatchObject({ code: 'DATABASE_UNREACHABLE', exit: 3 });
      await server.start();
    };
    await crash('pg_sleep');
    await crash('a_id');
    const report = (await (await open()).up()) as RunReport;
    expect([report.applied.map((done) => done.version), report.notRun]).toEqual([['3'], []]);
    const ask = await connectTo(database.url);
    expect(await ask('select what, count(*)::int as n from ledger group by 1 order by 1')).toEqual(
      ['1', '2', '3 after', '3 before'].map((what) => ({ what, n: 1 })),
    );
    expect(await ask('select 1 from pg_index where not indisvalid')).toEqual([]);
    expect(await ask("select indisvalid from pg_index where indexrelid = 'a_id'::regclass")).toEqual([
      { indisvalid: true },
    ]);
  });
});

async function connectTo(url: string): Promise<(sql: string) => Promise<readonly unknown[]>> {
  const { Client } = await import('pg');
  const client = new Client(url);
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end().catch(() => undefined));
  return async (sql) => {
    const result = await client.query(sql);
    return Array.isArray(result) ? [] : result.rows;
  };
}

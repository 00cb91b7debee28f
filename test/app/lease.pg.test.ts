import { Client } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DryRunReport } from '../../src/app/lockkeeper.js';
import type { RunReport } from '../../src/core/report.js';
import { servers, userTables, type TestServer } from '../support/database.js';
import { eventually } from '../execute/support.js';
import { noPgBouncer, startPgBouncer } from './pgbouncer.js';
import { codesOf, createWorkspace, failure, record, reportOf, type Workspace } from './workspace.js';

const twoWays = {
  '1_a.sql': '-- migrate:up\ncreate table a (id int);\n-- migrate:down\ndrop table a;\n',
  // Two steps: the value has to be committed before it is used.
  '2_mood.sql':
    "-- migrate:up\ncreate type mood as enum ('ok');\nalter type mood add value 'sad';\ncreate table moods (m mood default 'sad');\n-- migrate:validate-after\nselect 1 from moods;\n-- migrate:down\ndrop table moods; drop type mood;\n",
};

const sleeping = (seconds: number): Record<string, string> => ({
  '1_slow.sql': `create table slow (id int);\nselect pg_sleep(${seconds});`,
});

/** Puts a PgBouncer before the database of a workspace; gives its URL. PgBouncer keeps sessions open under our name. */
async function pooled(
  app: Workspace,
  mode: 'session' | 'transaction' = 'transaction',
  poolSize = 5,
): Promise<string> {
  const bouncer = await startPgBouncer(app.database, { mode, poolSize });
  onTestFinished(() => bouncer.stop());
  return bouncer.url;
}

/** Ends what PgBouncer keeps, which would count as left behind. */
async function forget({ database }: Workspace): Promise<void> {
  await database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  );
}

/** Everything that a client could have left on the server session that the pooler gives to the next one. */
async function lookThrough(url: string): Promise<unknown> {
  const client = new Client(url);
  await client.connect();
  const { rows } = await client.query(/* sql */ `
        select pg_backend_pid() as pid, current_user as role,
               (select json_object_agg(name, setting order by name) from pg_settings where name not like 'plpgsql.%') as settings,
               current_setting('lockkeeper.baseline', true) as baseline, current_setting('lockkeeper.done', true) as done,
               current_setting('lockkeeper.probe', true) as probe,
               (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
               (select count(*)::int from pg_prepared_statements) as prepared,
               (select count(*)::int from pg_cursors) as cursors,
               (select count(*)::int from pg_class where relpersistence = 't') as temporary`);
  await client.end();
  return rows[0];
}

interface LeaseRow extends Record<string, unknown> {
  readonly token: string;
  readonly run_id: string | null;
  readonly silent_ms: number;
}

async function leaseOf({ database }: Workspace): Promise<LeaseRow | null> {
  const there = await database.query(`select 1 where to_regclass('lockkeeper.lease') is not null`);
  if (there.length === 0) return null;
  const rows = await database.query<LeaseRow>(
    `select token::text, run_id, extract(epoch from clock_timestamp() - heartbeat_at)::float8 * 1000 as silent_ms from lockkeeper.lease`,
  );
  return rows[0] ?? null;
}

const untilHeld = (app: Workspace): Promise<LeaseRow> =>
  eventually('somebody has the lease', async () => {
    const lease = await leaseOf(app);
    return lease === null || lease.run_id === null ? null : lease;
  });

/** Waits until a statement is at work that carries the mark of a run. */
const untilWorking = ({ database }: Workspace): Promise<unknown> =>
  eventually('a step is at work', async () => {
    const rows = await database.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'
         and query like '/* lockkeeper %'`,
    );
    return rows.length === 0 ? null : rows;
  });

describe.skipIf(noPgBouncer !== null).each(servers)(
  'through a transaction pooler on PostgreSQL $major',
  (server: TestServer) => {
    it.each([
      ['transaction', 5],
      ['transaction', 1],
      ['session', 5],
      ['session', 1],
    ] as const)('up, status, tag, redo and down work: %s mode, pool of %i', async (mode, poolSize) => {
      const app = await createWorkspace(twoWays, { server });
      const lockkeeper = await app.open({ url: await pooled(app, mode, poolSize), lockWait: '5s' });
      expect(((await lockkeeper.up()) as RunReport).applied).toHaveLength(2);
      expect((await lockkeeper.status()).applied).toHaveLength(2);
      await lockkeeper.tag('here');
      expect((await lockkeeper.redo()).up.applied).toHaveLength(1);
      expect((await lockkeeper.verify()).ok).toBe(true);
      expect(((await lockkeeper.down({ all: true })) as RunReport).applied).toHaveLength(2);
      expect(await userTables(app.database)).toEqual([]);
      // Under a lease exactly where it is needed, and given back each time.
      const lease = await leaseOf(app);
      expect(lease === null ? 'session' : lease.run_id === null ? 'transaction' : 'held').toBe(mode);
      await forget(app);
    });

    it('leaves no setting, lock, prepared statement or cursor to the next client, whatever the verb', async () => {
      const app = await createWorkspace(
        {
          ...twoWays,
          '3_role.sql':
            "set local role pg_monitor;\nset local work_mem = '9MB';\nset local search_path = pg_catalog;\nselect 1;",
        },
        { server, config: { searchPath: 'public', lockTimeout: '3s', statementTimeout: '1m' } },
      );
      const url = await pooled(app, 'transaction', 1);
      const before = await lookThrough(url);
      const lockkeeper = await app.open({ url });
      await lockkeeper.up();
      // The same server session, and nothing on it that was not there before.
      expect(await lookThrough(url)).toEqual(before);
      await lockkeeper.status();
      await lockkeeper.history();
      await lockkeeper.verify();
      await lockkeeper.doctor();
      await lockkeeper.down({ to: '2' }).catch(() => null); // 3 has no way back
      app.write({ '9_bad.sql': 'create table bad (id int);\nselect 1 / 0;' });
      await failure(lockkeeper.up());
      app.write({ '9_bad.sql': 'create index concurrently on a (id);' });
      await failure(lockkeeper.up());
      expect(await lookThrough(url)).toEqual(before);
      await forget(app);
    });

    it('a dry run shows the frame that a run would have, takes no lease and leaves nothing behind', async () => {
      const app = await createWorkspace(twoWays, { server, config: { searchPath: 'public' } });
      const url = await pooled(app, 'transaction', 1);
      const lockkeeper = await app.open({ url });
      const dry = async (): Promise<string> => {
        const { migrations } = (await lockkeeper.up({ dryRun: true })) as DryRunReport;
        return migrations.flatMap(({ sql }) => sql).join('\n');
      };
      const before = await lookThrough(url);
      const shown = await dry();
      expect(shown).toMatch(/^\/\* lockkeeper [0-9a-f-]{36} 1:1 \*\/ begin;\nset local lock_timeout = /);
      expect(shown).toContain('from "lockkeeper"."lease" where name = ');
      expect(shown).not.toMatch(/pg_locks|discard|reset all|^set (?!local )/im);
      expect(await app.database.query("select 1 from pg_namespace where nspname = 'lockkeeper'")).toEqual([]);
      expect(await lookThrough(url)).toEqual(before);

      await lockkeeper.up();
      const lease = await leaseOf(app);
      app.write({ '3_more.sql': 'create table more (id int);' });
      expect(await dry()).toContain('create table more (id int)');
      const down = (await lockkeeper.down({ all: true, dryRun: true })) as DryRunReport;
      expect(down.migrations.flatMap(({ sql }) => sql).join('\n')).toMatch(/\*\/ begin;\nset local/);
      expect(await leaseOf(app)).toMatchObject({ token: lease?.token, run_id: null });
      expect(await lookThrough(url)).toEqual(before);
      await forget(app);
    });

    it('each migration has our settings in its own transaction', async () => {
      const seen = `create table seen as select current_setting('lock_timeout') as lock, current_setting('statement_timeout') as statement,
      current_setting('search_path') as path, current_setting('idle_in_transaction_session_timeout') as idle, current_user::text as role;`;
      const app = await createWorkspace(
        { '1_seen.sql': seen },
        { server, config: { searchPath: 'public, pg_catalog', lockTimeout: '3s', leaseTimeout: '7s' } },
      );
      await (await app.open({ url: await pooled(app) })).up();
      expect(await app.database.query('select * from seen')).toEqual([
        { lock: '3s', statement: '0', path: 'public, pg_catalog', idle: '7s', role: 'postgres' },
      ]);
      await forget(app);
    });

    it('twenty at once, on a database that has nothing yet, apply each migration exactly once', async () => {
      const app = await createWorkspace(
        Object.fromEntries(
          Array.from({ length: 6 }, (_, index) => [
            `${index + 1}_l.sql`,
            `${index === 0 ? 'create table ledger (what int);' : ''}\ninsert into ledger values (${index + 1});`,
          ]),
        ),
        { server },
      );
      const url = await pooled(app);
      // Every fifth goes round the pooler: the lock of a session and the lease keep each other away.
      const reports = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const lockkeeper = await app.open({
            lockWait: '60s',
            signal: new AbortController().signal,
            ...(index % 5 === 4 ? {} : { url }),
          });
          return (await lockkeeper.up()) as RunReport;
        }),
      );
      expect(reports.map(({ applied }) => applied.length).toSorted((a, b) => a - b)).toEqual([
        ...Array.from({ length: 19 }, () => 0),
        6,
      ]);
      expect(await app.database.query('select what from ledger order by what')).toEqual(
        [1, 2, 3, 4, 5, 6].map((what) => ({ what })),
      );
      await forget(app);
    });

    it('names every statement that needs a session, with the way round, before anything ran', async () => {
      const app = await createWorkspace(
        {
          '1_fine.sql':
            "create table fine (id int);\nset local work_mem = '9MB';\ncreate temp table t (id int) on commit drop;",
          '2_index.sql': '\n\ncreate index concurrently on fine (id);',
          '3_set.sql': "set work_mem = '9MB';",
          '4_temp.sql': 'create temp table t (id int);',
          '5_prepare.sql': 'prepare p as select 1;',
          '6_config.sql': "select set_config('work_mem', '9MB', false);",
          '7_lock.sql': 'select pg_advisory_lock(1);',
          '8_listen.sql': 'listen something;',
          '9_code.mjs': 'export const up = (db) => db.exec("select 1");',
          '10_backfill.sql': '-- backfill: batch-rows=100\nupdate fine set id = id + 1 where id < 0;',
        },
        { server },
      );
      const lockkeeper = await app.open({ url: await pooled(app) });
      for (const dryRun of [false, true]) {
        const error = await failure(lockkeeper.up({ dryRun }));
        expect(codesOf(error)).toEqual(Array.from({ length: 9 }, () => 'DATABASE_POOLED'));
        const places = error.problems.map(({ location }) => location && `${location.file}:${location.line}`);
        expect(new Set(places)).toEqual(
          new Set([
            'migrations/2_index.sql:3',
            'migrations/3_set.sql:1',
            'migrations/4_temp.sql:1',
            'migrations/5_prepare.sql:1',
            'migrations/6_config.sql:1',
            'migrations/7_lock.sql:1',
            'migrations/8_listen.sql:1',
            'migrations/10_backfill.sql:2',
            undefined,
          ]),
        );
        for (const problem of error.problems) expect(problem.hint).toContain('directUrl');
        const messages = error.problems.map((problem) => problem.message).join('\n');
        expect(messages).toContain('CREATE INDEX CONCURRENTLY');
        expect(messages).toContain('is a backfill, which runs in many transactions');
      }
      expect(await userTables(app.database)).toEqual([]);
      expect(await app.applied()).toEqual([]);
      // Up to there it can go.
      expect(((await lockkeeper.up({ to: '1' })) as RunReport).applied).toHaveLength(1);
      expect(await failure((await app.open({ url: await pooled(app) })).fresh({ yes: true }))).toMatchObject({
        code: 'DATABASE_POOLED',
      });
      await forget(app);
    });

    it('a run and one with a session of its own wait for each other', async () => {
      const app = await createWorkspace(sleeping(1.5), { server });
      const url = await pooled(app);
      const running = (await app.open({ url })).up();
      await untilWorking(app);
      const refused = await failure((await app.open()).up());
      expect(refused).toMatchObject({
        code: 'LOCK_HELD',
        exit: 4,
        details: { holder: { pid: process.pid } },
      });
      expect(refused.message).toContain('lease');
      const patient = await app.open({ lockWait: '20s' });
      const waits = record(patient, 'lock:wait');
      expect(((await patient.up()) as RunReport).applied).toEqual([]);
      expect(waits[0]?.holder?.host).toBeTruthy();
      expect(((await running) as RunReport).applied).toHaveLength(1);

      app.write({ '2_slow.sql': 'select pg_sleep(1.5);' });
      const direct = app.up();
      await eventually('the direct run works', async () => {
        const rows = await app.database.query(
          `select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()`,
        );
        return rows.length === 0 ? null : rows;
      });
      expect(await failure((await app.open({ url })).up())).toMatchObject({ code: 'LOCK_HELD', exit: 4 });
      expect((await direct).applied).toHaveLength(1);
      await forget(app);
    });

    it('gives signs of life while a step is at work, and keeps its lease for longer than it lives', async () => {
      const app = await createWorkspace(sleeping(2), { server, config: { leaseTimeout: '600ms' } });
      const url = await pooled(app);
      const running = (await app.open({ url })).up();
      await untilWorking(app);
      await sleep(1000);
      // Heartbeats pass the FOR KEY SHARE of the step.
      expect((await untilHeld(app)).silent_ms).toBeLessThan(600);
      expect(await failure((await app.open({ url })).up())).toMatchObject({ code: 'LOCK_HELD' });
      expect(((await running) as RunReport).applied).toHaveLength(1);
      await forget(app);
    });

    it('is not taken over while a step is at work, also where no heartbeat gets through', async () => {
      const app = await createWorkspace(sleeping(2.5), { server, config: { leaseTimeout: '300ms' } });
      // The one connection of the pool is in the step's transaction.
      const running = (await app.open({ url: await pooled(app, 'transaction', 1) })).up();
      await untilWorking(app);
      await sleep(700);
      expect((await untilHeld(app)).silent_ms).toBeGreaterThan(300);
      const other = await app.open({ url: await pooled(app, 'transaction', 1) });
      expect(await failure(other.up())).toMatchObject({ code: 'LOCK_HELD' });
      expect(await failure(app.up())).toMatchObject({ code: 'LOCK_HELD' });
      expect(((await running) as RunReport).applied).toHaveLength(1);
      await forget(app);
    });

    it('ends with 4 where somebody took the lease away, and writes nothing of the step or its failure', async () => {
      const app = await createWorkspace(
        {
          '1_a.sql': `create table a (id int);
          update lockkeeper.lease set token = token + 1, run_id = gen_random_uuid(), acquired_at = clock_timestamp();`,
          '2_b.sql': 'create table b (id int);',
        },
        { server },
      );
      const error = await failure((await app.open({ url: await pooled(app) })).up());
      expect(error).toMatchObject({ code: 'LEASE_LOST', exit: 4 });
      expect(error.message).toContain('took it over');
      expect(reportOf(error)).toMatchObject({ applied: [{ version: '1' }], failed: { version: '2' } });
      expect(await userTables(app.database)).toEqual(['public.a']);
      const journal = `select migration_version as version, status from lockkeeper.migration_execution_log`;
      expect(await app.database.query(journal)).toEqual([{ version: '1', status: 'completed' }]);
      // What is not ours any more is not given back either.
      expect((await leaseOf(app))?.run_id).not.toBeNull();
      await forget(app);
    });

    it.each(['through the pooler', 'directly'])(
      'a run that died is waited for until its lease is over and its statements have ended, %s',
      async (way) => {
        const app = await createWorkspace({ '1_a.sql': 'create table a (id int);' }, { server });
        const url = await pooled(app);
        const again = async (): Promise<unknown> => (await app.open(way === 'directly' ? {} : { url })).up();
        await (await app.open({ url })).up();
        const dead = '00000000-0000-4000-8000-000000000000';
        const silent = (seconds: number): Promise<unknown> =>
          app.database.query(
            `update lockkeeper.lease set run_id = '${dead}', holder = '{"pid": 7, "host": "far", "user": "ada"}',
             lifetime = '5 s', heartbeat_at = clock_timestamp() - interval '${seconds} s'`,
          );
        await silent(2);
        const refused = await failure(again());
        expect(refused).toMatchObject({ code: 'LOCK_HELD', details: { runId: dead } });
        expect(refused.message).toContain('process 7 of ada on far');

        await silent(60);
        const orphan = await app.database.connect();
        const work = orphan.query(`/* lockkeeper ${dead} 9:1 */ select pg_sleep(1.5)`);
        await untilWorking(app);
        expect(await failure(again())).toMatchObject({ code: 'LOCK_HELD' });
        await work;

        const before = BigInt((await leaseOf(app))?.token ?? 0);
        expect(await again()).toMatchObject({ applied: [] });
        const after = await leaseOf(app);
        expect(after?.run_id).toBeNull();
        // Whoever comes back with the old token is locked out.
        expect(BigInt(after?.token ?? 0)).toBe(before + 1n);
        await forget(app);
      },
    );

    it.each([5, 1])('is cancelled without hitting anybody else, with a pool of %i', async (poolSize) => {
      const app = await createWorkspace(sleeping(20), { server });
      const url = await pooled(app, 'transaction', poolSize);
      const cancel = new AbortController();
      const running = failure((await app.open({ url, cancelSignal: cancel.signal })).up());
      await untilWorking(app);
      const other = await app.database.connect();
      const theirs = other.query('select pg_sleep(1) is null as slept');
      cancel.abort();
      expect(await running).toMatchObject({ code: 'INTERRUPTED', exit: 130 });
      expect((await theirs).rows).toEqual([{ slept: false }]);
      await eventually('the statement has ended', async () => {
        const rows = await app.database.query(
          `select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()`,
        );
        return rows.length === 0 ? true : null;
      });
      expect(await userTables(app.database)).toEqual([]);
      await forget(app);
    });

    it('runs all in one transaction when asked to', async () => {
      const app = await createWorkspace(
        { '1_a.sql': 'create table a (id int);', '2_b.sql': 'create table b (id int);' },
        { server },
      );
      const lockkeeper = await app.open({ url: await pooled(app) });
      expect(((await lockkeeper.up({ singleTransaction: true })) as RunReport).applied).toHaveLength(2);
      expect((await leaseOf(app))?.run_id).toBeNull();
      await forget(app);
    });
  },
);

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { boundQuery } from '../../../src/execute/backfill/order.js';
import { servers } from '../../support/database.js';
import { createWorkspace, failure, record } from '../../app/workspace.js';
import { people, timesDone } from './support.js';

describe.each(servers)('a backfill beside others, on PostgreSQL $major', (server) => {
  it('waits for a locked row with its batch given up, not with its rows locked', async () => {
    const workspace = await createWorkspace(
      { '1_b.sql': '-- backfill: batch-rows=200\nupdate people set done = done + 1;' },
      { server },
    );
    const { database } = workspace;
    await people(database, 600);
    const holder = await database.connect();
    await holder.query("begin; update people set name = 'theirs' where id = 250");
    const lockkeeper = await workspace.open();
    const retries = record(lockkeeper, 'step:retry');
    const running = lockkeeper.up();
    // While it waits for row 250, the rows before it in the batch are free.
    let free = 0;
    for (let look = 0; look < 8; look++) {
      await sleep(100);
      const other = await database.connect();
      await other.query("set lock_timeout = '400ms'");
      await other.query("update people set name = 'touched' where id = 240").then(() => (free += 1));
    }
    expect(free).toBe(8);
    await holder.query('commit');
    await running;
    expect(retries.every(({ sqlstate }) => ['55P03', '40P01'].includes(sqlstate))).toBe(true);
    expect(await timesDone(database)).toEqual({ '1': 600 });
    expect(await database.query('select name from people where id in (240, 250) order by id')).toEqual([
      { name: 'touched' },
      { name: 'theirs' },
    ]);
  });

  it('fails when a row stays locked, and goes on later', async () => {
    const workspace = await createWorkspace(
      { '1_b.sql': '-- backfill: batch-rows=200\nupdate people set done = done + 1;' },
      { server },
    );
    const { database } = workspace;
    await people(database, 600);
    const holder = await database.connect();
    await holder.query("begin; update people set name = 'theirs' where id = 450");
    const lockkeeper = await workspace.open({ lockRetries: 2 });
    expect((await failure(lockkeeper.up())).code).toBe('LOCK_BUDGET_EXCEEDED');
    await holder.query('rollback');
    await lockkeeper.up();
    expect(await timesDone(database)).toEqual({ '1': 600 });
  });

  it('computes from the newest version of a row, however many others write', async () => {
    const workspace = await createWorkspace(
      {
        '1_b.sql':
          '-- backfill: batch-rows=150\nupdate people set done = done + 1 where pg_sleep(0.0001) is not null;',
      },
      { server },
    );
    const { database } = workspace;
    await people(database, 3000);
    const running = workspace.up();
    const writer = await database.connect();
    let writes = 0;
    const ended = new AbortController();
    const writing = (async () => {
      while (!ended.signal.aborted) {
        await writer.query('update people set done = done + 100 where id = $1', [1 + ((writes * 37) % 3000)]);
        writes += 1;
      }
    })();
    await running;
    ended.abort();
    await writing;
    const [sum] = await database.query<{ sum: string }>('select sum(done)::text as sum from people');
    expect(Number(sum?.sum)).toBe(3000 + 100 * writes);
  });

  it('leaves the settings and the statistics in order', async () => {
    const workspace = await createWorkspace(
      {
        '1_b.sql': '-- backfill: batch-rows=100\nupdate people set done = id::int;',
        '2_c.sql':
          "create table seen as select current_setting('statement_timeout') as s, current_setting('lock_timeout') as l;",
      },
      { server },
    );
    const { database } = workspace;
    await people(database, 1000);
    await workspace.up();
    expect(await database.query('select * from seen')).toEqual([{ s: '0', l: '2s' }]);
    const [stats] = await database.query<{ n: number }>(
      "select n_distinct as n from pg_stats where tablename = 'people' and attname = 'done'",
    );
    expect(stats?.n).toBe(-1);
  });

  it('does not wait for the disk and for replicas with its rows locked, unless it is told to', async () => {
    const workspace = await createWorkspace(
      {
        '1_b.sql':
          "-- backfill: batch-rows=100\nupdate people set name = current_setting('synchronous_commit');",
        '2_c.sql':
          "-- backfill: batch-rows=100 synchronous-commit=true\nupdate people set done = (current_setting('synchronous_commit') = 'on')::int;",
        '3_d.sql': "create table seen as select current_setting('synchronous_commit') as s;",
      },
      { server },
    );
    const { database } = workspace;
    await database.query(`alter database ${database.name} set synchronous_commit = on`);
    await people(database, 300);
    await workspace.up();
    expect(await database.query('select distinct name, done from people')).toEqual([
      { name: 'off', done: 1 },
    ]);
    expect(await database.query('select * from seen')).toEqual([{ s: 'on' }]);
  });

  it('finds the end of a batch without building a position for every row of it', async () => {
    const workspace = await createWorkspace({}, { server });
    const { database } = workspace;
    await people(database, 100);
    const order = {
      byPlace: false,
      columns: [
        {
          name: 'id',
          type: 'bigint',
          builtIn: true,
          after: 'operator(pg_catalog.>)',
          until: 'operator(pg_catalog.<=)',
        },
      ],
    };
    const text = boundQuery({ name: 'public.people', order }, ['20'], 30);
    expect(await database.query(text)).toEqual([{ jsonb_build_array: '["50"]' }]);
    const plan = await database.query<{ 'QUERY PLAN': string }>(`explain (verbose, costs off) ${text}`);
    const lines = plan.map((row) => row['QUERY PLAN']);
    const limit = lines.findIndex((line) => line.includes('Limit'));
    expect(limit).toBeGreaterThan(0);
    expect(lines.slice(limit).join('\n')).not.toContain('jsonb_build_array');
  });

  it('rests so long as its share of time says', async () => {
    const workspace = await createWorkspace(
      {
        '1_b.sql':
          '-- backfill: batch-rows=50 share=50%\nupdate people set done = done + 1 where pg_sleep(0.0005) is not null;',
      },
      { server },
    );
    await people(workspace.database, 1000);
    const began = Date.now();
    await workspace.up();
    // 20 batches of at least 25 ms each, and as long a rest behind them: a lower bound, so that no slow machine fails it.
    expect(Date.now() - began).toBeGreaterThan(900);
  });
});

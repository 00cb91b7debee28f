import { describe, expect, it } from 'vitest';
import type { EventMap } from '../../src/core/events.js';
import { etaMs, Rate } from '../../src/execute/watch/rate.js';
import { createWorkspace, record } from '../app/workspace.js';
import { servers } from '../support/database.js';
import { holdSnapshot } from './support.js';

describe('the rate of long work', () => {
  it('is that of the last seconds, and begins anew with every other piece of work', () => {
    const rate = new Rate(10_000);
    expect(rate.measure('scan', 0, 0)).toBeNull();
    expect(rate.measure('scan', 500, 1000)).toBe(500);
    expect(rate.measure('scan', 10_500, 11_000)).toBe(1000);
    expect(rate.measure('load', 20_000, 12_000)).toBeNull();
    expect(rate.measure('load', 20_100, 13_000)).toBe(100);
    expect(rate.measure('load', 10, 14_000)).toBeNull();
  });

  it('gives the time that is left, where there is an end to be seen', () => {
    expect(etaMs(25, 100, 50)).toBe(1500);
    expect(etaMs(120, 100, 50)).toBe(0);
    expect(etaMs(25, null, 50)).toBeNull();
    expect(etaMs(25, 100, null)).toBeNull();
  });
});

describe.each(servers)('progress on PostgreSQL $major', (server) => {
  const cases: readonly (readonly [string, string, Partial<EventMap['progress']>])[] = [
    ['create index', 'create index concurrently big_t on big (t);', { what: 'create index' }],
    ['vacuum full', 'vacuum full big;', { what: 'cluster' }],
    ['cluster', 'cluster big using big_pkey;', { what: 'cluster' }],
    [
      'a slow vacuum',
      "set vacuum_cost_delay = '5ms';\nset vacuum_cost_limit = 200;\nvacuum (freeze) big;",
      { what: 'vacuum', unit: 'blocks' },
    ],
    [
      'a slow analyze',
      "set vacuum_cost_delay = '5ms';\nset vacuum_cost_limit = 200;\nanalyze big;",
      { what: 'analyze', unit: 'blocks' },
    ],
    [
      'copy',
      "copy (select t, pg_sleep(0.001) from big limit 1500) to '/dev/null';",
      { what: 'copy', unit: 'rows' },
    ],
  ];

  it.each(cases)('is told of %s', async (_, sql, expected) => {
    const app = await createWorkspace({}, { server });
    await app.database.query(
      'create table big (id int primary key, t text); insert into big select g, repeat(md5(g::text), 5) from generate_series(1, 500000) g',
    );
    app.write({ '1_work.sql': sql });
    const lockkeeper = await app.open();
    const told = record(lockkeeper, 'progress');
    await lockkeeper.up();
    expect(told.length).toBeGreaterThan(0);
    expect(told).toContainEqual(expect.objectContaining({ version: '1', ...expected }));
    if (expected.what !== 'copy') expect(told.map(({ relation }) => relation)).toContain('public.big');
    expect(told.every(({ done, total }) => done >= 0 && (total === null || total > 0))).toBe(true);
  });

  it('has rate and end of a build, and its phase while it waits for an old snapshot', async () => {
    const app = await createWorkspace({}, { server });
    await app.database.query('create table t (id int)');
    app.write({ '1_i.sql': 'create index concurrently t_id on t (id);' });
    const old = await holdSnapshot(app.database);
    const lockkeeper = await app.open();
    const told = record(lockkeeper, 'progress');
    lockkeeper.on('progress', () => void old.release());
    await lockkeeper.up();
    expect(told[0]).toMatchObject({
      phase: 'waiting for old snapshots',
      unit: 'transactions',
      done: 0,
      total: 1,
    });
  });
});

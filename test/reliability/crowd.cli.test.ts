import { describe, expect, it, onTestFinished } from 'vitest';
import type { CliResult, TestServer } from '../support/database.js';
import { noPgBouncer, startPgBouncer } from '../app/pgbouncer.js';
import { documentOf, eventually, ledger, start } from '../execute/support.js';
import { appliedIn, withPlace, type Place } from './place.js';
import { chosenServers, full, patienceMs, rounds, tell } from './settings.js';

const crowd = full ? 50 : 6;
const times = rounds(1);

/** The first waits for a gate, so that all are there before anybody can be done. */
const transactional = {
  '1_tables.sql': `create table a (id int); insert into ledger values ('1');`,
  '2_gate.sql': `insert into ledger values ('2'); select pg_advisory_xact_lock(42);`,
  '3_more.sql': `create table b (id int); insert into ledger values ('3');`,
  '4_last.sql': `alter table a add column b int; insert into ledger values ('4');`,
};
const mixed = {
  '1_tables.sql': transactional['1_tables.sql'],
  '2_gate.sql': transactional['2_gate.sql'],
  '3_more.sql': `create index concurrently on a (id); insert into ledger values ('3');`,
  '4_last.ts': `export default { up: async (db: any) => { await db.exec("insert into ledger values ('4')"); } };`,
  '5_values.sql': `create type mood as enum ('calm'); alter type mood add value 'wild'; insert into ledger values ('5');`,
};

const versionsOf = (result: CliResult): readonly string[] =>
  (documentOf(result)['applied'] as { version: string }[]).map(({ version }) => version);

/** All at once; gives how many of them found something to do. */
async function rush(place: Place, url: string, versions: readonly string[]): Promise<number> {
  const { database } = place;
  await database.query('create table ledger (what text not null)');
  const gate = await database.connect();
  await gate.query('select pg_advisory_lock(42)');
  const running = Array.from({ length: crowd }, () =>
    start(place, ['up', '--json', '--lock-wait', '300s'], { url }),
  );
  // Through a pooler sessions do not always carry our name, but somebody waits at the gate.
  await eventually('a run waits at the gate', async () => {
    const rows = await database.query(
      `select 1 from pg_locks where locktype = 'advisory' and objid = 42 and not granted`,
    );
    return rows.length > 0 ? true : null;
  });
  await gate.query('select pg_advisory_unlock(42)');
  const results = await Promise.all(running.map(({ ended }) => ended));
  const bad = results
    .filter(({ code }) => code !== 0)
    .map(({ code, stdout, stderr }) => ({ code, stdout, stderr }));
  expect(bad).toEqual([]);
  expect(results.flatMap(versionsOf).toSorted()).toEqual(versions);
  expect(await ledger(database)).toEqual(Object.fromEntries(versions.map((version) => [version, 1])));
  expect(await appliedIn(place)).toEqual(versions);
  return results.filter((result) => versionsOf(result).length > 0).length;
}

async function throughPooler(server: TestServer, mode: 'session' | 'transaction'): Promise<void> {
  const files = mode === 'session' ? mixed : transactional;
  await withPlace(server, files, async (place) => {
    const pooler = await startPgBouncer(place.database, {
      mode,
      poolSize: mode === 'session' ? crowd + 5 : 10,
    });
    onTestFinished(() => pooler.stop());
    await rush(
      place,
      pooler.url,
      Object.keys(files).map((name) => name[0] ?? ''),
    );
    // The pooler keeps its sessions; they must be gone before the database can be looked at for what is left.
    await pooler.stop();
    await eventually('the sessions of the pooler are gone', async () => {
      const rows = await place.database.query(
        `select 1 from pg_stat_activity where datname = current_database() and application_name ilike 'lockkeeper%'`,
      );
      return rows.length === 0 ? true : null;
    });
  });
}

describe.each(chosenServers)(`${crowd} runs at once, on PostgreSQL $major`, (server) => {
  it('apply each migration exactly once', { timeout: patienceMs }, async () => {
    for (let time = 0; time < times; time++) {
      await withPlace(server, mixed, (place) => rush(place, place.database.url, ['1', '2', '3', '4', '5']));
    }
    tell('crowd', server, { way: 'direct', runs: crowd, rounds: times, 'applied once': 5 * times });
  });

  it.skipIf(noPgBouncer !== null).each(['session', 'transaction'] as const)(
    'apply each migration exactly once through PgBouncer in %s mode',
    { timeout: patienceMs },
    async (mode) => {
      for (let time = 0; time < times; time++) await throughPooler(server, mode);
      tell('crowd', server, { way: `PgBouncer, ${mode} mode`, runs: crowd, rounds: times });
    },
  );
});

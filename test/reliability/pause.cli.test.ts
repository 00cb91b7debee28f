import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { createLockkeeper } from '../../src/app/create-lockkeeper.js';
import { isLockkeeperError } from '../../src/core/errors.js';
import type { TestServer } from '../support/database.js';
import { noPgBouncer, startPgBouncer } from '../app/pgbouncer.js';
import { errorCodeOf, eventually, start } from '../execute/support.js';
import { appliedIn, severalAtOnce, withPlace, type Place } from './place.js';
import { Random } from './random.js';
import { chosenServers, full, patienceMs, rounds, seed, tell } from './settings.js';

const pauses = rounds(4);
const versions = Array.from({ length: 14 }, (_, index) => index + 1);

/** Writes down which run it was, by the claim that stands in the same transaction. Every third spans messages. */
function migration(version: number): string {
  const ledger =
    version === 1
      ? 'create table ledger (version int, run uuid, at timestamptz default clock_timestamp());\n'
      : '';
  const validation =
    version % 3 === 0 ? '-- migrate:validate-after\nselect 1 where false;\nselect 2 where false;\n' : '';
  return `-- migrate:up
${ledger}create table t${version} (id int);
insert into ledger (version, run) select ${version}, run_id from lockkeeper.schema_migrations where version = '${version}';
select pg_sleep(0.03);
${validation}`;
}

const files = Object.fromEntries(versions.map((version) => [`${version}_t.sql`, migration(version)]));

interface Effect {
  readonly version: number;
  readonly run: string;
}

interface Tally {
  pauses: number;
  /** Of them: in the middle of a transaction, as the server saw it. */
  inTransaction: number;
  takeovers: number;
  /** Statements of a fenced-out run that took effect. */
  effects: number;
  /** Fenced-out runs that ended with 4 and said why. */
  told: number;
}

async function effectsOf({ database }: Place): Promise<readonly Effect[]> {
  const there = await database.query(`select 1 where to_regclass('ledger') is not null`);
  return there.length === 0
    ? []
    : database.query<Effect & Record<string, unknown>>('select version, run from ledger');
}

/** What the first run left in ledger, history or journal after the second one had its lease. */
async function lateEffects({ database }: Place, run: string): Promise<number> {
  const [row] = await database.query<{ late: number }>(
    `with taken as (select acquired_at as at from lockkeeper.lease)
     select ((select count(*) from ledger l, taken t where l.run = $1 and l.at > t.at)
           + (select count(*) from lockkeeper.schema_migrations m, taken t where m.run_id = $1 and m.applied_at > t.at)
           + (select count(*) from lockkeeper.migration_execution_log j, taken t
              where j.run_id = $1 and (j.started_at > t.at or j.completed_at > t.at)))::int as late`,
    [run],
  );
  return row?.late ?? -1;
}

/** Whether a transaction of the first run is open on the server. */
async function isInTransaction({ database }: Place): Promise<boolean> {
  const rows = await database.query(
    `select 1 from pg_stat_activity where datname = current_database() and state <> 'idle' and query like '/* lockkeeper %'`,
  );
  return rows.length > 0;
}

/**
 * Runs `up` until it ends well: where the machine is busy, this run can be silent for too long as well, and then it is
 * told so like any other.
 */
async function finish({ project }: Place, url: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const lockkeeper = await createLockkeeper({ cwd: project.dir, url, variables: {}, lockWait: '60s' });
    try {
      await lockkeeper.up();
      return;
    } catch (error) {
      const isSlow = isLockkeeperError(error, 'LEASE_LOST') || isLockkeeperError(error, 'CONNECTION_LOST');
      if (!isSlow || attempt === 5) throw error;
    }
  }
}

async function round(server: TestServer, number: number, tally: Tally): Promise<void> {
  const random = new Random(seed + server.major * 10_000 + number);
  const isLong = random.chance(0.5);
  await withPlace(server, files, async (place) => {
    place.project.write('lockkeeper.config.json', JSON.stringify({ leaseTimeout: '1s' }));
    const pooler = await startPgBouncer(place.database, {
      mode: 'transaction',
      poolSize: random.pick([1, 2, 5]),
    });
    try {
      const first = start(place, ['up', '--json'], { url: pooler.url });
      const [begun] = await eventually('it applies', async () => {
        const effects = await effectsOf(place);
        return effects.length === 0 ? null : effects;
      });
      await sleep(random.next() * 120);
      first.kill('SIGSTOP');
      tally.pauses += 1;
      if (await isInTransaction(place)) tally.inTransaction += 1;
      const run = begun?.run ?? '';
      const second = finish(place, pooler.url);
      // The first one comes back when the second one has just taken over, or after it has ended.
      if (isLong) await second;
      else
        await eventually('the second takes over', async () =>
          (await effectsOf(place)).some((effect) => effect.run !== run) ? true : null,
        );
      first.kill('SIGCONT');
      const [resumed] = await Promise.all([first.ended, second]);
      const effects = await effectsOf(place);
      expect(effects.map(({ version }) => version).sort((a, b) => a - b)).toEqual(versions);
      expect((await appliedIn(place)).map(Number)).toEqual(versions);
      if (effects.some((effect) => effect.run !== run)) tally.takeovers += 1;
      tally.effects += await lateEffects(place, run);
      expect([resumed.code, errorCodeOf(resumed)]).toEqual([4, 'LEASE_LOST']);
      tally.told += 1;
    } finally {
      await pooler.stop();
    }
  });
}

describe.skipIf(noPgBouncer !== null).each(chosenServers)(
  'a run under a lease that is paused, on PostgreSQL $major',
  (server) => {
    const tally: Tally = { pauses: 0, inTransaction: 0, takeovers: 0, effects: 0, told: 0 };
    afterAll(() => tell('pause', server, { ...tally }));

    it('takes no effect any more once another run has taken over', { timeout: patienceMs }, async () => {
      await severalAtOnce(pauses, full ? 4 : 2, (number) => round(server, number, tally));
      expect(tally).toMatchObject({ pauses, takeovers: pauses, effects: 0, told: pauses });
    });
  },
);

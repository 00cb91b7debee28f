import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { historyLockKey } from '../../src/pg/advisory-lock.js';
import { invalidIndexes, type TestServer } from '../support/database.js';
import { ledger, openSteps, start } from '../execute/support.js';
import { appliedIn, severalAtOnce, withPlace, type Place } from './place.js';
import { Random } from './random.js';
import { chosenServers, patienceMs, rounds, seed, tell } from './settings.js';

const times = rounds(4);

const files = {
  '1_index.sql': `insert into ledger values ('1 before'); create index concurrently account_a on account (a); insert into ledger values ('1 after');`,
  '2_unique.sql': 'create unique index concurrently account_id on account (id);',
  '3_drop.sql': `drop index concurrently account_a; insert into ledger values ('3');`,
};

const data = `
create table ledger (what text not null);
create table account (id int, a int);
insert into account select i, i % 7 from generate_series(1, 20000) i;
create table knex_migrations_lock (index int primary key, is_locked int);
insert into knex_migrations_lock values (1, 0);
create table databasechangeloglock (id int primary key, locked bool, lockedby text);
insert into databasechangeloglock values (1, false, null);
`;

/** node-pg-migrate's key, and Prisma's. */
const theirKeys = ['7241865325823964', '72707369'];

type Behaviour = (place: Place, random: Random, forMs: number) => Promise<void>;

/** What a second tool does beside us, for a while; each ends by itself. */
const behaviours: Readonly<Record<string, Behaviour>> = {
  'an advisory lock, and others who wait for it': async ({ database }, random, forMs) => {
    const key = random.pick(theirKeys);
    const holder = await database.connect();
    await holder.query(`select pg_advisory_lock(${key})`);
    const waiters = await Promise.all([database.connect(), database.connect()]);
    // A session that waits inside the function holds a snapshot, for which every concurrent build waits.
    const waits = waiters.map((waiter) => waiter.query(`select pg_advisory_lock(${key}); select pg_advisory_unlock(${key})`)); // prettier-ignore
    await sleep(forMs);
    await holder.query(`select pg_advisory_unlock(${key})`);
    await Promise.all(waits);
  },
  'a lock row, set and committed': async ({ database }, _, forMs) => {
    await database.query('update knex_migrations_lock set is_locked = 1');
    await sleep(forMs);
    await database.query('update knex_migrations_lock set is_locked = 0');
  },
  'a lock row in an open transaction, and one who waits for it': async ({ database }, _, forMs) => {
    const [holder, waiter] = [await database.connect(), await database.connect()];
    await holder.query(`begin; update databasechangeloglock set locked = true, lockedby = 'them'`);
    const waits = waiter.query('select * from databasechangeloglock for update');
    await sleep(forMs);
    await holder.query('commit');
    await waits;
  },
  'a wait for our own lock inside pg_advisory_lock()': async ({ database }, _, forMs) => {
    const waiter = await database.connect();
    const key = historyLockKey('lockkeeper', 'schema_migrations');
    await waiter.query(`set lock_timeout = ${Math.round(forMs)}`);
    // Whoever waits longer than deadlock_timeout makes our build the victim: clean up, and try again.
    await waiter
      .query(
        `select pg_advisory_lock(${key.classId}, ${key.objectId}), pg_advisory_unlock(${key.classId}, ${key.objectId})`,
      )
      .catch(() => undefined);
  },
};

async function round(server: TestServer, number: number): Promise<void> {
  const random = new Random(seed + server.major * 30_000 + number);
  const names = Object.keys(behaviours);
  const name = names[number % names.length] as string;
  await withPlace(server, files, async (place) => {
    await place.database.query(data);
    const forMs = 200 + random.int(3500);
    const running = start(place, ['up', '--lock-wait', '60s']);
    // From well before the lock is taken to the middle of the builds.
    await sleep(random.int(900));
    const [{ code, stderr }] = await Promise.all([running.ended, behaviours[name]?.(place, random, forMs)]);
    expect([name, forMs, code, code === 0 ? '' : stderr]).toEqual([name, forMs, 0, '']);
    expect(await invalidIndexes(place.database)).toEqual([]);
    expect(await openSteps(place.database)).toEqual([]);
    expect(await appliedIn(place)).toEqual(['1', '2', '3']);
    expect(await ledger(place.database)).toEqual({ '1 after': 1, '1 before': 1, '3': 1 });
  });
}

describe.each(chosenServers)('a second tool at work, on PostgreSQL $major', (server) => {
  let done = 0;
  afterAll(() => {
    tell('foreign', server, { rounds: done, behaviours: Object.keys(behaviours).length });
  });

  it('neither hangs a concurrent build nor leaves an invalid index', { timeout: patienceMs }, async () => {
    await severalAtOnce(times, 4, async (number) => {
      await round(server, number);
      done += 1;
    });
  });
});

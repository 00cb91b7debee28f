import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { invalidIndexes, type TestServer } from '../../support/database.js';
import {
  catalogOf,
  command,
  documentOf,
  eventually,
  ledger,
  lockHolders,
  openSteps,
  upFinishes,
} from '../../execute/support.js';
import { appliedIn, withPlace, type Place } from '../place.js';
import { data, everyLine, migrations } from './migrations.js';

/** What the migrations make when nothing goes wrong. */
export interface Undisturbed {
  readonly catalog: readonly string[];
  readonly rows: unknown;
  readonly tookMs: number;
}

const contents = `
  select (select json_agg(e order by id) from app.event e) as events, (select count(*)::int from app.loaded) as loaded,
         (select count(*)::int from app.part) as parts, (select sum(age)::int from account) as ages,
         (select json_agg(f) from (select times, count(*)::int from filled group by times) f) as filled,
         (select json_agg(format('%s %s %s', inhrelid::regclass, inhparent::regclass, inhdetachpending) order by inhrelid::regclass::text) from pg_inherits where inhparent = 'log'::regclass) as partitions`;

/** Lends a database in which the data are and the migrations are still to be run. */
export async function withMixed<Result>(
  server: TestServer,
  use: (place: Place) => Promise<Result>,
): Promise<Result> {
  return withPlace(server, migrations, async (place) => {
    await place.database.query(data);
    return use(place);
  });
}

export async function undisturbed(server: TestServer): Promise<Undisturbed> {
  return withMixed(server, async (place) => {
    const began = performance.now();
    await upFinishes(place);
    const tookMs = performance.now() - began;
    expect(Object.keys(await ledger(place.database))).toEqual(everyLine);
    return {
      catalog: await catalogOf(place.database),
      rows: await place.database.query(contents),
      tookMs,
    };
  });
}

/**
 * What the history says is so: of a migration that is in it every line was written once, of any other none twice.
 * Call it when nobody is at work any more.
 */
export async function assertNoLies(place: Place): Promise<void> {
  const applied = await appliedIn(place);
  const lines = await ledger(place.database);
  expect(Object.entries(lines).filter(([, times]) => times !== 1)).toEqual([]);
  const promised = everyLine.filter((line) => applied.includes(line.slice(0, 4)));
  expect(promised.filter((line) => lines[line] === undefined)).toEqual([]);
}

/** The next `up` ends with 0, and all is as if nothing had happened. */
export async function assertFinishes(expected: Undisturbed, place: Place): Promise<void> {
  const { database } = place;
  await upFinishes(place);
  expect(await ledger(database)).toEqual(Object.fromEntries(everyLine.map((line) => [line, 1])));
  expect(await catalogOf(database)).toEqual(expected.catalog);
  expect(await database.query(contents)).toEqual(expected.rows);
  expect(await invalidIndexes(database)).toEqual([]);
  expect(await openSteps(database)).toEqual([]);
  expect(await appliedIn(place)).toEqual(Object.keys(migrations).map((name) => name.slice(0, 4)));
  await eventually('the lock is free', async () =>
    (await lockHolders(database)).length === 0 ? true : null,
  );
  const again = await command(place, ['up', '--json']);
  expect([again.code, documentOf(again)['applied']]).toEqual([0, []]);
}

/** What sessions of ours were doing: nothing (there was none), a statement outside of any transaction, or else. */
export type Moment = 'no session' | 'between steps' | 'in a transaction' | 'outside of one';

const alone =
  /^\s*(?:\/\*.*?\*\/\s*)?(?:create (?:unique )?index concurrently|drop index concurrently|reindex|vacuum|alter table \S+ detach)/i;

export async function momentOf({ database }: Place): Promise<Moment> {
  const sessions = await database.query<{ query: string; transaction: boolean }>(
    `select query, xact_start is not null as transaction from pg_stat_activity
     where datname = current_database() and application_name ilike 'lockkeeper%'`,
  );
  if (sessions.length === 0) return 'no session';
  const busy = sessions.filter(({ transaction }) => transaction);
  if (busy.some(({ query }) => alone.test(query))) return 'outside of one';
  return busy.length > 0 ? 'in a transaction' : 'between steps';
}

/** Waits until a program has a session that was not there before; not for ever, since it may be at an end already. */
export async function untilConnected(place: Place, before: ReadonlySet<number>): Promise<void> {
  for (let attempt = 0; attempt < 150; attempt++) {
    const pids = await ourSessions(place);
    if (pids.some((pid) => !before.has(pid))) return;
    await sleep(20);
  }
}

/** Process ids of our sessions; those of killed runs may still be among them. */
export async function ourSessions({ database }: Place): Promise<readonly number[]> {
  const rows = await database.query<{ pid: number }>(
    `select pid from pg_stat_activity where datname = current_database() and application_name ilike 'lockkeeper%'`,
  );
  return rows.map(({ pid }) => pid);
}

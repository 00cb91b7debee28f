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
         (select count(*)::int from app.part) as parts, (select sum(age)::int from account) as ages`;

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

/** What our session was doing: nothing (there was none), our own queries, a transaction, or a statement outside of any. */
export type Moment = 'no session' | 'between steps' | 'in a transaction' | 'outside of one';

export async function momentOf({ database }: Place): Promise<Moment> {
  const rows = await database.query<{ query: string; xact: boolean; state: string }>(
    `select query, xact_start is not null as xact, state from pg_stat_activity
     where datname = current_database() and application_name ilike 'lockkeeper%' order by backend_start limit 1`,
  );
  const [session] = rows;
  if (session === undefined) return 'no session';
  if (/^\s*(?:\/\*.*?\*\/\s*)?(?:create (?:unique )?index concurrently|drop index concurrently|reindex|vacuum|alter table \S+ detach)/i.test(session.query) && session.state === 'active') return 'outside of one'; // prettier-ignore
  return session.xact ? 'in a transaction' : 'between steps';
}

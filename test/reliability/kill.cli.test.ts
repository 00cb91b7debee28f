import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import type { TestServer } from '../support/database.js';
import { eventually, holdSnapshot, lockHolders, start, upFinishes } from '../execute/support.js';
import {
  assertFinishes,
  momentOf,
  ourSessions,
  untilConnected,
  undisturbed,
  withMixed,
  type Moment,
  type Undisturbed,
} from './mixed/campaign.js';
import { appliedIn, severalAtOnce, withPlace, type Place } from './place.js';
import { Random } from './random.js';
import { chosenServers, full, patienceMs, rounds, seed, tell, timeIsUp } from './settings.js';

const killsPerCampaign = full ? 8 : 3;
const kills = rounds(6);

/** How often each kind of moment was hit. */
class Tally {
  readonly moments: Record<Moment, number> = {
    'no session': 0,
    'between steps': 0,
    'in a transaction': 0,
    'outside of one': 0,
  };
  kills = 0;
  campaigns = 0;
  /** Campaigns after which everything was as if nothing had happened. */
  finished = 0;
}

/** Kills one `up` at a random moment; false when it had ended before, which is with 0 or not at all. */
async function killOne(place: Place, afterMs: number, tally: Tally): Promise<boolean> {
  const before = new Set(await ourSessions(place));
  const running = start(place, ['up']);
  // Most runs are killed at their work, some on their way to it.
  if (afterMs > 100) await untilConnected(place, before);
  await sleep(afterMs);
  const moment = await momentOf(place);
  running.kill('SIGKILL');
  const { signal, code, stderr } = await running.ended;
  if (signal !== 'SIGKILL') {
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    return false;
  }
  tally.kills += 1;
  tally.moments[moment] += 1;
  return true;
}

/** One database: runs that are killed until one of them comes to its end, or enough were, and one that is not. */
async function campaign(
  server: TestServer,
  number: number,
  expected: Undisturbed,
  tally: Tally,
): Promise<void> {
  const random = new Random(seed + server.major * 10_000 + number);
  const moments: number[] = [];
  tally.campaigns += 1;
  await withMixed(server, async (place) => {
    try {
      for (let time = 0; time < killsPerCampaign; time++) {
        const afterMs = Math.round(expected.tookMs * random.next() ** 1.5);
        moments.push(afterMs);
        // Every fourth run meets an old snapshot, for which its index builds wait: to the end, or for a while.
        const snapshot = random.chance(0.25) ? await holdSnapshot(place.database) : null;
        const released = sleep(random.next() * 2 * afterMs).then(() => snapshot?.release());
        const killed = await killOne(place, afterMs, tally);
        await released;
        if (!killed) break;
      }
      await assertFinishes(expected, place);
      tally.finished += 1;
    } catch (error) {
      throw new Error(`Campaign ${number} of seed ${seed}: killed after ${moments.join(', ')} ms.`, {
        cause: error,
      });
    }
  });
}

const plain = Array.from({ length: 120 }, (_, index) => index + 1);
const plainFiles = Object.fromEntries(
  plain.map((version) => [
    `${String(version).padStart(4, '0')}_t.sql`,
    `create table t${version} (id int primary key); create index on t${version} (id);`,
  ]),
);

/** What the history says, and what is there. */
async function historyAndTables(place: Place): Promise<readonly [readonly number[], readonly number[]]> {
  const tables = await place.database.query<{ version: number }>(
    `select substr(relname, 2)::int as version from pg_class where relkind = 'r' and relname ~ '^t[0-9]+$' order by 1`,
  );
  return [(await appliedIn(place)).map(Number), tables.map((row) => row.version)];
}

describe.each(chosenServers)('a run that is killed, on PostgreSQL $major', (server) => {
  const tally = new Tally();
  afterAll(() => {
    const { moments, ...counts } = tally;
    tell('kill', server, { ...counts, ...moments });
  });

  it(
    'is finished by the next one, as if nothing had happened, whenever it is killed',
    { timeout: patienceMs * 2 },
    async () => {
      const expected = await undisturbed(server);
      // Several at a time: most of the time is waiting for a backend to notice that nobody listens to it any more.
      let number = 0;
      const line = async (): Promise<void> => {
        while (tally.kills < kills && !timeIsUp()) await campaign(server, number++, expected, tally);
      };
      await Promise.all(Array.from({ length: full ? 5 : 3 }, line));
    },
  );

  it(
    'has in its history what is there, also while migrations are sent ahead',
    { timeout: patienceMs },
    async () => {
      const random = new Random(seed + server.major);
      const times = Math.max(1, Math.round(kills / 40));
      await severalAtOnce(times, 1, () =>
        withPlace(server, plainFiles, async (place) => {
          for (let time = 0; time < 4; time++) {
            // Counted from the first table on, because most of a short run is the start of the program.
            const before = (await historyAndTables(place))[1].length;
            const running = start(place, ['up']);
            await eventually('it applies', async () => {
              const rows = (await historyAndTables(place))[1];
              return rows.length > before || rows.length === plain.length ? true : null;
            });
            await sleep(random.next() * 60);
            running.kill('SIGKILL');
            if ((await running.ended).signal === 'SIGKILL') tally.kills += 1;
            await eventually('the orphan is gone', async () =>
              (await lockHolders(place.database)).length === 0 ? true : null,
            );
            const [applied, tables] = await historyAndTables(place);
            expect(applied).toEqual(tables);
            expect(applied).toEqual(plain.slice(0, applied.length));
          }
          await upFinishes(place);
          expect(await historyAndTables(place)).toEqual([plain, plain]);
        }),
      );
    },
  );
});

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { startServer, type RunningServer, type TestServer } from '../support/database.js';
import { startProxy, type Proxy } from '../support/proxy.js';
import { eventually, lockHolders, start } from '../execute/support.js';
import { assertFinishes, assertNoLies, undisturbed, withMixed, type Undisturbed } from './mixed/campaign.js';
import type { Place } from './place.js';
import { Random } from './random.js';
import { chosenServers, full, patienceMs, rounds, seed, tell, timeIsUp } from './settings.js';

const disturbances = rounds(6);
const perCampaign = full ? 5 : 3;

const lineKinds = ['cut', 'half-open', 'silence'] as const;
const serverKinds = ['crash', 'restart'] as const;
type Kind = (typeof lineKinds)[number] | (typeof serverKinds)[number];

class Tally {
  /** Disturbances that a run met, by kind. */
  readonly met: Record<Kind, number> = { cut: 0, 'half-open': 0, silence: 0, crash: 0, restart: 0 };
  campaigns = 0;
  finished = 0;

  get total(): number {
    return Object.values(this.met).reduce((sum, times) => sum + times, 0);
  }
}

/** The line that a program has to the server, with what can happen to it. */
class Line {
  silent = false;
  #proxy: Proxy | null = null;

  async open(url: string): Promise<string> {
    this.#proxy = await startProxy(url, { watch: () => (this.silent ? 'drop' : 'pass') });
    return this.#proxy.url(url);
  }

  /** Both ends are told · the server is told much later · bytes vanish for a while, and then both are told. */
  async disturb(kind: (typeof lineKinds)[number], forMs: number): Promise<void> {
    if (kind === 'silence') this.silent = true;
    if (kind === 'half-open') this.#proxy?.cutClients();
    if (kind !== 'cut') await sleep(forMs);
    this.#proxy?.cut();
  }

  async close(): Promise<void> {
    await this.#proxy?.close();
  }
}

const ended = /CONNECTION_LOST|DATABASE_UNREACHABLE|DATABASE_STARTING|LOCK_LOST/;

/** One run that is disturbed; false when it had ended before. */
async function disturbOne(
  place: Place,
  random: Random,
  what: { kind: Kind; afterMs: number; server: RunningServer | null },
): Promise<boolean> {
  const line = new Line();
  const running = start(place, ['up', '--json'], { url: await line.open(place.database.url) });
  let early = false;
  void running.ended.then(() => (early = true));
  await sleep(what.afterMs);
  const met = !early;
  const { kind, server } = what;
  if (kind === 'crash' || kind === 'restart') {
    await server?.stop(kind === 'crash' ? 'immediate' : 'fast');
    await sleep(random.int(200));
    await server?.start();
  } else {
    await line.disturb(kind, 200 + random.int(1200));
  }
  const { code, stdout, stderr } = await running.ended;
  await line.close();
  if (code !== 0) expect([code, stdout + stderr]).toEqual([3, expect.stringMatching(ended)]);
  return met;
}

async function campaign(
  server: TestServer,
  kinds: readonly Kind[],
  at: { number: number; running: RunningServer | null; expected: Undisturbed; tally: Tally },
): Promise<void> {
  const { number, running, expected, tally } = at;
  const random = new Random(seed + server.major * 20_000 + number);
  const said: string[] = [];
  tally.campaigns += 1;
  await withMixed(server, async (place) => {
    try {
      for (let time = 0; time < perCampaign; time++) {
        const kind = random.pick(kinds);
        const afterMs = Math.round(expected.tookMs * (0.15 + 0.85 * random.next() ** 1.5));
        said.push(`${kind} after ${afterMs} ms`);
        const met = await disturbOne(place, random, { kind, afterMs, server: running });
        if (met) tally.met[kind] += 1;
        await eventually('the orphan is gone', async () =>
          (await lockHolders(place.database)).length === 0 ? true : null,
        );
        await assertNoLies(place);
        if (!met) break;
      }
      await assertFinishes(expected, place);
      tally.finished += 1;
    } catch (error) {
      throw new Error(`Campaign ${number} of seed ${seed}: ${said.join(', ')}.`, { cause: error });
    }
  });
}

describe.each(chosenServers)('a run that loses its server, on PostgreSQL $major', (server) => {
  const tally = new Tally();
  afterAll(() => {
    tell('connection', server, {
      moments: tally.total,
      ...tally.met,
      campaigns: tally.campaigns,
      finished: tally.finished,
    });
  });

  it('tells no lies when its line is cut, and the next one finishes', { timeout: patienceMs }, async () => {
    const expected = await undisturbed(server);
    let number = 0;
    const line = async (): Promise<void> => {
      while (tally.total < disturbances * 0.6 && !timeIsUp(0.5))
        await campaign(server, lineKinds, { number: number++, running: null, expected, tally });
    };
    await Promise.all(Array.from({ length: full ? 3 : 2 }, line));
  });

  it(
    'tells no lies when the server is stopped, and the next one finishes',
    { timeout: patienceMs },
    async () => {
      const running = await startServer(server.major);
      onTestFinished(() => running.remove());
      const own: TestServer = { major: running.major, url: running.url, superuser: 'postgres' };
      const expected = await undisturbed(own);
      for (let number = 0; tally.total < disturbances && !timeIsUp(); number++)
        await campaign(own, serverKinds, { number: 5000 + number, running, expected, tally });
    },
  );
});

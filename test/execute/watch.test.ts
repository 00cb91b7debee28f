import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Events } from '../../src/core/events.js';
import { Watch } from '../../src/execute/watch/watch.js';
import { isBudgetSpent } from '../../src/execute/watch/turn.js';
import type { Session } from '../../src/pg/index.js';

const never = new AbortController().signal;
const subject = { runId: 'r', version: '1', name: 'a', direction: 'up', step: 1 } as const;
const how = { budgetMs: 1000, alone: false, again: true };

function watchWith(openObserver: () => Promise<Session>): { watch: Watch; warnings: string[] } {
  const events = new Events();
  const warnings: string[] = [];
  events.on('warning', ({ code }) => void warnings.push(code));
  const context = { events, now: () => Date.now(), root: '/', stop: { finish: never, cancel: never } };
  const options = { observer: true, cancelBlockersAfterMs: 0 };
  return { watch: new Watch({ context, workerPid: 1, options, openObserver }), warnings };
}

describe('a second connection that cannot be had', () => {
  it('fails nothing, is asked for once, and said once', async () => {
    let asked = 0;
    const { watch, warnings } = watchWith(() => {
      asked += 1;
      return Promise.reject(new Error('too many connections'));
    });
    watch.start();
    expect(watch.isBlind).toBe(false);
    await watch.begin(subject, how);
    await until(() => watch.isBlind);
    await watch.end();
    await watch.begin(subject, how);
    await sleep(250); // two more looks would have been due
    await watch.end();
    await watch.stop();
    expect([asked, warnings]).toEqual([1, ['observer-missing']]);
  });

  it('keeps nobody waiting where it never answers', async () => {
    const { watch, warnings } = watchWith(() => new Promise(() => {}));
    watch.start();
    await watch.begin(subject, how);
    await until(() => watch.isBlind);
    await watch.end();
    await watch.stop();
    expect(warnings).toEqual(['observer-missing']);
  });
});

describe('the lock budget', () => {
  it.each([
    ['far from its end', 2000, { spentMs: 1500, lastMs: 110 }, false],
    ['so near that the next look would be too late', 2000, { spentMs: 1895, lastMs: 110 }, true],
    ['used up', 2000, { spentMs: 2005, lastMs: 0 }, true],
    ['not near its end because one look took long', 2000, { spentMs: 1600, lastMs: 900 }, false],
    ['none', 0, { spentMs: 9000, lastMs: 100 }, false],
  ])('is %s', (_, budgetMs, seen, spent) => {
    expect(isBudgetSpent(budgetMs, seen)).toBe(spent);
  });
});

async function until(is: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 500 && !is(); attempt++) await sleep(20);
  expect(is()).toBe(true);
}

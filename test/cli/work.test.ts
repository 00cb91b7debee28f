import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Events, type EventMap } from '../../src/core/events.js';
import { followWork } from '../../src/cli/follow-work.js';
import { renderBar, renderWork } from '../../src/cli/render/work.js';
import { displayWidth } from '../../src/cli/render/text.js';
import type { Talk } from '../../src/cli/talk.js';
import { look } from './support/reports.js';

const work: EventMap['progress'] = {
  runId: 'r',
  version: '2',
  name: 'index',
  direction: 'up',
  step: 1,
  what: 'create index',
  relation: 'public.big',
  phase: 'building index: scanning table',
  done: 1234,
  total: 5000,
  unit: 'blocks',
  ratePerSecond: 617.4,
  etaMs: 6100,
};

describe('the bar of long work', () => {
  it.each([
    [100, '█████░░░░░░░░░░░░░░░  24 %  6.1 s left, building index: scanning table, 617 blocks/s'],
    [60, '██░░░░░░░░  24 %  6.1 s left, building index: scanning tabl…'],
    [20, '██░░░░░░░░  24 %  6…'],
  ])('fits into %i columns', (room, text) => {
    expect(renderBar(work, room, look())).toBe(text);
    expect(displayWidth(text)).toBeLessThanOrEqual(room);
  });

  it('is left out where nobody knows the end, and never more than full', () => {
    expect(renderBar({ ...work, total: null, etaMs: null }, 80, look())).toBe(
      'building index: scanning table, 1,234 blocks, 617 blocks/s',
    );
    expect(renderBar({ ...work, done: 6000, ratePerSecond: null, etaMs: null }, 80, look())).toBe(
      '████████████████████ 100 %  building index: scanning table',
    );
  });
});

describe('the line of long work', () => {
  it('says what is done, where, and how fast', () => {
    expect(renderWork(work, look())).toBe(
      '    2 step 1: create index on public.big, building index: scanning table: 24 % of 5,000 blocks, 617 blocks/s, 6.1 s left',
    );
    const backfill = {
      ...work,
      what: 'backfill',
      phase: 'changing rows',
      total: null,
      unit: 'rows',
      etaMs: null,
    } as const;
    expect(renderWork(backfill, look())).toBe(
      '    2 step 1: backfill on public.big, changing rows: 1,234 rows, 617 rows/s',
    );
  });
});

describe('where lines stay', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('is one line every five seconds, and a new phase after two', () => {
    const events = new Events();
    const lines: string[] = [];
    const talk = { live: false, say: (line: string) => lines.push(line) } as unknown as Talk;
    followWork(
      (name, listener) => void events.on(name, listener),
      { work: () => undefined, note: () => undefined },
      { talk, look: look() },
    );
    const tell = (phase: string, times: number): void => {
      for (let index = 0; index < times; index++) {
        vi.advanceTimersByTime(500);
        events.emit('progress', { ...work, phase });
      }
    };
    events.emit('step:start', { ...work, steps: 1, transaction: false });
    tell('scanning', 20); // at 2 s and 7 s
    tell('loading', 3); // at 10.5 s, which is more than two seconds after the last
    expect(lines.map((line) => /, (\w+):/.exec(line)?.[1])).toEqual(['scanning', 'scanning', 'loading']);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FlagValues } from '../../src/cli/flag-values.js';
import type { Host } from '../../src/cli/host.js';
import { createPrinter } from '../../src/cli/printer.js';
import { Talk } from '../../src/cli/talk.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function talkTo(terminal: boolean, env: Record<string, string> = {}) {
  const writes: string[] = [];
  const stderr = {
    ...(terminal ? { isTTY: true, columns: 80 } : {}),
    write: (text: string) => writes.push(text),
  };
  const host = { env, platform: 'linux', stdout: stderr, stderr } as unknown as Host;
  return { talk: new Talk(createPrinter(host, new FlagValues(new Map()))), writes };
}

const clear = '\r\u001B[2K';

describe('the talk', () => {
  it('gathers lines that come together into one write', () => {
    const { talk, writes } = talkTo(false);
    talk.say('one');
    talk.say('two');
    expect(writes).toEqual([]);
    vi.advanceTimersByTime(50);
    talk.say('three');
    talk.end();
    expect(writes).toEqual(['one\ntwo\n', 'three\n']);
  });

  it('draws a line again and again on a terminal, and clears it before a line that stays', () => {
    const { talk, writes } = talkTo(true);
    let elapsed = 0;
    talk.show(() => `running ${(elapsed += 100)}`);
    expect(writes).toEqual([]);
    vi.advanceTimersByTime(200);
    talk.say('done');
    talk.show(undefined);
    vi.advanceTimersByTime(500);
    talk.end();
    expect(writes.join('')).toBe(`${clear}running 100${clear}running 200${clear}done\n`);
  });

  it.each([
    ['a pipe', false, {}],
    ['a build server', true, { CI: 'true' }],
    ['a dumb terminal', true, { TERM: 'dumb' }],
  ] as const)('draws nothing on %s', (_, terminal, env) => {
    const { talk, writes } = talkTo(terminal, env);
    talk.show(() => 'running');
    vi.advanceTimersByTime(500);
    talk.say('done');
    talk.end();
    expect(writes).toEqual(['done\n']);
  });
});

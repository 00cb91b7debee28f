import { describe, expect, it } from 'vitest';
import type { StopSignalName } from '../../src/cli/host.js';
import { watchSignals } from '../../src/cli/interrupt.js';

function watch(options: { readonly env?: Record<string, string>; readonly isTerminal?: boolean }) {
  const state = { now: 1000, said: 0, exits: 0 };
  const listeners = new Set<() => void>();
  const host = {
    env: options.env ?? {},
    onSignal: (_: StopSignalName, listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    exit: () => void state.exits++,
  };
  const interrupt = watchSignals(host, {
    isTerminal: options.isTerminal ?? false,
    runs: true,
    say: () => void state.said++,
    now: () => state.now,
  });
  const press = (afterMs: number): void => {
    state.now += afterMs;
    for (const listener of listeners) listener();
  };
  return { interrupt, press, state, listeners };
}

describe('signals', () => {
  it('count one by one, however quickly they come', () => {
    const { interrupt, press, state } = watch({});
    press(0);
    expect([interrupt.finish.aborted, interrupt.cancel.aborted]).toEqual([true, false]);
    press(1);
    expect([interrupt.finish.aborted, interrupt.cancel.aborted]).toEqual([true, true]);
    press(1);
    expect([state.said, state.exits]).toEqual([2, 1]);
  });

  it('count once when npm repeats the key that the terminal sent already', () => {
    const { interrupt, press } = watch({ env: { npm_execpath: '/npm' }, isTerminal: true });
    press(0);
    press(5);
    expect([interrupt.finish.aborted, interrupt.cancel.aborted]).toEqual([true, false]);
    press(400);
    expect(interrupt.cancel.aborted).toBe(true);
  });

  it('are left alone again in the end', () => {
    const { interrupt, listeners } = watch({});
    expect(listeners.size).toBe(1);
    interrupt.dispose();
    expect(listeners.size).toBe(0);
  });
});

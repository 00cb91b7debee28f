import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type EventMap, Events } from '../../src/core/events.js';

const stopping: EventMap['run:stopping'] = { how: 'finish' };

describe('a listener that fails', () => {
  it('neither throws into the work nor keeps the other listeners from hearing', () => {
    const events = new Events();
    const heard: string[] = [];
    events.on('run:stopping', () => {
      throw new Error('boom');
    });
    events.on('run:stopping', ({ how }) => void heard.push(how));
    events.emit('run:stopping', stopping);
    expect(heard).toEqual(['finish']);
  });

  it('is told of once, without secrets', () => {
    const events = new Events();
    const warnings: EventMap['warning'][] = [];
    events.on('warning', (warning) => void warnings.push(warning));
    events.on('run:stopping', () => {
      throw new TypeError('no way to postgres://me:hunter22@db/app');
    });
    for (let times = 0; times < 3; times++) events.emit('run:stopping', stopping);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ code: 'listener-failed' });
    expect(warnings[0]?.message).toBe(
      'A listener of "run:stopping" failed: TypeError: no way to postgres://me:***@db/app. What is being done went on.',
    );
    expect(events.faults).toEqual(warnings);
  });

  it('may be one of warnings, without an end of warnings', () => {
    const events = new Events();
    let calls = 0;
    events.on('warning', () => {
      calls++;
      throw new Error('again');
    });
    events.emit('warning', { code: 'a', message: 'A.' });
    // Its own fault is told to it too, once.
    expect(calls).toBe(2);
    expect(events.faults).toHaveLength(1);
  });

  it('may fail later, in a promise', async () => {
    const events = new Events();
    const listener: () => unknown = async () => {
      await nextTurn();
      throw new Error('late');
    };
    events.on('run:stopping', listener);
    events.emit('run:stopping', stopping);
    await nextTurn();
    await nextTurn();
    expect(events.faults.map(({ message }) => message)).toEqual([
      'A listener of "run:stopping" failed: Error: late. What is being done went on.',
    ]);
  });
});

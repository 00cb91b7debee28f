import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../src/core/duration.js';

describe('a duration', () => {
  it.each<[string | number, number]>([
    ['250ms', 250],
    ['2s', 2000],
    ['5 min', 300_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1h 30m', 5_400_000],
    ['1h30min', 5_400_000],
    ['1 day', 86_400_000],
    ['1.5 seconds', 1500],
    ['0', 0],
    ['2000', 2000],
    [' 2S ', 2000],
    [1500, 1500],
    [0, 0],
  ])('is understood: %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each<string | number>([
    '',
    'soon',
    '2 parsecs',
    '-1s',
    '5 constructor',
    '2s!',
    's',
    Number.NaN,
    -1,
    Infinity,
  ])('is refused: %s', (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  it.each([
    [0, '0ms'],
    [3.4, '3ms'],
    [999.7, '1s'],
    [1000, '1s'],
    [1500, '1.5s'],
    [12_345, '12.3s'],
    [59_960, '1m'],
    [90_000, '1m 30s'],
    [3_599_900, '1h'],
    [5_400_000, '1h 30m'],
    [100_000_000, '1d 4h'],
  ])('of %d ms is shown as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

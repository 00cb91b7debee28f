import { describe, expect, it } from 'vitest';
import { Pace } from '../../../src/execute/backfill/pace.js';
import { resolveBackfill } from '../../../src/migration/backfill.js';

const pace = (given = {}): Pace => new Pace(resolveBackfill(given, { transform: false }).settings);

/** Batches of a server that does so many rows in a millisecond, and the size that they settle at. */
function settle(of: Pace, rowsPerMs: number): number {
  for (let batch = 0; batch < 40; batch++) of.took(of.rows / rowsPerMs, of.rows);
  return of.rows;
}

describe('the size of batches', () => {
  it('settles below the target, so that one that takes half as long again is not cancelled', () => {
    const slow = pace();
    const rows = settle(slow, 300);
    expect(rows / 300).toBeLessThanOrEqual(40);
    expect(rows / 300).toBeGreaterThan(25);
    expect((rows / 300) * 2.5).toBeLessThan(slow.limitMs);
  });

  it('follows a server that gets faster or slower', () => {
    const one = pace({ target: '100ms' });
    const before = settle(one, 100);
    expect(settle(one, 400)).toBeGreaterThan(before * 3);
    expect(settle(one, 100)).toBeLessThan(before * 1.1);
  });

  it('never grows beyond what its author allows, and at most doubles', () => {
    const one = pace({ batchRows: 3000 });
    one.took(1, one.rows);
    expect(one.rows).toBe(2000);
    one.took(1, one.rows);
    expect(one.rows).toBe(3000);
  });
});

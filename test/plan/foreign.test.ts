import { describe, expect, it } from 'vitest';
import type { AppliedMigration, HistoryState } from '../../src/history/index.js';
import type { ForeignEntry } from '../../src/migration/foreign.js';
import { type MigrationFile, migrationKey } from '../../src/migration/migration.js';
import { type ForeignSide, followed, reconcile } from '../../src/plan/foreign.js';

const file = (version: string): MigrationFile => ({
  source: 's',
  version,
  name: version,
  format: 'knex',
  repeatable: false,
  path: `/m/${version}.js`,
  downPath: null,
  foreignKey: `${version}.js`,
  checksum: version,
});

const row = (version: string, seq: number): AppliedMigration => ({
  source: 's',
  version,
  seq,
  name: version,
  release: null,
  format: 'knex',
  batch: 1,
  appliedAt: '2026-01-01T00:00:00Z',
  executionTimeMs: 1,
  checksum: version,
  depends: [],
  tags: [],
  rollbackAvailable: true,
});

const entry = (version: string, state: ForeignEntry['state'] = 'applied'): ForeignEntry => ({
  key: `${version}.js`,
  name: version,
  appliedAt: null,
  checksum: null,
  state,
});

const history = (...versions: string[]): HistoryState => ({
  applied: versions.map((version, index) => row(version, index + 1)),
  open: [],
});

const side = (entries: readonly ForeignEntry[] | null, ...versions: string[]): ForeignSide => ({
  source: 's',
  entries,
  files: versions.map(file),
});

const linked = (...versions: string[]): ReadonlyMap<string, string> =>
  new Map(versions.map((version) => [migrationKey({ source: 's', version }), `${version}.js`]));

const nothing = { taken: [], gone: [], untold: [], unlinked: [], failed: [], fileless: [], strange: [] };

describe('laying two histories side by side', () => {
  it('finds nothing where both say the same', () => {
    const same = reconcile(
      history('1', '2'),
      [side([entry('1'), entry('2')], '1', '2', '3')],
      linked('1', '2'),
    );
    expect(same).toEqual(nothing);
  });

  it('finds what the tool has applied, in its order', () => {
    const found = reconcile(
      history('1'),
      [side([entry('1'), entry('3'), entry('2')], '1', '2', '3')],
      linked('1'),
    );
    expect(found).toEqual({
      ...nothing,
      taken: [
        { file: file('3'), entry: entry('3') },
        { file: file('2'), entry: entry('2') },
      ],
    });
  });

  it('finds what the tool has undone, only among what it was told of', () => {
    const found = reconcile(history('1', '2', '3'), [side([entry('1')], '1', '2', '3')], linked('1', '2'));
    expect(found).toEqual({
      ...nothing,
      gone: [row('2', 2)],
      untold: [{ row: row('3', 3), file: file('3') }],
    });
  });

  it('knows what was undone also when its file is gone', () => {
    const found = reconcile(history('1', '2'), [side([entry('1')], '1')], linked('1', '2'));
    expect(found).toEqual({ ...nothing, gone: [row('2', 2)] });
  });

  it('takes a missing table for one that was never filled, and not for a rollback of everything', () => {
    const found = reconcile(history('1', '2'), [side(null, '1', '2')], linked('1', '2'));
    expect(found.gone).toEqual([]);
    expect(found.untold.map(({ file: { version } }) => version)).toEqual(['1', '2']);
  });

  it('links what both have and nobody has noted', () => {
    const found = reconcile(history('1'), [side([entry('1')], '1')], new Map());
    expect(found).toEqual({ ...nothing, unlinked: [{ row: row('1', 1), key: '1.js' }] });
  });

  it('calls a history strange of which nothing was taken over yet', () => {
    const found = reconcile(history(), [side([entry('1')], '1')], new Map());
    expect(found.strange).toEqual(['s']);
    expect(reconcile(history(), [side([], '1')], new Map()).strange).toEqual([]);
  });

  it('names what has no file, and what was begun and not finished', () => {
    const found = reconcile(
      history('1'),
      [side([entry('1'), entry('0'), entry('2', 'failed')], '1', '2')],
      linked('1'),
    );
    expect(found).toEqual({
      ...nothing,
      fileless: [{ source: 's', entry: entry('0') }],
      failed: [{ source: 's', entry: entry('2', 'failed') }],
    });
  });

  it('leaves the rows of other sources alone', () => {
    const other = { ...row('2', 2), source: 'other' };
    const found = reconcile(
      { applied: [row('1', 1), other], open: [] },
      [side([entry('1')], '1')],
      linked('1'),
    );
    expect(found).toEqual(nothing);
  });

  it('shows readers the history as the next run will have it', () => {
    const before = history('1', '2');
    const found = reconcile(before, [side([entry('1'), entry('3')], '1', '2', '3')], linked('1', '2'));
    const after = followed(before, found);
    expect(after.applied.map(({ version, seq }) => [version, seq])).toEqual([
      ['1', 1],
      ['3', 3],
    ]);
    expect(followed(before, nothing)).toBe(before);
  });
});

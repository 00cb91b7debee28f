import { describe, expect, it } from 'vitest';
import {
  compareVersions,
  isMomentVersion,
  parseMigrationName,
  sortByVersion,
  versionIdentity,
} from '../../src/migration/version.js';

describe('parseMigrationName', () => {
  it.each([
    ['0001_create_users', '0001', 'create_users'],
    ['1_x', '1', 'x'],
    ['001-create-types', '001', 'create-types'],
    ['001.create_types', '001', 'create_types'],
    ['001 create types', '001', 'create types'],
    ['001_', '001', ''],
    ['0001', '0001', ''],
    ['20240101_x', '20240101', 'x'],
    ['20240101093000_create_users', '20240101093000', 'create_users'],
    ['1710000000000_initial_schema', '1710000000000', 'initial_schema'],
    ['1710000000_x', '1710000000', 'x'],
    ['2017-09-23-182408_create_posts', '2017-09-23-182408', 'create_posts'],
    ['2024-05-12-093211-0000_create_posts', '2024-05-12-093211-0000', 'create_posts'],
    ['2017-09-23-create', '2017-09-23', 'create'],
    ['2017_09_23_182408_create', '2017_09_23_182408', 'create'],
    ['V1__init', '1', 'init'],
    ['V1.2.3__init', '1.2.3', 'init'],
    ['V1_2__init', '1_2', 'init'],
    ['v2_add_table', '2', 'add_table'],
    ['1.2.3-name', '1.2.3', 'name'],
    ['001.2fa', '001', '2fa'],
    ['00000000000001_x', '00000000000001', 'x'],
  ])('reads %s as version %s and name "%s"', (stem, version, name) => {
    expect(parseMigrationName(stem)).toEqual({ version, name, repeatable: false });
  });

  it('reads R__name as repeatable', () => {
    expect(parseMigrationName('R__user_views')).toEqual({
      version: 'R__user_views',
      name: 'user_views',
      repeatable: true,
    });
  });

  it.each(['create_users', 'v', 'R__', '_0001', 'Version1', '1a_x', 'x1', ''])(
    'finds no version in "%s"',
    (stem) => {
      expect(parseMigrationName(stem)).toBeNull();
    },
  );
});

describe('the order of versions', () => {
  it('puts sequential numbers by value first, then every form of moment by time, then names', () => {
    const inOrder = [
      '1',
      '0002',
      '3',
      '010',
      '0100',
      '99999',
      '2017-09-23-182408',
      '20171001',
      '201806150930',
      '2019_05_01_000000',
      '1577836800', // 2020-01-01T00:00:00Z in seconds
      '20200102000000',
      '1710000000000', // 2024-03-09T16:00:00Z in milliseconds
      '20240309160001',
      '20240309160001500',
      '20240310',
      'R__a_view',
      'R__b_view',
    ];
    for (let seed = 1; seed <= 20; seed += 1) {
      const shuffled = inOrder.toSorted((a, b) => hash(a, seed) - hash(b, seed));
      expect(sortByVersion(shuffled, (version) => version)).toEqual(inOrder);
    }
  });

  it('keeps counted-on digits where their author put them, beyond 60 seconds too', () => {
    const inOrder = ['20240101000059', '20240101000060', '20240101000099', '20240101000100'];
    expect(inOrder.toReversed().toSorted(compareVersions)).toEqual(inOrder);
  });

  it('reads a day with a two-digit counter as that day', () => {
    const inOrder = ['20240101', '2024010101', '2024010102', '20240102'];
    expect(inOrder.toReversed().toSorted(compareVersions)).toEqual(inOrder);
  });

  it('compares dotted versions part by part', () => {
    const inOrder = ['1', '1.1', '1.2', '1.2.1', '1.10', '2', '10.0'];
    expect(inOrder.toReversed().toSorted(compareVersions)).toEqual(inOrder);
  });

  it('compares numbers that no double can hold', () => {
    const a = '99999999999999999999999999999998';
    const b = '99999999999999999999999999999999';
    expect(compareVersions(b, a)).toBe(1);
    expect(compareVersions(a, b)).toBe(-1);
  });

  it('orders equal moments of different forms always in the same way', () => {
    const inOrder = ['20240101', '202401010000', '20240101000000'];
    expect(inOrder.toReversed().toSorted(compareVersions)).toEqual(inOrder);
    expect(inOrder.toSorted(compareVersions)).toEqual(inOrder);
  });

  it('puts different spellings of one version side by side', () => {
    const versions = [
      '20170923',
      '201709230000',
      '2017-09-23',
      '20170923000000',
      '2017_09_23',
      '1',
      '01',
      '1.0',
    ];
    const sorted = sortByVersion(versions, (version) => version);
    const identities = sorted.map(versionIdentity);
    const groups = identities.filter((identity, index) => identity !== identities[index - 1]);
    expect(groups).toEqual([...new Set(identities)]);
  });

  it('is not moved by zero-padded counters as wide as a date', () => {
    expect(isMomentVersion('00000000000001')).toBe(false);
    expect(isMomentVersion('0000000001')).toBe(false);
    expect(isMomentVersion('00000001')).toBe(false);
    expect(isMomentVersion('20240101093000')).toBe(true);
    expect(isMomentVersion('1710000000')).toBe(true);
    expect(compareVersions('00000000000002', '00000000000010')).toBe(-1);
    expect(compareVersions('00000000000010', '20240101000000')).toBe(-1);
  });
});

describe('versionIdentity', () => {
  it.each([
    ['1', '0001'],
    ['2017-09-23-182408', '20170923182408'],
    ['1.0', '1'],
    ['1_2', '1.2'],
    ['01.02', '1.2'],
  ])('takes %s and %s for the same version', (a, b) => {
    expect(versionIdentity(a)).toBe(versionIdentity(b));
  });

  it.each([
    ['20240101', '20240101000000'],
    ['1', '10'],
    ['1710000000', '1710000000000'],
    ['1.1', '11'],
    ['R__a', 'R__b'],
  ])('takes %s and %s for two versions', (a, b) => {
    expect(versionIdentity(a)).not.toBe(versionIdentity(b));
  });
});

/** A shuffle that is the same in every run. */
function hash(text: string, seed: number): number {
  let value = seed;
  for (const char of text) value = (value * 31 + (char.codePointAt(0) ?? 0)) % 1_000_003;
  return value;
}

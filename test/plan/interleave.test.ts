import { describe, expect, it } from 'vitest';
import type { MigrationFile } from '../../src/migration/migration.js';
import { interleave } from '../../src/plan/interleave.js';

const folder = (source: string, ...versions: readonly (string | [string, number])[]): MigrationFile[] =>
  versions.map((each) => {
    const [version, writtenAt] = typeof each === 'string' ? [each, undefined] : each;
    const file = {
      source,
      version,
      name: '',
      format: 'sql' as const,
      repeatable: false,
      path: '',
      downPath: null,
    };
    return { ...file, checksum: '', ...(writtenAt === undefined ? {} : { writtenAt }) };
  });

const order = (...folders: MigrationFile[][]): readonly string[] =>
  interleave(folders).map(({ version }) => version);

describe('the order of several folders', () => {
  it('is that of their times, also where a tool keeps them beside the version', () => {
    const prisma = folder('p', '20250310081500_init', '20250401120000_copies');
    const drizzle = folder(
      'd',
      ['0000_a', Date.UTC(2025, 2, 1)],
      ['0001_b', Date.UTC(2025, 2, 20)],
      ['0002_c', Date.UTC(2025, 4, 1)],
    );
    expect(order(prisma, drizzle)).toEqual([
      '0000_a',
      '20250310081500_init',
      '0001_b',
      '20250401120000_copies',
      '0002_c',
    ]);
    expect(order(drizzle, prisma)).toEqual(order(prisma, drizzle));
  });

  it('keeps that of each folder, whatever its times say', () => {
    const drizzle = folder('d', ['0000_a', 3000], ['0001_b', 1000], ['0002_c', 4000]);
    expect(order(drizzle, folder('p', '19700101000002_x'))).toEqual([
      '19700101000002_x',
      '0000_a',
      '0001_b',
      '0002_c',
    ]);
  });

  it('takes the folder listed first where times are the same', () => {
    expect(order(folder('a', '20250101000000_a'), folder('b', '20250101000000_b'))).toEqual([
      '20250101000000_a',
      '20250101000000_b',
    ]);
  });

  it('leaves what has no time with what stands before it', () => {
    const prisma = folder('p', '0_init', '20250301000000_a', 'fix_names', '20250303000000_c');
    expect(order(folder('n', '20250301120000', '20250302000000'), prisma)).toEqual([
      '0_init', '20250301000000_a', 'fix_names', '20250301120000', '20250302000000', '20250303000000_c',
    ]); // prettier-ignore
  });

  it('leaves folders without times where the configuration has them', () => {
    const numbered = folder('n', '0001', '0002');
    const a = folder('a', '20250101000000');
    const b = folder('b', '20240101000000');
    expect(order(numbered, a, b)).toEqual(['0001', '0002', '20240101000000', '20250101000000']);
    expect(order(a, numbered, b)).toEqual(['20240101000000', '20250101000000', '0001', '0002']);
    expect(order(numbered, folder('m', '1.0', '1.1'))).toEqual(['0001', '0002', '1.0', '1.1']);
  });

  it('may be that of nothing', () => {
    expect(order()).toEqual([]);
    expect(order([], folder('a', '1'), [])).toEqual(['1']);
  });
});

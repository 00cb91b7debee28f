import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/cli/nearest.js';
import { columns } from '../../src/cli/render/columns.js';
import { count, counted, dateTime, duration } from '../../src/cli/render/format.js';
import { cut, displayWidth, oneLine, safe, wrap } from '../../src/cli/render/text.js';
import { look } from './support/reports.js';

describe('the width of a text', () => {
  it.each([
    ['plain', 5],
    ['', 0],
    ['\u001B[31mred\u001B[39m', 3],
    ['é', 1],
    ['e\u0301', 1],
    ['日本語', 6],
    ['한국', 4],
    ['ｆｕｌｌ', 8],
    ['✓ … │', 5],
    ['🚀', 2],
    ['𝒳', 1],
    ['a\u200Bb', 2],
  ])('of %j is %i columns', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  it('is kept by cutting', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(30), (text, width) => {
        expect(displayWidth(cut(oneLine(text), width, '…'))).toBeLessThanOrEqual(Math.max(width, 0));
      }),
    );
    expect(cut('日本語', 5, '…')).toBe('日本…');
    expect(cut('日本語', 4, '…')).toBe('日…');
  });
});

describe('text from outside', () => {
  it('keeps line ends and tabs, and shows what would move the cursor or turn the text round', () => {
    expect(safe('a\r\nb\tc')).toBe('a\nb\tc');
    expect(safe('\u001B]0;x\u0007\r\u009B\u202E')).toBe(String.raw`\u001b]0;x\u0007\u000d\u009b\u202e`);
  });

  it('stays on one line where it has to', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
        expect(oneLine(text)).not.toMatch(/[\u0000-\u001F\u007F-\u009F]/);
      }),
    );
  });
});

describe('wrapping', () => {
  it('breaks between words, keeps line ends, and leaves long words whole', () => {
    expect(wrap('one two three four', 10)).toEqual(['one two', 'three four']);
    expect(wrap('one\n\ntwo', 10)).toEqual(['one', '', 'two']);
    expect(wrap('see migrations/20240101_create_users.sql now', 12)).toEqual([
      'see',
      'migrations/20240101_create_users.sql',
      'now',
    ]);
    expect(wrap('日本語 日本語 日本語', 13)).toEqual(['日本語 日本語', '日本語']);
  });
});

describe('columns', () => {
  const rows = [
    { cells: ['1', 'short', '12 ms'] },
    { cells: ['20240101', 'a_name_that_is_long_enough', '1 ms'] },
  ];

  it('line up, numbers to the right', () => {
    expect(columns(rows, [{}, { flexible: true }, { align: 'right' }], look())).toEqual([
      '  1         short                       12 ms',
      '  20240101  a_name_that_is_long_enough   1 ms',
    ]);
  });

  it('cut the flexible ones first, then drop the last ones', () => {
    const layout = [{}, { flexible: true }, { align: 'right' as const }];
    expect(columns(rows, layout, look({ width: 40 }))).toEqual([
      '  1         short                12 ms',
      '  20240101  a_name_that_is_lon…   1 ms',
    ]);
    expect(columns(rows, layout, look({ width: 28 }))).toEqual([
      '  1         short',
      '  20240101  a_name_that_i…',
    ]);
  });
});

describe('figures', () => {
  it.each([
    [0, '0 ms'],
    [12.4, '12 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [59_949, '59.9 s'],
    [59_960, '1 min'],
    [184_000, '3 min 4 s'],
    [3_600_000, '1 h'],
    [7_500_000, '2 h 5 min'],
  ])('%d milliseconds are %s', (milliseconds, text) => {
    expect(duration(milliseconds)).toBe(text);
  });

  it('have separators and agree with their noun', () => {
    expect([count(999), count(1000), count(1234567)]).toEqual(['999', '1,000', '1,234,567']);
    expect([counted(1, 'migration'), counted(2, 'retry', 'retries')]).toEqual(['1 migration', '2 retries']);
  });

  it('show an instant in local time, and text that is none as it is', () => {
    expect([dateTime('2024-02-01T10:30:05'), dateTime('soon')]).toEqual(['2024-02-01 10:30', 'soon']);
  });
});

describe('the nearest word', () => {
  it.each([
    ['statsu', 'status'],
    ['stat', 'status'],
    ['donw', 'down'],
    ['hisotry', 'history'],
    ['xyzzy', undefined],
    ['', undefined],
  ])('to %j is %j', (word, near) => {
    expect(nearest(word, ['up', 'down', 'status', 'history'])).toBe(near);
  });
});

import { describe, expect, it } from 'vitest';
import {
  inFile,
  fromBytes,
  fromCodePoints,
  lineAndColumn,
  lineAt,
  locate,
  problemAt,
  toCodePoints,
} from '../../src/sql/position.js';

const text = 'a\n😀é select\r\nlast';

describe('positions', () => {
  it.each([
    [0, 1, 1],
    [1, 1, 2],
    [2, 2, 1],
    [4, 2, 2],
    [6, 2, 4],
    [14, 3, 1],
    [99, 3, 5],
    [-1, 1, 1],
  ])('of offset %i are line %i, column %i', (offset, line, column) => {
    expect(lineAndColumn(text, offset)).toEqual({ line, column });
  });

  it('give the line without its end', () => {
    expect([0, 1, 2, 12, 13, 14, 99].map((offset) => lineAt(text, offset))).toEqual([
      'a',
      'a',
      '😀é select',
      '😀é select',
      '😀é select',
      'last',
      'last',
    ]);
  });

  it('underline code points, and never past the line', () => {
    expect(locate(text, 2, 3)).toEqual({ line: 2, column: 1, lineText: '😀é select', length: 2 });
    expect(locate(text, 6, 1000)).toEqual({ line: 2, column: 4, lineText: '😀é select', length: 6 });
    expect(locate('', 0)).toEqual({ line: 1, column: 1, lineText: '', length: 1 });
    expect(locate('\n\n', 1)).toEqual({ line: 2, column: 1, lineText: '', length: 1 });
  });

  it('convert between UTF-16 units, code points and UTF-8 bytes', () => {
    const offsets = [0, 1, 2, 4, 5, 6, 18];
    for (const offset of offsets) {
      expect(fromCodePoints(text, toCodePoints(text, offset))).toBe(offset);
      expect(fromBytes(text, Buffer.byteLength(text.slice(0, offset)))).toBe(offset);
    }
    expect(fromCodePoints('x😀y', 2, 1)).toBe(4);
  });
});

describe('problems', () => {
  it('move into their file', () => {
    const problem = problemAt('SQL_SYNTAX', text, { offset: 6, length: 6, message: 'Bad.', hint: 'Mend.' });
    expect(problem.location).toMatchObject({ file: '', line: 2, column: 4 });
    const moved = inFile(problem, 'migrations/1.sql', 10);
    expect(moved).toMatchObject({ code: 'SQL_SYNTAX', message: 'Bad.', hint: 'Mend.' });
    expect(moved.location).toEqual({
      file: 'migrations/1.sql',
      line: 12,
      column: 4,
      lineText: '😀é select',
      length: 6,
    });
  });
});

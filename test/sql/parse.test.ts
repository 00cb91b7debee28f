import { describe, expect, it } from 'vitest';
import { loadParser } from '../../src/sql/parse.js';
import { lexScript } from '../../src/sql/script.js';

const parser = await loadParser();

describe('checkSyntax', () => {
  it.each(['select 1', 'create table t (a int)', '', ' \n', '-- nothing'])(
    'has nothing against %j',
    (text) => {
      expect(parser.checkSyntax(text)).toBeNull();
    },
  );

  it.each([
    ["select 'é😀' frm x y", 17, 'syntax error at or near "x"'],
    ['create tabl x', 7, 'syntax error at or near "tabl"'],
    ['select 1 +', 10, 'syntax error at end of input'],
    ['select 1\0; drop table t', 8, 'a NUL character is not allowed'],
  ])('points into %j at UTF-16 offset %i', (text, offset, message) => {
    expect(parser.checkSyntax(text)).toEqual({ message, offset });
  });

  it('takes a comment between the pieces of a string, as servers do', () => {
    expect(parser.checkSyntax("select 'a' -- it's\n 'b', E'x' -- y\n '\\'', $$'$$, 1")).toBeNull();
    expect(parser.checkSyntax("select 'a' -- é😀\n 'b' frm x y")).toEqual({
      message: 'syntax error at or near "x"',
      offset: 26,
    });
  });

  it('leaves what is nested too deeply to the server', () => {
    expect(parser.checkSyntax(`select ${'1+'.repeat(30_000)}1`)).toBeNull();
    expect(parser.checkSyntax('select 1')).toBeNull();
  });
});

describe('checkScript', () => {
  it('finds the mistakes of every statement, and reads neither COPY data nor psql lines', () => {
    const text =
      '\\restrict a\nselct 1;\ncopy t from stdin;\nfoo bar\n\\.\ncreate tabel x;\n\\unrestrict a\n';
    const refusals = parser.checkScript(text, lexScript(text).statements);
    expect(refusals.map(({ offset }) => text.slice(offset, offset + 5))).toEqual(['selct', 'tabel']);
  });
});

describe('parse', () => {
  it('gives the tree of PostgreSQL 18', () => {
    expect(parser.parse('select 1').stmts?.[0]?.stmt).toHaveProperty('SelectStmt');
  });
});

import { describe, expect, it } from 'vitest';
import { fitsIdentifier, quoteIdent, quoteLiteral, quoteQualified } from '../../src/sql/quote.js';

describe('quoteIdent', () => {
  it.each([
    ['users', '"users"'],
    ['Mixed Case', '"Mixed Case"'],
    ['a"b', '"a""b"'],
    ['";drop table users;--', '""";drop table users;--"'],
    ['new\nline', '"new\nline"'],
    ['naïve😀', '"naïve😀"'],
    ['back\\slash', '"back\\slash"'],
  ])('quotes %j as %j', (name, quoted) => {
    expect(quoteIdent(name)).toBe(quoted);
  });

  it.each([[''], ['a\0b'], ['\ud800']])('refuses %j', (name) => {
    expect(() => quoteIdent(name)).toThrow(expect.objectContaining({ code: 'USAGE_INVALID' }));
  });
});

describe('quoteQualified', () => {
  it('keeps a dot inside a part as part of the name', () => {
    expect(quoteQualified('a.b', 'c')).toBe('"a.b"."c"');
  });
});

describe('quoteLiteral', () => {
  it.each([
    ['plain', "'plain'"],
    ['', "''"],
    ["it's", "'it''s'"],
    ['a\\b', "E'a\\\\b'"],
    ["\\'; drop table t; --", "E'\\\\''; drop table t; --'"],
    ['😀\n', "'😀\n'"],
  ])('quotes %j as %j', (value, quoted) => {
    expect(quoteLiteral(value)).toBe(quoted);
  });

  it('refuses a NUL', () => {
    expect(() => quoteLiteral('a\0')).toThrow(expect.objectContaining({ code: 'USAGE_INVALID' }));
  });
});

describe('fitsIdentifier', () => {
  it('counts UTF-8 bytes, not characters', () => {
    expect(fitsIdentifier('x'.repeat(63))).toBe(true);
    expect(fitsIdentifier('ä'.repeat(32))).toBe(false);
  });
});

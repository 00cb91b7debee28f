import { describe, expect, it } from 'vitest';
import { END, Lexer } from '../../src/sql/lexer.js';

function tokens(text: string): string[] {
  const lexer = new Lexer(text);
  const found: string[] = [];
  for (let kind = lexer.next(); kind !== END; kind = lexer.next())
    found.push(text.slice(lexer.start, lexer.end));
  return found;
}

function unterminated(text: string) {
  const lexer = new Lexer(text);
  while (lexer.next() !== END);
  return lexer.unterminated;
}

describe('the lexer', () => {
  it.each<[string, string, string[]]>([
    ['takes a doubled quote into the string', "'a''b' c", ["'a''b'", 'c']],
    ['leaves a backslash in a plain string alone', "'a\\' b", ["'a\\'", 'b']],
    ['takes an escaped quote into an E string', "E'a\\' b' c", ["E'a\\' b'", 'c']],
    ['takes the E of a longer word for a word', "some'a\\' b", ['some', "'a\\'", 'b']],
    ['goes on with a string after a line end', "E'a'\n  'b\\'c' d", ["E'a'\n  'b\\'c'", 'd']],
    [
      'goes on with a string after a comment and a line end',
      "'a' -- it's\n 'b' c",
      ["'a' -- it's\n 'b'", 'c'],
    ],
    ['starts a new string on the same line', "'a' 'b'", ["'a'", "'b'"]],
    ['knows no doubled quote in a bit string', "B'01'''", ["B'01'", "''"]],
    ['reads Unicode strings and identifiers', `U&'d!0061' U&"x""y"`, ["U&'d!0061'", 'U&"x""y"']],
    ['reads dollar quotes by their tag', '$a$ $$ $b$ ; $a$ x', ['$a$ $$ $b$ ; $a$', 'x']],
    ['takes letters of every script into a tag', '$töööt$ ; $töööt$ x', ['$töööt$ ; $töööt$', 'x']],
    ['takes a dollar sign inside a word for a letter', 'a$b$c', ['a$b$c']],
    ['tells parameters from dollar quotes', '$1$$x$$', ['$1', '$$x$$']],
    ['nests block comments', '/* a /* b */ ; */ c', ['c']],
    ['ends an operator before a comment', '1 +--x\n2', ['1', '+', '2']],
    ['ends a line comment at a carriage return', '-- x\ry', ['y']],
    [
      'reads numbers with their exponents',
      '1.5e-3 .5 1..2 0x1F 1_000',
      ['1.5e-3', '.5', '1', '..', '2', '0x1F', '1_000'],
    ],
    ['leaves an E string behind a number whole, as servers before 15 do', "1e'a\\'b'", ['1', "e'a\\'b'"]],
    ['skips a byte order mark', '\ufeffselect', ['select']],
    ['takes a no-break space for a letter, as the server does', 'a\u00a0b', ['a\u00a0b']],
  ])('%s', (_, text, expected) => {
    expect(tokens(text)).toEqual(expected);
  });

  it.each([
    ["select 'abc", 'string', 7],
    ["select E'abc\\'", 'string', 7],
    ['select "abc', 'quoted identifier', 7],
    ['do $x$ begin $y$', 'dollar-quoted string', 3],
    ['select /* /* */ 1', 'comment', 7],
  ])('tells what has no end in %j', (text, what, start) => {
    expect(unterminated(text)).toEqual({ what, start });
  });
});

import { describe, expect, it } from 'vitest';
import { didYouMean, joinWords, nearest, withFullStop } from '../../src/core/text.js';

describe('the nearest word', () => {
  const words = ['lockTimeout', 'statementTimeout', 'migrations', 'production', 'development'];
  it.each([
    ['lock_timeout', 'lockTimeout'],
    ['lockTimout', 'lockTimeout'],
    ['migration', 'migrations'],
    ['prodution', 'production'],
    ['porduction', 'production'],
    ['PRODUCTION', 'production'],
  ])('of %s is %s', (word, found) => {
    expect(nearest(word, words)).toBe(found);
  });

  it('is none when nothing is close', () => {
    expect(nearest('colour', words)).toBeNull();
    expect(nearest('', words)).toBeNull();
    expect(didYouMean('colour', words)).toBe('');
  });

  it('becomes a question', () => {
    expect(didYouMean('migratons', words)).toBe(' Did you mean "migrations"?');
  });
});

it('joins words as a sentence does', () => {
  expect(joinWords([])).toBe('');
  expect(joinWords(['a'])).toBe('a');
  expect(joinWords(['a', 'b', 'c'])).toBe('a, b and c');
  expect(joinWords(['a', 'b'], 'or')).toBe('a or b');
});

describe('what somebody else said', () => {
  it.each([
    ['relation "a" does not exist', 'relation "a" does not exist.'],
    ['two lines\nand no end\n', 'two lines\nand no end.'],
    ['It has its own.', 'It has its own.'],
    ['Why?', 'Why?'],
    ['syntax error at or near "."', 'syntax error at or near ".".'],
  ])('%j becomes %j', (said, sentence) => {
    expect(withFullStop(said)).toBe(sentence);
  });
});

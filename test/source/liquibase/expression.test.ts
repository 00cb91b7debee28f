import { describe, expect, it } from 'vitest';
import {
  contextsMatch,
  dbmsMatches,
  labelsMatch,
  matchesExpression,
} from '../../../src/source/liquibase/expression.js';

describe('contexts', () => {
  it.each([
    ['dev', ['dev'], true],
    ['dev', ['prod'], false],
    ['dev', [], true],
    ['@dev', [], false],
    ['@dev', ['dev'], true],
    ['DEV', ['dev'], true],
    ['!prod', ['dev'], true],
    ['not prod', ['prod'], false],
    ['dev, test', ['test'], true],
    ['dev and fast', ['dev'], false],
    ['dev and fast', ['dev', 'fast'], true],
    ['dev or test and fast', ['dev'], true],
    ['(dev or test) and fast', ['dev'], false],
    ['!(dev or test)', ['prod'], true],
    ['!(dev or test)', ['dev'], false],
    ['order', ['order'], true],
    ['android', ['android'], true],
  ])('%s, with %j given: %s', (expression, given, matches) => {
    expect(matchesExpression(expression, given)).toBe(matches);
  });

  it('match everything where a changeset has none, unless one is required', () => {
    expect(contextsMatch(null, ['dev'])).toBe(true);
    expect(contextsMatch('', ['@dev'])).toBe(false);
    expect(contextsMatch('dev', ['@dev'])).toBe(true);
  });
});

describe('labels', () => {
  it('are names that the expression of the run chooses among', () => {
    expect(labelsMatch('a, b', 'b and a')).toBe(true);
    expect(labelsMatch('a', 'b')).toBe(false);
    expect(labelsMatch('a', null)).toBe(true);
    expect(labelsMatch(null, 'a')).toBe(true);
    expect(labelsMatch('a', '!a')).toBe(false);
  });
});

describe('dbms', () => {
  it.each([
    [null, true],
    ['postgresql', true],
    ['h2, PostgreSQL', true],
    ['oracle', false],
    ['!postgresql', false],
    ['!oracle', true],
    ['all', true],
    ['none', false],
  ])('%s: %s', (list, matches) => {
    expect(dbmsMatches(list)).toBe(matches);
  });
});

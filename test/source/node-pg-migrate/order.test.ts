import { expect, it } from 'vitest';
import { compareNames, numberOf } from '../../../src/source/node-pg-migrate/order.js';
import { splitSections } from '../../../src/source/node-pg-migrate/sections.js';
import { mayHaveShorthands } from '../../../src/source/node-pg-migrate/read.js';

it('orders by the number in front, where seventeen digits are a date in UTC', () => {
  const names = ['1700006400001_c', '0009_a', '20231115000000000_b', '10_a', '1700006399999_a'];
  expect(names.toSorted(compareNames)).toEqual([
    '0009_a',
    '10_a',
    '1700006399999_a',
    '20231115000000000_b',
    '1700006400001_c',
  ]);
  expect(numberOf('a_1')).toBeNull();
});

it('orders names of one number as people sort, blind to punctuation', () => {
  expect(['1_b', '1-a', '1_a10', '1_a9'].toSorted(compareNames)).toEqual(['1-a', '1_a9', '1_a10', '1_b']);
});

it.each([
  ['-- Up Migration\na\n-- Down Migration\nb', '-- Up Migration\na\n', '-- Down Migration\nb'],
  ['-- Down Migration\nb\n-- Up Migration\na', '-- Up Migration\na', '-- Down Migration\nb\n'],
  ['--- up   migration: x\na', '--- up   migration: x\na', null],
  ['a', 'a', null],
  ['a\n-- down migration\nb', 'a\n-- down migration\nb', '-- down migration\nb'],
])('cuts %j', (content, up, down) => {
  const sections = splitSections(content);
  expect(sections.up.text).toBe(up);
  expect(sections.down?.text ?? null).toBe(down);
});

it('knows how many lines come before a section', () => {
  const { up, down } = splitSections('-- note\n-- Up Migration\na\n-- Down Migration\nb');
  expect([up.lineOffset, down?.lineOffset]).toEqual([1, 3]);
});

it.each([
  ['export const shorthands = undefined;', false],
  ['export const shorthands: ColumnDefinitions | undefined = undefined;', false],
  ['exports.shorthands = undefined; exports.up = () => {};', false],
  ['module.exports = { up() {} };', false],
  ["export const shorthands = { id: 'x' };", true],
  ["export * from './common.js';", true],
  ["module.exports = require('./common');", true],
])('passes a file by that can have no shorthands: %s', (text, may) => {
  expect(mayHaveShorthands(text)).toBe(may);
});

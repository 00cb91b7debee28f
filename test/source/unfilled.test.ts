import { runInThisContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { unfilledNote } from '../../src/source/unfilled.js';

const told = (up: unknown, down: unknown): readonly string[] =>
  unfilledNote({ up, down }, 'm/1_a.js').map(({ message }) => message);

/** A function as its file has it, comments and all. */
const written = (text: string): unknown => runInThisContext(text);

const work = (db: { readonly run: (sql: string) => unknown }) => db.run('select 1 // {}');

describe('a migration that is still the template', () => {
  it.each([
    ['functions', function up(_db: unknown) {}],
    ['async functions', async function up() {}],
    ['arrows', () => {}],
    ['an arrow with a bare parameter', written('(async db => {\n})')],
    ['a comment', written('((pgm) => {\n  // up goes here { \n /* and\n here */ })')],
    ['a return', written('(function (db) {\n  return null;\n})')],
    ['a return of a promise', written('(function (db) { return Promise.resolve(); })')],
    ['a method', written('({ up(db) {} }).up')],
  ])('is told of: %s', (_, empty) => {
    expect(told(empty, empty)).toEqual(['m/1_a.js does nothing: "up" and "down" are still empty.']);
    expect(told(empty, undefined)).toEqual(['m/1_a.js does nothing: "up" is still empty.']);
  });

  it.each([
    ['a statement', work],
    ['a value in braces', written('((db) => db.x || {})')],
    ['an object', written('((db) => { return {} })')],
    ['an empty block at the end', written('((db) => { db(); if (db) {} })')],
    ['SQL', 'select 1'],
  ])('is not one with %s on the way up', (_, full) => {
    expect(told(full, () => {})).toEqual([]);
  });

  it('is not one with something on the way down', () => {
    expect(told(() => {}, work)).toEqual([]);
    expect(told(() => {}, 'drop table a')).toEqual([]);
  });
});

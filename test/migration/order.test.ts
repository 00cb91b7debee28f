import { describe, expect, it } from 'vitest';
import { emptyMetadata } from '../../src/migration/metadata.js';
import type { Migration } from '../../src/migration/migration.js';
import { checkDependencies, findReferenced } from '../../src/migration/order.js';

function migration(version: string, name: string, depends: readonly string[] = []): Migration {
  return {
    source: 'migrations',
    version,
    name,
    format: 'sql',
    repeatable: false,
    path: `/project/migrations/${version}_${name}.sql`,
    downPath: null,
    checksum: '',
    metadata: { ...emptyMetadata, depends },
    up: { kind: 'sql', text: '', statements: [], file: '', lineOffset: 0 },
    down: null,
    validateBefore: null,
    validateAfter: null,
    tokenChecksum: '',
  };
}

const users = migration('0001', 'users');
const posts = migration('0002', 'posts');
const dashed = migration('2017-09-23-182408', 'create_comments');
const known = [users, posts, dashed];

describe('findReferenced', () => {
  it.each([
    ['0001', users],
    ['1', users],
    ['users', users],
    ['0001_users', users],
    ['1-users', users],
    ['0001_users.sql', users],
    ['0001_users.up.sql', users],
    ['2017-09-23-182408', dashed],
    ['20170923182408', dashed],
    ['2017-09-23-182408_create_comments', dashed],
    ['create_comments', dashed],
    [' posts ', posts],
  ])('finds "%s"', (reference, expected) => {
    expect(findReferenced(reference, known)).toEqual([expected]);
  });

  it.each(['0003', '0001_posts', 'user', '', 'users/posts'])('finds nothing for "%s"', (reference) => {
    expect(findReferenced(reference, known)).toEqual([]);
  });
});

describe('checkDependencies', () => {
  it('is content when every reference names one migration of the listing', () => {
    const all = [
      migration('1', 'a'),
      migration('2', 'b', ['a', '1']),
      migration('3', 'c', ['2_b', 'applied']),
    ];
    expect(checkDependencies(all, [...all, { version: '0', name: 'applied' }])).toEqual([]);
  });

  it('names the reference and the near one', () => {
    const all = [migration('1', 'users'), migration('2', 'posts', ['usres', '99'])];
    expect(checkDependencies(all, all).map(({ code, message }) => [code, message])).toEqual([
      [
        'MIGRATION_DEPENDENCY_UNKNOWN',
        '2_posts depends on "usres", and there is no such migration. Did you mean "users"?',
      ],
      ['MIGRATION_DEPENDENCY_UNKNOWN', '2_posts depends on "99", and there is no such migration.'],
    ]);
  });

  it('refuses a name that two migrations share', () => {
    const all = [migration('1', 'views'), migration('2', 'views'), migration('3', 'x', ['views'])];
    expect(checkDependencies(all, all)[0]?.message).toBe(
      '3_x depends on "views", and 2 migrations have that name: 1_views, 2_views.',
    );
  });

  it('names every circle in full', () => {
    const all = [
      migration('1', 'a', ['2']),
      migration('2', 'b', ['c']),
      migration('3', 'c', ['1']),
      migration('4', 'd', ['4']),
      migration('5', 'e', ['1']),
    ];
    expect(checkDependencies(all, all).map(({ code, message }) => [code, message])).toEqual([
      ['MIGRATION_DEPENDENCY_CYCLE', 'Migrations depend on each other in a circle: 1 → 2 → 3 → 1.'],
      ['MIGRATION_DEPENDENCY_CYCLE', 'Migrations depend on each other in a circle: 4 → 4.'],
    ]);
  });
});

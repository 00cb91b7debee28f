import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { detectFolderFormat, detectFormats } from '../../src/source/format-marks.js';

const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A folder with these files; what ends in a slash is a folder. */
function folder(names: readonly string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'lockkeeper-marks-'));
  made.push(root);
  for (const name of names) {
    mkdirSync(name.endsWith('/') ? join(root, name) : dirname(join(root, name)), { recursive: true });
    if (!name.endsWith('/')) writeFileSync(join(root, name), '');
  }
  return root;
}

describe('a project folder shows', () => {
  it.each([
    ['knexfile.js', ['knex']],
    ['knexfile.ts', ['knex']],
    ['knexfile.mjs', ['knex']],
    ['.node-pg-migraterc', ['node-pg-migrate']],
    ['.node-pg-migraterc.json', ['node-pg-migrate']],
    ['migrate-config.js', ['node-pg-migrate']],
    ['prisma/migrations/', ['prisma']],
    ['prisma/schema.prisma', ['prisma']],
    ['prisma.config.ts', ['prisma']],
    ['drizzle.config.ts', ['drizzle']],
    ['flyway.conf', ['flyway']],
    ['flyway.toml', ['flyway']],
    ['liquibase.properties', ['liquibase']],
    ['database.json', ['db-migrate']],
    ['dbconfig.yml', ['sql-migrate']],
    ['diesel.toml', ['diesel']],
    ['.gmrc', ['graphile-migrate']],
    ['.gmrc.js', ['graphile-migrate']],
    ['kysely.config.ts', ['kysely']],
    ['.config/kysely.config.ts', ['kysely']],
  ])('%s: %j', (name, expected) => {
    expect(detectFormats(folder([name]))).toEqual(expected);
  });

  it.each([
    'prisma/',
    '.config/',
    'prisma/seed.ts',
    'knexfile.js.bak',
    'my-knexfile.js',
    'migrations/1_a.sql',
    'db/migrations/',
  ])('%s: nothing', (name) => {
    expect(detectFormats(folder([name]))).toEqual([]);
  });

  it('several tools, in an order that does not depend on the folder', () => {
    expect(detectFormats(folder(['drizzle.config.ts', 'prisma/migrations/', 'knexfile.js']))).toEqual([
      'knex',
      'prisma',
      'drizzle',
    ]);
  });

  it('nothing when it is not there', () => {
    expect(detectFormats('/nowhere/at/all')).toEqual([]);
  });
});

describe('a folder of migrations shows', () => {
  it.each([
    [['migration_lock.toml'], 'prisma'],
    [['meta/_journal.json', '0000_a.sql'], 'drizzle'],
    [['committed/', 'current.sql'], 'graphile-migrate'],
    [['current.sql'], null],
    [['20240101_a.sql'], null],
    [[], null],
  ] as const)('%j: %s', (names, expected) => {
    expect(detectFolderFormat(folder(names))).toBe(expected);
  });
});

import { afterEach, expect, it } from 'vitest';
import { dbMigrate } from '../../../src/source/db-migrate/index.js';
import { createHistory } from '../../../src/source/db-migrate/history.js';
import { settingsOf } from '../../../src/source/db-migrate/settings.js';
import { FileReader } from '../../../src/source/file-bytes.js';
import type { FormatSource } from '../../../src/source/format.js';
import type { FormatSettings } from '../../../src/source/options.js';
import { tempProject, type TempProject } from '../../support/project.js';

let project: TempProject | null = null;

afterEach(() => {
  project?.remove();
  project = null;
});

function open(files: readonly string[], settings: FormatSettings = {}): FormatSource {
  project = tempProject(Object.fromEntries(files.map((file) => [file, 'exports.up = () => null;'])));
  const options = { name: 'm', dir: `${project.dir}/m`, format: 'db-migrate' as const, settings };
  return dbMigrate.open(options, { root: project.dir, reader: new FileReader() });
}

it('lists JavaScript by the name that the tool keeps, in the order of its number', () => {
  const { files, problems } = open([
    'm/20240102000000-b.extra.js',
    'm/20240101000000-a-first.js',
    'm/20240101000000-b.coffee',
    'm/sub/20240103000000-c.js',
  ]).list();
  expect(problems).toEqual([]);
  expect(files.map(({ version, name, foreignKey }) => [version, name, foreignKey])).toEqual([
    ['20240101000000-a-first', 'a-first', '/20240101000000-a-first'],
    ['20240102000000-b', 'b', '/20240102000000-b'],
  ]);
});

it('refuses by name what would stop the tool, and two files of one name', () => {
  const { problems } = open(['m/index.js', 'm/20240101000000-a.js', 'm/20240101000000-a.x.js']).list();
  expect(problems.map(({ code }) => code)).toEqual(['MIGRATION_NAME_INVALID', 'MIGRATION_DUPLICATE']);
});

it('hashes the SQL beside a file with it', () => {
  const checksum = (sql: string): string | undefined => {
    const source = open(['m/20240101000000-a.js']);
    project?.write('m/sqls/20240101000000-a-down.sql', sql);
    return source.list().files[0]?.checksum;
  };
  const first = checksum('select 1;');
  expect(checksum('select 1;')).toBe(first);
  expect(checksum('select 2;')).not.toBe(first);
});

it('knows its own rows among those of other scopes, and old names without a slash', () => {
  const rows = ['/20240101000000-a', '20240102000000-b', 'audit/20240103000000-c', 'seen'].map((name) => ({
    name,
    run_on: '2024-01-01T10:00:00.000',
  }));
  const keys = (scope: string): readonly string[] =>
    createHistory(settingsOf({ scope }))
      .entriesOf(rows, [])
      .map(({ key }) => key);
  expect(keys('')).toEqual(['/20240101000000-a', '/20240102000000-b']);
  expect(keys('audit')).toEqual(['audit/20240103000000-c']);
});

const request = {
  name: 'add_users',
  now: new Date('2026-03-04T05:06:07.089Z'),
  up: 'select `a`;',
  down: 'select 2;',
  existing: [],
};

it('writes a new migration as one file', () => {
  const created = open([]).create?.(request) ?? [];
  expect(created.map(({ path }) => path.split('/m/')[1])).toEqual(['20260304050607-add-users.js']);
  expect(created[0]?.content).toContain('exports.up = (db) =>\n  db.runSql(`\n    select \\`a\\`;\n  `);');
});

it.each([true, false])(
  'writes SQL into files of its own where the project does, said or seen: %s',
  (said) => {
    const newest = 'm/20240101000000-a.js';
    const source = open(
      [newest, ...(said ? [] : ['m/sqls/20240101000000-a-up.sql'])],
      said ? { sqlFile: true } : {},
    );
    const created = source.create?.({ ...request, existing: source.list().files }) ?? [];
    expect(created.map(({ path }) => path.split('/m/')[1])).toEqual([
      '20260304050607-add-users.js',
      'sqls/20260304050607-add-users-up.sql',
      'sqls/20260304050607-add-users-down.sql',
    ]);
  },
);

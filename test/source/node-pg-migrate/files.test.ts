import { expect, it } from 'vitest';
import type { FormatSettings } from '../../../src/source/options.js';
import { openFolder as open, projects } from '../../support/node-pg-migrate.js';
import { createFile } from '../../../src/source/node-pg-migrate/create.js';
import { settingsOf } from '../../../src/source/node-pg-migrate/settings.js';

it('lists every file that is not ignored, by its whole name', () => {
  const { files, problems } = open([
    'm/2_b.sql',
    'm/10_c-d.ts',
    'm/.keep',
    'm/1_a.cjs',
    'm/sub/3_x.sql',
  ]).list();
  expect(problems).toEqual([]);
  expect(files.map(({ version, name, foreignKey }) => [version, name, foreignKey])).toEqual([
    ['1_a', 'a', '1_a'],
    ['2_b', 'b', '2_b'],
    ['10_c-d', 'c-d', '10_c-d'],
  ]);
});

it('refuses by name what would make the tool refuse the folder', () => {
  const { problems } = open(['m/1_a.sql', 'm/readme.md', 'm/later.ts']).list();
  expect(problems.map(({ code }) => code)).toEqual(['MIGRATION_NAME_INVALID', 'MIGRATION_NAME_INVALID']);
  expect(problems.map(({ message }) => /"(.*?)"/.exec(message)?.[1])).toEqual(['m/later.ts', 'm/readme.md']);
});

it('leaves out what the pattern names', () => {
  const { files } = open(['m/1_a.sql', 'm/readme.md'], { ignore: String.raw`.*\.md` }).list();
  expect(files.map(({ version }) => version)).toEqual(['1_a']);
});

it('takes both halves of a pair for one migration, unless it is told otherwise', () => {
  const names = ['m/1_a.up.sql', 'm/1_a.down.sql', 'm/2_b.up.sql'];
  const versions = (settings: FormatSettings): readonly string[] =>
    open(names, settings)
      .list()
      .files.map(({ version }) => version);
  expect(versions({})).toEqual(['1_a', '2_b.up']);
  expect(versions({ sqlPairs: true })).toEqual(['1_a', '2_b']);
  expect(versions({ sqlPairs: false })).toEqual(['1_a.down', '1_a.up', '2_b.up']);
});

it('reads a pair as its two ways', async () => {
  const source = open(['m/1_a.up.sql', 'm/1_a.down.sql']);
  const { migrations } = await source.read(source.list().files);
  expect(migrations.map(({ up, down, keepsSession }) => [up.file, down?.file, keepsSession])).toEqual([
    ['m/1_a.up.sql', 'm/1_a.down.sql', true],
  ]);
});

it('warns of a file whose way up is all of it', async () => {
  const source = open(['m/1_a.sql']);
  projects.at(-1)?.write('m/1_a.sql', 'create table a ();\n-- Down Migration\ndrop table a;');
  const { warnings, migrations } = await source.read(source.list().files);
  expect(warnings.map(({ code }) => code)).toEqual(['markers-missing']);
  expect(migrations[0]?.up.kind === 'sql' && migrations[0].up.statements.length).toBe(2);
});

const now = new Date('2026-03-04T05:06:07.089Z');

it.each([
  [{}, [], '/m/1772600767089_add-users.js'],
  [{ language: 'sql', filenames: 'utc' as const }, [], '/m/20260304050607089_add-users.sql'],
  [{ filenames: 'index' as const }, ['0007_a.ts', '0008_b.cts'], '/m/0009_add-users.cts'],
])('names a new file as the tool does: %j', (settings, existing, path) => {
  const files = existing.map((name) => ({ path: `/m/${name}` }) as never);
  const [file] = createFile('/m', settingsOf(settings), {
    name: 'add_users',
    now,
    up: 'select `a`, ${b};',
    down: null,
    existing: files,
  });
  expect(file?.path).toBe(path);
});

it('writes SQL into a template literal that means the same', () => {
  const request = { name: 'x', now, up: 'select `a`, ${b}, \\d;', down: 'drop x;', existing: [] };
  const [file] = createFile('/m', settingsOf({ language: 'cjs' }), request);
  expect(file?.content).toBe(
    'exports.up = (pgm) => {\n  pgm.sql(`\n    select \\`a\\`, \\${b}, \\\\d;\n  `);\n};\n\nexports.down = (pgm) => {\n  pgm.sql(`\n    drop x;\n  `);\n};\n',
  );
});

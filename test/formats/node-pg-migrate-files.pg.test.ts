import { expect, it } from 'vitest';
import { openFolder as open, projects } from '../support/node-pg-migrate.js';

// What needs the library itself, and no database: it is installed for the tests with a server.

it('finds files by the globs of the tool', () => {
  const source = open(['m/x/2_b.sql', 'm/1_a.sql', 'm/y/3_c.txt'], { glob: 'm/**/*.sql', ignore: '**/3*' });
  expect(source.list().files.map(({ version }) => version)).toEqual(['1_a', '2_b']);
});

it('refuses a module without a function up', async () => {
  const source = open(['m/1_a.cjs', 'm/2_b.cjs']);
  projects.at(-1)?.write('m/1_a.cjs', 'exports.down = () => {};');
  projects.at(-1)?.write('m/2_b.cjs', 'exports.up = false;');
  const { problems } = await source.read(source.list().files);
  expect(problems.map(({ code }) => code)).toEqual(['MIGRATION_SHAPE_INVALID', 'MIGRATION_SHAPE_INVALID']);
});

import { afterEach, expect, it } from 'vitest';
import { nodePgMigrate } from '../../src/source/node-pg-migrate/index.js';
import { FileReader } from '../../src/source/file-bytes.js';
import type { FormatSource } from '../../src/source/format.js';
import type { FormatSettings } from '../../src/source/options.js';
import { tempProject, type TempProject } from '../support/project.js';
import { linkTools } from '../support/tools.js';

// What needs the library itself, and no database: it is installed for the tests with a server.

const projects: TempProject[] = [];

afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

function open(files: readonly string[], settings: FormatSettings = {}): FormatSource {
  const project = tempProject(Object.fromEntries(files.map((file) => [file, '-- Up Migration'])));
  projects.push(project);
  linkTools(project);
  const options = { name: 'm', dir: `${project.dir}/m`, format: 'node-pg-migrate' as const, settings };
  return nodePgMigrate.open(options, { root: project.dir, reader: new FileReader() });
}

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

import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { FormatConfiguration, FormatRequest, FormatSource } from '../../../src/source/format.js';
import { FileReader } from '../../../src/source/file-bytes.js';
import { knex } from '../../../src/source/knex/index.js';
import { failure } from '../../support/failure.js';
import { tempProject, type TempProject } from '../../support/project.js';

const projects: TempProject[] = [];

afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

function createProject(files: Readonly<Record<string, string>>): TempProject {
  const project = tempProject(files);
  projects.push(project);
  return project;
}

function configure(project: TempProject, more: Partial<FormatRequest> = {}): Promise<FormatConfiguration> {
  return knex.configure({
    root: project.dir,
    environment: 'development',
    given: {},
    dir: null,
    variable: () => undefined,
    load: async (path) => ((await import(pathToFileURL(path).href)) as { default: unknown }).default,
    ...more,
  });
}

async function open(project: TempProject, more: Partial<FormatRequest> = {}): Promise<FormatSource> {
  const { dir, settings } = await configure(project, more);
  const options = { name: 'migrations', dir, format: 'knex' as const, settings };
  return knex.open(options, { root: project.dir, reader: new FileReader() });
}

const file = (config: string): Record<string, string> => ({ 'knexfile.cjs': `module.exports = ${config};` });
const nothing = 'exports.up = () => {}; exports.down = () => {};';

describe('the knexfile', () => {
  it('is read by environment, in any of its words, with the defaults of Knex', async () => {
    const project = createProject(
      file("{ dev: { client: 'pg', connection: 'postgres://h/d' }, production: { client: 'pg' } }"),
    );
    const { file: found, dir, settings, connection, warnings } = await configure(project);
    expect(found).toBe(join(project.dir, 'knexfile.cjs'));
    expect(dir).toBe(join(project.dir, 'migrations'));
    expect(settings).toMatchObject({ tableName: 'knex_migrations', schema: 'public', extension: 'cjs' });
    expect(connection).toEqual({ url: 'postgres://h/d' });
    expect(warnings).toEqual([]);
  });

  it('is taken whole where it has no sections', async () => {
    const project = createProject(file("{ client: 'postgresql', migrations: { tableName: 'm' } }"));
    expect((await configure(project)).settings).toMatchObject({ tableName: 'm' });
  });

  it('gives the parts of a connection, and no secret to the settings', async () => {
    const config =
      "{ client: 'pg', searchPath: ['app', 'public'], connection: { host: 'h', port: '6000', user: 'u', password: 'geheim', ssl: {} } }";
    const { connection, settings } = await configure(createProject(file(config)));
    const parts = { host: 'h', port: 6000, user: 'u', password: 'geheim', ssl: true };
    expect(connection).toEqual({ ...parts, searchPath: ['app', 'public'] });
    expect(settings).toMatchObject({ schema: 'app' });
    expect(JSON.stringify(settings)).not.toContain('geheim');
  });

  it('names what is not used here', async () => {
    const config =
      "{ client: 'pg', pool: { afterCreate() {} }, connection: () => ({}), migrations: { stub: 'x', beforeAll() {} } }";
    const { warnings, connection } = await configure(createProject(file(config)));
    expect(warnings.map(({ code, message }) => [code, message])).toEqual([
      [
        'setting-ignored',
        'knexfile.cjs: not used here: pool (there is one connection), migrations.stub ("lockkeeper new" writes its own text) and connection (it is a function; give "url" in the configuration of Lockkeeper).',
      ],
      [
        'setting-unsupported',
        'knexfile.cjs: not used here: pool.afterCreate (what it sends to a new connection is not sent) and migrations.beforeAll (hooks are not called).',
      ],
    ]);
    expect(connection).toBeNull();
  });

  it.each([
    ["{ production: { client: 'pg' } }", 'knexfile.cjs has no environment "development".'],
    ["{ client: 'mysql2' }", 'knexfile.cjs has the client "mysql2".'],
    ["{ client: 'cockroachdb' }", 'knexfile.cjs has the client "cockroachdb".'],
    ['{ development: {} }', 'knexfile.cjs names no client.'],
    [
      "{ client: 'pg', migrations: { migrationSource: {} } }",
      'knexfile.cjs has a "migrationSource", which only Knex itself can ask for its migrations.',
    ],
    [
      "{ client: 'pg', migrations: { tableName: 5 } }",
      'knexfile.cjs has "migrations.tableName" that is not a text.',
    ],
    ['null', 'knexfile.cjs exports null, no configuration.'],
  ])('%s is refused', async (config, message) => {
    const error = await failure(configure(createProject(file(config))));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message });
  });

  it('may lie elsewhere; its paths are relative to it', async () => {
    const project = createProject({
      'db/knexfile.cjs': "module.exports = { live: { client: 'pg', migrations: { directory: './m' } } };",
    });
    const given = { knexfile: 'db/knexfile.cjs', environment: 'live' };
    expect((await configure(project, { given })).dir).toBe(join(project.dir, 'db', 'm'));
    const error = await failure(configure(project, { given: { knexfil: 'x' } }));
    expect(error.message).toContain('Did you mean "knexfile"?');
  });

  it('need not be there where the folder is named', async () => {
    const project = createProject({});
    const dir = join(project.dir, 'm');
    expect(await configure(project, { dir })).toMatchObject({ file: null, dir });
    expect(await failure(configure(project))).toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('the listing', () => {
  const folders = {
    'a/3_c.js': nothing,
    'a/1_a.ts': nothing,
    'a/readme.md': '',
    'b/2_b.cjs': nothing,
    'b/10_d.js': nothing,
    'b/0_m.mjs': nothing,
  };
  const keys = (source: FormatSource) => source.list().files.map(({ foreignKey }) => foreignKey);
  const config = (more: string) => file(`{ client: 'pg', migrations: { directory: ['a', 'b'], ${more} } }`);

  it('goes by file name over all folders, as Knex sorts', async () => {
    const source = await open(createProject({ ...folders, ...config('') }));
    expect(keys(source)).toEqual(['10_d.js', '1_a.ts', '2_b.cjs', '3_c.js']);
    expect(source.list().files[0]).toMatchObject({ version: '10_d', name: 'd', format: 'knex' });
  });

  it('goes folder by folder with sortDirsSeparately, and takes the extensions that are said', async () => {
    const more = "sortDirsSeparately: true, loadExtensions: ['.js', '.mjs']";
    const source = await open(createProject({ ...folders, ...config(more) }));
    expect(keys(source)).toEqual(['3_c.js', '0_m.mjs', '10_d.js']);
  });

  it('refuses one name in two folders, and a folder that is not there', async () => {
    const twice = await open(createProject({ ...folders, 'b/3_c.js': nothing, ...config('') }));
    expect(twice.list().problems.map(({ code }) => code)).toEqual(['MIGRATION_DUPLICATE']);
    const missing = await open(createProject({ 'a/1_a.js': nothing, ...config('') }));
    expect(() => missing.list()).toThrow('The migrations folder "b" does not exist.');
  });

  it('takes the folder of our own configuration where the knexfile names another', async () => {
    const project = createProject({ ...folders, 'c/5_e.js': nothing, ...config('') });
    expect(keys(await open(project, { dir: join(project.dir, 'c') }))).toEqual(['5_e.js']);
    expect(keys(await open(project, { dir: join(project.dir, 'b') }))).toHaveLength(4);
  });
});

describe('reading', () => {
  const read = async (name: string, content: string, migrations = '') => {
    const config = file(
      `{ client: 'pg', migrations: { loadExtensions: ['.js', '.ts', '.mjs', '.coffee'], ${migrations} } }`,
    );
    const installed = { 'node_modules/knex/index.js': '' };
    const source = await open(createProject({ [`migrations/${name}`]: content, ...config, ...installed }));
    return await source.read(source.list().files);
  };
  const es = 'export const up = () => {}; export const down = () => {};';

  it.each([
    ['1_a.js', nothing],
    ['1_a.mjs', es],
    ['1_a.ts', `import type { Knex } from 'knex';\n${es}`],
    ['1_a.js', 'module.exports = Object.assign(new (class { up() {} down() {} })());'],
  ])('takes %s: %s', async (name, content) => {
    const { migrations, problems } = await read(name, content);
    expect(problems).toEqual([]);
    expect(migrations[0]).toMatchObject({
      foreignKey: name,
      keepsSession: true,
      metadata: { transaction: 'auto' },
    });
  });

  it.each([
    [{ all: false }, 'false', 'none'],
    [{ all: true }, undefined, 'none'],
    [{ all: true }, 'true', 'auto'],
  ])('knows who wants no transaction: %j, config.transaction %s', async ({ all }, own, transaction) => {
    const config = own === undefined ? '' : `exports.config = { transaction: ${own} };`;
    const { migrations } = await read('1_a.js', `${nothing}${config}`, `disableTransactions: ${all}`);
    expect(migrations[0]?.metadata.transaction).toBe(transaction);
  });

  it.each([
    ['1_a.js', 'exports.up = () => {};', 'MIGRATION_SHAPE_INVALID'],
    ['1_a.js', 'throw new Error("no")', 'MIGRATION_LOAD_FAILED'],
    ['1_a.coffee', 'exports.up = (knex) ->', 'FOREIGN_STEP_REFUSED'],
  ])('refuses %s: %s', async (name, content, code) => {
    const { problems } = await read(name, content);
    expect(problems.map((problem) => problem.code)).toEqual([code]);
  });
});

it('reads nothing where Knex is not installed', async () => {
  const source = await open(createProject({ 'migrations/1_a.js': nothing, ...file("{ client: 'pg' }") }));
  const { migrations, problems } = await source.read(source.list().files);
  expect(migrations).toEqual([]);
  expect(problems.map(({ code }) => code)).toEqual(['PACKAGE_MISSING']);
});

describe('a new migration', () => {
  const make = async (config: string, more: Readonly<Record<string, string>> = {}) => {
    const source = await open(createProject({ 'migrations/.keep': '', ...more, ...file(config) }));
    const now = new Date('2026-02-03T04:05:06.789Z');
    const sql = { up: "select 'a?\\b', `${x}`;", down: null };
    return source.create?.({ name: 'add_x', now, existing: [], ...sql })[0];
  };

  it('is named and placed as by knex migrate:make, in SQL that Knex takes as it is', async () => {
    const made = await make("{ client: 'pg', migrations: { extension: 'ts' } }");
    expect(made?.path).toMatch(/migrations\/20260203040506_add_x\.ts$/);
    expect(made?.content).toBe(
      "import type { Knex } from 'knex';\n\nexport async function up(knex: Knex): Promise<void> {\n  await knex.raw(`\nselect 'a\\\\?\\\\b', \\`\\${x}\\`;\n  `);\n}\n\nexport async function down(knex: Knex): Promise<void> {\n}\n",
    );
  });

  it('is of the kind of module that the project has', async () => {
    const js = "{ client: 'pg', migrations: { extension: 'js' } }";
    expect((await make(js))?.content).toContain('exports.up = async function (knex) {');
    const modules = { 'package.json': '{ "type": "module" }' };
    expect((await make(js, modules))?.content).toContain('export async function up(knex) {');
  });
});

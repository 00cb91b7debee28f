import { afterEach, describe, expect, it } from 'vitest';
import { configure } from '../../../src/source/node-pg-migrate/configure.js';
import type { FormatConfiguration, FormatRequest } from '../../../src/source/format.js';
import { isLockkeeperError } from '../../../src/core/errors.js';
import { tempProject, type TempProject } from '../../support/project.js';

const projects: TempProject[] = [];

afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

async function read(
  files: Readonly<Record<string, object>>,
  over: Partial<FormatRequest> = {},
): Promise<FormatConfiguration & { readonly root: string }> {
  const project = tempProject(
    Object.fromEntries(Object.entries(files).map(([name, value]) => [name, JSON.stringify(value)])),
  );
  projects.push(project);
  const configuration = await configure({
    root: project.dir,
    environment: 'development',
    given: {},
    dir: null,
    variable: (name) => (name === 'OTHER_URL' ? 'postgres://h/other' : undefined),
    load: async (path) => await Promise.resolve(JSON.parse(project.read(path)) as unknown),
    ...over,
  });
  return { ...configuration, root: project.dir };
}

describe('the configuration of node-pg-migrate', () => {
  it.each(['.node-pg-migraterc', '.node-pg-migraterc.json', 'migrate-config.json'])(
    'is read from %s',
    async (name) => {
      const found = await read({
        [name]: { 'migrations-dir': 'db/m', 'migrations-table': 't', url: 'postgres://h/d' },
      });
      expect(found.dir).toBe(`${found.root}/db/m`);
      expect(found.settings).toMatchObject({
        table: 't',
        tableSchema: 'public',
        lockValue: '7241865325823964',
      });
      expect(found.connection).toEqual({ url: 'postgres://h/d' });
      expect(found.file).toBe(`${found.root}/${name}`);
    },
  );

  it('takes the names of the library as well, and says what it does not honour', async () => {
    const found = await read({
      'migrate-config.json': {
        databaseUrl: 'postgres://h/d',
        dir: 'db/migrations',
        migrationsTable: 'pgmigrations',
        direction: 'up',
        count: null,
        schema: 'public',
        decamelize: true,
        ignorePattern: '\\..*',
        tsconfig: 'tsconfig.json',
        migrationOptions: { noLock: false, transactional: true },
        colour: 'red',
      },
    });
    expect(found.dir).toBe(`${found.root}/db/migrations`);
    expect(found.settings).toMatchObject({
      decamelize: true,
      schemas: ['public'],
      ignore: '\\..*',
      tsconfig: 'tsconfig.json',
    });
    expect(found.warnings.map(({ message }) => /"(\w+)"/.exec(message)?.[1])).toEqual([
      'direction',
      'count',
      'migrationOptions',
      'colour',
    ]);
  });

  it('is a section where the file has several', async () => {
    const found = await read({
      'migrate-config.json': {
        db: { host: 'h', port: '5433', name: 'd', user: 'u', password: 'p', ssl: {} },
      },
    });
    expect(found.connection).toEqual({
      host: 'h',
      port: 5433,
      database: 'd',
      user: 'u',
      password: 'p',
      ssl: true,
    });
    expect(found.warnings).toEqual([]);
  });

  it('may stand in package.json: under its key, and as flags of scripts', async () => {
    const found = await read({
      'package.json': {
        scripts: {
          build: 'tsc',
          migrate:
            'NODE_ENV=x npx node-pg-migrate up -m "db/all files" --migrations-table=t1 --use-glob --no-lock -d OTHER_URL && echo -t no',
          down: 'node-pg-migrate down -t t2',
        },
        'node-pg-migrate': { 'migrations-schema': 'ours' },
      },
    });
    expect(found.settings).toMatchObject({ table: 't1', tableSchema: 'ours', glob: 'db/all files' });
    expect(found.connection).toEqual({ url: 'postgres://h/other' });
  });

  it('follows --config-file of a script, and says when the file is not there', async () => {
    const scripts = { up: 'node-pg-migrate up -f db/conf.json' };
    const found = await read({ 'package.json': { scripts }, 'db/conf.json': { 'migrations-table': 'x' } });
    expect(found.settings['table']).toBe('x');
    const missing = await read({ 'package.json': { scripts } }).catch((error: unknown) => error);
    expect(isLockkeeperError(missing, 'CONFIG_NOT_LOADED')).toBe(true);
  });

  it('gives way to lockkeeper.config, whose keys are checked', async () => {
    const files = { 'migrate-config.json': { 'migrations-table': 'theirs', 'migrations-dir': 'elsewhere' } };
    const found = await read(files, { given: { 'migrations-table': 'ours' }, dir: '/here' });
    expect([found.settings['table'], found.dir]).toEqual(['ours', '/here']);
    const bad = await read(files, { given: { migrationTable: 'x' } }).catch((error: unknown) => error);
    expect(isLockkeeperError(bad, 'CONFIG_INVALID') && bad.message).toContain(
      'Did you mean "migrationsTable"?',
    );
  });

  it('names the folder in front of a glob', async () => {
    const found = await read({
      'migrate-config.json': { 'migrations-dir': 'db/**/*.sql', 'use-glob': true },
    });
    expect(found.dir).toBe(`${found.root}/db`);
    expect(found.settings['glob']).toBe('db/**/*.sql');
  });

  it('says that package.json is broken', async () => {
    const project = tempProject({ 'package.json': '{ "scripts": }' });
    projects.push(project);
    const error = await read({}, { root: project.dir }).catch((thrown: unknown) => thrown);
    expect(isLockkeeperError(error, 'CONFIG_NOT_LOADED') && error.message).toContain(
      'package.json is not JSON',
    );
  });
});

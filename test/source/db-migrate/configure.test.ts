import { afterEach, describe, expect, it } from 'vitest';
import { isLockkeeperError } from '../../../src/core/errors.js';
import { configure } from '../../../src/source/db-migrate/configure.js';
import type { FormatConfiguration, FormatRequest } from '../../../src/source/format.js';
import { tempProject, type TempProject } from '../../support/project.js';

const projects: TempProject[] = [];

afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

async function read(
  files: Readonly<Record<string, object | string>>,
  over: Partial<FormatRequest> = {},
): Promise<FormatConfiguration & { readonly root: string }> {
  const text = (value: object | string): string =>
    typeof value === 'string' ? value : JSON.stringify(value);
  const project = tempProject(
    Object.fromEntries(Object.entries(files).map(([name, value]) => [name, text(value)])),
  );
  projects.push(project);
  const variables: Readonly<Record<string, string>> = { MAIN_URL: 'postgres://h/main', PASSWORD: 'secret' };
  const configuration = await configure({
    root: project.dir,
    environment: 'development',
    given: {},
    dir: null,
    variable: (name) => variables[name],
    load: async (path) => await Promise.resolve(JSON.parse(project.read(path)) as unknown),
    ...over,
  });
  return { ...configuration, root: project.dir };
}

describe('the configuration of db-migrate', () => {
  const sections = {
    dev: {
      driver: 'pg',
      host: 'localhost',
      port: '5433',
      database: 'd',
      username: 'u',
      password: { ENV: 'PASSWORD' },
      schema: 'shop',
    },
    prod: { ENV: 'MAIN_URL' },
    other: 'postgres://h/other',
    defaultEnv: 'other',
  };

  it.each([
    ['production', { url: 'postgres://h/main' }],
    ['other', { url: 'postgres://h/other' }],
    ['development', { url: 'postgres://h/other' }],
    ['staging', null],
  ])('gives %s the section that is its own', async (environment, connection) => {
    expect((await read({ 'database.json': sections }, { environment })).connection).toEqual(connection);
  });

  it('never takes the section of another environment for the default one', async () => {
    const found = await read({ 'database.json': { ...sections, defaultEnv: 'prod' } });
    expect(found.connection).toEqual({
      host: 'localhost',
      port: 5433,
      database: 'd',
      user: 'u',
      password: 'secret',
      searchPath: ['shop', 'public'],
    });
    expect(found.settings).toMatchObject({ schema: 'shop', table: 'migrations', transaction: true });
  });

  it('reads .db-migraterc, as JSON with comments and as lines', async () => {
    const json =
      '// ours\n{ "migrations-dir": "db//m", /* x */ "table": "done", "non-transactional": true, "log-level": "sql" }';
    const found = await read({ '.db-migraterc': json });
    expect(found.dir).toBe(`${found.root}/db/m`);
    expect(found.settings).toMatchObject({ table: 'done', transaction: false });
    expect(found.warnings.map(({ message }) => message).join()).toContain('"logLevel"');
    const lines = await read({
      '.db-migraterc': 'table = "t"\nsql-file=true\nconfigFile = conf.json',
      'conf.json': { dev: 'postgres://h/x' },
    });
    expect(lines.settings).toMatchObject({ table: 't', sqlFile: true });
    expect(lines.connection).toEqual({ url: 'postgres://h/x' });
  });

  it('knows the folder and the schema of a scope', async () => {
    const project = tempProject({
      'db/audit/config.json': '{ "schema": "audit" }',
      'database.json': JSON.stringify(sections),
    });
    projects.push(project);
    const found = await read(
      {},
      {
        root: project.dir,
        dir: `${project.dir}/db/audit`,
        given: { scope: 'audit' },
        load: async (path) => await Promise.resolve(JSON.parse(project.read(path)) as unknown),
      },
    );
    expect(found.settings).toMatchObject({ scope: 'audit', schema: 'audit' });
  });

  it.each([
    [{ 'database.json': { dev: { driver: 'mysql', host: 'h' } } }, {}, 'mysql'],
    [{}, { tabel: 'x' }, 'Did you mean "table"?'],
  ])('refuses what is not for PostgreSQL, and keys that nobody knows', async (files, given, said) => {
    const error = await read(files as never, { given }).catch((thrown: unknown) => thrown);
    expect(isLockkeeperError(error, 'CONFIG_INVALID') && error.message).toContain(said);
  });

  it('says what is broken or missing', async () => {
    const broken = await read({ '.db-migraterc': '{ "a": }' }).catch((thrown: unknown) => thrown);
    expect(isLockkeeperError(broken, 'CONFIG_NOT_LOADED')).toBe(true);
    const missing = await read({}, { given: { config: 'no.json' } }).catch((thrown: unknown) => thrown);
    expect(isLockkeeperError(missing, 'CONFIG_NOT_LOADED')).toBe(true);
  });
});

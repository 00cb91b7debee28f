import { describe, expect, it } from 'vitest';
import { json, project, resolveIn, row, shortTarget } from './project.js';
import { resolveConfig } from '../../src/config/index.js';

const url = (name: string): string => `postgres://u:secret-${name}@localhost/${name}`;

describe('the database is named', () => {
  it('by nothing: the embedded server, with a database for each environment', async () => {
    const config = await resolveIn({});
    expect(config.target).toEqual({
      kind: 'embedded',
      dir: `${config.root}/.lockkeeper/postgres-18`,
      database: 'development',
      applicationName: 'lockkeeper',
      role: null,
      searchPath: null,
    });
    expect(shortTarget(await resolveIn({}, { env: 'test' }))).toBe('embedded/test');
  });

  // Strongest first. Each source is tried against all the weaker ones.
  const sources: readonly (readonly [string, { url?: string; variables?: object; config?: object }])[] = [
    ['flag', { url: url('flag') }],
    ['DATABASE_URL_TEST', { variables: { DATABASE_URL_TEST: url('database_url_test') } }],
    ['TEST_DB_HOST', { variables: { TEST_DB_HOST: 'localhost', TEST_DB_NAME: 'test_db_host' } }],
    ['DATABASE_URL', { variables: { DATABASE_URL: url('database_url') } }],
    ['DB_HOST', { variables: { DB_HOST: 'localhost', DB_NAME: 'db_host' } }],
    ['section', { config: { environments: { test: { url: url('section') } } } }],
    ['config', { config: { url: url('config') } }],
    ['PGHOST', { variables: { PGHOST: 'localhost', PGDATABASE: 'pghost' } }],
    ['embedded', {}],
  ];

  it.each(sources.map(([name], index) => [name, index] as const))(
    'by %s before all that is weaker',
    async (name, index) => {
      const present = sources.slice(index).map(([, source]) => source);
      const input = { url: undefined as string | undefined, variables: {}, config: {} };
      for (const source of present.toReversed()) {
        input.url = source.url ?? input.url;
        Object.assign(input.variables, source.variables);
        Object.assign(input.config, source.config);
      }
      const config = await resolveIn(json(input.config), {
        env: 'test',
        variables: input.variables,
        ...(input.url === undefined ? {} : { url: input.url }),
      });
      const expected =
        { flag: 'flag', section: 'section', config: 'config', embedded: 'test' }[name] ?? name.toLowerCase();
      const { target } = config;
      expect(target.kind === 'server' ? target.connection.database : target.database).toBe(expected);
      expect(row(config, 'url')?.overrides).toHaveLength(Math.max(0, sources.length - 2 - index));
      expect(JSON.stringify(config.explained)).not.toContain('secret-');
    },
  );

  it('for other environments by their own variables only', async () => {
    const variables = { DATABASE_URL_TEST: url('a'), TEST_DB_HOST: 'localhost' };
    expect(shortTarget(await resolveIn({}, { variables }))).toBe('embedded/development');
  });

  it('by variables with the short word for an environment too', async () => {
    const a = await resolveIn({}, { env: 'production', variables: { DATABASE_URL_PROD: url('a') } });
    expect(shortTarget(a)).toBe('u:secret-a@localhost:5432/a');
    const b = await resolveIn({}, { env: 'prod', variables: { PROD_DB_NAME: 'b', PROD_DB_USER: 'u' } });
    expect(shortTarget(b)).toBe('u:null@localhost:5432/b');
  });

  it('by single parts, each by the strongest that has it', async () => {
    const config = await resolveIn(
      json({
        port: 1,
        password: 'config',
        environments: {
          test: { host: 'section.example', database: 'd', user: 'section', port: 2, ssl: false },
        },
      }),
      {
        env: 'test',
        variables: { TEST_DB_PASSWORD: 'test', DB_PASSWORD: 'general', DB_USER: 'variable', PGPORT: '3' },
      },
    );
    expect(shortTarget(config)).toBe('variable:test@section.example:2/d');
    expect(row(config, 'password')).toEqual({
      key: 'password',
      value: '***',
      origin: { kind: 'variable', variable: 'TEST_DB_PASSWORD' },
      overrides: [
        { value: '***', origin: { kind: 'variable', variable: 'DB_PASSWORD' } },
        { value: '***', origin: { kind: 'config', file: 'lockkeeper.config.json' } },
      ],
    });
  });

  it('by numbers that were made of variables which are not set as if nothing was said', async () => {
    const text = `module.exports = { environments: { test: {
      host: process.env.LK_NONE || 'localhost', port: Number(process.env.LK_NONE), database: 'd', user: 'u', password: '' } } };`;
    const config = await resolveIn({ 'lockkeeper.config.cjs': text }, { env: 'test' });
    expect(shortTarget(config)).toBe('u:null@localhost:5432/d');
  });

  it('by a url whose gaps are filled by libpq variables, then by defaults', async () => {
    const variables = {
      DATABASE_URL: 'postgres://h.example',
      PGUSER: 'pguser',
      PGPASSWORD: 'pgpassword',
      PGPORT: '6000',
      PGHOST: 'other.example',
      PGAPPNAME: 'shell',
      PGCONNECT_TIMEOUT: '3',
    };
    const config = await resolveIn({}, { variables });
    expect(shortTarget(config)).toBe('pguser:pgpassword@h.example:6000/pguser');
    expect(config.target).toMatchObject({ connection: { applicationName: 'shell', connectTimeoutMs: 3000 } });
    expect(row(config, 'password')?.origin).toEqual({ kind: 'variable', variable: 'PGPASSWORD' });
  });

  it('by a url in the configuration, to which the section adds a password that is fetched', async () => {
    const text = `export default { environments: { production: {
      url: 'postgres://iam@h.example/d', password: async () => 'token' } } };`;
    const config = await resolveIn({ 'lockkeeper.config.mjs': text }, { env: 'production' });
    const { target } = config;
    if (target.kind !== 'server' || typeof target.connection.password !== 'function')
      throw new Error('no function');
    expect(await target.connection.password()).toBe('token');
    expect(row(config, 'password')?.value).toBe('a function');
  });

  it('by a flag, to which no password of the configuration is sent', async () => {
    const config = await resolveIn(json({ password: 'of-the-config', host: 'h' }), {
      url: 'postgres://u@elsewhere/d',
    });
    expect(shortTarget(config)).toBe('u:null@elsewhere:5432/d');
  });
});

describe('a direct url', () => {
  const direct = 'postgres://u:p@direct/d';

  it('is taken with the variable it belongs to', async () => {
    const config = await resolveIn({}, { variables: { DATABASE_URL: url('a'), DIRECT_URL: direct } });
    expect(config.target).toMatchObject({ kind: 'server', direct: { host: 'direct', database: 'd' } });
    expect(row(config, 'directUrl')?.value).toBe('postgres://u:***@direct/d');
  });

  it.each([
    [{ url: url('flag') }],
    [{ env: 'test', variables: { DATABASE_URL_TEST: url('t'), DIRECT_URL: direct } }],
    [{ variables: { DATABASE_URL: url('a') } }],
  ])('is left alone where another source names the database: %j', async (input) => {
    const file = json({ url: url('config'), directUrl: direct });
    expect((await resolveIn(file, input)).target).toMatchObject({ kind: 'server', direct: null });
  });

  it('of the section is taken where its url came from the variable that won', async () => {
    const text = `export default { environments: { production: { url: process.env.DATABASE_URL, directUrl: '${direct}' } } };`;
    const config = await resolveIn(
      { 'lockkeeper.config.mjs': text },
      { env: 'prod', variables: { DATABASE_URL: url('a') } },
    );
    expect(config.target).toMatchObject({ kind: 'server', direct: { host: 'direct' } });
  });
});

it('keeps replicas out of the target and shows them without passwords', async () => {
  const config = await resolveIn(
    {},
    {
      variables: { DATABASE_URL: url('a'), DATABASE_REPLICA_URLS: `${url('r1')}, ${url('r2')}` },
    },
  );
  expect(config.target).toMatchObject({ connection: { database: 'a' } });
  expect(row(config, 'replicas')?.value).toContain('u:***@localhost/r2');
});

describe('settings', () => {
  it('have defaults without any configuration', async () => {
    const config = await resolveIn({});
    expect(config).toMatchObject({
      file: null,
      environment: { name: 'development', protected: false, known: [] },
      sources: [{ name: 'migrations', dir: `${config.root}/migrations`, format: 'native' }],
      seedsDir: `${config.root}/seeds`,
      templatesDir: null,
      history: { schema: 'lockkeeper', table: 'schema_migrations' },
      run: {
        lockTimeoutMs: 2000,
        statementTimeoutMs: 0,
        lockRetries: 10,
        lockWaitMs: 30_000,
        concurrentDeadlineMs: 0,
        cancelBlockersAfterMs: 0,
        observer: true,
        leaseTimeoutMs: 15_000,
        synchronousCommit: false,
      },
      outOfOrder: 'warn',
    });
  });

  it('come from flag, environment section and configuration, in that order', async () => {
    const file = json({
      lockTimeout: '3s',
      statementTimeout: '1 min',
      lockRetries: 2,
      environments: { development: { lockTimeout: '4s', role: 'owner', searchPath: 'app, "My Schema"' } },
      role: 'other',
    });
    const config = await resolveIn(file, { lockTimeout: '5s', lockWait: 0 });
    expect(config.run).toMatchObject({
      lockTimeoutMs: 5000,
      statementTimeoutMs: 60_000,
      lockRetries: 2,
      lockWaitMs: 0,
    });
    expect(config.target).toMatchObject({ role: 'owner', searchPath: ['app', 'My Schema'] });
    const section = {
      kind: 'environment-section',
      file: 'lockkeeper.config.json',
      environment: 'development',
    };
    const top = { kind: 'config', file: 'lockkeeper.config.json' };
    expect(row(config, 'lockTimeout')).toEqual({
      key: 'lockTimeout',
      value: '5s',
      origin: { kind: 'flag', option: 'lockTimeout' },
      overrides: [
        { value: '4s', origin: section },
        { value: '3s', origin: top },
      ],
    });
    expect(row(config, 'role')).toEqual({
      key: 'role',
      value: 'owner',
      origin: section,
      overrides: [{ value: 'other', origin: top }],
    });
    expect(row(config, 'lockWait')?.value).toBe('not at all');
    expect(row(config, 'concurrentDeadline')).toEqual({
      key: 'concurrentDeadline',
      value: 'none',
      origin: { kind: 'default' },
      overrides: [],
    });
  });

  it('of folders and tables come from variables before the configuration', async () => {
    const file = json({ migrations: 'a', seeds: { dir: 'b' }, history: { schema: 's', table: 't' } });
    const plain = await resolveIn(file);
    expect(plain).toMatchObject({
      sources: [{ name: 'a' }],
      seedsDir: `${plain.root}/b`,
      history: { schema: 's', table: 't' },
    });
    const variables = {
      MIGRATION_DIRECTORY: './db/migrations',
      SEED_DIRECTORY: './db/seeds',
      MIGRATION_TABLE_NAME: 'm',
    };
    const config = await resolveIn(file, { variables });
    expect(config).toMatchObject({
      sources: [{ name: 'db/migrations', dir: `${config.root}/db/migrations` }],
      seedsDir: `${config.root}/db/seeds`,
      history: { schema: 's', table: 'm' },
    });
    const both = await resolveIn(file, { variables: { MIGRATION_TABLE_NAME: '"My Schema".m' } });
    expect(both.history).toEqual({ schema: 'My Schema', table: 'm' });
  });

  it('of a flag are relative to where the person stands, those of a file to the file', async () => {
    const root = project({
      'sub/lockkeeper.config.json': '{"migrations":["m1",{"dir":"../m2","name":"second"}]}',
    });
    const file = await resolveConfig({ cwd: root, config: 'sub/lockkeeper.config.json', variables: {} });
    expect(file.root).toBe(`${root}/sub`);
    expect(file.sources).toEqual([
      { name: 'm1', dir: `${root}/sub/m1`, format: 'native' },
      { name: 'second', dir: `${root}/m2`, format: 'native' },
    ]);
    const flag = await resolveConfig({
      cwd: root,
      config: 'sub/lockkeeper.config.json',
      migrations: 'm3',
      variables: {},
    });
    expect(flag.sources).toEqual([{ name: '../m3', dir: `${root}/m3`, format: 'native' }]);
  });
});

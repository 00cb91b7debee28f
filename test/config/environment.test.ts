import { describe, expect, it } from 'vitest';
import { canonicalEnvironment } from '../../src/config/index.js';
import { failureOf, json, problemsOf, resolveIn, row, shortTarget } from './project.js';

const url = 'postgres://u:p@localhost/d';

describe('the name of an environment', () => {
  it.each([
    ['dev', 'development'],
    ['Development', 'development'],
    ['testing', 'test'],
    ['PROD', 'production'],
    [' stage ', 'staging'],
    ['qa', 'qa'],
    ['QA', 'QA'],
  ])('is forgiving: %s is %s', (written, name) => {
    expect(canonicalEnvironment(written)).toBe(name);
  });

  it.each<[{ env?: string; variables: Record<string, string> }, string, string]>([
    [{ env: 'test', variables: { LOCKKEEPER_ENV: 'development', NODE_ENV: 'production' } }, 'test', 'flag'],
    [{ variables: { LOCKKEEPER_ENV: 'testing', NODE_ENV: 'production' } }, 'test', 'variable'],
    [{ variables: { NODE_ENV: 'test', LOCKKEEPER_ENV: '' } }, 'test', 'variable'],
    [{ variables: {} }, 'development', 'default'],
  ])('comes from the strongest source: %j gives %s', async (input, expected, origin) => {
    const config = await resolveIn({}, input);
    expect(config.environment.name).toBe(expected);
    expect(row(config, 'environment')?.origin.kind).toBe(origin);
  });

  it('finds its section under any of its words', async () => {
    const file = json({ environments: { prod: { url }, Testing: { url, protected: true } } });
    const production = await resolveIn(file, { env: 'production' });
    expect(production.environment).toEqual({
      name: 'production',
      protected: true,
      known: ['production', 'test'],
    });
    expect(shortTarget(production)).toBe('u:p@localhost:5432/d');
    expect((await resolveIn(file, { env: 'test' })).environment.protected).toBe(true);
  });

  it('of one’s own is found whatever its case', async () => {
    const config = await resolveIn(json({ environments: { QA: { url } } }), { env: 'qa' });
    expect(config.environment.name).toBe('QA');
  });

  it.each(['../x', 'a b', 'a/b', '', ' '])('cannot be %j', async (env) => {
    const error = await failureOf(resolveIn({}, { env }));
    expect(error.code).toBe('ENVIRONMENT_UNKNOWN');
    expect(error.exit).toBe(2);
    expect(error.details).toMatchObject({ option: 'env' });
  });

  it('that nobody defined is refused, with those that are defined and the nearest', async () => {
    const file = json({ environments: { qa: { url }, preview: { url } } });
    for (const input of [{ env: 'previw' }, { variables: { LOCKKEEPER_ENV: 'previw' } }]) {
      const error = await failureOf(resolveIn(file, input));
      expect(error.code).toBe('ENVIRONMENT_UNKNOWN');
      expect(error.message).toBe(
        'The environment "previw" is not defined. The configuration defines qa and preview. Did you mean "preview"?',
      );
      expect(error.hint).toContain('qa, preview, development, test, staging or production');
    }
    const typo = await failureOf(resolveIn({}, { env: 'prodution' }));
    expect(typo.message).toContain('Did you mean "production"?');
  });

  it('may not be defined twice under two words', async () => {
    const problems = await problemsOf(
      resolveIn(json({ environments: { prod: { url }, production: { url } } })),
    );
    expect(problems).toEqual([
      '"environments.prod" and "environments.production" are the same environment, production.',
    ]);
  });
});

describe('production', () => {
  it('is protected, and refuses what is out of order, unless it is said otherwise', async () => {
    const input = { env: 'production', variables: { DATABASE_URL: url } };
    expect(await resolveIn({}, input)).toMatchObject({
      environment: { protected: true },
      outOfOrder: 'refuse',
    });
    const open = json({ environments: { production: { protected: false } } });
    expect(await resolveIn(open, input)).toMatchObject({
      environment: { protected: false },
      outOfOrder: 'warn',
    });
    const allow = json({ outOfOrder: 'allow' });
    expect(await resolveIn(allow, input)).toMatchObject({
      environment: { protected: true },
      outOfOrder: 'allow',
    });
  });
});

describe('an environment without a url', () => {
  const undefinedUrl = (name: string, more = ''): Record<string, string> => ({
    'lockkeeper.config.mjs': `export default { ${more} environments: { ${name}: { url: process.env.LK_NONE } } };`,
  });

  it.each([
    ['development', undefinedUrl('development')],
    ['test', undefinedUrl('test')],
    ['qa', json({ environments: { qa: { role: 'x' } } })],
  ])('uses the embedded server: %s', async (env, files) => {
    expect(shortTarget(await resolveIn(files, { env }))).toBe(`embedded/${env}`);
  });

  it.each([
    ['production', {}],
    ['staging', {}],
    ['production', undefinedUrl('production')],
    ['production', undefinedUrl('production', "url: 'postgres://u:p@localhost/all',")],
    ['production', json({ url: 'embedded' })],
    ['qa', undefinedUrl('qa')],
    ['test', json({ environments: { test: { protected: true } } })],
  ])('is refused where that could pass for success: %s, %j', async (env, files) => {
    const error = await failureOf(resolveIn(files, { env }));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain(`Nothing says where the database of the environment "${env}" is`);
    expect(error.message).toContain(`DATABASE_URL_${env.toUpperCase()}`);
    expect(error.details['variables']).toContain('DATABASE_URL');
    expect(error.hint).toContain("url: 'embedded'");
  });

  it('that only NODE_ENV names, and nobody defined, is refused too', async () => {
    const error = await failureOf(resolveIn({}, { variables: { NODE_ENV: 'qa' } }));
    expect(error.message).toContain('environment "qa"');
  });

  it.each([
    [{}, { url: 'embedded' }],
    [{}, { variables: { DATABASE_URL: 'embedded' } }],
    [json({ environments: { production: { url: 'embedded', database: 'rehearsal' } } }), {}],
  ])('uses the embedded server in production when that is said by name', async (files, input) => {
    const config = await resolveIn(files, { ...input, env: 'production' });
    expect(config.target.kind).toBe('embedded');
  });

  it('is not the same as an empty flag', async () => {
    expect(await problemsOf(resolveIn({}, { url: '' }))).toEqual(['url is empty.']);
  });
});

import { describe, expect, it } from 'vitest';
import { chmodSync, mkdirSync } from 'node:fs';
import { resolveConfig } from '../../src/config/index.js';
import { failureOf, project, resolveIn, row, shortTarget } from './project.js';

const url = (name: string): string => `DATABASE_URL=postgres://u:p@localhost/${name}\n`;

describe('.env files', () => {
  it('are read, .env.<environment> before .env, and the process before both', async () => {
    const files = { '.env': url('env') + 'MIGRATION_DIRECTORY="./from env"\n', '.env.test': url('env_test') };
    const plain = await resolveIn(files);
    expect(shortTarget(plain)).toBe('u:p@localhost:5432/env');
    expect(plain.sources[0]?.name).toBe('from env');
    expect(row(plain, 'url')?.origin).toEqual({ kind: 'variable', variable: 'DATABASE_URL', file: '.env' });
    const test = await resolveIn(files, { env: 'test' });
    expect(shortTarget(test)).toBe('u:p@localhost:5432/env_test');
    expect(row(test, 'url')?.origin).toMatchObject({ file: '.env.test' });
    const own = await resolveIn(files, {
      env: 'test',
      variables: { DATABASE_URL: 'postgres://u:p@localhost/own' },
    });
    expect(shortTarget(own)).toBe('u:p@localhost:5432/own');
    expect(row(own, 'url')?.origin).toEqual({ kind: 'variable', variable: 'DATABASE_URL' });
  });

  it('may use the short word for the environment, and the long one wins', async () => {
    expect(shortTarget(await resolveIn({ '.env.prod': url('short') }, { env: 'production' }))).toContain(
      '/short',
    );
    const both = { '.env.prod': url('short'), '.env.production': url('long') };
    expect(shortTarget(await resolveIn(both, { env: 'prod' }))).toContain('/long');
  });

  it('may name the environment', async () => {
    expect((await resolveIn({ '.env': 'LOCKKEEPER_ENV=test' })).environment.name).toBe('test');
  });

  it('are hidden by a variable that is set to nothing', async () => {
    expect(shortTarget(await resolveIn({ '.env': url('env') }, { variables: { DATABASE_URL: '' } }))).toBe(
      'embedded/development',
    );
  });

  it('may begin with a byte order mark and end lines in any way', async () => {
    expect(shortTarget(await resolveIn({ '.env': `\uFEFF${url('env').trim()}\r\nOTHER=1\r\n` }))).toContain(
      '/env',
    );
  });

  it('are no Python environment', async () => {
    const root = project();
    mkdirSync(`${root}/.env`);
    expect((await resolveConfig({ cwd: root, variables: {} })).target.kind).toBe('embedded');
  });

  it.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
    'are an error when they cannot be read',
    async () => {
      const root = project({ '.env': url('env') });
      chmodSync(`${root}/.env`, 0o000);
      const error = await failureOf(resolveConfig({ cwd: root, variables: {} }));
      expect(error.code).toBe('CONFIG_NOT_LOADED');
      expect(error.message).toContain('.env exists and cannot be read');
    },
  );
});

describe('process.env', () => {
  it('carries the variables of the files while the configuration is loaded, and not after it', async () => {
    process.env['LK_TEST_OWN'] = 'own';
    const files = {
      '.env': 'LK_TEST_OWN=file\nLK_TEST_FILE=file\n',
      'lockkeeper.config.mjs': `
        const early = process.env.LK_TEST_FILE;
        await new Promise((done) => setTimeout(done, 5));
        export default () => ({ migrations: [early, process.env.LK_TEST_OWN, process.env.LK_TEST_FILE + '2'] });`,
    };
    const config = await resolveConfig({ cwd: project(files) });
    expect(config.sources.map((source) => source.name)).toEqual(['file', 'own', 'file2']);
    expect(process.env['LK_TEST_FILE']).toBeUndefined();
    expect(process.env['LK_TEST_OWN']).toBe('own');
    delete process.env['LK_TEST_OWN'];
  });

  it('is not mixed up by two projects that are loaded at once', async () => {
    const text = `
      const before = process.env.LK_TEST_NAME;
      await new Promise((done) => setTimeout(done, 5));
      export default { migrations: [before, process.env.LK_TEST_NAME + '2'] };`;
    const names = ['a', 'b', 'c'];
    const configs = await Promise.all(
      names.map((name) => resolveIn({ '.env': `LK_TEST_NAME=${name}`, 'lockkeeper.config.mjs': text })),
    );
    expect(configs.map((config) => config.sources.map((source) => source.name))).toEqual([
      ['a', 'a2'],
      ['b', 'b2'],
      ['c', 'c2'],
    ]);
  });

  it.each(['mjs', 'cjs', 'ts'])(
    'is read anew for another environment by the same process: .%s',
    async (extension) => {
      const text = '{ migrations: process.env.LK_TEST_DIR }';
      const root = project({
        '.env.development': 'LK_TEST_DIR=for-development',
        '.env.test': 'LK_TEST_DIR=for-test',
        [`lockkeeper.config.${extension}`]: `${extension === 'cjs' ? 'module.exports =' : 'export default'} ${text}`,
      });
      const names = [];
      for (const env of ['development', 'test']) {
        names.push((await resolveConfig({ cwd: root, env, variables: {} })).sources[0]?.name);
      }
      expect(names).toEqual(['for-development', 'for-test']);
    },
  );

  it('is what is read when no variables are handed in', async () => {
    process.env['MIGRATION_DIRECTORY'] = 'from-the-process';
    const config = await resolveConfig({ cwd: project() });
    delete process.env['MIGRATION_DIRECTORY'];
    expect(config.sources[0]?.name).toBe('from-the-process');
  });
});

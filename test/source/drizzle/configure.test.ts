import { afterEach, describe, expect, it } from 'vitest';
import { drizzle } from '../../../src/source/drizzle/index.js';
import type { FormatConfiguration } from '../../../src/source/format.js';
import { tempProject, type TempProject } from '../../support/project.js';

let project: TempProject;

afterEach(() => project.remove());

async function configure(
  config: unknown,
  given: Readonly<Record<string, unknown>> = {},
  file = 'drizzle.config.ts',
): Promise<FormatConfiguration> {
  project = tempProject({ [file]: '' });
  const found = await drizzle.configure({
    root: project.dir,
    environment: 'development',
    given,
    dir: null,
    variable: () => undefined,
    load: () => Promise.resolve(config),
  });
  return { ...found, dir: found.dir.replace(`${project.dir}/`, '') };
}

describe('what drizzle.config says', () => {
  it('is where the migrations, the history and the database are', async () => {
    const config = {
      dialect: 'postgresql',
      out: './db/steps',
      schema: './src/schema.ts',
      migrations: { table: 'done', schema: 'app', prefix: 'timestamp' },
      dbCredentials: { host: 'db', port: 5433, user: 'me', password: 'p', database: 'app', ssl: 'require' },
    };
    expect(await configure(config)).toMatchObject({
      dir: 'db/steps',
      settings: { table: 'done', schema: 'app' },
      connection: { host: 'db', port: 5433, user: 'me', password: 'p', database: 'app', ssl: true },
      warnings: [],
    });
  });

  it('has defaults', async () => {
    expect(
      await configure({ dialect: 'postgresql', dbCredentials: { url: 'postgres://db/app' } }),
    ).toMatchObject({
      dir: 'drizzle',
      settings: { table: '__drizzle_migrations', schema: 'drizzle' },
      connection: { url: 'postgres://db/app' },
    });
  });

  it('says nothing of the database where a variable is not set', async () => {
    expect(
      (await configure({ dialect: 'postgresql', dbCredentials: { url: undefined } })).connection,
    ).toBeNull();
  });

  it('is not read where lockkeeper.config says so, or names another file', async () => {
    expect(await configure(null, { config: 'none', table: 't', schema: 's' })).toMatchObject({
      file: null,
      dir: 'drizzle',
      settings: { table: 't', schema: 's' },
    });
    project.remove();
    const other = await configure(
      { dialect: 'postgresql' },
      { config: 'production.config.ts' },
      'production.config.ts',
    );
    expect(other.file).toContain('production.config.ts');
  });

  it('is told of where it has no effect', async () => {
    const { warnings, connection } = await configure({
      dialect: 'postgresql',
      driver: 'pglite',
      dbCredentials: { url: './data' },
    });
    expect(connection).toBeNull();
    expect(warnings[0]?.message).toContain('"driver" is "pglite", and has no effect here');
  });

  it.each([
    ['another dialect', { dialect: 'mysql' }, {}, 'drizzle.config.ts: "dialect" is "mysql".'],
    ['no dialect', {}, {}, 'drizzle.config.ts: "dialect" is missing.'],
    ['no object', 'text', {}, 'drizzle.config.ts exports string.'],
    ['a folder that is no text', { dialect: 'postgresql', out: 7 }, {}, '"out" is number.'],
    [
      'a file that is not there',
      {},
      { config: 'x.ts' },
      'The configuration of Drizzle "x.ts" does not exist.',
    ],
    ['a key that nobody knows', {}, { tabel: 'x' }, 'Did you mean "table"?'],
  ])('is refused: %s', async (_, config, given, message) => {
    await expect(configure(config, given)).rejects.toThrow(message);
  });
});

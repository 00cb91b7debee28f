import { afterEach, describe, expect, it } from 'vitest';
import type { FormatConfiguration } from '../../../src/source/format.js';
import { prisma } from '../../../src/source/prisma/index.js';
import { tempProject, type TempProject } from '../../support/project.js';

let project: TempProject;

afterEach(() => project.remove());

interface Setting {
  readonly variables?: Readonly<Record<string, string>>;
  readonly given?: Readonly<Record<string, unknown>>;
  readonly dir?: string;
  /** What prisma.config exports. */
  readonly config?: unknown;
}

async function configure(files: Record<string, string>, setting: Setting = {}): Promise<FormatConfiguration> {
  project = tempProject(files);
  const { variables = {}, given = {}, dir, config } = setting;
  const found = await prisma.configure({
    root: project.dir,
    environment: 'development',
    given,
    dir: dir === undefined ? null : `${project.dir}/${dir}`,
    variable: (name) => variables[name],
    load: () => Promise.resolve(config),
  });
  const inside = (path: string): string => path.replace(`${project.dir}/`, '');
  return { ...found, dir: inside(found.dir), file: found.file === null ? null : inside(found.file) };
}

const datasource = (settings: string, provider = 'postgresql'): string =>
  `// datasource comments { }\ngenerator client {\n  provider = "x"\n}\n\ndatasource db {\n  provider = "${provider}"\n${settings}\n}\n`;

describe('what Prisma says', () => {
  it('is read from the schema: the url by its variable, and the way round a pooler before it', async () => {
    const schema = datasource('  url       = env("APP_URL") // the pooler\n  directUrl = env("APP_DIRECT")');
    const variables = { APP_URL: 'postgres://pooler/app', APP_DIRECT: 'postgresql://db/app?schema=shop&x=1' };
    expect(await configure({ 'prisma/schema.prisma': schema }, { variables })).toEqual({
      file: 'prisma/schema.prisma',
      dir: 'prisma/migrations',
      settings: { schema: 'shop', lock: true },
      connection: { url: 'postgresql://db/app?schema=shop&x=1' },
      warnings: [],
    });
  });

  it('says nothing of the database where the variable is not set, or leads to a proxy', async () => {
    const schema = { 'prisma/schema.prisma': datasource('  url = env("APP_URL")') };
    expect((await configure(schema)).connection).toBeNull();
    project.remove();
    const variables = { APP_URL: 'prisma://accelerate.example/?api_key=k' };
    expect(await configure(schema, { variables })).toMatchObject({
      connection: null,
      settings: { schema: 'public' },
    });
  });

  it('may be a folder of files, with the migrations beside the datasource or beside the folder', async () => {
    const files = {
      'prisma/schema/base.prisma': datasource('  url = "postgres://db/app"'),
      'prisma/schema/models/user.prisma': 'model User {\n  id Int @id\n}\n',
    };
    expect(await configure(files)).toMatchObject({
      file: 'prisma/schema/base.prisma',
      dir: 'prisma/schema/migrations',
    });
    project.remove();
    expect(await configure({ ...files, 'prisma/migrations/1_a/migration.sql': '' })).toMatchObject({
      dir: 'prisma/migrations',
    });
  });

  it('is found where package.json, the configuration, or the folder of the migrations lead', async () => {
    const schema = datasource('  url = "postgres://db/app"');
    const files = { 'db/my.prisma': schema, 'package.json': '{"prisma":{"schema":"db/my.prisma"}}' };
    expect(await configure(files)).toMatchObject({ file: 'db/my.prisma', dir: 'db/migrations' });
    project.remove();
    expect(await configure({ 'db/my.prisma': schema }, { given: { schema: 'db/my.prisma' } })).toMatchObject({
      dir: 'db/migrations',
    });
    project.remove();
    expect(
      await configure({ 'packages/db/schema.prisma': schema }, { dir: 'packages/db/migrations' }),
    ).toMatchObject({
      file: 'packages/db/schema.prisma',
      dir: 'packages/db/migrations',
      connection: { url: 'postgres://db/app' },
    });
  });

  it('is said by prisma.config since version 7, with paths relative to it', async () => {
    const config = {
      schema: 'db/schema.prisma',
      migrations: { path: 'db/steps', seed: 'tsx seed.ts' },
      datasource: { url: 'postgres://db/app' },
    };
    const found = await configure({ 'prisma.config.ts': '', 'db/schema.prisma': datasource('') }, { config });
    expect(found).toMatchObject({
      file: 'prisma.config.ts',
      dir: 'db/steps',
      connection: { url: 'postgres://db/app' },
    });
    expect(found.warnings.map(({ message }) => message)).toEqual([
      'prisma.config.ts: "migrations.seed" has no effect here: Lockkeeper seeds by "seeds" in its own configuration.',
    ]);
  });

  it('turns its lock off by a variable', async () => {
    const variables = { PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK: '1' };
    expect((await configure({}, { variables })).settings).toEqual({ schema: 'public', lock: false });
  });

  it.each<[string, Record<string, string>, Setting, string]>([
    [
      'another database',
      { 'prisma/schema.prisma': datasource('', 'mysql') },
      {},
      'is for the provider "mysql"',
    ],
    [
      'a schema that is not there',
      {},
      { given: { schema: 'x.prisma' } },
      'The Prisma schema "x.prisma" does not exist.',
    ],
    [
      'a key that nobody knows',
      {},
      { given: { shema: 'x.prisma' } },
      '"shema" is not a key of the format "prisma". Did you mean "schema"?',
    ],
    [
      'a configuration that is none',
      { 'prisma.config.ts': '' },
      { config: undefined },
      'prisma.config.ts exports nothing.',
    ],
    [
      'a url that is no text',
      { 'prisma.config.ts': '' },
      { config: { datasource: { url: 7 } } },
      '"datasource.url" is number.',
    ],
  ])('is refused: %s', async (_, files, setting, message) => {
    await expect(configure(files, setting)).rejects.toThrow(message);
  });
});

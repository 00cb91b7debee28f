import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { configureFlyway } from '../../../src/source/flyway/configure.js';
import type { FormatConfiguration } from '../../../src/source/format.js';
import { tempProject, type TempProject } from '../../support/project.js';

let project: TempProject | undefined;
afterEach(() => project?.remove());

function configure(
  files: Readonly<Record<string, string>>,
  {
    given = {},
    variables = {},
    environment = 'development',
    dir = null,
  }: {
    readonly given?: Readonly<Record<string, unknown>>;
    readonly variables?: Readonly<Record<string, string>>;
    readonly environment?: string;
    readonly dir?: string | null;
  } = {},
): Promise<FormatConfiguration> {
  project = tempProject(files);
  return configureFlyway({
    root: project.dir,
    environment,
    given,
    dir: dir === null ? null : join(project.dir, dir),
    variable: (name) => variables[name],
    load: () => Promise.reject(new Error('nothing is code')),
  });
}

const at = (path: string): string => join(project?.dir ?? '', path);
const ignored = ({ warnings }: FormatConfiguration): readonly string[] =>
  warnings.map(({ message }) => /"([^"]+)"/.exec(message)?.[1] ?? message);

describe('flyway.conf', () => {
  it('is read with keys of both kinds, and names those that have no effect', async () => {
    const configuration = await configure({
      'flyway.conf': `flyway.url=jdbc:postgresql://localhost:5432/ui_base
flyway.user=postgres
flyway.password=password
flyway.locations=filesystem:./sql/migrations
flyway.baseline-on-migrate=true
flyway.validate-on-migrate=true
flyway.mixed=false
flyway.group=true
flyway.installed-by=flyway
`,
    });
    expect(configuration.dir).toBe(at('sql/migrations'));
    expect(configuration.connection).toEqual({ host: 'localhost', port: 5432, database: 'ui_base', user: 'postgres', password: 'password' }); // prettier-ignore
    expect(configuration.settings).toMatchObject({ installedBy: 'flyway', undoneAs: 'auto' });
    expect(ignored(configuration)).toEqual(['baselineOnMigrate', 'validateOnMigrate', 'mixed', 'group']);
    expect(JSON.stringify(configuration.warnings)).not.toContain('password');
  });

  it('takes variables, and placeholders of all files together', async () => {
    const configuration = await configure(
      {
        'one.conf': 'flyway.placeholders.App=${APP}\nflyway.table=one\nflyway.odd=1\n',
        'two.conf': 'flyway.placeholders.b=2\nflyway.table=two\nflyway.schemas=port,more\n',
      },
      { given: { configFiles: ['one.conf', 'two.conf'], table: 'given' }, variables: { APP: 'x', FLYWAY_TABLE: 'three', FLYWAY_SQL_MIGRATION_PREFIX: 'M' } }, // prettier-ignore
    );
    expect(configuration.settings).toMatchObject({
      table: 'given',
      defaultSchema: 'port',
      createdSchemas: ['port', 'more'],
      prefixes: { versioned: 'M', undo: 'U' },
      placeholders: { app: 'x', b: '2', 'flyway:table': 'given', 'flyway:defaultschema': 'port' },
    });
    expect(ignored(configuration)).toEqual(['odd']);
  });
});

describe('flyway.toml', () => {
  const toml = `
[environments.production]
url = "jdbc:postgresql://db/app?currentSchema=a"
schemas = ["live"]
[environments.other]
schemas = ["other"]
[flyway]
environment = "other"
locations = ["filesystem:one", "filesystem:two"]
licenseKey = "x"
[flyway.placeholders]
count = 3
`;

  it('gives the environment of the same name, else the one that the file says', async () => {
    const live = await configure({ 'flyway.toml': toml }, { environment: 'production' });
    expect(live.settings).toMatchObject({ defaultSchema: 'live', locations: [at('one'), at('two')], undoneAs: 'UNDO_SQL', placeholders: { count: '3' } }); // prettier-ignore
    expect(live.connection).toEqual({ host: 'db', database: 'app', searchPath: ['a'] });
    project?.remove();
    expect((await configure({ 'flyway.toml': toml })).settings).toMatchObject({ defaultSchema: 'other' });
  });

  it('is refused with its line where it is none', async () => {
    const refused = (async () => await configure({ 'flyway.toml': '[flyway]\ntable = x' }))();
    await expect(refused).rejects.toMatchObject({ code: 'CONFIG_INVALID', location: { line: 2 } });
  });
});

describe('the locations', () => {
  it.each([
    ['classpath:db/migration', "is on Java's classpath"],
    ['s3:bucket/x', 'is of the kind "s3"'],
    ['filesystem:sql/*', 'has wildcards'],
  ])('refuses %s', async (location, message) => {
    const files = { 'src/main/resources/db/migration/V1__a.sql': 'select 1;' };
    const refused = (async () =>
      await configure({ ...files, 'flyway.conf': `flyway.locations=${location}` }))();
    await expect(refused).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining(message) as string }); // prettier-ignore
  });

  it('are found where projects have them, and one that is named stands for all', async () => {
    expect((await configure({ 'db/migration/V1__a.sql': '' })).dir).toBe(at('db/migration'));
    project?.remove();
    const conf = { 'flyway.conf': 'flyway.locations=filesystem:a,filesystem:b', 'a/x': '', 'b/x': '' };
    expect((await configure(conf, { dir: 'a' })).settings).toMatchObject({ locations: [at('a'), at('b')] });
    project?.remove();
    expect((await configure(conf, { dir: 'c' })).settings).toMatchObject({ locations: [at('c')] });
  });
});

describe('what lockkeeper.config says', () => {
  it.each([{ odd: 1 }, { group: true }, { undoneAs: 'x' }, { mixed: false }])('refuses %j', async (given) => {
    const refused = (async () => await configure({}, { given }))();
    await expect(refused).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('refuses a flag that is none', async () => {
    const refused = (async () => await configure({ 'flyway.conf': 'flyway.createSchemas=maybe' }))();
    await expect(refused).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

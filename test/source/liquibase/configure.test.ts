import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { liquibase } from '../../../src/source/liquibase/index.js';
import { readJdbcUrl } from '../../../src/source/liquibase/jdbc-url.js';
import { parseProperties } from '../../../src/source/liquibase/properties.js';
import type { FormatConfiguration } from '../../../src/source/format.js';
import { tempProject, type TempProject } from '../../support/project.js';

let project: TempProject | null = null;

afterEach(() => {
  project?.remove();
  project = null;
});

async function configure(
  files: Readonly<Record<string, string>>,
  about: {
    readonly variables?: Readonly<Record<string, string>>;
    readonly given?: object;
    readonly dir?: string;
  } = {},
): Promise<FormatConfiguration> {
  project = tempProject(files);
  return await liquibase.configure({
    root: project.dir,
    environment: 'development',
    given: { ...about.given },
    dir: about.dir === undefined ? null : join(project.dir, about.dir),
    variable: (name) => about.variables?.[name],
    load: () => Promise.reject(new Error('not code')),
  });
}

describe('liquibase.properties', () => {
  it('says where the changelog and the database are', async () => {
    const { file, dir, settings, connection, warnings } = await configure({
      'db/master.xml': '',
      'liquibase.properties': [
        'changeLogFile: db/master.xml',
        'url=jdbc:postgresql://db.example:6543/shop?currentSchema=app&ssl=true',
        'username = anna',
        'liquibase.command.password: se cret',
        'contexts: dev, !slow',
        'parameter.owner: ops',
        'driver: org.postgresql.Driver',
        'liquibase.preserveSchemaCase: true',
      ].join('\n'),
    });
    expect(file).toMatch(/liquibase\.properties$/);
    expect(dir).toMatch(/\/db$/);
    expect(settings).toMatchObject({
      changelog: 'db/master.xml',
      contexts: ['dev', '!slow'],
      historySchema: 'app',
      parameters: { owner: 'ops' },
    });
    expect(connection).toEqual({
      host: 'db.example',
      port: 6543,
      database: 'shop',
      ssl: true,
      user: 'anna',
      password: 'se cret',
      searchPath: ['app'],
    });
    expect(warnings.map(({ message }) => message)).toEqual([
      'liquibase.properties: "liquibase.preserveSchemaCase" has no effect here.',
    ]);
  });

  it('gives way to variables, and they to lockkeeper.config', async () => {
    const files = {
      'liquibase.properties': 'changelog-file=a.sql\ndatabaseChangelogTableName=log_a\nlabels=x',
    };
    const variables = {
      LIQUIBASE_COMMAND_CHANGELOG_FILE: 'b.sql',
      LIQUIBASE_DATABASE_CHANGELOG_TABLE_NAME: 'log_b',
    };
    const { settings } = await configure(files, { variables, given: { changelogFile: 'c.sql' } });
    expect(settings).toMatchObject({ changelog: 'c.sql', historyTable: 'log_b', labels: 'x' });
  });

  it('may be left out where the changelog has one of the usual names', async () => {
    const { settings, file } = await configure({ 'db/db.changelog-master.yaml': '' }, { dir: 'db' });
    expect(file).toBeNull();
    expect(settings).toMatchObject({ changelog: 'db.changelog-master.yaml', historySchema: 'public' });
  });

  it('refuses a key of lockkeeper.config that it does not know', async () => {
    await expect(configure({}, { given: { changelog: 'a.sql' } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});

describe('a properties file', () => {
  it('is read as Java reads it', () => {
    const text = '# c\n! c\na=1\nb : two words \\\n   and more\nc\\ d x\\u0041\\ty\\=\nempty=\n';
    expect([...parseProperties(text)]).toEqual([
      ['a', '1'],
      ['b', 'two words and more'],
      ['c d', 'xA\ty='],
      ['empty', ''],
    ]);
  });
});

describe('a JDBC url', () => {
  it('is PostgreSQL or nothing', () => {
    expect(readJdbcUrl('jdbc:mysql://h/d')).toBeNull();
    expect(readJdbcUrl('jdbc:postgresql:shop')?.connection).toEqual({ host: 'localhost', database: 'shop' });
    expect(readJdbcUrl('jdbc:postgresql://[::1]:5433/a%20b?user=u&password=p')?.connection).toEqual({
      host: '::1',
      port: 5433,
      database: 'a b',
      user: 'u',
      password: 'p',
    });
  });
});

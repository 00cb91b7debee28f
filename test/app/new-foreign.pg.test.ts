import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createLockkeeper } from '../../src/app/create-lockkeeper.js';
import type { NewOptions, NewReport } from '../../src/app/lockkeeper.js';
import type { RunReport } from '../../src/core/report.js';
import {
  assertNothingLeft,
  createDatabase,
  latest,
  tempProject,
  type TempProject,
  type TestDatabase,
} from '../support/database.js';
import { failure } from '../support/failure.js';
import { linkTools } from '../support/tools.js';

interface Side {
  readonly project: TempProject;
  readonly database: TestDatabase;
  open(this: void): ReturnType<typeof createLockkeeper>;
  create(this: void, options: NewOptions): Promise<NewReport>;
}

const sides: Side[] = [];

afterEach(async () => {
  for (const { database, project } of sides.splice(0)) {
    await assertNothingLeft(database);
    await database.drop();
    project.remove();
  }
});

async function side(files: Readonly<Record<string, string>>): Promise<Side> {
  const database = await createDatabase(latest);
  const project = tempProject();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(project.dir, name)), { recursive: true });
    project.write(name, text);
  }
  linkTools(project);
  const open: Side['open'] = () =>
    createLockkeeper({ cwd: project.dir, url: database.url, variables: {}, lockWait: 0 });
  const made: Side = { project, database, open, create: async (options) => (await open()).new(options) };
  sides.push(made);
  return made;
}

const columns = ['id:bigserial:pk', "title:text:notnull:default='a?b`c'"];

const journal = JSON.stringify({
  version: '7',
  dialect: 'postgresql',
  entries: [{ idx: 0, version: '7', when: 4102444800000, tag: '0000_first', breakpoints: true }],
});

/** Each tool's project, and what the new file is called. */
const projects: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
  [
    'Knex',
    { 'knexfile.js': "module.exports = { client: 'pg', migrations: { directory: 'db' } };", 'db/.keep': '' },
    /^db\/\d{14}_create_books\.js$/,
  ],
  [
    'node-pg-migrate',
    {
      'migrate-config.json': '{ "migrations-dir": "db", "migration-file-language": "js" }',
      'package.json': '{ "type": "module" }',
      'db/.keep': '',
    },
    /^db\/\d+_create-books\.js$/,
  ],
  [
    'Prisma',
    { 'prisma/schema.prisma': 'datasource db {\n  provider = "postgresql"\n  url = env("X")\n}\n' },
    /^prisma\/migrations\/migration_lock\.toml$/,
  ],
  [
    'Drizzle',
    {
      'drizzle.config.json': '{ "dialect": "postgresql", "out": "./drizzle", "schema": "./schema.ts" }',
      'drizzle/0000_first.sql': 'create table first (id int);',
      'drizzle/meta/_journal.json': journal,
      'drizzle/meta/0000_snapshot.json': '{"id":"a","prevId":"b","tables":{}}',
    },
    /^drizzle\/0001_create_books\.sql$/,
  ],
  [
    'Flyway',
    {
      'flyway.conf': 'flyway.locations=filesystem:sql\n',
      'sql/V1__first.sql': 'create table first (id int);',
    },
    /^sql\/V2__create_books\.sql$/,
  ],
  [
    'Liquibase',
    {
      'liquibase.properties': 'changeLogFile=changelog.sql\n',
      'changelog.sql':
        '--liquibase formatted sql\n\n--changeset ann:1\ncreate table first (id int);\n--rollback drop table first;\n',
    },
    /^changelog\.sql$/,
  ],
];

describe('new in a project of another tool', { timeout: 120_000 }, () => {
  it.each(projects)('writes as %s does, and what it writes runs', async (_, files, first) => {
    const { create, open, database } = await side(files);
    const { files: written, version } = await create({ name: 'create_books', columns });
    expect(written[0]).toMatch(first);
    const lockkeeper = await open();
    expect((await lockkeeper.status()).pending.map((item) => item.version)).toContain(version);
    const report = (await lockkeeper.up()) as RunReport;
    expect(report.applied.at(-1)?.version).toBe(version);
    await database.query('insert into books default values');
    expect(await database.query('select title from books')).toEqual([{ title: 'a?b`c' }]);
    const status = await (await open()).status();
    expect([status.pending, status.changed, status.missing]).toEqual([[], [], []]);
    await (await open()).down({ steps: 1 });
    expect(await database.query("select to_regclass('books') as t")).toEqual([{ t: null }]);
  });

  it('goes on in the journal of Drizzle, behind the youngest entry, with a snapshot', async () => {
    const [, files] = projects[3] ?? ['', {}];
    const { create, project } = await side(files);
    await create({ name: 'create_books', columns });
    const { entries } = JSON.parse(project.read('drizzle/meta/_journal.json')) as {
      readonly entries: readonly object[];
    };
    expect(entries).toHaveLength(2);
    expect(entries[1]).toEqual({
      idx: 1,
      version: '7',
      when: 4102444800001,
      tag: '0001_create_books',
      breakpoints: true,
    });
    expect(JSON.parse(project.read('drizzle/meta/0001_snapshot.json'))).toMatchObject({
      prevId: 'a',
      tables: {},
    });
  });

  it('takes no format, because the folder has one', async () => {
    const { create } = await side({ 'knexfile.js': "module.exports = { client: 'pg' };" });
    const error = await failure(create({ name: 'create_books', format: 'ts' }));
    expect(error).toMatchObject({ code: 'USAGE_INVALID', details: { option: 'format' } });
  });

  it('says how Drizzle begins, and where Liquibase takes no SQL', async () => {
    const empty = await side({ 'drizzle.config.json': '{ "dialect": "postgresql", "out": "./drizzle" }' });
    expect((await failure(empty.create({ name: 'a' }))).hint).toContain('drizzle-kit generate --custom');
    const xml = await side({
      'liquibase.properties': 'changeLogFile=changelog.xml\n',
      'changelog.xml':
        '<databaseChangeLog><changeSet id="1" author="ann"><sql>select 1</sql></changeSet></databaseChangeLog>',
    });
    expect((await failure(xml.create({ name: 'a' }))).code).toBe('USAGE_INVALID');
  });
});

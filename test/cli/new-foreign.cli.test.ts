import { afterEach, describe, expect, it } from 'vitest';
import {
  createDatabase,
  runCli,
  tempProject,
  type TempProject,
  type TestDatabase,
} from '../support/database.js';

interface Project {
  readonly tool: string;
  /** The format that lockkeeper.config names; null where the tool's own configuration tells it. */
  readonly format: string | null;
  readonly files: Readonly<Record<string, string>>;
  /** The new file that holds the way up. */
  readonly file: RegExp;
  /** What it holds, beside the SQL of the template. */
  readonly content: RegExp;
  /** The rows of the tool's own history, as one text each. */
  readonly history: string;
  readonly rows: readonly (string | RegExp)[];
}

const first = 'create table first (id int);\n';
const table = String.raw`create table books \(\n  id bigserial primary key,\n  title text not null,\n[^;]*\n\);`;
const oneFile = (up: string, down: string): RegExp =>
  new RegExp(`^${up}\\n${table}\\n+(?:-- \\+goose StatementEnd\\n\\n)?${down}\\ndrop table books;\\n`);

const journal = JSON.stringify({
  version: '7',
  dialect: 'postgresql',
  entries: [{ idx: 0, version: '7', when: 1700000000000, tag: '0000_first', breakpoints: true }],
});

const projects: readonly Project[] = [
  {
    tool: 'dbmate',
    format: 'dbmate',
    files: { 'db/20240101000000_first.sql': `-- migrate:up\n${first}\n-- migrate:down\ndrop table first;\n` },
    file: /^db\/\d{14}_create_books\.sql$/,
    content: oneFile('-- migrate:up', '-- migrate:down'),
    history: 'select version as row from schema_migrations order by 1',
    rows: ['20240101000000', /^\d{14}$/],
  },
  {
    tool: 'golang-migrate',
    format: 'golang-migrate',
    files: { 'db/000007_first.up.sql': first, 'db/000007_first.down.sql': 'drop table first;\n' },
    file: /^db\/000008_create_books\.up\.sql$/,
    content: new RegExp(`^${table}\n$`),
    history: `select version || ' ' || dirty as row from schema_migrations`,
    rows: ['8 false'],
  },
  {
    tool: 'goose',
    format: 'goose',
    files: { 'db/00001_first.sql': `-- +goose Up\n${first}\n-- +goose Down\ndrop table first;\n` },
    file: /^db\/00002_create_books\.sql$/,
    content: oneFile(
      '-- \\+goose Up\\n-- \\+goose StatementBegin',
      '-- \\+goose Down\\n-- \\+goose StatementBegin',
    ),
    history: `select version_id || ' ' || is_applied as row from goose_db_version order by id`,
    rows: ['0 true', '1 true', '2 true'],
  },
  {
    tool: 'sql-migrate',
    format: null,
    files: {
      'dbconfig.yml': 'development:\n  dialect: postgres\n  dir: db\n',
      'db/20240101000000-first.sql': `-- +migrate Up\n${first}\n-- +migrate Down\ndrop table first;\n`,
    },
    file: /^db\/\d{14}-create_books\.sql$/,
    content: oneFile('-- \\+migrate Up', '-- \\+migrate Down'),
    history: 'select id as row from gorp_migrations order by id',
    rows: ['20240101000000-first.sql', /^\d{14}-create_books\.sql$/],
  },
  {
    tool: 'Diesel',
    format: null,
    files: {
      'diesel.toml': '[migrations_directory]\ndir = "db"\n',
      'db/2024-01-01-000000_first/up.sql': first,
      'db/2024-01-01-000000_first/down.sql': 'drop table first;\n',
    },
    file: /^db\/\d{4}-\d\d-\d\d-\d{6}_create_books\/up\.sql$/,
    content: new RegExp(`^${table}\n$`),
    history: 'select version as row from __diesel_schema_migrations order by 1',
    rows: ['20240101000000', /^\d{14}$/],
  },
  {
    tool: 'Flyway',
    format: null,
    files: { 'flyway.conf': 'flyway.locations=filesystem:db\n', 'db/V1__first.sql': first },
    file: /^db\/V2__create_books\.sql$/,
    content: new RegExp(`^${table}\n$`),
    history: `select concat_ws(' ', installed_rank, version, description, script, checksum is not null, success) as row
      from flyway_schema_history order by installed_rank`,
    rows: ['1 1 first V1__first.sql t t', '2 2 create books V2__create_books.sql t t'],
  },
  {
    tool: 'Liquibase',
    format: null,
    files: {
      'liquibase.properties': 'changeLogFile=db/changelog.sql\n',
      'db/changelog.sql': `--liquibase formatted sql\n\n--changeset ann:1\n${first}--rollback drop table first;\n`,
    },
    file: /^db\/changelog\.sql$/,
    content: new RegExp(`--changeset \\S+:\\S+\\n${table}\\n--rollback drop table books;\\n$`),
    history: `select concat_ws(' ', id, author, filename, exectype, left(md5sum, 2)) as row
      from databasechangelog order by orderexecuted`,
    rows: ['1 ann db/changelog.sql EXECUTED 9:', /^\S+ \S+ db\/changelog\.sql EXECUTED 9:$/],
  },
  {
    tool: 'Prisma',
    format: null,
    files: {
      'prisma/schema.prisma': 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n',
      'prisma/migrations/20240101000000_first/migration.sql': first,
      'prisma/migrations/migration_lock.toml': 'provider = "postgresql"\n',
    },
    file: /^prisma\/migrations\/\d{14}_create_books\/migration\.sql$/,
    content: new RegExp(`^${table}\n$`),
    history: `select concat_ws(' ', migration_name, finished_at is not null, applied_steps_count) as row
      from _prisma_migrations order by started_at`,
    rows: ['20240101000000_first t 1', /^\d{14}_create_books t 1$/],
  },
  {
    tool: 'Drizzle',
    format: null,
    files: {
      'drizzle.config.json': '{ "dialect": "postgresql", "out": "./db", "schema": "./schema.ts" }',
      'db/0000_first.sql': first,
      'db/meta/_journal.json': journal,
      'db/meta/0000_snapshot.json': '{"id":"a","prevId":"b","tables":{}}',
    },
    file: /^db\/0001_create_books\.sql$/,
    content: new RegExp(`^${table}\n$`),
    history: `select concat_ws(' ', id, length(hash), created_at) as row from drizzle.__drizzle_migrations order by id`,
    rows: ['1 64 1700000000000', /^2 64 \d{13}$/],
  },
];

const sides: { readonly project: TempProject; readonly database: TestDatabase }[] = [];

afterEach(async () => {
  for (const { project, database } of sides.splice(0)) {
    await database.drop();
    project.remove();
  }
});

async function openProject({ files, format }: Project): Promise<(typeof sides)[number]> {
  const config = JSON.stringify({ migrations: { dir: 'db', format } });
  const side = {
    project: tempProject({ ...files, ...(format === null ? {} : { 'lockkeeper.config.json': config }) }),
    database: await createDatabase(),
  };
  sides.push(side);
  return side;
}

describe('lockkeeper new', () => {
  it.each(projects)('goes on in a project of $tool, and its history too', async (given) => {
    const { project, database } = await openProject(given);
    const lk = (line: string) =>
      runCli(line.split(' '), { cwd: project.dir, env: { DATABASE_URL: database.url, LANG: 'C.UTF-8' } });
    expect(await lk('up')).toMatchObject({ code: 0 });
    const made = await lk('new create_books --column id:bigserial:pk --column title:text:notnull --json');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    const { files, version } = JSON.parse(made.stdout) as {
      readonly files: string[];
      readonly version: string;
    };
    const file = files.find((name) => given.file.test(name));
    expect(files.join(' '), 'the new file').toMatch(file === undefined ? given.file : /./);
    expect(project.read(file ?? '')).toMatch(given.content);
    const up = await lk('up --json');
    expect(JSON.parse(up.stdout)).toMatchObject({ applied: [{ version }] });
    expect(await database.query('select id, title from books')).toEqual([]);
    const rows = await database.query<{ row: string }>(given.history);
    expect(rows.map(({ row }) => row)).toEqual(
      given.rows.map((row) => (typeof row === 'string' ? row : (expect.stringMatching(row) as string))),
    );
    expect(await lk('status --check')).toMatchObject({ code: 0 });
  });
});

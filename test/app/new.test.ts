import { afterEach, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import type { NewOptions } from '../../src/app/lockkeeper.js';
import { createMigration } from '../../src/app/new.js';
import type { ResolvedConfig } from '../../src/config/resolved.js';
import type { Context } from '../../src/core/context.js';
import { compareVersions } from '../../src/migration/version.js';
import { createSource } from '../../src/source/source.js';
import { tempProject, type TempProject } from '../support/project.js';

let project: TempProject | undefined;
afterEach(() => {
  project?.remove();
  project = undefined;
});

/** Goes on in another, empty project. */
function anew(): void {
  project?.remove();
  project = undefined;
}

const noon = Date.UTC(2026, 10, 20, 12, 0, 0);

let writes: 'sql' | 'ts' | undefined;
afterEach(() => {
  writes = undefined;
});

function create(options: NewOptions, files: Readonly<Record<string, string>> = {}, now = noon) {
  project ??= tempProject(files);
  const config = {
    root: project.dir,
    sources: [{ name: 'migrations', dir: join(project.dir, 'migrations'), format: 'native', writes }],
    templatesDir: null,
  } as unknown as ResolvedConfig;
  return createMigration(config, { now: () => now } as unknown as Context, options);
}

/** The text of the file that the options give. */
function textOf(options: NewOptions, files: Readonly<Record<string, string>> = {}): string {
  const { files: written } = create(options, files);
  expect(written).toHaveLength(1);
  return project!.read(written[0]!);
}

describe('the language of a new migration', () => {
  const written = (options: Partial<NewOptions>, ...names: readonly string[]): string => {
    anew();
    const files = Object.fromEntries(names.map((name) => [name, 'select 1;\n']));
    return (
      create({ name: 'x', ...options }, files)
        .files[0]?.split('.')
        .at(-1) ?? ''
    );
  };

  it('is that of the newest migration, whatever runs behind it, and SQL where there is none', () => {
    expect(written({})).toBe('sql');
    expect(written({}, 'migrations/1_a.sql', 'migrations/2_b.ts')).toBe('ts');
    expect(written({}, 'migrations/1_a.mjs', 'migrations/R__v.sql')).toBe('ts');
    expect(written({}, 'migrations/1_a.ts', 'migrations/2_b.sql')).toBe('sql');
  });

  it('is what the configuration says, and before it what is asked for', () => {
    writes = 'ts';
    expect(written({}, 'migrations/2_b.sql')).toBe('ts');
    expect(written({ format: 'sql' }, 'migrations/2_b.ts')).toBe('sql');
    writes = 'sql';
    expect(written({}, 'migrations/2_b.ts')).toBe('sql');
  });

  it('is that of a template of the project that is there in one only', () => {
    const template = 'lockkeeper/templates/audit.sql';
    expect(written({ template: 'audit' }, template, 'migrations/2_b.ts')).toBe('sql');
    expect(written({ template: 'audit', format: 'sql' }, template)).toBe('sql');
    expect(() => written({ template: 'audit', format: 'ts' }, template)).toThrow('no template "audit"');
  });
});

describe('the version of a new migration', () => {
  it('is the time in UTC, and the folder is made', () => {
    expect(create({ name: 'create_users' })).toEqual({
      version: '20261120120000',
      name: 'create_users',
      files: ['migrations/20261120120000_create_users.sql'],
    });
  });

  it.each([
    ['two in one second', ['20261120120000_a.sql'], '20261120120001'],
    ['a file from the future', ['20301231235959_a.sql'], '20310101000000'],
    ['digits that count on beyond a minute', ['20301231235960_a.sql'], '20301231235961'],
    ['a later moment in milliseconds', ['1900000000000_a.ts'], '20300317174641'],
    ['a later moment with dashes', ['2030-01-01-000000_a.sql'], '20300101000001'],
    ['a later day', ['20300101_a.sql'], '20300101000001'],
    ['counters in one width', ['0001_a.sql', '0002_b.sql'], '0003'],
    ['counters of golang-migrate', ['000009_a.sql'], '000010'],
    ['counters that outgrow their width', ['99_a.sql'], '100'],
    ['counters beside dates', ['0001_a.sql', '20240101_b.sql'], '20261120120000'],
    ['dotted versions', ['V1.2__a.sql'], '20261120120000'],
    ['repeatable files', ['R__a.sql', '0001_b.sql'], '0002'],
  ])('is later than %s', (_, existing, version) => {
    const files = Object.fromEntries(existing.map((name) => [`migrations/${name}`, 'select 1']));
    const report = create({ name: 'next' }, files);
    expect(report.version).toBe(version);
    const { files: listed, problems } = createSource(
      { name: 'm', dir: join(project!.dir, 'migrations'), format: 'native' },
      { root: project!.dir },
    ).list();
    expect(problems).toEqual([]);
    const versioned = listed.filter((file) => !file.repeatable);
    expect(versioned.at(-1)).toMatchObject({ version, name: 'next' });
    expect(versioned.every((file) => compareVersions(file.version, version) <= 0)).toBe(true);
  });

  it('follows a folder of pairs', () => {
    const report = create(
      { name: 'create_posts', format: 'sql' },
      { 'migrations/000001_a.up.sql': 'select 1', 'migrations/000001_a.down.sql': 'select 1' },
    );
    expect(report.files).toEqual([
      'migrations/000002_create_posts.up.sql',
      'migrations/000002_create_posts.down.sql',
    ]);
    expect(project!.read(report.files[0]!)).toContain('create table posts');
    expect(project!.read(report.files[1]!)).toBe('drop table posts;\n');
  });
});

describe('the name of a new migration', () => {
  it.each([
    ['CreateUsers', 'create_users'],
    ['add email to users', 'add_email_to_users'],
    ['add-email--to_users', 'add_email_to_users'],
    ['addHTTPStatus2', 'add_http_status2'],
    ['Größe ändern', 'größe_ändern'],
    ['2fa', '2fa'],
    ['...x', 'x'],
  ])('turns %s into %s', (given, name) => {
    expect(create({ name: given, template: 'raw' }).name).toBe(name);
  });

  it.each([
    '../../etc/passwd',
    String.raw`a\b`,
    'a/b',
    "x'; drop table users; --",
    'a\nb',
    'a\0b',
    'a\u001b[31m',
    '',
    '   ',
    '..',
    'x'.repeat(300),
    'a`b',
    '$(rm)',
  ])('refuses %j', (name) => {
    expect(() => create({ name })).toThrow(expect.objectContaining({ code: 'MIGRATION_NAME_INVALID' }));
    expect(project?.list('migrations') ?? []).toEqual([]);
  });

  it('never writes over a file', () => {
    create({ name: 'a' }, { 'migrations/20261120120000_a.sql': 'mine' });
    expect(project!.read('migrations/20261120120000_a.sql')).toBe('mine');
    expect(project!.list('migrations')).toHaveLength(2);
  });
});

describe('templates', () => {
  it('makes a table with the columns given, a key and times', () => {
    const text = textOf({
      name: 'create_users',
      columns: [
        'email:string(255):notnull:unique',
        'age:int',
        'balance:decimal(10,2):notnull:default=0',
        'org_id:uuid:notnull:references=orgs.id',
        'status:text:notnull:default=active',
        'tags:text[]:default={}',
        'settings:jsonb:notnull:default={"a": "b:c"}',
        "starts:time:default='10:30'",
        'seen_at:timestamptz:default=now()',
        'order:int',
      ],
    });
    expect(text).toBe(`-- description: Create users

-- migrate:up
create table users (
  id uuid primary key default gen_random_uuid(),
  email varchar(255) not null unique,
  age integer,
  balance numeric(10, 2) not null default 0,
  org_id uuid not null references orgs (id),
  status text not null default 'active',
  tags text[] default '{}',
  settings jsonb not null default '{"a": "b:c"}',
  starts time default '10:30',
  seen_at timestamptz default now(),
  "order" integer,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);

create index on users (org_id);

-- migrate:down
drop table users;
`);
  });

  it('makes the column id the key, and leaves out what is given', () => {
    const text = textOf({
      name: 'create_a',
      columns: ['id:bigserial', 'created_at:date', 'deleted_at:date'],
    });
    expect(text).toContain(
      '  id bigserial primary key,\n  created_at date,\n  deleted_at date,\n  updated_at',
    );
    anew();
    expect(textOf({ name: 'create_a', columns: ['code:text:primary'] })).not.toContain('uuid');
  });

  it('adds columns to a table in safe steps', () => {
    const text = textOf({
      name: 'add_details_to_users',
      columns: [
        'bio:text',
        'email:text:notnull:unique',
        'active:bool:notnull:default=true',
        'org_id:int:references=orgs',
      ],
    });
    expect(text).toContain(`alter table users
  add column bio text,
  add column email text,
  add column active boolean not null default true,
  add column org_id integer references orgs;

-- Where the table has rows, fill email here; the check below is validated without blocking writes.
alter table users add constraint users_email_not_null check (email is not null) not valid;
alter table users validate constraint users_email_not_null;
alter table users alter column email set not null;
alter table users drop constraint users_email_not_null;

create unique index concurrently users_email_key on users (email);
alter table users add constraint users_email_key unique using index users_email_key;

create index concurrently users_org_id_idx on users (org_id);

-- migrate:down
alter table users
  drop column org_id,
  drop column active,
  drop column email,
  drop column bio;
`);
  });

  it('warns of a default that rewrites the table', () => {
    const text = textOf({ name: 'add_key_to_users', columns: ['key:uuid:default=gen_random_uuid()'] });
    expect(text).toContain('-- key: its default differs from row to row');
  });

  it('builds an index concurrently, in the schema of its table', () => {
    const text = textOf({
      name: 'speed_up_login',
      template: 'create-index',
      table: 'app.users',
      columns: ['email', 'tenant:int:unique'],
    });
    expect(text).toContain(
      'create unique index concurrently users_email_tenant_key on app.users (email, tenant);',
    );
    expect(text).toContain('drop index concurrently if exists app.users_email_tenant_key;');
  });

  it('cuts the name of an index to what PostgreSQL keeps', () => {
    const columns = ['a', 'b', 'c'].map((letter) => letter.repeat(30));
    const text = textOf({ name: 'x', template: 'create-index', table: 'users', columns });
    const name = /concurrently (\w+) on/.exec(text)?.[1] ?? '';
    expect(name).toHaveLength(63);
    expect(name.endsWith('_idx')).toBe(true);
  });

  it.each([
    ['create_users', 'create table users ('],
    ['create_table_users', 'create table users ('],
    ['create_users_table', 'create table users ('],
    ['CreateUsers', 'create table users ('],
    ['add_bio_to_users', '-- alter table users add column'],
    ['alter_users', '-- alter table users add column'],
    ['add_index_on_email_to_users', 'create index concurrently users_email_idx on users (email);'],
    ['add_email_index_to_users', 'create index concurrently users_email_idx on users (email);'],
    ['index_users_on_a_and_b', 'create index concurrently users_a_b_idx on users (a, b);'],
    ['create_index_on_users', '-- create index concurrently name on users (column);'],
    ['create_extension_pgcrypto', '-- Write the SQL'],
    ['create_types', '-- Write the SQL'],
    ['drop_users', '-- Write the SQL'],
    ['drop_index_users', '-- Write the SQL'],
    ['create_indexes', '-- Write the SQL'],
    ['move_data', '-- Write the SQL'],
  ])('guesses from the name %s', (name, sql) => {
    expect(textOf({ name })).toContain(sql);
  });

  it('takes the options before the name', () => {
    expect(textOf({ name: 'create_users', table: 'app.people' })).toContain('create table app.people (');
    anew();
    expect(textOf({ name: 'create_users', template: 'empty' })).toBe(
      '-- description: Create users\n\n-- migrate:up\n\n\n-- migrate:down\n\n',
    );
    anew();
    expect(textOf({ name: 'whatever', table: 'users', columns: ['a:int'] })).toContain(
      'alter table users add column a integer;',
    );
  });

  it('writes TypeScript that says the same', async () => {
    const report = create({
      name: 'create_users',
      format: 'ts',
      columns: ["path:text:default='C:\\temp`${x}'"],
    });
    const source = createSource(
      { name: 'm', dir: join(project!.dir, 'migrations'), format: 'native' },
      { root: project!.dir },
    );
    const { migrations, problems } = await source.read(source.list().files);
    expect(problems).toEqual([]);
    expect(report.files).toEqual(['migrations/20261120120000_create_users.ts']);
    expect(migrations[0]).toMatchObject({ metadata: { description: 'Create users' }, up: { kind: 'sql' } });
    expect(migrations[0]?.up).toMatchObject({
      text: expect.stringContaining("path text default 'C:\\temp`${x}',") as string,
    });
  });

  it('writes functions for an empty TypeScript migration', async () => {
    create({ name: 'move_data', format: 'ts', template: 'empty' });
    const source = createSource(
      { name: 'm', dir: join(project!.dir, 'migrations'), format: 'native' },
      { root: project!.dir },
    );
    const { migrations } = await source.read(source.list().files);
    expect(migrations[0]).toMatchObject({
      up: { kind: 'code', ownConnection: false },
      down: { kind: 'code' },
    });
  });
});

describe('what a column may be', () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['a:strng', /"strng" is not known. Near to it: string/],
    ['a:timestampz', /Near to it: timestamp, timestamptz/],
    ['a:tex', /Near to it: text/],
    ['a:number', /Near to it: numeric/],
    ['a:varchar(0)', /does not fit/],
    ['a:varchar(x)', /does not fit/],
    ['a:text(20)', /does not fit/],
    ['a:decimal(10,2,3)', /does not fit/],
    ['a:serial[]', /cannot be an array/],
    ['a:serial:default=1', /counts by itself/],
    ['a', /has no type/],
    [':int', /no column name/],
    ['a.b:int', /no column name/],
    ['a:int:notnul', /Did you mean "notnull"/],
    ['a:int:primary=1', /says nothing/],
    ['a:int:default=', /empty default/],
    ['a:int:default=(1', /parenthesis/],
    ["a:text:default='x", /quote/],
    ['a:int:references=', /no reference/],
    ['a:int:references=a.b.c.d', /no reference/],
    [`${'x'.repeat(64)}:int`, /longer than 63 bytes/],
    ['a\u0000b:int', /control character/],
    ['a:a.b.c', /no type name/],
  ];

  it.each(refused)('refuses %j', (column, message) => {
    expect(() => create({ name: 'create_t', columns: [column] })).toThrow(
      expect.objectContaining({
        code: 'TEMPLATE_INVALID',
        message: expect.stringMatching(message) as string,
      }),
    );
  });

  it('refuses a column twice, an unknown template, a bad table, and columns for no table', () => {
    const refuse = (options: NewOptions, message: RegExp) =>
      expect(() => create(options)).toThrow(
        expect.objectContaining({
          code: 'TEMPLATE_INVALID',
          message: expect.stringMatching(message) as string,
        }),
      );
    refuse({ name: 'create_t', columns: ['a:int', 'a:text'] }, /"a" is given twice/);
    refuse({ name: 'x', template: 'create-tabel' }, /Did you mean "create-table"/);
    refuse({ name: 'x', template: '../x' }, /no template/);
    refuse({ name: 'x', template: 'create-table' }, /needs a table/);
    refuse({ name: 'x', template: 'alter-table', table: 'a.b.c' }, /no table name/);
    refuse({ name: 'x', template: 'alter-table', table: '' }, /no table name/);
    refuse({ name: 'move_data', columns: ['a:int'] }, /does not tell for which table/);
    expect(project?.list('migrations')).toEqual([]);
  });

  it("takes a type of the project's own, and quotes what needs quotes", () => {
    const text = textOf({
      name: 'create_t',
      table: 'my schema.t',
      columns: [
        'createdAt:public.mood',
        'user:"Odd Type"[]',
        '"a.b":int:references=other.user',
        '"x\'y":int',
      ],
    });
    expect(text).toContain(`create table "my schema".t (`);
    expect(text).toContain(
      '  "createdAt" public.mood,\n  "user" "Odd Type"[],\n  "a.b" integer references other ("user"),\n  "x\'y" integer,',
    );
  });

  it('reads now and today when a row is written, not when the table is made', () => {
    const text = textOf({
      name: 'create_t',
      columns: ['a:timestamptz:default=now', 'b:date:default=today', 'c:date:default=2024-01-01'],
    });
    expect(text).toContain(
      "a timestamptz default now(),\n  b date default current_date,\n  c date default '2024-01-01',",
    );
  });
});

describe("a project's own templates", () => {
  it('fills in name, version, table and columns', () => {
    const text = textOf(
      { name: 'create_users', template: 'audited', columns: ['a:int', 'b:text:notnull'] },
      {
        'lockkeeper/templates/audited.sql':
          '-- {{ name }} {{version}}\ncreate table {{table}} (\n  {{columns}}\n);\n{ {not} {{',
      },
    );
    expect(text).toBe(
      '-- create_users 20261120120000\ncreate table users (\n  a integer,\n  b text not null\n);\n{ {not} {{',
    );
  });

  it('comes before a built-in of the same name, for its own format only', () => {
    const own = { 'lockkeeper/templates/create-table.sql': 'select 1; -- {{table}}' };
    expect(textOf({ name: 'create_users' }, own)).toBe('select 1; -- users');
    expect(project!.read(create({ name: 'create_posts', format: 'ts' }).files[0]!)).toContain(
      'create table posts',
    );
  });

  it.each([
    ['{{tabel}}', /\{\{tabel\}\}.*Did you mean "table"/],
    ['{{table}}', /\{\{table\}\}, and none was given/],
    ['{{columns}}', /\{\{columns\}\}, and none was given/],
  ])('refuses a template with %s', (text, message) => {
    expect(() => create({ name: 'x', template: 'own' }, { 'lockkeeper/templates/own.sql': text })).toThrow(
      expect.objectContaining({
        code: 'TEMPLATE_INVALID',
        message: expect.stringMatching(message) as string,
      }),
    );
  });
});

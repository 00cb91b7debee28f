import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewOptions } from '../../src/app/lockkeeper.js';
import { createMigration } from '../../src/app/new.js';
import { columnTypeWords } from '../../src/app/templates/column-type.js';
import { isReservedWord } from '../../src/app/templates/identifier.js';
import type { ResolvedConfig } from '../../src/config/resolved.js';
import type { Context } from '../../src/core/context.js';
import type { Migration, Script } from '../../src/migration/migration.js';
import { createSource } from '../../src/source/source.js';
import { createDatabase, servers, tempProject, type TestDatabase } from '../support/database.js';

/** Writes a migration as `lockkeeper new` does, and reads it as `up` does. */
async function make(options: NewOptions): Promise<Migration> {
  const project = tempProject();
  try {
    const dir = join(project.dir, 'migrations');
    const source = { name: 'migrations', dir, format: 'native' } as const;
    const config = { root: project.dir, sources: [source], templatesDir: null } as unknown as ResolvedConfig;
    createMigration(config, { now: () => Date.now() } as unknown as Context, options);
    const opened = createSource(source, { root: project.dir });
    const { migrations, problems } = await opened.read(opened.list().files);
    expect(problems.map((problem) => problem.message)).toEqual([]);
    return migrations[0]!;
  } finally {
    project.remove();
  }
}

/** Each statement on its own, outside a transaction, so that CONCURRENTLY is allowed. */
async function run(database: TestDatabase, script: Script | null): Promise<void> {
  if (script?.kind !== 'sql') throw new Error('expected SQL');
  for (const { start, end } of script.statements) await database.query(script.text.slice(start, end));
}

/** Everything in the catalog that a migration of these tests can touch. */
async function catalog(database: TestDatabase): Promise<unknown> {
  return database.query(`
    select 'column' as kind, c.relname::text as relation, a.attname::text as name,
           format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull::text as what
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace in ('public'::regnamespace, 'app'::regnamespace) and a.attnum > 0 and not a.attisdropped
    union all
    select 'constraint', conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) from pg_constraint
    where connamespace in ('public'::regnamespace, 'app'::regnamespace)
    union all
    select 'index', indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid) || indisvalid::text
    from pg_index join pg_class c on c.oid = indexrelid
    where c.relnamespace in ('public'::regnamespace, 'app'::regnamespace)
    order by 1, 2, 3`);
}

const base = `
  create schema app;
  create type public.mood as enum ('ok', 'so-so');
  create table orgs (id uuid primary key default gen_random_uuid());
  create table numbers (id int primary key);
  create table app.users (id int primary key, email text, tenant int);
  insert into app.users select n, 'user' || n, n from generate_series(1, 100) n;
  create table empty_users (id int);
  insert into numbers values (7);
`;

/** Every word of the type table, as it would be written. */
const typeColumns = columnTypeWords.map((word, index) => `c${index}:${word}`);

const arrays = columnTypeWords
  .filter((word) => !word.includes('serial'))
  .map((word, index) => `a${index}:${word}[]`);

const orders: readonly (readonly [string, NewOptions])[] = [
  ['every column type', { name: 'create_t', columns: typeColumns }],
  ['an array of every type', { name: 'create_t', columns: arrays }],
  ['added columns of every type', { name: 'add_all_to_empty_users', columns: typeColumns }],
  [
    'lengths and precisions',
    {
      name: 'create_t',
      columns: [
        'a:string(20)',
        'b:varchar(3)',
        'c:char(1)',
        'd:numeric(10,2)',
        'e:decimal(5)',
        'f:timestamptz(3)',
        'g:timestamp(0) with time zone',
        'h:interval(6)',
        'i:bit(8)',
        'j:varchar(20)[]',
        'k:int[3][3]',
        'l:time(2)',
        'm:datetime(3)',
        'n:character varying (7)',
        'o:double  precision',
      ],
    },
  ],
  [
    'defaults of every form',
    {
      name: 'create_t',
      columns: [
        'a:text:default=active',
        'b:text:default=0',
        "c:text:default='it''s: x, (y)'",
        'd:int:default=-1',
        'e:numeric(10,2):default=1.50',
        'f:bool:default=true',
        'g:bool:default=yes',
        'h:timestamptz:default=now',
        'i:timestamptz:default=now()',
        'j:date:default=today',
        'k:date:default=2024-01-01',
        'l:time:default=10\\:30',
        'm:jsonb:default={}',
        'n:jsonb:default={"a": [1, "f(x): y"]}',
        'o:json:default=[]',
        'p:text[]:default={a,b}',
        "q:text[]:default=array['a','b']::text[]",
        'r:uuid:default=gen_random_uuid()',
        'seven:int:default=(1 + 2) * 3',
        's:interval:default=1 day',
        "t:interval:default='90 minutes'",
        'u:inet:default=127.0.0.1',
        'v:text:default=null',
        'w:timestamp:default=current_timestamp',
        'x:public.mood:default=so-so',
        "y:bytea:default='\\x00'",
        'z:daterange:default=[2024-01-01,2024-02-01)',
        "aa:text:default=say 'hi'",
        'bb:float:default=1e3',
        "cc:text:default=lower('X')",
        'dd:money:default=0',
        "ee:text:default=''",
      ].map((column) => column.replace('10\\:30', "'10:30'")),
    },
  ],
  [
    'keys, uniqueness and references',
    {
      name: 'create_t',
      columns: [
        'code:text:primary',
        'org_id:uuid:notnull:references=orgs.id',
        'number:int:unique:references=numbers',
        'user_id:int:references=app.users.id',
        'other:int:references=app.users(id)',
        'email:text:notnull:unique',
      ],
    },
  ],
  ['a column called id', { name: 'create_t', columns: ['id:bigserial', 'created_at:timestamptz'] }],
  ['a table without columns', { name: 'create_t' }],
  [
    'names that need quotes',
    {
      name: 'create_t',
      table: 'app."Odd "" name; drop table x"',
      columns: [
        'user:int',
        'createdAt:timestamp',
        '"a.b:c":int:references=numbers',
        'größe:int',
        '"it\'s":int:unique',
      ],
    },
  ],
  [
    'safe columns on a table with rows',
    {
      name: 'add_more_to_users',
      table: 'app.users',
      columns: [
        'bio:text',
        'active:bool:notnull:default=true',
        'nick:text:unique',
        'org_id:uuid:references=orgs.id',
        'number:int:notnull:default=7:references=numbers.id',
        'key:uuid:notnull:default=gen_random_uuid()',
        'count:bigserial',
        'order:int:unique:references=numbers',
      ],
    },
  ],
  [
    'NOT NULL on an empty table',
    { name: 'add_name_to_empty_users', columns: ['name:text:notnull', 'slug:text:notnull:unique'] },
  ],
  [
    'an index on a table with rows',
    { name: 'x', template: 'create-index', table: 'app.users', columns: ['email', 'tenant'] },
  ],
  [
    'a unique index with a long name',
    {
      name: 'add_index_to_users',
      template: 'create-index',
      table: 'app.users',
      columns: ['email:text:unique'],
    },
  ],
  ['an index guessed from the name', { name: 'index_empty_users_on_id' }],
];

describe.each(servers.map((server) => [server.major, server] as const))('on PostgreSQL %s', (_, server) => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createDatabase(server);
    await database.query(base);
  });

  afterAll(() => database.drop());

  describe.each(['sql', 'ts'] as const)('new migrations as %s', (format) => {
    it.each(orders)('run up, down and up again: %s', async (_, options) => {
      const migration = await make({ ...options, format });
      const before = await catalog(database);
      await run(database, migration.up);
      const after = await catalog(database);
      expect(after).not.toEqual(before);
      await run(database, migration.down);
      expect(await catalog(database)).toEqual(before);
      await run(database, migration.up);
      expect(await catalog(database)).toEqual(after);
      await run(database, migration.down);
    });
  });

  it('quotes exactly the words that the server reserves', async () => {
    const words = await database.query<{ word: string }>(
      `select word from pg_get_keywords() where catcode in ('R', 'T')`,
    );
    expect(words.length).toBeGreaterThan(80);
    expect(words.map(({ word }) => word).filter((word) => !isReservedWord(word))).toEqual([]);
  });

  it('gives defaults the values that were meant', async () => {
    const columns = [
      'a:text:default=active',
      'b:date:default=2024-02-03',
      'c:jsonb:default={"a": 1}',
      'd:text[]:default={x,y}',
    ];
    const { up, down } = await make({ name: 'create_t', columns });
    await run(database, up);
    await database.query('insert into t default values');
    expect(await database.query('select a, b::text, c, d from t')).toEqual([
      { a: 'active', b: '2024-02-03', c: { a: 1 }, d: ['x', 'y'] },
    ]);
    await run(database, down);
  });

  it('leaves no index of a constraint invalid, and NOT NULL in force', async () => {
    const { up, down } = await make({
      name: 'add_code_to_empty_users',
      columns: ['code:text:notnull:unique'],
    });
    await run(database, up);
    await expect(database.query('insert into empty_users values (1, null)')).rejects.toThrow(/not-null/);
    expect(
      await database.query(
        `select conname::text from pg_constraint where conrelid = 'empty_users'::regclass and contype in ('c', 'u')`,
      ),
    ).toEqual([{ conname: 'empty_users_code_key' }]);
    await run(database, down);
  });
});

import { describe, expect, it } from 'vitest';
import { linkTools } from '../support/tools.js';
import { createWorkspace, failure, type Workspace } from './workspace.js';

const table = 'create table book (id int primary key, title text not null)';

/** A workspace with the libraries installed, and one migration that has made a table. */
async function createShelf(up: string, imports = ''): Promise<Workspace> {
  const workspace = await createWorkspace({
    '1_shelf.sql': `${table};`,
    '2_books.ts': `${imports}\nexport async function up(db) {\n${up}\n}\n`,
  });
  linkTools(workspace.project);
  return workspace;
}

const titles = async ({ database }: Workspace): Promise<readonly string[]> =>
  (await database.query<{ title: string }>('select title from book order by id')).map(({ title }) => title);

const libraries = {
  knex: {
    imports: '',
    insert: (id: number, on = 'db.knex') => `await ${on}('book').insert({ id: ${id}, title: 'book ${id}' });`,
    nested: (body: (on: string) => string) => `await db.knex.transaction(async (trx) => {${body('trx')}})`,
    raw: (sql: string) => `await db.knex.raw(${JSON.stringify(sql)});`,
  },
  kysely: {
    imports: "import { sql } from 'kysely';",
    insert: (id: number, on = 'db.kysely') =>
      `await ${on}.insertInto('book').values({ id: ${id}, title: 'book ${id}' }).execute();`,
    nested: (body: (on: string) => string) =>
      `await db.kysely.transaction().execute(async (trx) => {${body('trx')}})`,
    raw: (sql: string) => `await sql.raw(${JSON.stringify(sql)}).execute(db.kysely);`,
  },
  drizzle: {
    imports:
      "import { sql } from 'drizzle-orm';\nimport { integer, pgTable, text } from 'drizzle-orm/pg-core';\nconst book = pgTable('book', { id: integer(), title: text() });",
    insert: (id: number, on = 'db.drizzle') =>
      `await ${on}.insert(book).values({ id: ${id}, title: 'book ${id}' });`,
    nested: (body: (on: string) => string) => `await db.drizzle.transaction(async (trx) => {${body('trx')}})`,
    raw: (sql: string) => `await db.drizzle.execute(sql.raw(${JSON.stringify(sql)}));`,
  },
  slonik: {
    imports: "import { sql } from 'slonik';",
    insert: (id: number, on = 'db.slonik') =>
      `await ${on}.query(sql.unsafe\`insert into book values (\${${id}}, \${'book ${id}'})\`);`,
    nested: (body: (on: string) => string) => `await db.slonik.transaction(async (trx) => {${body('trx')}})`,
    raw: (sql: string) => `await db.slonik.query(sql.unsafe\`${sql}\`);`,
  },
};

describe.each(Object.entries(libraries))('db.%s', (name, { imports, insert, nested, raw }) => {
  it('works in the transaction of the migration, and nested ones are savepoints', async () => {
    const workspace = await createShelf(
      `${insert(1)}
      ${nested((on) => insert(2, on))};
      const back = ${nested((on) => `${insert(3, on)} throw new Error('back');`).replace('await ', '')};
      await back.then(() => { throw new Error('not rolled back'); }, (error) => { if (error.message !== 'back') throw error; });
      ${insert(4)}
      const { rows } = await db.query('select count(*)::int as count from book');
      if (rows[0].count !== 3) throw new Error('another session');`,
      imports,
    );
    await workspace.up();
    expect(await titles(workspace)).toEqual(['book 1', 'book 2', 'book 4']);
  });

  it('leaves nothing when the migration fails behind it, and names the line where it can be known', async () => {
    const workspace = await createShelf(`${insert(1)}\n${insert(1)}`, imports);
    const error = await failure(workspace.up());
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', details: { sqlstate: '23505' } });
    // What is awaited of Drizzle is no promise, so that V8 keeps no stack to the caller.
    const line = name === 'drizzle' ? undefined : imports.split('\n').length + 3;
    expect(error.location?.line).toBe(line);
    if (line === undefined) expect(error.message).toMatch(/\nin migrations\/\S+; from which line/);
    expect(await titles(workspace)).toEqual([]);
  });

  it('may build an index concurrently', async () => {
    const workspace = await createShelf(
      `${insert(1)}\n${raw('create index concurrently book_title on book (title)')}\n${insert(2)}`,
      imports,
    );
    const { applied } = await workspace.up();
    expect(applied.at(-1)?.steps.map(({ transaction }) => transaction)).toEqual([true, false, true]);
    expect(await titles(workspace)).toHaveLength(2);
  });

  it('names the package where it is not installed', async () => {
    const workspace = await createWorkspace({
      '1_a.mjs': `export const up = async (db) => void db.${name};`,
    });
    expect(await failure(workspace.up())).toMatchObject({
      code: 'PACKAGE_MISSING',
      hint: expect.stringContaining('npm install') as string,
    });
  });
});

it('refuses two transactions of a library at a time, which one connection cannot hold', async () => {
  const { nested, insert } = libraries.kysely;
  const both = [1, 2].map((id) => nested((on) => insert(id, on)).replace('await ', ''));
  const workspace = await createShelf(`await Promise.all([${both.join(', ')}]);`);
  expect(await failure(workspace.up())).toMatchObject({ code: 'TRANSACTION_CONTROL_REFUSED' });
  expect(await titles(workspace)).toEqual([]);
});

it('has no Prisma, and says why', async () => {
  const workspace = await createWorkspace({ '1_a.mjs': 'export const up = (db) => db.prisma.book.count();' });
  const error = await failure(workspace.up());
  expect(error).toMatchObject({ code: 'USAGE_INVALID' });
  expect(error.message).toContain('no db.prisma');
});

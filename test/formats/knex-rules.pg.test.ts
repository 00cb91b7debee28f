import { describe, expect, it } from 'vitest';
import { createWorkspace, failure, record, type Workspace } from '../app/workspace.js';
import { linkTools } from '../support/tools.js';

const table = "await knex.schema.createTable('shop', (t) => { t.increments(); t.string('shopName'); });";
const first = `exports.up = async (knex) => { ${table} };\nexports.down = (knex) => knex.schema.dropTable('shop');\n`;
const nothing = 'exports.down = () => {};';

/** A project of Knex's with a knexfile of these settings, and these migrations behind one that makes a table. */
async function createShop(files: Readonly<Record<string, string>>, knexfile = ''): Promise<Workspace> {
  const config = { migrations: { dir: 'migrations', format: 'knex' } };
  const workspace = await createWorkspace({ '1_shop.js': first, ...files }, { config });
  workspace.project.write('knexfile.js', `module.exports = { client: 'pg', ${knexfile} };`);
  linkTools(workspace.project);
  return workspace;
}

const names = async ({ database }: Workspace): Promise<readonly unknown[]> =>
  (await database.query('select "shopName" as name from shop order by id')).map(
    ({ name }) => name as unknown,
  );

const up = (body: string): string => `exports.up = async (knex) => {\n${body}\n};\n${nothing}`;

describe('a function of a Knex migration', () => {
  it('is handed what Knex hands it, in one transaction', async () => {
    const workspace = await createShop({
      '2_all.js': up(`
        if (!knex.isTransaction) throw new Error('no transaction');
        await Promise.all([1, 2, 3].map((n) => knex('shop').insert({ shopName: 'p' + n })));
        await knex('shop').insert({ shopName: 'b' }).transacting(knex);
        await knex.transaction(async (trx) => {
          await trx('shop').insert({ shopName: 'lost' });
          throw new Error('back');
        }).catch((error) => { if (error.message !== 'back') throw error; });
        const trx = await knex.transaction();
        await trx('shop').insert({ shopName: 't' });
        await trx.commit();
        const seen = [];
        for await (const row of knex('shop').select('shopName').orderBy('id').stream()) seen.push(row.shopName);
        const { rows } = await knex.raw('select ?::text as ??', ['x', 'a b']);
        const first = await knex('shop').where({ shopName: 't' }).first('id');
        if (seen.length !== 5 || rows[0]['a b'] !== 'x' || !first.id) throw new Error(JSON.stringify([seen, rows, first]));
        if (!(await knex.schema.hasColumn('shop', 'shopName'))) throw new Error('no column');
        if (knex.client.database() === undefined) throw new Error('no database');`),
    });
    await workspace.up();
    expect(await names(workspace)).toEqual(['p1', 'p2', 'p3', 'b', 't']);
  });

  it('leaves nothing when it fails, and its place is named', async () => {
    const workspace = await createShop({
      '2_bad.js': up("await knex('shop').insert({ shopName: 'x' });\nawait knex('shopp').insert({ a: 1 });"),
    });
    const error = await failure(workspace.up());
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', details: { sqlstate: '42P01' } });
    expect(error.location).toMatchObject({ file: 'migrations/2_bad.js', line: 3 });
    expect(await names(workspace)).toEqual([]);
    const rows = await workspace.database.query('select name from knex_migrations');
    expect(rows).toEqual([{ name: '1_shop.js' }]);
    expect(await workspace.database.query('select is_locked from knex_migrations_lock')).toEqual([
      { is_locked: 0 },
    ]);
  });

  it('may build an index concurrently, and is told of by its line', async () => {
    const workspace = await createShop({
      '2_index.js': up(
        "await knex('shop').insert({ shopName: 'x' });\nawait knex.raw('create index concurrently shop_i on shop (id)');\nawait knex.raw('create index concurrently shop_j on shop (nothing)');",
      ),
    });
    const lockkeeper = await workspace.open();
    const warnings = record(lockkeeper, 'warning');
    const error = await failure(lockkeeper.up());
    expect(warnings.filter(({ code }) => code === 'code-committed').map(({ message }) => message)).toEqual([
      'migrations/2_index.js:3: CREATE INDEX CONCURRENTLY cannot run in a transaction, so it runs alone, and the 1 statement(s) before it are committed.',
      'migrations/2_index.js:4: CREATE INDEX CONCURRENTLY cannot run in a transaction, so it runs alone.',
    ]);
    expect(error.message).toMatch(/^column "nothing" does not exist/);
    expect(await names(workspace)).toEqual(['x']);
  });

  it('is told the line of what it hands back without waiting for it', async () => {
    const workspace = await createShop({
      '2_bad.js': `${nothing}\nexports.up = (knex) =>\n  knex.schema.createTable('a', (t) => t.increments())\n    .raw('select nothing');\n`,
    });
    expect((await failure(workspace.up())).location).toMatchObject({ file: 'migrations/2_bad.js', line: 3 });
  });

  it('may not end the transaction of the run', async () => {
    const workspace = await createShop({ '2_commit.js': up("await knex.raw('COMMIT');") });
    expect(await failure(workspace.up())).toMatchObject({ code: 'TRANSACTION_CONTROL_REFUSED' });
  });

  it('gets Knex itself where it wants no transaction', async () => {
    const workspace = await createShop({
      '2_none.js': `exports.config = { transaction: false };\n${up(`
        if (knex.isTransaction) throw new Error('a transaction');
        await knex.transaction((trx) => trx('shop').insert({ shopName: 'a' }));
        await knex('shop').insert({ shopName: 'b' });
        await knex.raw('vacuum shop');
        throw new Error('late');`)}`,
    });
    expect(await failure(workspace.up())).toMatchObject({ code: 'MIGRATION_FAILED' });
    expect(await names(workspace)).toEqual(['a', 'b']);
  });

  it('says what to install where Knex is not there, and status needs no Knex', async () => {
    const workspace = await createShop({});
    workspace.project.delete('node_modules');
    expect((await (await workspace.open()).status()).pending).toHaveLength(1);
    expect(await failure(workspace.up())).toMatchObject({
      code: 'PACKAGE_MISSING',
      hint: 'Install it in the project: npm install knex',
    });
  });
});

describe('the knexfile', () => {
  it('has its say in names, answers and schemas', async () => {
    const workspace = await createShop(
      {
        '2_x.js': up(
          "const [row] = await knex('shop').insert({ shopName: 'x' }).returning('*');\nif (row.marked !== true) throw new Error('not processed');",
        ),
      },
      `searchPath: ['app', 'public'],
       wrapIdentifier: (value, wrap) => wrap(value === 'shopName' ? 'shop_name' : value),
       postProcessResponse: (rows) => (Array.isArray(rows) ? rows.map((row) => ({ ...row, marked: true })) : rows),`,
    );
    await workspace.database.query('create schema app');
    await workspace.up();
    expect(await workspace.database.query('select shop_name from app.shop')).toEqual([{ shop_name: 'x' }]);
    expect(await workspace.database.query('select name, batch from app.knex_migrations')).toEqual([
      { name: '1_shop.js', batch: 1 },
      { name: '2_x.js', batch: 1 },
    ]);
  });

  it('names the tables of the history', async () => {
    const workspace = await createShop({}, "migrations: { tableName: 'done', schemaName: 'app' }");
    await workspace.database.query('create schema app');
    await workspace.up();
    expect(await workspace.database.query('select name from app.done')).toHaveLength(1);
    expect(await workspace.database.query('select is_locked from app.done_lock')).toHaveLength(1);
  });
});

it('waits for the lock of Knex, and is then refused', async () => {
  const workspace = await createShop({});
  await workspace.up();
  await workspace.database.query('update knex_migrations_lock set is_locked = 1');
  workspace.write({ '2_x.js': up('') });
  const error = await failure(workspace.up());
  expect(error).toMatchObject({ code: 'FOREIGN_LOCK_HELD' });
  expect(error.message).toContain('knex migrate:unlock');
  await workspace.database.query('update knex_migrations_lock set is_locked = 0');
  await workspace.up();
  expect(await workspace.applied()).toEqual(['1_shop', '2_x']);
});

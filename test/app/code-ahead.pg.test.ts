import { describe, expect, it } from 'vitest';
import { servers, userTables } from '../support/database.js';
import { createWorkspace, failure, reportOf, type Workspace } from './workspace.js';

/** A code migration whose two ways have these bodies. */
const code = (up: string, down = ''): string => `export default {
  async up(db: any) { ${up} },
  async down(db: any) { ${down} },
};
`;

const make = (table: string): string => code(`await db.exec('create table ${table} ()')`);

/** The whole row of the history. */
async function rowOf(app: Workspace, version: string): Promise<unknown> {
  const found = await app.database.query(
    `select to_jsonb(m) as row from lockkeeper.schema_migrations m where version = '${version}'`,
  );
  return found[0]?.['row'];
}

describe.each(servers)('functions one behind the other on PostgreSQL $major', (server) => {
  it('does not call the next function where a COMMIT fails, and leaves no claim of it', async () => {
    const app = await createWorkspace(
      {
        '1_a.ts': make('a'),
        '2_b.ts': code(`await db.exec('create table p (id int primary key)');
          await db.exec('create table b (p int references p deferrable initially deferred)');
          await db.exec('insert into b values (1)');`),
        '3_c.ts': code(`await db.exec('create table c ()'); throw new Error('was called');`),
      },
      { server },
    );
    const error = await failure(app.up());
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', details: { sqlstate: '23503' } });
    expect(reportOf(error).failed?.version).toBe('2');
    expect([await app.applied(), await userTables(app.database)]).toEqual([['1'], ['public.a']]);
  });

  it('names the next migration where its claim is refused, and keeps the one before', async () => {
    const app = await createWorkspace(
      {
        '1_a.ts': code(
          `await db.exec("alter table lockkeeper.schema_migrations add constraint no2 check (version <> '2')")`,
        ),
        '2_b.ts': make('b'),
      },
      { server },
    );
    const error = await failure(app.up());
    expect(reportOf(error)).toMatchObject({ applied: [{ version: '1' }], failed: { version: '2' } });
    expect([await app.applied(), await userTables(app.database)]).toEqual([['1'], []]);
  });

  it('does not call the next function once a stop is asked for, and leaves no claim of it', async () => {
    const app = await createWorkspace({ '1_a.ts': make('a'), '2_b.ts': make('b') }, { server });
    const stop = new AbortController();
    const lockkeeper = await app.open({ signal: stop.signal });
    lockkeeper.on('migration:apply:success', () => stop.abort());
    expect(await failure(lockkeeper.up())).toMatchObject({ code: 'INTERRUPTED' });
    expect([await app.applied(), await userTables(app.database)]).toEqual([['1'], ['public.a']]);
    await app.up();
    expect(await app.applied()).toEqual(['1', '2']);
  });

  it('puts the session back behind what is not plain, also behind a plain text under a name', async () => {
    const look = `const { rows } = await db.query("select current_setting('search_path') as path, current_user as who, (select count(*)::int from pg_prepared_statements where name not like 'lockkeeper%') as prepared"); await db.query('insert into seen values ($1)', [JSON.stringify(rows[0])]);`;
    const app = await createWorkspace(
      {
        '1_seen.ts': code(`await db.exec('create table seen (what text)')`),
        '2_look.ts': code(look),
        '3_named.ts': code(`await db.client.query({ name: 'kept', text: 'create table named ()' })`),
        '4_look.ts': code(look),
        '5_set.ts': code(
          `await db.exec('create table set_ ()'); await db.exec("set search_path = pg_catalog")`,
        ),
        '6_look.ts': code(look.replace('into seen', 'into public.seen')),
      },
      { server },
    );
    await app.up();
    const seen = await app.database.query<{ what: string }>('select what from seen');
    const [first] = seen.map(({ what }) => JSON.parse(what) as { prepared: number });
    expect(first?.prepared).toBe(0);
    expect(new Set(seen.map(({ what }) => what)).size).toBe(1);
  });

  it('writes the history whatever a function does to what the session holds prepared', async () => {
    const app = await createWorkspace(
      {
        '1_a.ts': make('a'),
        '2_b.ts': make('b'),
        '3_c.ts': code(`await db.exec('deallocate all'); await db.exec('create table c ()')`),
        '4_d.ts': make('d'),
        '5_e.ts': code(
          `await db.exec('create table e ()');
           const { rows } = await db.query("select name from pg_prepared_statements where name like 'lockkeeper%'");
           for (const { name } of rows) await db.exec('deallocate "' + name + '"');`,
          `await db.exec('drop table e')`,
        ),
        '6_f.ts': code(`await db.exec('create table f ()')`, `await db.exec('drop table f')`),
        '7_g.ts': code(`await db.exec('create table g ()')`, `await db.exec('drop table g')`),
      },
      { server },
    );
    await app.up();
    expect(await app.applied()).toEqual(['1', '2', '3', '4', '5', '6', '7']);
    const log = await app.database.query<{ count: number }>(
      "select count(*)::int as count from lockkeeper.migration_execution_log where status = 'completed'",
    );
    expect(log).toEqual([{ count: 7 }]);
    await (await app.open()).down({ steps: 3 });
    expect(await app.applied()).toEqual(['1', '2', '3', '4']);
  });

  it('keeps the row of the history as it was where a way back of several pieces fails', async () => {
    const app = await createWorkspace(
      {
        '1_t.sql': 'create table t (id int);',
        '2_code.ts': code(
          `await db.query('select 1')`,
          `await db.query('insert into t values (1)'); await db.query('vacuum t'); await db.query('select wrong');`,
        ),
      },
      { server },
    );
    await app.up();
    const before = await rowOf(app, '2');
    await failure((await app.open()).down());
    expect(before).toMatchObject({ version: '2' });
    expect(await rowOf(app, '2')).toEqual(before);
  });

  it('undoes functions one behind the other, each with its row', async () => {
    const way = (table: string): string =>
      code(`await db.exec('create table ${table} ()')`, `await db.exec('drop table ${table}')`);
    const app = await createWorkspace(
      { '1_a.ts': way('a'), '2_b.ts': way('b'), '3_c.ts': way('c') },
      { server },
    );
    await app.up();
    app.write({
      '1_a.ts': code(`await db.exec('create table a ()')`, `await db.exec('drop table nothing')`),
    });
    const error = await failure((await app.open()).down({ all: true }));
    expect(reportOf(error)).toMatchObject({
      applied: [{ version: '3' }, { version: '2' }],
      failed: { version: '1' },
    });
    expect([await app.applied(), await userTables(app.database)]).toEqual([['1'], ['public.a']]);
  });
});

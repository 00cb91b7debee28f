import { describe, expect, it } from 'vitest';
import { servers } from '../support/database.js';
import { createWorkspace, failure } from './workspace.js';

describe.each(servers)('odd and large contents on PostgreSQL $major', (server) => {
  it.each([
    [
      'COPY TO STDOUT',
      'create table a (id int);\ncopy (select generate_series(1, 100000)) to stdout;\nselect 1;',
    ],
    ['many rows that nobody reads', "select repeat('x', 1000) from generate_series(1, 50000);"],
    ['a flood of notices', "do $$ begin for i in 1..20000 loop raise notice 'n %', i; end loop; end $$;"],
    ['a comment at the end, without a line end', 'select 1 -- the end'],
    ['a block comment at the end', 'select 1 /* the end */'],
    ['empty statements', ';;select 1;;;'],
    ['a string with our own separators', "select ';\n', 'commit;', $a$;\nrollback;$a$;"],
    ['LISTEN and NOTIFY', "listen x; notify x, 'y'; unlisten x;"],
    [
      'a function that ends in its own transaction state',
      'create function f() returns int language plpgsql as $$ begin begin perform 1/0; exception when others then return 1; end; end $$; select f();',
    ],
    [
      'EXPLAIN, SHOW, VALUES and TABLE',
      'explain select 1; show work_mem; values (1), (2); create table t (); table t;',
    ],
    ['a cursor', 'declare c cursor for select 1; fetch c; close c;'],
    ['a prepared statement', 'prepare p as select 1; execute p; deallocate p;'],
    ['a temporary table', 'create temp table x on commit drop as select 1; select * from x;'],
    ['unicode escapes', String.raw`select U&'\0441', U&"d\0061t\+000061" from (select 1 as data) s;`],
    ['a statement of several megabytes', `select length('${'ü'.repeat(3_000_000)}');`],
  ])('runs %s', async (_, sql) => {
    const app = await createWorkspace(
      { '1_odd.sql': sql, '2_next.sql': 'create table next_one (id int);' },
      { server },
    );
    await app.up();
    expect(await app.applied()).toEqual(['1', '2']);
  });

  it('sends a file larger than a message in several, as one transaction', async () => {
    const insert = `insert into big values ('${'x'.repeat(1_000_000)}');\n`;
    const app = await createWorkspace(
      { '1_big.sql': `create table big (t text);\n${insert.repeat(20)}` },
      { server },
    );
    await app.up();
    expect(
      await app.database.query(
        'select count(*)::int as n, count(distinct xmin::text)::int as transactions from big',
      ),
    ).toEqual([{ n: 20, transactions: 1 }]);
    app.write({ '2_big.sql': `${insert.repeat(20)}select 1/0;\n` });
    expect((await failure(app.up())).location).toMatchObject({ file: 'migrations/2_big.sql', line: 21 });
    expect(await app.database.query('select count(*)::int as n from big')).toEqual([{ n: 20 }]);
  });

  it('loads COPY data of many lines between other statements, with its places', async () => {
    const lines = Array.from({ length: 50_000 }, (_, index) => `${index}\tname ü ${index}`).join('\n');
    const sql = `create table t (id int, n text);\ncopy t from stdin;\n${lines}\n\\.\ncopy t (id) from stdin with (format csv);\n7\n8\n\\.\nselect wrong;`;
    const app = await createWorkspace({ '1_copy.sql': sql }, { server });
    const error = await failure(app.up());
    expect(error.location).toMatchObject({ line: 50_008, column: 8 });
    app.write({ '1_copy.sql': sql.replace('select wrong;', '') });
    await app.up();
    expect(await app.database.query('select count(*)::int as n from t')).toEqual([{ n: 50_002 }]);
  });

  it('takes what changes the meaning for a change, and nothing else', async () => {
    const files = {
      '1_minus.sql': 'create table a as select 5 - -3 as n;',
      '2_body.sql': 'create function f() returns int language sql as $$ select 1 -- one\n $$;',
      '3_copy.sql': 'create table c (t text);\ncopy c from stdin;\n-- data\n\\.\n',
      '4_hint.sql': '/*+ SeqScan(a) */ select * from a;',
      '5_quoted.sql': 'create table "A" (id int);',
    };
    const app = await createWorkspace(files, { server });
    await app.up();
    const changed = async (): Promise<readonly string[]> =>
      (await (await app.open()).status()).changed.map((item) => item.version);
    app.write({
      '1_minus.sql': 'create  table a as select 5 - - 3 as n;',
      '2_body.sql': 'create function f() returns int language sql as $$ select 1 \n $$;',
      '3_copy.sql': 'create table c (t text);\ncopy c from stdin;\n-- other data\n\\.\n',
      '4_hint.sql': '/*+ IndexScan(a) */ select * from a;',
      '5_quoted.sql': 'create table "a" (id int);',
    });
    expect(await changed()).toEqual(['2', '3', '4', '5']);
    app.write({
      ...files,
      '1_minus.sql': 'create table a as select 5 -3 as n;',
      '5_quoted.sql': 'create table "A" (id int); -- the same',
    });
    expect(await changed()).toEqual(['1']);
  });
});

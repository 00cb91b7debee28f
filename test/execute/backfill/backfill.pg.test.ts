import { describe, expect, it } from 'vitest';
import { servers } from '../../support/database.js';
import { codesOf, createWorkspace, failure, record } from '../../app/workspace.js';
import { people, recordOf, refuseRows, timesDone } from './support.js';

const once = (options = 'batch-rows=300'): string =>
  `-- backfill: ${options}\nupdate people set done = done + 1;`;

describe.each(servers)('a backfill, on PostgreSQL $major', (server) => {
  it('changes every row once, in batches, and records it as done', async () => {
    const workspace = await createWorkspace({ '1_b.sql': once() }, { server });
    await people(workspace.database, 2000);
    const lockkeeper = await workspace.open();
    const told = record(lockkeeper, 'progress');
    const report = await workspace.up();
    expect(await timesDone(workspace.database)).toEqual({ '1': 2000 });
    expect(report.applied[0]?.steps[0]).toMatchObject({
      transaction: false,
      backfill: { rows: 2000, changed: 2000, failed: 0 },
    });
    expect(report.applied[0]?.steps[0]?.statements).toBeGreaterThanOrEqual(7);
    expect(await recordOf(workspace.database)).toMatchObject({
      done: '2000',
      finished: true,
      key_columns: ['id'],
    });
    expect(told).toEqual([]);
    expect(await workspace.applied()).toEqual(['1']);
  });

  it('tells how far it is', async () => {
    const workspace = await createWorkspace({ '1_b.sql': once() }, { server });
    await people(workspace.database, 2000);
    const lockkeeper = await workspace.open();
    const told = record(lockkeeper, 'progress');
    await lockkeeper.up();
    expect(told[0]).toMatchObject({
      what: 'backfill',
      relation: 'public.people',
      done: 0,
      total: 2000,
      unit: 'rows',
    });
    expect(told.at(-1)).toMatchObject({ done: 2000 });
  });

  it.each([
    ['two integers', 'a int, b int, primary key (a, b)', 'i % 7, i'],
    ['a text', 'id text primary key', `'key ''' || i`],
    ['a uuid', 'id uuid primary key', 'md5(i::text)::uuid'],
    ['a timestamp', 'id timestamptz primary key', `'2026-01-01'::timestamptz + i * interval '1.000001 hour'`],
    ['a numeric', 'id numeric primary key', 'i / 3.0'],
    ['a float', 'id float8 primary key', 'sqrt(i)'],
    ['bytes', 'id bytea primary key', `decode(md5(i::text), 'hex')`],
    ['a text and a date', 'a text, b date, primary key (a, b)', `'g' || (i % 3), '2000-01-01'::date + i`],
    ['a unique index', 'id int not null unique', 'i'],
    ['an index that goes down', 'id int not null', 'i'],
  ])('walks along %s', async (what, columns, id) => {
    const workspace = await createWorkspace({ '1_b.sql': once('batch-rows=70') }, { server });
    await people(workspace.database, 500, { columns, id });
    if (what.endsWith('down')) await workspace.database.query('create unique index on people (id desc)');
    await workspace.database.query(`alter database ${workspace.database.name} set datestyle = 'SQL, DMY'`);
    await workspace.up();
    expect(await timesDone(workspace.database)).toEqual({ '1': 500 });
    expect((await recordOf(workspace.database))['key_columns']).not.toEqual(['ctid']);
  });

  it('walks along a key whose operators are an extension type of their own order', async () => {
    const workspace = await createWorkspace(
      {
        '1_b.sql': `set search_path = app;\n-- backfill: batch-rows=40\nupdate public.people set done = done + 1;`,
      },
      { server },
    );
    // A type that sorts the other way round, in a schema that the search_path of the migration leaves out.
    await workspace.database.query(`create schema app; create schema odd; create type odd.back as (n int);
      create function odd.lt(odd.back, odd.back) returns bool immutable language sql as 'select $1.n > $2.n';
      create function odd.le(odd.back, odd.back) returns bool immutable language sql as 'select $1.n >= $2.n';
      create function odd.eq(odd.back, odd.back) returns bool immutable language sql as 'select $1.n = $2.n';
      create function odd.ge(odd.back, odd.back) returns bool immutable language sql as 'select $1.n <= $2.n';
      create function odd.gt(odd.back, odd.back) returns bool immutable language sql as 'select $1.n < $2.n';
      create function odd.cmp(odd.back, odd.back) returns int immutable language sql as 'select $2.n - $1.n';
      create operator odd.< (leftarg = odd.back, rightarg = odd.back, function = odd.lt);
      create operator odd.<= (leftarg = odd.back, rightarg = odd.back, function = odd.le);
      create operator odd.= (leftarg = odd.back, rightarg = odd.back, function = odd.eq);
      create operator odd.>= (leftarg = odd.back, rightarg = odd.back, function = odd.ge);
      create operator odd.> (leftarg = odd.back, rightarg = odd.back, function = odd.gt);
      create operator class odd.back_ops default for type odd.back using btree as
        operator 1 odd.<, operator 2 odd.<=, operator 3 odd.=, operator 4 odd.>=, operator 5 odd.>,
        function 1 odd.cmp(odd.back, odd.back)`);
    await workspace.database.query('set search_path = public, odd');
    await people(workspace.database, 300, {
      columns: 'g int, id odd.back, primary key (g, id)',
      id: 'i % 3, row(i)::odd.back',
    });
    await workspace.database.query('reset search_path');
    await workspace.up();
    expect(await timesDone(workspace.database)).toEqual({ '1': 300 });
  });

  it('works through every partition, also one without a key and one that inherits', async () => {
    const workspace = await createWorkspace(
      {
        '1_b.sql':
          '-- backfill: batch-rows=50\nupdate people p set done = p.done + 1 where p.done = 0 -- once\n;',
      },
      { server },
    );
    const { database } = workspace;
    await database.query(`create table people (id int not null, name text, done int not null default 0) partition by range (id);
      create table people_1 partition of people (primary key (id)) for values from (0) to (200);
      create table people_2 partition of people for values from (200) to (400) partition by list (name);
      create table people_3 partition of people_2 default;
      create table people_4 partition of people (unique (id)) for values from (400) to (1000);
      insert into people select i, 'x', 0 from generate_series(1, 600) i; analyze people`);
    await workspace.up();
    expect(await timesDone(database)).toEqual({ '1': 600 });
  });

  it('works through a table without a key, along the place of its rows, however they move', async () => {
    const workspace = await createWorkspace(
      {
        '1_b.sql': `-- backfill: batch-rows=100\nupdate people set done = done + 1, name = name || repeat('x', 50) where done = 0;`,
      },
      { server },
    );
    await people(workspace.database, 3000, { columns: 'id int' });
    // Room for rows to move back and forth.
    await workspace.database.query(
      'delete from people where id % 3 = 0; vacuum people'.split(';')[0] as string,
    );
    await workspace.database.query('vacuum people');
    await workspace.up();
    expect(await timesDone(workspace.database)).toEqual({ '1': 2000 });
    expect(await recordOf(workspace.database)).toMatchObject({ key_columns: ['ctid'], changed: '2000' });
  });

  it('refuses to change a row of a table without a key that would be found again', async () => {
    const workspace = await createWorkspace(
      { '1_b.sql': '-- backfill: batch-rows=100\nupdate people set done = done + 1 where done < 5;' },
      { server },
    );
    await people(workspace.database, 300, { columns: 'id int' });
    expect((await failure(workspace.up())).code).toBe('BACKFILL_IMPOSSIBLE');
    expect(await timesDone(workspace.database)).toEqual({ '0': 300 });
  });

  it('deletes in batches', async () => {
    const workspace = await createWorkspace(
      {
        '1_b.sql': `create table gone (id int); insert into gone select generate_series(1, 100);
-- backfill: batch-rows=90
delete from people using gone g where g.id = people.id;`,
      },
      { server },
    );
    await people(workspace.database, 500);
    await workspace.up();
    expect(await timesDone(workspace.database)).toEqual({ '0': 400 });
  });

  it('joins other tables, and reads a WITH', async () => {
    const workspace = await createWorkspace(
      {
        '1_b.sql': `-- backfill: batch-rows=90
with other as (select i as id, i * 2 as n from generate_series(1, 500) i)
update only public.people as p set done = case when p.id is distinct from 0 then o.n else 0 end
from other as o where o.id = p.id and (p.id < 100 or p.id > 400);`,
      },
      { server },
    );
    await people(workspace.database, 500);
    await workspace.up();
    const rows = await workspace.database.query(
      'select count(*)::int n, sum(done)::int s from people where done <> 0',
    );
    expect(rows).toEqual([{ n: 199, s: 2 * (4950 + 45_050) }]);
  });

  it('names the row that fails, and goes on behind the last good batch when it is mended', async () => {
    const workspace = await createWorkspace({ '1_b.sql': once('batch-rows=64') }, { server });
    const { database } = workspace;
    await people(database, 500);
    await refuseRows(database, 'new.id = 333');
    const error = await failure(workspace.up());
    expect([error.code, error.details['key'], error.details['sqlstate']]).toEqual([
      'BACKFILL_ROW_REFUSED',
      { id: '333' },
      'P0001',
    ]);
    expect(error.location).toMatchObject({ file: 'migrations/1_b.sql', line: 2 });
    expect(await timesDone(database)).toEqual({ '0': 168, '1': 332 });
    await database.query('drop trigger refuse on people');
    await workspace.up();
    expect(await timesDone(database)).toEqual({ '1': 500 });
  });

  it('puts failing rows aside up to a limit, and never picks them again', async () => {
    const workspace = await createWorkspace({ '1_b.sql': once('batch-rows=64 max-errors=3') }, { server });
    const { database } = workspace;
    await people(database, 500);
    await refuseRows(database, 'new.id in (1, 130, 131, 500)');
    expect((await failure(workspace.up())).details['key']).toEqual({ id: '500' });
    await database.query('drop trigger refuse on people');
    await workspace.up();
    const aside = await database.query(
      'select row_key, sqlstate, message, table_name from lockkeeper.migration_errors order by id',
    );
    expect(aside).toMatchObject([
      { row_key: { id: '1' }, sqlstate: 'P0001', message: 'no to Person 1', table_name: 'public.people' },
      { row_key: { id: '130' } },
      { row_key: { id: '131' } },
    ]);
    expect(await database.query('select id::int from people where done = 0 order by id')).toEqual([
      { id: 1 },
      { id: 130 },
      { id: 131 },
    ]);
  });

  it('puts rows of a table without a key aside, too', async () => {
    const workspace = await createWorkspace(
      {
        '1_b.sql':
          '-- backfill: batch-rows=64 max-errors=2\nupdate people set done = done + 1 where done = 0;',
      },
      { server },
    );
    await people(workspace.database, 300, { columns: 'id int' });
    await refuseRows(workspace.database, 'new.id in (7, 250)');
    await workspace.up();
    expect(await timesDone(workspace.database)).toEqual({ '0': 2, '1': 298 });
  });

  it('refuses what cannot run in batches by file and line, before anything runs', async () => {
    const workspace = await createWorkspace(
      {
        '1_ok.sql': 'create table made (id int);',
        '2_b.sql': `select 1;
-- backfill: batch-rows=5
update people set done = 1 returning id;
-- backfill: batch-rows=5
delete from people where id in (select id from people limit 3);
-- backfill: batch-rows=5
with w as (delete from made returning 1) update people set done = 1;
-- backfill: batch-rows=5
insert into made values (1);
-- backfill: batch-size=5
update people set done = 2;
-- backfill: share=200%
update people set done = 2;
begin;
-- backfill: batch-rows=5
update people set done = 3;
commit;`,
      },
      { server },
    );
    await people(workspace.database, 10);
    const error = await failure(workspace.up());
    expect(error.problems.map(({ code, location }) => [code, location?.line])).toEqual([
      ['MIGRATION_METADATA_INVALID', 8],
      ['MIGRATION_METADATA_INVALID', 10],
      ['MIGRATION_METADATA_INVALID', 12],
    ]);
    workspace.write({
      '2_b.sql': `select 1;
-- backfill: batch-rows=5
update people set done = 1 returning id;
-- backfill: batch-rows=5
delete from people where id in (select id from people limit 3);
-- backfill: batch-rows=5
with w as (delete from made returning 1) update people set done = 1;
begin;
-- backfill: batch-rows=5
update people set done = 3;
commit;
-- backfill: batch-rows=5
update people set id = id + 1;`,
    });
    const second = await failure(workspace.up());
    expect(second.problems.map(({ code, location }) => [code, location?.line])).toEqual([
      ['BACKFILL_IMPOSSIBLE', 3],
      ['BACKFILL_IMPOSSIBLE', 5],
      ['BACKFILL_IMPOSSIBLE', 7],
      ['SINGLE_TRANSACTION_IMPOSSIBLE', 10],
    ]);
    workspace.write({ '2_b.sql': '-- backfill: batch-rows=5\nupdate people set id = id + 1;' });
    const third = await failure(workspace.up());
    expect([codesOf(third), third.location?.line]).toEqual([['BACKFILL_IMPOSSIBLE'], 2]);
    workspace.write({ '2_b.sql': '-- backfill: key=name\nupdate people set done = 1;' });
    expect(codesOf(await failure(workspace.up()))).toEqual(['BACKFILL_IMPOSSIBLE']);
    expect(await workspace.applied()).toEqual([]);
  });

  it('takes prose for prose', async () => {
    const workspace = await createWorkspace(
      {
        '1_b.sql':
          '-- backfill: mark everybody\nupdate people set done = 1;\n-- Backfill: key=id is said here\nselect 1;',
      },
      { server },
    );
    await people(workspace.database, 10);
    const report = await workspace.up();
    expect(report.applied[0]?.steps.map(({ transaction }) => transaction)).toEqual([true]);
  });

  it('is refused in a single transaction', async () => {
    const workspace = await createWorkspace({ '1_b.sql': once() }, { server });
    await people(workspace.database, 10);
    const lockkeeper = await workspace.open();
    expect((await failure(lockkeeper.up({ singleTransaction: true }))).code).toBe(
      'SINGLE_TRANSACTION_IMPOSSIBLE',
    );
  });

  it('writes its record as the role of the run, whatever role the file has chosen', async () => {
    const workspace = await createWorkspace({}, { server });
    const role = await workspace.role();
    await people(workspace.database, 300);
    await workspace.database.query(`alter table people owner to ${role.name}`);
    workspace.write({
      '1_b.sql': `set role ${role.name};\n${once('batch-rows=70')}\ncreate temp table t (a int);`,
    });
    await workspace.up();
    expect(await timesDone(workspace.database)).toEqual({ '1': 300 });
  });
});

import { describe, expect, it } from 'vitest';
import { servers, type TestDatabase } from '../../support/database.js';
import { failure } from '../../app/workspace.js';
import { eventually, openSteps, workerAt } from '../support.js';
import { breakWhen, holding, indexNames, oidOf, resume, waiting, withData } from './support.js';

const data = `create table t (id int primary key, a int, b text);
  insert into t select i, i, 'x' from generate_series(1, 100) i; create index t_a on t (a);`;

/** A reader without a snapshot: it stops a rebuild only after the new index has taken the place of the old one. */
const reader = 'select from t limit 1';
const writer = `insert into t values (1000, 1000, 'y')`;

/** Leaves what a REINDEX CONCURRENTLY of somebody else left long before. */
async function leaveByHand(database: TestDatabase, sql: string): Promise<void> {
  const release = await holding(database, writer);
  const other = await database.connect();
  await other.query("set statement_timeout = '300ms'");
  await expect(other.query(sql)).rejects.toThrow(/timeout/);
  await release();
}

describe.each(servers)('REINDEX CONCURRENTLY that was interrupted, on PostgreSQL $major', (server) => {
  it.each([
    ['index t_a', ['!t_a_ccnew', 'pg_toast_N_index', 't_a', 't_pkey']],
    [
      'table t',
      ['!pg_toast_N_index_ccnew', '!t_a_ccnew', '!t_pkey_ccnew', 'pg_toast_N_index', 't_a', 't_pkey'],
    ],
    [
      'schema public',
      ['!pg_toast_N_index_ccnew', '!t_a_ccnew', '!t_pkey_ccnew', 'pg_toast_N_index', 't_a', 't_pkey'],
    ],
  ])('before the swap loses its copies and runs again: %s', async (target, leftovers) => {
    const [kind, name] = target.split(' ');
    const workspace = await withData(server, data, { '1_r.sql': `reindex ${kind} concurrently ${name};` });
    const { database } = workspace;
    const before = await oidOf(database, 't_a');
    const release = await holding(database, writer);
    await breakWhen(workspace, { at: 'reindex', when: waiting('waiting for writers before build') });
    await release();
    expect(await indexNames(database)).toEqual(leftovers);
    const { decisions } = await resume(workspace);
    expect(decisions).toEqual(['again']);
    expect(await indexNames(database)).toEqual(['pg_toast_N_index', 't_a', 't_pkey']);
    expect(await oidOf(database, 't_a')).not.toBe(before);
  });

  it.each(['index t_a', 'table t', 'database'])(
    'after the swap loses the old index and is done: %s',
    async (target) => {
      const workspace = await withData(server, data, {});
      const { database } = workspace;
      const [kind, name = database.name] = target.split(' ');
      workspace.write({ '1_r.sql': `reindex ${kind} concurrently ${name};` });
      const before = await oidOf(database, 't_a');
      const release = await holding(database, reader);
      await breakWhen(workspace, { at: 'reindex', when: waiting('waiting for readers before marking dead') });
      await release();
      expect(await indexNames(database)).toContain('!t_a_ccold');
      const swapped = await oidOf(database, 't_a');
      expect(swapped).not.toBe(before);
      const { decisions } = await resume(workspace);
      expect((await indexNames(database)).filter((index) => index.startsWith('!'))).toEqual([]);
      // A whole database is rebuilt table by table, so what comes after this one is not done yet.
      if (kind === 'database') return;
      expect(decisions).toEqual(['done']);
      expect(await oidOf(database, 't_a')).toBe(swapped);
    },
  );

  it('leaves invalid indexes of others alone, whatever their name, and says which it passed over', async () => {
    const workspace = await withData(
      server,
      `${data} create table p (a int) partition by range (a); create table p1 partition of p for values from (0) to (9); create index p_a on only p (a);`,
      { '1_r.sql': 'reindex table concurrently t;' },
    );
    const { database } = workspace;
    await leaveByHand(database, 'reindex index concurrently t_a');
    const release = await holding(database, writer);
    await breakWhen(workspace, { at: 'reindex', when: waiting('waiting for writers before build') });
    await release();
    expect(await indexNames(database)).toEqual(expect.arrayContaining(['!t_a_ccnew', '!t_a_ccnew1', '!p_a']));
    // Made meanwhile, with a name that looks like ours, and other columns.
    const other = await database.connect();
    await other.query('update t set b = $1 where id < 3', ['same']);
    await expect(other.query('create unique index concurrently t_pkey_ccnew1 on t (b)')).rejects.toThrow(
      /unique/,
    );
    const { warnings } = await resume(workspace);
    expect((await indexNames(database)).filter((index) => index.startsWith('!'))).toEqual([
      '!p_a',
      '!t_a_ccnew',
      '!t_pkey_ccnew1',
    ]);
    expect(warnings).toMatchObject([
      { code: 'invalid-index-skipped', message: expect.stringContaining('"public"."t_a_ccnew"') },
    ]);
  });

  it('knows its copies where the name of the index leaves no room for the suffix', async () => {
    const long = `x${'é'.repeat(31)}`;
    const other = `${long.slice(0, -1)}e`;
    const workspace = await withData(
      server,
      `create table t (a int, b int); create index ${other} on t (b); create index ${long} on t (a);`,
      {
        '1_r.sql': `reindex index concurrently ${long};`,
      },
    );
    const { database } = workspace;
    const release = await holding(database, 'insert into t values (1, 2)');
    await breakWhen(workspace, { at: 'reindex', when: waiting('waiting for writers before build') });
    await release();
    expect((await indexNames(database)).filter((index) => index.startsWith('!'))).toHaveLength(1);
    await resume(workspace);
    expect(await indexNames(database)).toEqual([other, long]);
  });

  it('on a partitioned table cleans up in its partitions', async () => {
    const workspace = await withData(
      server,
      `create table t (id int, a int, b text) partition by range (id); create table t1 partition of t for values from (0) to (10);
       create table t2 partition of t for values from (10) to (2000); create index t_a on t (a);`,
      { '1_r.sql': 'reindex index concurrently t_a;' },
    );
    const { database } = workspace;
    const release = await holding(database, writer);
    await breakWhen(workspace, { at: 'reindex', when: waiting('waiting for writers before build') });
    await release();
    expect(await indexNames(database)).toContain('!t2_a_idx_ccnew');
    await resume(workspace);
    expect((await indexNames(database)).filter((index) => /!|cc/.test(index))).toEqual([]);
  });

  it('that fails while the program lives is cleaned up at once', async () => {
    const workspace = await withData(server, data, { '1_r.sql': 'reindex table concurrently t;' });
    const { database } = workspace;
    const release = await holding(database, writer);
    const running = failure((await workspace.open({ statementTimeout: '0' })).up());
    const worker = await workerAt(database, 'reindex');
    await eventually('it waits', async () =>
      (await database.query(waiting('waiting for writers before build'))).length > 0 ? true : null,
    );
    await database.query('select pg_cancel_backend($1)', [worker]);
    // The removal waits for the writer as well.
    await eventually('it cleans up', async () =>
      (await database.query(`select 1 from pg_stat_activity where query ilike 'drop index concurrently%'`))
        .length > 0
        ? true
        : null,
    );
    await release();
    expect((await running).details).toMatchObject({ sqlstate: '57014' });
    expect(await indexNames(database)).toEqual(['pg_toast_N_index', 't_a', 't_pkey']);
    expect(await openSteps(database)).toEqual([]);
  });

  it('leaves in pg_toast what only a superuser may remove there, and says so', async () => {
    const workspace = await withData(server, data, { '1_r.sql': 'reindex table concurrently t;' });
    const { database } = workspace;
    const role = await workspace.role();
    await database.query(
      `grant create on database ${database.name} to ${role.name}; grant create on schema public to ${role.name}; alter table t owner to ${role.name}`,
    );
    const release = await holding(database, writer);
    await breakWhen(workspace, {
      at: 'reindex',
      when: waiting('waiting for writers before build'),
      options: { url: role.url },
    });
    await release();
    const { warnings } = await resume(workspace, { url: role.url });
    expect(warnings.map(({ code }) => code)).toEqual(['leftover-kept', 'invalid-index-skipped']);
    expect(warnings[0]?.hint).toMatch(/drop index concurrently "pg_toast"\."pg_toast_\d+_index_ccnew"/);
    expect((await indexNames(database)).filter((index) => index.startsWith('!'))).toEqual([
      '!pg_toast_N_index_ccnew',
    ]);
  });
});

describe.each(servers)('indexes of others, on PostgreSQL $major', (server) => {
  it.each(['create', 'reindex'])('are not dropped while another session builds there: %s', async (verb) => {
    const sql =
      verb === 'create' ? 'create index concurrently t_b on t (b)' : 'reindex index concurrently t_a';
    const workspace = await withData(server, data, { '0_first.sql': 'select 1', '1_i.sql': sql });
    const { database } = workspace;
    let release = await holding(database, writer);
    await breakWhen(workspace, { at: verb, when: waiting('waiting for writers before build') });
    await release();
    if (verb === 'create') await database.query('drop index t_b');
    // The owner of the table does not see what a superuser's session is at.
    const role = await workspace.role();
    await database.query(
      `alter table t owner to ${role.name}; grant usage on schema lockkeeper to ${role.name};
       grant all on all tables in schema lockkeeper to ${role.name}; grant create on schema public to ${role.name}`,
    );
    // What the next run finds is what its own statement makes, and is somebody else's work.
    release = await holding(database, writer);
    const building = (await database.connect()).query(sql);
    await eventually('it is built', async () =>
      (await database.query(waiting('waiting for writers before build'))).length > 0 ? true : null,
    );
    for (const url of [database.url, role.url]) {
      const error = await failure((await workspace.open({ url })).up());
      expect(error).toMatchObject({
        code: 'RECOVERY_UNDECIDED',
        details: { index: verb === 'create' ? 't_b' : 't_a_ccnew' },
      });
    }
    await release();
    await building;
    const { decisions } = await resume(workspace);
    expect(decisions).toEqual(['done']);
    expect((await indexNames(database)).filter((index) => index.startsWith('!'))).toEqual([]);
  });

  it('are not dropped when they took the name of one that an interrupted DROP had dropped', async () => {
    const workspace = await withData(server, data, { '1_d.sql': 'drop index concurrently t_a;' });
    const { database } = workspace;
    const release = await holding(database, reader);
    await breakWhen(workspace, { at: 'drop index', when: waiting() });
    await release();
    expect(await indexNames(database)).toContain('!t_a');
    await database.query('drop index t_a; create index t_a on t (a, b)');
    expect((await resume(workspace)).decisions).toEqual(['done']);
    expect(await indexNames(database)).toContain('t_a');
  });

  it('an interrupted DROP goes forward', async () => {
    const workspace = await withData(server, data, { '1_d.sql': 'drop index concurrently t_a;' });
    const release = await holding(workspace.database, reader);
    await breakWhen(workspace, { at: 'drop index', when: waiting() });
    await release();
    expect((await resume(workspace)).decisions).toEqual(['again']);
    expect(await indexNames(workspace.database)).not.toContain('t_a');
  });
});

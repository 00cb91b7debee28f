import { describe, expect, it } from 'vitest';
import type { RunReport } from '../../src/core/report.js';
import { servers, userTables } from '../support/database.js';
import { openSteps } from '../execute/support.js';
import { createWorkspace, failure, record, reportOf, type Workspace } from './workspace.js';

/** A code migration whose `up` has this body, which begins on line 3, column 5. */
const code = (body: string, head = ''): string => `export default {${head}
  async up(db: any) {
    ${body}
  },
};
`;

const base = { '1_t.sql': 'create table t (id int primary key, name text); create sequence calls;' };

const ids = async (app: Workspace): Promise<readonly number[]> =>
  (await app.database.query<{ id: number }>('select id from public.t order by id')).map(({ id }) => id);

const invalidIndexes = (app: Workspace): Promise<readonly unknown[]> =>
  app.database.query('select indexrelid::regclass::text as name from pg_index where not indisvalid');

const hasIndex = async (app: Workspace, name: string): Promise<boolean> =>
  (await app.database.query('select 1 from pg_indexes where indexname = $1', [name])).length === 1;

/** How often the function ran, counted where no rollback takes it back. */
const calls = 'await db.query("select nextval(\'calls\')");';
const timesCalled = async (app: Workspace): Promise<number> =>
  (
    await app.database.query<{ n: number }>(
      'select case when is_called then last_value::int else 0 end as n from public.calls',
    )
  )[0]?.n ?? 0;

describe.each(servers)('a statement of code that no transaction can hold, on PostgreSQL $major', (server) => {
  it.each([
    ['db.query', "await db.query('create index concurrently t_name on t (name)');"],
    ['db.exec', "await db.exec('create index concurrently t_name on t (name);');"],
    ['client.query', "await db.client.query('create index concurrently t_name on t (name)');"],
    ['a config object', "await db.client.query({ text: 'create index concurrently t_name on t (name)' });"],
    [
      'a named query',
      "await db.client.query({ name: 'n', text: 'create index concurrently t_name on t (name)' });",
    ],
    [
      'a callback',
      "await new Promise((done, no) => db.client.query('create index concurrently t_name on t (name)', (e: any) => (e ? no(e) : done(null))));",
    ],
    [
      'a text of several statements',
      "await db.exec('insert into t values (3); create index concurrently t_name on t (name); insert into t values (4); delete from t where id in (3, 4)');",
    ],
  ])('commits what came before, runs alone and begins again, by %s', async (_, call) => {
    const app = await createWorkspace(base, { server });
    app.write({
      '2_code.ts': code(`await db.query('insert into t values (1)');
    ${call}
    await db.query('insert into t values (2)');`),
    });
    const lockkeeper = await app.open();
    const warnings = record(lockkeeper, 'warning');
    const report = (await lockkeeper.up()) as RunReport;
    expect(warnings).toMatchObject([
      { code: 'code-committed', message: expect.stringMatching(/2_code\.ts:4: CREATE INDEX CONCURRENTLY /) },
    ]);
    expect(report.applied[1]?.steps.map(({ step, transaction }) => [step, transaction])).toEqual([
      [1, true],
      [2, false],
      [3, true],
    ]);
    expect([await ids(app), await hasIndex(app, 't_name'), await openSteps(app.database)]).toEqual([
      [1, 2],
      true,
      [],
    ]);
    expect(await app.applied()).toEqual(['1', '2']);
    const [history] = await app.database.query(
      "select execution_time_ms is not null as timed from lockkeeper.schema_migrations where version = '2'",
    );
    expect(history).toEqual({ timed: true });
  });

  it('goes on in another transaction, which is all or nothing by itself', async () => {
    const app = await createWorkspace(base, { server });
    app.write({
      '2_code.ts': code(`await db.query('insert into t values (1)');
    await db.query('vacuum t');
    await db.query('insert into t values (2)');
    await db.query('select wrong');`),
    });
    const error = await failure(app.up());
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', location: { line: 6 } });
    expect(reportOf(error).failed?.completedSteps).toMatchObject([{ step: 1, statements: 1 }, { step: 2 }]);
    expect(await ids(app)).toEqual([1]);
    expect(await openSteps(app.database)).toEqual(['2 step 1 apply completed', '2 step 2 apply completed']);
    expect(await app.applied()).toEqual(['1']);
    expect((await (await app.open()).status()).failed).toMatchObject([{ version: '2' }]);
  });

  it('answers the function from the journal when it is called again, and sends nothing twice', async () => {
    const app = await createWorkspace(base, { server });
    const body = (end: string): string =>
      code(`const { rows } = await db.query('insert into t values ($1, $2) returning id, name', [1, 'one']);
    const { rows: later } = await db.client.query({ text: 'select now() as at, id from t', rowMode: 'array' });
    if (rows[0].name !== 'one' || !(later[0][0] instanceof Date)) throw new Error('answers');
    await db.query('create index concurrently t_name on t (name)');
    await db.query('set search_path = nowhere, public');
    await db.exec('vacuum t; insert into t values (2)');
    ${end}
    await db.query("insert into t select 3, current_setting('search_path')");`);
    app.write({ '2_code.ts': body("throw new Error('not yet');") });
    expect((await failure(app.up())).message).toContain('not yet');
    expect(await ids(app)).toEqual([1]);
    app.write({ '2_code.ts': body('') });
    await app.up();
    expect(await app.database.query('select * from t order by id')).toEqual([
      { id: 1, name: 'one' },
      { id: 2, name: null },
      { id: 3, name: 'nowhere, public' },
    ]);
    expect([await app.applied(), await openSteps(app.database)]).toEqual([['1', '2'], []]);
    // What the database answered is not kept for ever.
    expect(
      await app.database.query(
        "select 1 from lockkeeper.migration_execution_log where pre_state ? 'statements'",
      ),
    ).toEqual([]);
  });

  it.each([
    ['another statement', "await db.query('insert into t values (5)');", 'insert into t values (5)'],
    ['other parameters', "await db.query('insert into t values ($1)', [2]);", 'with other parameters'],
    ['less', 'return;', 'has ended'],
  ])('stops before anything is sent where the function sends %s', async (_, first, told) => {
    const app = await createWorkspace(base, { server });
    const body = (start: string, end: string): string =>
      code(`${start}
    await db.query('vacuum t');
    ${end}
    await db.query('insert into t values (9)');`);
    app.write({
      '2_code.ts': body("await db.query('insert into t values ($1)', [1]);", "throw new Error('x');"),
    });
    await failure(app.up());
    app.write({ '2_code.ts': body(first, '') });
    const error = await failure(app.up());
    expect(error).toMatchObject({ code: 'RECOVERY_CHANGED', exit: 2 });
    expect(error.message).toContain(told);
    expect(error.message).toContain('migrations/2_code.ts:3  insert into t values ($1)');
    expect([await ids(app), await app.applied()]).toEqual([[1], ['1']]);
    const lockkeeper = await app.open();
    await lockkeeper.mark({ version: '2', as: 'pending', why: 'undone', yes: true });
    await app.database.query('delete from t');
    app.write({ '2_code.ts': body("await db.query('insert into t values (1)');", '') });
    await app.up();
    expect(await ids(app)).toEqual([1, 9]);
  });

  it.each([
    ['rows were copied', "await db.copy('t', [{ id: 1 }]);", 'db.copy(…)'],
    [
      'a temporary table is needed',
      "await db.exec('create temp table scratch (id int)');",
      'went with that session',
    ],
    [
      'an answer was too large for the journal',
      'await db.query("select repeat(\'x\', 1000) from generate_series(1, 1100)");',
      'is not in the journal',
    ],
  ])('lists what is committed and does not call the function again where %s', async (_, first, told) => {
    const app = await createWorkspace(base, { server });
    app.write({
      '2_code.ts': code(`${calls} ${first}\n    await db.query('vacuum t');\n    throw new Error('x');`),
    });
    await failure(app.up());
    expect(await timesCalled(app)).toBe(1);
    const error = await failure(app.up());
    expect(error).toMatchObject({ code: 'RECOVERY_UNDECIDED', exit: 3 });
    expect(error.message).toContain(told);
    expect(error.message).toContain('migrations/2_code.ts:4  vacuum t');
    expect(error.hint).toContain('lockkeeper mark 2 --applied');
    expect(await timesCalled(app)).toBe(1);
  });

  it.each([
    ['a savepoint', "await db.exec('savepoint s');", 'savepoint s'],
    ['a BEGIN of a library', "await db.client.query('begin');", 'BEGIN'],
    ['SET LOCAL', 'await db.exec("set local work_mem = \'8MB\'");', 'of line 4'],
    ['LOCK TABLE', "await db.exec('lock table t');", 'of line 4'],
  ])('is refused while %s is open, and is not sent', async (_, open, told) => {
    const app = await createWorkspace(base, { server });
    for (const statement of [
      "await db.query('vacuum t');",
      "try { await db.client.query('vacuum t'); } catch {}",
    ]) {
      app.write({
        '2_code.ts': code(`await db.query('insert into t values (1)');\n    ${open}\n    ${statement}`),
      });
      const error = await failure(app.up());
      expect(error).toMatchObject({ code: 'SPLIT_LOSES_STATE', location: { line: 5 } });
      expect(error.message).toContain(told);
      expect([await ids(app), await app.applied(), await openSteps(app.database)]).toEqual([[], ['1'], []]);
    }
  });

  it('runs behind a savepoint that was released, and behind state that went with one', async () => {
    const app = await createWorkspace(base, { server });
    app.write({
      '2_code.ts': code(`await db.exec('savepoint s; insert into t values (1); release s');
    await db.exec("savepoint r; set local work_mem = '8MB'; rollback to r; release r");
    await db.query('vacuum t');`),
    });
    await app.up();
    expect(await ids(app)).toEqual([1]);
  });

  it('is refused before it is sent where the whole run is one transaction, and nothing is kept', async () => {
    const app = await createWorkspace(base, { server });
    for (const statement of [
      "db.query('vacuum t')",
      "db.client.query('vacuum t')",
      "db.client.query('commit')",
    ]) {
      app.write({
        '2_code.ts': code(`await db.query('insert into t values (1)');\n    await ${statement};`),
      });
      const error = await failure((await app.open()).up({ singleTransaction: true }));
      expect(error).toMatchObject({
        code: statement.includes('commit') ? 'TRANSACTION_CONTROL_REFUSED' : 'SINGLE_TRANSACTION_IMPOSSIBLE',
        location: { line: 4 },
      });
      expect(await userTables(app.database)).toEqual([]);
    }
  });

  it('looks into the catalog where the kind of relation decides', async () => {
    const app = await createWorkspace(
      {
        '1_p.sql':
          'create table t (id int primary key); create table p (id int primary key) partition by range (id); create table p1 partition of p for values from (0) to (9);',
      },
      { server },
    );
    app.write({
      '2_code.ts': code(
        "await db.query('insert into t values (1)'); await db.query('reindex table t'); await db.query('reindex table p');",
      ),
    });
    const lockkeeper = await app.open();
    const warnings = record(lockkeeper, 'warning');
    await lockkeeper.up();
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('REINDEX TABLE')]);
    expect(await ids(app)).toEqual([1]);
  });

  it('keeps role and time-outs that the function has set, and writes the journal as itself', async () => {
    const app = await createWorkspace(base, { server });
    const role = await app.role();
    app.write({
      '2_code.ts':
        code(`await db.exec('alter table t owner to ${role.name}; grant create on schema public to ${role.name}');
    await db.exec("set role ${role.name}; set lock_timeout = '7s'");
    await db.query('create index concurrently t_name on t (name)');
    await db.query("insert into t select 1, current_user || ' ' || current_setting('lock_timeout')");`),
      '3_next.sql': "insert into t select 3, current_user::text || ' ' || current_setting('lock_timeout');",
    });
    await app.up();
    expect(await app.database.query('select name from t order by id')).toEqual([
      { name: `${role.name} 7s` },
      { name: 'postgres 2s' },
    ]);
  });

  it('says of a refusal that could not be seen beforehand what to do, and keeps nothing', async () => {
    const app = await createWorkspace(base, { server });
    app.write({
      '2_code.ts': code(`await db.query('insert into t values (1)');
    await db.exec('create procedure p() language plpgsql as $$ begin commit; end $$');
    await db.query('call p()');`),
    });
    const error = await failure(app.up());
    expect(error).toMatchObject({ details: { sqlstate: '2D000' }, location: { line: 5 } });
    expect(error.hint).toContain("transaction: 'none'");
    expect([await ids(app), await app.applied()]).toEqual([[], ['1']]);
  });

  it('ends where a statement behind a commit fails, though the function goes on', async () => {
    const app = await createWorkspace({ '1_t.sql': 'create table t (id int)' }, { server });
    app.write({
      '2_code.ts': code(`await db.query('insert into t values (1), (1)');
    try { await db.query('create unique index concurrently t_id on t (id)'); } catch {}
    await db.query('insert into t values (2)');`),
    });
    const error = await failure(app.up());
    expect(error).toMatchObject({ details: { sqlstate: '23505' }, location: { line: 4 } });
    expect(error.hint).toContain('committed');
    expect([await ids(app), await invalidIndexes(app), await openSteps(app.database)]).toEqual([
      [1, 1],
      [],
      ['2 step 1 apply completed'],
    ]);
    // Mended from outside, the next run goes on behind what is committed.
    await app.database.query('delete from t where ctid in (select min(ctid) from t)');
    await app.up();
    expect([await ids(app), await hasIndex(app, 't_id')]).toEqual([[1, 2], true]);
  });

  it('undoes in pieces, too, and a repeatable migration keeps its older row until it is through', async () => {
    const app = await createWorkspace(base, { server });
    app.write({
      '2_code.ts': `export const up = 'select 1';
export async function down(db: any) { await db.query('insert into t values (1)'); await db.query('vacuum t'); await db.query('insert into t values (2)'); }`,
      'R__again.ts': code("await db.query('select 1');"),
    });
    await app.up();
    await (await app.open()).down({ only: '2' });
    expect([await ids(app), await app.applied()]).toEqual([
      [1, 2],
      ['1', 'R__again'],
    ]);
    app.write({
      'R__again.ts': code(
        "await db.query('insert into t values (7)'); await db.query('vacuum t'); await db.query('select wrong');",
      ),
    });
    await failure((await app.open()).up({ only: 'R__again' }));
    expect(await app.applied()).toEqual(['1', 'R__again']);
    app.write({
      'R__again.ts': code(
        "await db.query('insert into t values (7)'); await db.query('vacuum t'); await db.query('insert into t values (8)');",
      ),
    });
    await (await app.open()).up({ only: 'R__again' });
    expect([await ids(app), await app.applied(), await openSteps(app.database)]).toEqual([
      [1, 2, 7, 8],
      ['1', 'R__again'],
      [],
    ]);
  });
});

describe.each(servers)('locks that a function does not get, on PostgreSQL $major', (server) => {
  /** Runs `work` while the table is locked; the lock ends at the first try that fails. */
  async function whileLocked(app: Workspace, files: Readonly<Record<string, string>>): Promise<unknown> {
    await app.up();
    app.write(files);
    const blocker = await app.database.connect();
    await blocker.query('begin; lock table t in access exclusive mode');
    const lockkeeper = await app.open({ lockTimeout: 100 });
    const retries = record(lockkeeper, 'step:retry');
    lockkeeper.on('step:retry', () => void blocker.query('rollback').catch(() => {}));
    try {
      return await lockkeeper.up().then(() => retries.length);
    } finally {
      await blocker.end();
    }
  }

  it('sends the first statement again, without a word to the function', async () => {
    const app = await createWorkspace(base, { server });
    const retries = await whileLocked(app, {
      '2_code.ts': code(
        "await db.client.query('begin'); await db.query('alter table t add n int'); await db.client.query('commit');\n    " +
          calls,
      ),
    });
    expect(retries).toBeGreaterThan(0);
    expect([await timesCalled(app), await app.applied()]).toEqual([1, ['1', '2']]);
  });

  it('fails when the tries are used up, and the function cannot go on', async () => {
    const app = await createWorkspace(base, { server });
    await app.up();
    const blocker = await app.database.connect();
    await blocker.query('begin; lock table t in access exclusive mode');
    app.write({
      '2_code.ts': code(
        "try { await db.query('alter table t add n int'); } catch {}\n    await db.exec('create table u ()');",
      ),
    });
    const error = await failure((await app.open({ lockTimeout: 50, lockRetries: 1 })).up());
    await blocker.end();
    expect(error).toMatchObject({ code: 'LOCK_BUDGET_EXCEEDED', location: { line: 3 } });
    expect([await userTables(app.database), await app.applied()]).toEqual([['public.t'], ['1']]);
  });

  it('calls a function that has been answered again only where its migration says so', async () => {
    const app = await createWorkspace(base, { server });
    const body = `${calls} await db.query('alter table t add n int');`;
    const error = await failure(whileLocked(app, { '2_code.ts': code(body) }));
    expect([error.code, await timesCalled(app)]).toEqual(['LOCK_BUDGET_EXCEEDED', 1]);
    expect(error.hint).toContain('retry: true');
    app.project.delete('migrations/2_code.ts');
    expect(await whileLocked(app, { '2_code.ts': code(body, ' retry: true,') })).toBe(1);
    expect([await timesCalled(app), await app.applied()]).toEqual([3, ['1', '2']]);
  });
});

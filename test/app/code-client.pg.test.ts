import { describe, expect, it } from 'vitest';
import { repository } from '../support/project.js';
import { servers } from '../support/database.js';
import { createWorkspace, failure, record, type Workspace } from './workspace.js';

/** A code migration whose `up` has this body, which begins on line 7, column 5. */
const code = (
  body: string,
  head = '',
): string => `import * as driver from '${repository}/node_modules/pg/esm/index.mjs';
import * as streams from '${repository}/node_modules/pg-copy-streams/index.js';
const pg = (driver as any).Client === undefined ? (driver as any).default : (driver as any);
const { from, to } = (streams as any).default ?? streams;
export default {${head}
  async up(db: any) {
    ${body}
  },
};
`;
/** Ends the function with an error where something is not as it should be. */
const expects = (condition: string): string =>
  `if (!(${condition})) throw new Error(${JSON.stringify(condition)});`;

const base = { '1_t.sql': 'create table t (id int primary key, name text);' };

const ids = async (app: Workspace): Promise<readonly number[]> =>
  (await app.database.query<{ id: number }>('select id from public.t order by id')).map(({ id }) => id);

describe.each(servers)('db.client on PostgreSQL $major', (server) => {
  async function up(body: string, head = ''): Promise<Workspace> {
    const app = await createWorkspace(base, { server });
    app.write({ '2_code.ts': code(body, head) });
    await app.up();
    return app;
  }

  it('is a client of the driver, and takes every form of query()', async () => {
    const app = await up(`const c = db.client;
    ${expects('c instanceof pg.Client || c.constructor.name === "GuestClient"')}
    ${expects("typeof c.processID === 'number' && c.database.length > 0")}
    ${expects(`c.escapeIdentifier('a"b') === '"a""b"' && c.escapeLiteral("o'n") === "'o''n'"`)}
    await c.query('insert into t values (1), (2)');
    await c.query('insert into t values ($1, $2)', [3, 'x']);
    await c.query({ text: 'insert into t values ($1)', values: [4] });
    for (const id of [5, 6]) await c.query({ name: 'ins', text: 'insert into t values ($1)', values: [id] });
    await new Promise((done, no) => c.query('insert into t values ($1)', [7], (e: any) => (e ? no(e) : done(null))));
    const arrays = await c.query({ text: 'select id from t order by id', rowMode: 'array' });
    ${expects("arrays.rows[0][0] === 1 && arrays.rowCount === 7 && arrays.command === 'SELECT' && arrays.fields[0].name === 'id'")}
    const many = await c.query('select 1 as a; select 2 as b');
    ${expects('many.length === 2 && many[1].rows[0].b === 2')}
    const query = c.query(new pg.Query('select id from t order by id'));
    const seen: number[] = [];
    query.on('row', (row: any) => seen.push(row.id));
    await new Promise((done, no) => query.on('end', done).on('error', no));
    ${expects('seen.length === 7')}
    const error = await c.query('savepoint s').then(() => c.query('select wrong')).catch((e: any) => e);
    ${expects("error.code === '42703' && error.severity === 'ERROR' && error.stack.includes('2_code.ts')")}
    await c.query('rollback to s');
    c.release();
    await c.connect();
    ${expects("c.getTransactionStatus() === 'T'")}`);
    expect(await ids(app)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('streams rows in and out by COPY, in the transaction', async () => {
    const app = await up(`const c = db.client;
    const target = c.query(from("copy t from stdin"));
    target.write('1\\tone\\n'); target.end('2\\ttwo\\n');
    await new Promise((done, no) => target.on('finish', done).on('error', no));
    let text = '';
    for await (const chunk of c.query(to('copy t to stdout'))) text += chunk;
    ${expects("text === '1\\tone\\n2\\ttwo\\n'")}`);
    expect(await ids(app)).toEqual([1, 2]);
  });

  it('makes savepoints of the transactions of a library', async () => {
    const app = await up(`const c = db.client;
    await c.query('insert into t values (1)');
    const begun = await c.query('BEGIN;');
    ${expects("begun.command === 'BEGIN'")}
    await c.query('insert into t values (2)');
    await c.query('savepoint inner_one; insert into t values (3); rollback to savepoint inner_one');
    const committed = await c.query('COMMIT;');
    ${expects("committed.command === 'COMMIT'")}
    await c.query('start transaction');
    await c.query('insert into t values (4)');
    await c.query('rollback');
    await c.query('begin isolation level read committed');
    await c.query('select wrong').catch(() => {});
    const failed = await c.query('commit');
    ${expects("failed.command === 'ROLLBACK'")}
    await c.query('begin'); await c.query('begin'); await c.query('insert into t values (5)');
    await c.query('rollback'); await c.query('insert into t values (6)'); await c.query('commit');`);
    expect([await ids(app), await app.applied()]).toEqual([
      [1, 2, 6],
      ['1', '2'],
    ]);
  });

  it.each([
    ['a COMMIT without BEGIN', "await db.client.query('commit');"],
    ['another isolation level', "await db.client.query('begin isolation level serializable');"],
    ['PREPARE TRANSACTION', 'await db.client.query("prepare transaction \'x\'");'],
    ['COMMIT AND CHAIN', "await db.client.query('begin'); await db.client.query('commit and chain');"],
    ['a BEGIN that is never ended', "await db.client.query('begin');"],
    ['a COMMIT whose error is swallowed', "await db.client.query('commit').catch(() => {});"],
    ['a COMMIT that nobody awaits', "db.client.query('commit');"],
  ])('refuses %s, and keeps nothing', async (_, body) => {
    const app = await createWorkspace(base, { server });
    app.write({ '2_code.ts': code(`await db.query('insert into t values (1)');\n    ${body}`) });
    expect(await failure(app.up())).toMatchObject({
      code: 'TRANSACTION_CONTROL_REFUSED',
      location: { file: 'migrations/2_code.ts', line: 8 },
    });
    expect([await ids(app), await app.applied()]).toEqual([[], ['1']]);
  });

  it('names the line of the call, whatever came between', async () => {
    const app = await createWorkspace(base, { server });
    app.write({
      '2_code.ts':
        code(`const orm = async (sql: string) => { await null; try { await db.client.query(sql); } catch (error) { throw new Error('orm failed', { cause: error }); } };
    await orm('select wrong');`),
    });
    const error = await failure(app.up());
    expect(error).toMatchObject({ details: { sqlstate: '42703' }, location: { line: 7 } });
    expect(error.message).toContain('column "wrong" does not exist');
  });

  it('leaves nothing to the next migration: listeners, type parsers, names, locks; and cannot be ended', async () => {
    const app = await createWorkspace(base, { server });
    app.write({
      '2_code.ts': code(`const c = db.client;
    c.on('notice', () => { throw new Error('heard after the end'); });
    c.setTypeParser(23, () => 'parsed');
    const { rows } = await c.query({ name: 'n', text: 'select 1::int as one' });
    ${expects("rows[0].one === 'parsed'")}
    await c.query("listen news");
    await c.query('select pg_advisory_lock(7), pg_advisory_lock(7), pg_advisory_lock_shared(-8), pg_advisory_lock(-1, 5), pg_advisory_lock_shared(6, -6)');
    await c.end();`),
      '3_code.ts': code(`const { rows } = await db.client.query({ name: 'n', text: 'select 1::int as one' });
    ${expects('rows[0].one === 1')}
    const locks = await db.query("select classid from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()");
    ${expects('locks.rows.length > 0 && locks.rows.every((row: any) => row.classid === 19531)')}
    await db.exec("do $$ begin raise notice 'hello'; end $$");`),
    });
    const lockkeeper = await app.open();
    const warnings = record(lockkeeper, 'warning');
    const notices = record(lockkeeper, 'notice');
    await lockkeeper.up();
    expect(await app.applied()).toEqual(['1', '2', '3']);
    expect(warnings.map(({ code: word }) => word)).toEqual(['connection-not-ended']);
    expect(notices.map(({ message }) => message)).toEqual(['hello']);
  });

  it('waits for what nobody awaited, and says so', async () => {
    const app = await createWorkspace(base, { server });
    app.write({
      '2_code.ts': code(
        "db.client.query('select pg_sleep(0.1)');\n    db.query('insert into t values (1)');",
      ),
    });
    const lockkeeper = await app.open();
    const warnings = record(lockkeeper, 'warning');
    await lockkeeper.up();
    expect(await ids(app)).toEqual([1]);
    expect(warnings).toMatchObject([
      { code: 'not-awaited', message: expect.stringMatching(/2_code\.ts:7: .*pg_sleep/) },
    ]);
  });

  it.each([
    ['a COPY that nobody feeds', "db.client.query(from('copy t from stdin')).write('1\\tone\\n');"],
    [
      'a cursor that nobody reads',
      `db.client.query({ text: 'select 1', submit(c: any) { this.c = c; c.parse({ text: 'select generate_series(1, 9)' }); c.bind({}); c.execute({ rows: 1 }); c.flush(); }, close() { this.c.sync(); }, handlePortalSuspended() {}, handleError() {}, handleReadyForQuery() {}, handleCommandComplete() {}, handleRowDescription() {}, handleDataRow() {} });`,
    ],
  ])('fails on %s when the function has ended, and the session lives', async (_, body) => {
    const app = await createWorkspace(base, { server });
    app.write({ '2_code.ts': code(`await db.query('insert into t values (9)');\n    ${body}`) });
    const error = await failure(app.up());
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', location: { line: 8 } });
    expect(error.message).toContain('still open');
    expect([await ids(app), await app.applied()]).toEqual([[], ['1']]);
  });

  it('refuses a query whose text cannot be seen', async () => {
    const app = await createWorkspace(base, { server });
    app.write({
      '2_code.ts': code(
        "db.client.query({ submit: (c: any) => c.query('commit'), handleError() {}, handleReadyForQuery() {} });",
      ),
    });
    expect(await failure(app.up())).toMatchObject({ code: 'QUERY_FAILED', location: { line: 7 } });
  });
});

describe.each(servers)('a function without a transaction on PostgreSQL $major', (server) => {
  it('may begin and end transactions of its own, and has every text split where one may not be in any', async () => {
    const app = await createWorkspace(base, { server });
    app.write({
      '2_code.ts': code(
        `const c = db.client;
    await c.query('begin isolation level serializable'); await c.query('insert into t values (1)'); await c.query('commit');
    await c.query('begin'); await c.query('insert into t values (2)'); await c.query('rollback');
    await db.exec('insert into t values (3); vacuum t; create index concurrently t_name on t (name)');
    await db.exec('create role code_none_${server.major} ; set role code_none_${server.major}');
    await db.query('select 1'); await db.exec('reset role; drop role code_none_${server.major}');`,
        " transaction: 'none',",
      ),
    });
    await app.up();
    expect([await ids(app), await app.applied()]).toEqual([
      [1, 3],
      ['1', '2'],
    ]);
  });

  it('says which statements are done when one fails, and stops at them in the next run', async () => {
    const app = await createWorkspace(base, { server });
    app.write({
      '2_code.ts': code(
        `await db.query('insert into t values (1)');
    await db.client.query('begin'); await db.query('insert into t values (2)'); await db.client.query('rollback');
    await db.query('vacuum t');
    await db.query('select wrong');`,
        " transaction: 'none',",
      ),
    });
    const error = await failure(app.up());
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', location: { line: 10 } });
    expect(error.message).toContain('migrations/2_code.ts:7  insert into t values (1)');
    expect(error.message).toContain('migrations/2_code.ts:9  vacuum t');
    expect(error.hint).toContain('lockkeeper mark 2 --applied --why "…"');
    expect(error.hint).toContain('lockkeeper mark 2 --pending --why "…"');
    const again = await failure(app.up());
    expect(again).toMatchObject({ code: 'RECOVERY_UNDECIDED' });
    expect(again.message).toContain('not known:\n  migrations/2_code.ts:10  select wrong');
    expect(again.hint).toContain('lockkeeper repair 2 --step 1 --again');
    const lockkeeper = await app.open();
    // Both ways out that the failure named are ways out.
    await lockkeeper.mark({ version: '2', as: 'pending', why: 'undone by hand', yes: true });
    await app.database.query('delete from t');
    expect((await failure(app.up())).message).toContain('wrong');
    await lockkeeper.mark({ version: '2', as: 'applied', why: 'done by hand', yes: true });
    expect(await app.applied()).toEqual(['1', '2']);
  });

  it('rolls back what it has begun and not ended, and fails', async () => {
    const app = await createWorkspace(base, { server });
    app.write({
      '2_code.ts': code(
        "await db.client.query('begin'); await db.query('insert into t values (1)');",
        " transaction: 'none',",
      ),
    });
    expect(await failure(app.up())).toMatchObject({ code: 'TRANSACTION_ENDED' });
    expect(await ids(app)).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import type { RunReport } from '../../src/core/report.js';
import { openSteps } from '../execute/support.js';
import { servers } from '../support/database.js';
import { createWorkspace, failure, record, type Workspace } from './workspace.js';

/** A code migration whose `up` has this body, which begins on line 3, column 5. */
const code = (body: string, head = ''): string => `export default {${head}
  async up(db: any) {
    ${body}
  },
};
`;

const base = {
  '1_t.sql': "create type mood as enum ('ok'); create table t (m mood); create sequence calls;",
};

const moods = async ({ database }: Workspace): Promise<readonly string[]> =>
  (await database.query<{ m: string }>('select m::text as m from public.t order by m')).map(({ m }) => m);

const values = async ({ database }: Workspace): Promise<readonly string[]> =>
  (
    await database.query<{ v: string }>(
      "select enumlabel as v from pg_enum where enumtypid = 'public.mood'::regtype order by enumsortorder",
    )
  ).map(({ v }) => v);

describe.each(servers)('ALTER TYPE … ADD VALUE in a function, on PostgreSQL $major', (server) => {
  it.each([
    ['db.query', `await db.query("insert into t values ('sad')");`],
    ['db.client', `await db.client.query("insert into t values ('sad')");`],
    ['db.copy', "await db.copy('t', [{ m: 'sad' }]);"],
    ['a BEGIN of its own', `await db.exec("begin; insert into t values ('sad'); commit");`],
  ])('is committed before the next statement uses the value, by %s', async (_, use) => {
    const app = await createWorkspace(base, { server });
    app.write({
      '2_code.ts': code(`await db.query("insert into t values ('ok')");
    await db.query("alter type mood add value 'sad'");
    ${use}`),
    });
    const lockkeeper = await app.open();
    const warnings = record(lockkeeper, 'warning');
    const report = (await lockkeeper.up()) as RunReport;
    expect(warnings).toMatchObject([
      {
        code: 'code-committed',
        message: expect.stringMatching(/2_code\.ts:4: .* the 2 statement\(s\) up to/),
      },
    ]);
    expect(report.applied[1]?.steps.map(({ step, transaction }) => [step, transaction])).toEqual([
      [1, true],
      [2, true],
    ]);
    expect([await moods(app), await app.applied(), await openSteps(app.database)]).toEqual([
      ['ok', 'sad'],
      ['1', '2'],
      [],
    ]);
  });

  it.each([
    ['in its transaction', ''],
    ['without one', " transaction: 'none',"],
  ])('has a text that adds and uses a value cut behind it, %s', async (_, head) => {
    const app = await createWorkspace(base, { server });
    app.write({
      '2_code.ts': code(
        `await db.exec("alter type mood add value 'sad'; alter type mood add value 'glad'; insert into t values ('sad'), ('glad')");`,
        head,
      ),
    });
    await app.up();
    expect(await moods(app)).toEqual(['glad', 'sad']);
  });

  it('divides nothing where nothing follows it, or the function made the type and the server allows the use', async () => {
    const app = await createWorkspace(base, { server });
    app.write({
      '2_last.ts': code(`await db.query("insert into t values ('ok')");
    await db.exec("alter type mood add value 'sad'; alter type mood add value 'glad'");`),
      '3_own.ts': code(`await db.exec("create type own as enum ('a')");
    await db.query("alter type own add value 'b'");
    await db.exec("create table o as select 'b'::own as b");`),
    });
    const report = await app.up();
    expect(report.applied.slice(1).map(({ steps }) => steps.length)).toEqual([1, server.major < 17 ? 2 : 1]);
    expect(await values(app)).toEqual(['ok', 'sad', 'glad']);
  });

  it('is not added twice when the function fails behind it: the next run answers it from the journal', async () => {
    const app = await createWorkspace(base, { server });
    const body = (end: string): string =>
      code(`const { rows } = await db.query("insert into t values ('ok') returning m");
    if (rows[0].m !== 'ok') throw new Error('answers');
    await db.query("alter type mood add value 'sad'");
    await db.query("set search_path = nowhere, public");
    await db.query("insert into t values ('sad')");
    ${end}`);
    app.write({ '2_code.ts': body("await db.query('select wrong');") });
    expect(await failure(app.up())).toMatchObject({ code: 'MIGRATION_FAILED', location: { line: 8 } });
    expect([await moods(app), await values(app)]).toEqual([['ok'], ['ok', 'sad']]);
    expect(await openSteps(app.database)).toEqual(['2 step 1 apply completed']);
    expect((await (await app.open()).status()).failed).toMatchObject([{ version: '2' }]);
    app.write({ '2_code.ts': body('') });
    await app.up();
    expect([await moods(app), await app.applied()]).toEqual([
      ['ok', 'sad'],
      ['1', '2'],
    ]);
  });

  it('leaves alone what a commit would end, and says so where the value is used too early', async () => {
    const app = await createWorkspace(base, { server });
    const within = (use: string): string =>
      code(`await db.exec("set local work_mem = '9MB'");
    await db.query("alter type mood add value 'sad'");
    ${use}`);
    app.write({ '2_code.ts': within(`await db.query("insert into t values ('sad')");`) });
    const error = await failure(app.up());
    expect(error).toMatchObject({ details: { sqlstate: '55P04' }, location: { line: 5 } });
    expect(error.hint).toMatch(/before the next statement unless .* SET LOCAL/);
    expect(await values(app)).toEqual(['ok']);
    app.write({ '2_code.ts': within(`await db.query("insert into t values ('ok')");`) });
    expect((await app.up()).applied[0]?.steps).toHaveLength(1);
  });

  it('is committed behind the COMMIT of a transaction that the function began', async () => {
    const app = await createWorkspace(base, { server });
    app.write({
      '2_code.ts': code(`await db.client.query('begin');
    await db.client.query("alter type mood add value 'sad'");
    await db.client.query("insert into t values ('ok')");
    await db.client.query('commit');
    await db.query("insert into t values ('sad')");`),
    });
    await app.up();
    expect(await moods(app)).toEqual(['ok', 'sad']);
  });

  it('is refused in a single transaction where something follows, before that is sent', async () => {
    const app = await createWorkspace(base, { server });
    await app.up();
    app.write({
      '2_a.sql': 'create table a (id int);',
      '3_code.ts': code(`await db.query("alter type mood add value 'sad'");
    await db.query("insert into t values ('ok')");`),
    });
    expect(await failure((await app.open()).up({ singleTransaction: true }))).toMatchObject({
      code: 'SINGLE_TRANSACTION_IMPOSSIBLE',
      location: { line: 4 },
    });
    expect([await app.applied(), await values(app)]).toEqual([['1'], ['ok']]);
  });
});

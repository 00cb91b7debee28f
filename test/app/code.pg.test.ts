import { describe, expect, it } from 'vitest';
import { latest, servers, userTables } from '../support/database.js';
import { createWorkspace, failure, record, reportOf, type Workspace } from './workspace.js';

/** A code migration whose `up` has this body; `db` is there. The body begins on line 4, column 5. */
const code = (body: string, head = ''): string => `// a first line with ünïcödé 😀
export default {${head}
  async up(db: any) {
    ${body}
  },
};
`;

const base = {
  '1_t.sql':
    'create table t (id int primary key, name text, data jsonb, tags text[], bytes bytea, at timestamptz, amount numeric);',
};

async function run(app: Workspace, body: string, head = ''): Promise<unknown> {
  app.write({ '2_code.ts': code(body, head) });
  return app.up();
}

/** A query object whose text is not what it sends, as no library has one. */
const smuggle = `const smuggle = (sql: string) => new Promise<void>((resolve, reject) => db.client.query({ text: 'select 1', submit: (c: any) => c.query(sql), handleError: reject, handleReadyForQuery: () => resolve(), handleCommandComplete() {}, handleRowDescription() {}, handleDataRow() {} })); `;

const rows = (app: Workspace): Promise<readonly unknown[]> =>
  app.database.query('select id, name from t order by id');

describe.each(servers)('the transaction of a code migration on PostgreSQL $major', (server) => {
  it('loads rows by copy and by upsert, with every kind of value', async () => {
    const app = await createWorkspace(base, { server });
    await run(
      app,
      `const rows = [
      { id: 1, name: 'tab\\t, line\\n, \\\\ back', data: { a: ['x', null, 'ü"'] }, tags: ['a,b', 'c"d', null], bytes: new Uint8Array([0, 255]), at: new Date(0), amount: 12345678901234567890n },
      { id: 2, name: '\\\\N', amount: NaN },
      { id: 3, name: null, bytes: Buffer.from('ab') },
    ];
    const columns = ['id', 'name', 'data', 'tags', 'bytes', 'at', 'amount'];
    async function* later() { for (const row of rows) yield { ...row, id: row.id + 10 }; }
    if ((await db.copy('t', rows, { columns })) !== 3) throw new Error('copy');
    if ((await db.upsert('t', later(), { columns })) !== 3) throw new Error('upsert');
    if ((await db.upsert('public."t"', [{ id: 1, name: 'again' }])) !== 1) throw new Error('again');
    if ((await db.copy('t', [])) !== 0 || (await db.upsert('t', [])) !== 0) throw new Error('none');`,
    );
    const kept = await app.database.query(
      'select id, name, data, tags, bytes::text as bytes, at, amount::text as amount from t order by id',
    );
    const first = {
      name: 'tab\t, line\n, \\ back',
      data: { a: ['x', null, 'ü"'] },
      tags: ['a,b', 'c"d', null],
      bytes: '\\x00ff',
      at: new Date(0),
      amount: '12345678901234567890',
    };
    expect(kept).toMatchObject([
      { ...first, id: 1, name: 'again' },
      { id: 2, name: '\\N', amount: 'NaN', data: null },
      { id: 3, name: null, bytes: '\\x6162' },
      { ...first, id: 11 },
      { id: 12, name: '\\N', amount: 'NaN' },
      { id: 13, bytes: '\\x6162' },
    ]);
  });

  it('keeps nothing where an error was swallowed, and names it', async () => {
    const app = await createWorkspace(base, { server });
    const error = await failure(
      run(
        app,
        "await db.query('insert into t (id) values (1)');\n    try { await db.query('select wrong'); } catch {}",
      ),
    );
    expect(error).toMatchObject({ code: 'TRANSACTION_ENDED', exit: 3, location: { line: 5 } });
    expect(error.message).toContain('"wrong"');
    expect(await rows(app)).toEqual([]);
    expect(await app.applied()).toEqual(['1']);
  });

  it('notices a failing query that nobody awaited, and waits for those that succeed', async () => {
    const app = await createWorkspace(base, { server });
    const error = await failure(
      run(app, "db.query('insert into t (id) values (1)');\n    db.query('select wrong');"),
    );
    expect(error).toMatchObject({ code: 'TRANSACTION_ENDED', location: { line: 5 } });
    expect(await rows(app)).toEqual([]);
    await run(app, "db.query('select pg_sleep(0.05)'); db.query('insert into t (id) values (1)');");
    expect(await rows(app)).toHaveLength(1);
  });

  it.each([
    ['COMMIT', `${smuggle}await smuggle('commit');\n    await db.query('insert into t (id) values (2)');`],
    [
      'COMMIT and BEGIN',
      `${smuggle}await smuggle('commit'); await smuggle('begin');\n    await db.query('insert into t (id) values (2)');`,
    ],
    [
      'ROLLBACK',
      `${smuggle}await smuggle('rollback');\n    await db.query('insert into t (id) values (2)');`,
    ],
  ])('does not take a hidden %s for success, and never says that it is applied', async (_, body) => {
    const app = await createWorkspace(base, { server });
    const error = await failure(run(app, `await db.query('insert into t (id) values (1)');\n    ${body}`));
    expect(error).toMatchObject({ code: 'TRANSACTION_ENDED', exit: 3 });
    const lockkeeper = await app.open();
    expect(await lockkeeper.status()).toMatchObject({
      applied: [{ version: '1' }],
      failed: [{ version: '2' }],
    });
    // What was committed is not known, so nothing is guessed: a person looks and settles it.
    expect(await failure(lockkeeper.up())).toMatchObject({ code: 'RECOVERY_UNDECIDED' });
    await lockkeeper.mark({ version: '2', as: 'pending', why: 'cleaned up', yes: true });
    expect(await lockkeeper.status()).toMatchObject({
      applied: [{ version: '1' }],
      failed: [],
      pending: [{ version: '2' }],
    });
  });

  it('never says of an undo that was cut in two by COMMIT that it is done', async () => {
    const app = await createWorkspace(
      {
        '1_a.ts':
          "export const up = 'create table a (); create table b ()';\nexport async function down(db: any) { await db.exec('drop table a'); SMUGGLE await smuggle('commit'); await db.exec('drop table b'); }\n".replace(
            'SMUGGLE',
            smuggle,
          ),
      },
      { server },
    );
    await app.up();
    const lockkeeper = await app.open();
    expect(await failure(lockkeeper.down())).toMatchObject({ code: 'TRANSACTION_ENDED' });
    expect(await lockkeeper.status()).toMatchObject({ failed: [{ version: '1', direction: 'down' }] });
    const error = await failure(lockkeeper.up());
    expect(error).toMatchObject({ code: 'RECOVERY_UNDECIDED' });
    expect(error.hint).toContain('lockkeeper down --only 1');
    const again = await failure(lockkeeper.down({ only: '1' }));
    expect(again).toMatchObject({ code: 'RECOVERY_UNDECIDED' });
    expect(again.hint).toContain('lockkeeper mark 1');
    await lockkeeper.mark({ version: '1', as: 'pending', why: 'both are gone', yes: true });
    await lockkeeper.up();
    expect(await userTables(app.database)).toEqual(['public.a', 'public.b']);
  });

  it('keeps the session clean for the next migration', async () => {
    const app = await createWorkspace(base, { server });
    app.write({
      '2_code.ts': code(
        'await db.exec("set search_path = pg_catalog; create temp table x (id int); set work_mem = \'77MB\'; set role pg_monitor");',
      ),
      '3_probe.sql':
        "create table probe as select current_user::text as who, current_setting('work_mem') as memory;",
    });
    await app.up();
    expect(await app.database.query('select * from public.probe')).toEqual([
      { who: 'postgres', memory: '4MB' },
    ]);
  });

  it('runs without a transaction when asked, and says what that means when it fails', async () => {
    const app = await createWorkspace(base, { server });
    await run(
      app,
      "await db.query('insert into t (id) values (1)');\n    await db.query('vacuum t');\n    await db.query('create index concurrently t_name on t (name)');",
      " transaction: 'none',",
    );
    expect(await app.applied()).toEqual(['1', '2']);
    app.write({
      '3_more.ts': code(
        "await db.query('insert into t (id) values (2)');\n    await db.query('select wrong');",
        ' transaction: false,',
      ),
    });
    const error = await failure(app.up());
    expect(error).toMatchObject({
      code: 'MIGRATION_FAILED',
      location: { file: 'migrations/3_more.ts', line: 5 },
    });
    expect(await rows(app)).toHaveLength(2);
    const lockkeeper = await app.open();
    expect((await lockkeeper.status()).failed).toMatchObject([{ version: '3', direction: 'up' }]);
    expect(await failure(lockkeeper.up())).toMatchObject({ code: 'RECOVERY_UNDECIDED' });
    await lockkeeper.mark({ version: '3', as: 'applied', why: 'it is enough', yes: true });
    expect(await app.applied()).toEqual(['1', '2', '3']);
  });
});

describe.each([latest])('db of a code migration on PostgreSQL $major', (server) => {
  it('queries, takes one row, and runs many statements', async () => {
    const app = await createWorkspace(base, { server });
    await run(
      app,
      `const { rows, rowCount } = await db.query('insert into t (id, name) values ($1, $2), (2, null) returning id', [1, "o'neil"]);
    if (rowCount !== 2 || rows[0].id !== 1) throw new Error('rows');
    const { n } = await db.one('select count(*)::int as n from t');
    if (n !== 2) throw new Error('one');
    await db.exec('insert into t (id) values (3); insert into t (id) values (4);');
    const nothing = await db.query('delete from t where id > 100');
    if (nothing.rowCount !== 0 || nothing.rows.length !== 0) throw new Error('nothing');`,
    );
    expect(await rows(app)).toEqual([
      { id: 1, name: "o'neil" },
      { id: 2, name: null },
      { id: 3, name: null },
      { id: 4, name: null },
    ]);
    expect(await app.applied()).toEqual(['1', '2']);
  });

  it('takes fragments of the sql tag as values, never as text', async () => {
    const app = await createWorkspace({}, { server });
    app.write({
      ...base,
      '2_code.ts': `import { sql } from '${new URL('../../src/migration/sql-tag.ts', import.meta.url).pathname}';
const name = "'); drop table t; --";
export default {
  up: [
    sql\`insert into t (id, name) values (1, \${name})\`,
    'insert into t (id) values (2)',
    async (db: any) => { await db.query(sql\`update t set name = \${name} where id = \${2}\`); await db.exec(sql\`insert into t (id, name) values (\${3}, \${name})\`); },
  ],
};
`,
    });
    await app.up();
    expect(await rows(app)).toEqual([1, 2, 3].map((id) => ({ id, name: "'); drop table t; --" })));
  });

  it('gives the last answer of several statements in one query', async () => {
    const app = await createWorkspace(base, { server });
    await run(
      app,
      `const { rows } = await db.query("insert into t (id) values (1); select id from t");
    if (rows[0]?.id !== 1) throw new Error('rows');`,
    );
    expect(await rows(app)).toHaveLength(1);
  });

  it.each([
    ['a table that is not there', "await db.copy('nowhere', [{ id: 1 }]);", 'QUERY_FAILED'],
    [
      'a column that the first row had not',
      "await db.copy('t', [{ id: 1 }, { id: 2, name: 'x' }]);",
      'QUERY_FAILED',
    ],
    ['a value that the type refuses', "await db.copy('t', [{ id: 'one' }]);", 'MIGRATION_FAILED'],
    [
      'rows that fail to come',
      "await db.copy('t', (function* () { yield { id: 1 }; throw new Error('source broke'); })());",
      'MIGRATION_FAILED',
    ],
    [
      'an upsert without key',
      "await db.exec('create table u (id int)'); await db.upsert('u', [{ id: 1 }]);",
      'QUERY_FAILED',
    ],
    ['no row', "await db.one('select 1 where false');", 'QUERY_ROW_COUNT'],
    ['two rows', "await db.one('select generate_series(1, 2)');", 'QUERY_ROW_COUNT'],
  ])('keeps nothing on %s, and points at the call', async (_, body, errorCode) => {
    const app = await createWorkspace(base, { server });
    const error = await failure(run(app, `await db.query('insert into t (id) values (99)');\n    ${body}`));
    expect(error).toMatchObject({
      code: errorCode,
      exit: 3,
      location: { file: 'migrations/2_code.ts', line: 5 },
    });
    expect(await rows(app)).toEqual([]);
    expect(await app.applied()).toEqual(['1']);
  });

  it('points at the very call of db.query, and into its SQL', async () => {
    const app = await createWorkspace(base, { server });
    const error = await failure(
      run(
        app,
        "await db.query('select 1');\n    const ü = '😀'; await db.query(`select '😀',\n      wrong from t`);\n    await db.query('select 2');",
      ),
    );
    expect(error).toMatchObject({
      code: 'MIGRATION_FAILED',
      details: { sqlstate: '42703' },
      location: { file: 'migrations/2_code.ts', line: 5, column: 29, length: 5 },
    });
    expect(error.location?.lineText).toContain('await db.query(`select');
    expect(error.message).toContain('column "wrong" does not exist');
    expect(error.message).toContain('line 2, column 7');
    expect(reportOf(error).failed).toMatchObject({ version: '2', error: { location: { line: 5 } } });
  });

  it('points at SQL that stands in a code migration as a text, and at its line there', async () => {
    const app = await createWorkspace(
      {
        '1_a.ts': "export const up = `\ncreate table a (id int);\nselect '😀', wrong from a;\n`;\n",
        '2_b.ts': 'export const up = [\n  `select 1`,\n  `select\n    2 / 0`,\n];\n',
      },
      { server },
    );
    expect((await failure(app.up())).location).toMatchObject({
      file: 'migrations/1_a.ts',
      line: 3,
      column: 13,
    });
    app.write({ '1_a.ts': "export const up = 'select 1';" });
    expect((await failure(app.up())).location).toMatchObject({ file: 'migrations/2_b.ts', line: 3 });
  });

  it('points at the line that threw, when it is not the database that refused', async () => {
    const app = await createWorkspace(base, { server });
    const error = await failure(
      run(app, "await db.query('select 1');\n    throw new TypeError('a mistake of mine');"),
    );
    expect(error).toMatchObject({
      code: 'MIGRATION_FAILED',
      location: { file: 'migrations/2_code.ts', line: 5 },
    });
    expect(error.message).toContain('a mistake of mine');
    expect(await app.applied()).toEqual(['1']);
  });

  it('lets an error be handled behind a savepoint', async () => {
    const app = await createWorkspace(base, { server });
    await run(
      app,
      `await db.exec('savepoint s');
    try { await db.query('select wrong'); } catch { await db.exec('rollback to savepoint s'); }
    await db.query('insert into t (id) values (1)');`,
    );
    expect(await rows(app)).toHaveLength(1);
    expect(await app.applied()).toEqual(['1', '2']);
  });

  it('runs parallel queries one after another on its one session', async () => {
    const app = await createWorkspace(base, { server });
    await run(
      app,
      `const list = await Promise.all([3, 1, 2].map((id) => db.query('insert into t (id, name) values ($1, pg_backend_pid()::text)', [id])));
    await Promise.all([db.copy('t', [{ id: 10 }]), db.upsert('t', [{ id: 11 }]), db.exec('insert into t (id) values (12)'), db.one('select 1')]);
    if (list.length !== 3) throw new Error('list');`,
    );
    expect(await rows(app)).toHaveLength(6);
    expect(await app.database.query('select count(distinct name)::int as n from t')).toEqual([{ n: 1 }]);
  });

  it.each([
    ['COMMIT', "await db.query('commit')", 'TRANSACTION_CONTROL_REFUSED'],
    ['ROLLBACK', "await db.exec('select 1; rollback')", 'TRANSACTION_CONTROL_REFUSED'],
    ['BEGIN', "await db.exec('begin')", 'TRANSACTION_CONTROL_REFUSED'],
    ['DISCARD ALL', "await db.exec('discard all')", 'SESSION_COMMAND_REFUSED'],
    [
      'pg_advisory_unlock_all',
      "await db.query('select pg_advisory_unlock_all()')",
      'SESSION_COMMAND_REFUSED',
    ],
  ])('never sends %s, also where the error is swallowed or not awaited', async (_, call, errorCode) => {
    const app = await createWorkspace(base, { server });
    for (const body of [`${call};`, `try { ${call}; } catch {}`, `${call.replace('await ', '')};`]) {
      const error = await failure(run(app, `await db.query('insert into t (id) values (1)');\n    ${body}`));
      expect(error).toMatchObject({ code: errorCode, location: { file: 'migrations/2_code.ts', line: 5 } });
      expect(await rows(app)).toEqual([]);
      expect(await app.applied()).toEqual(['1']);
    }
  });

  it('says that rows cannot come from a query on the db that is taking them, instead of waiting for ever', async () => {
    const app = await createWorkspace(base, { server });
    const source = "(async function* () { yield { id: 1 }; yield (await db.one('select 2 as id')); })()";
    for (const method of ['copy', 'upsert']) {
      const error = await failure(run(app, `await db.${method}('t', ${source});`));
      expect(error).toMatchObject({ exit: 3, location: { file: 'migrations/2_code.ts', line: 4 } });
      expect(error.message).toContain('busy');
      expect(await rows(app)).toEqual([]);
    }
  });

  it('waits for what was chained without await, and sends nothing once the function has ended', async () => {
    const app = await createWorkspace(base, { server });
    await run(
      app,
      "db.query('insert into t (id) values (1)').then(() => db.query('insert into t (id) values (2)')).then(() => db.exec('insert into t (id) values (3)'));",
    );
    expect(await rows(app)).toHaveLength(3);
    app.write({
      '3_late.ts': code("setTimeout(() => db.query('insert into t (id) values (4)'), 50);"),
      '4_wait.sql': 'select pg_sleep(0.3);',
    });
    const lockkeeper = await app.open();
    const warnings = record(lockkeeper, 'warning');
    await lockkeeper.up();
    expect(await rows(app)).toHaveLength(3);
    expect(warnings).toMatchObject([
      { code: 'late-statement', message: expect.stringContaining('migrations/3_late.ts:4') },
    ]);
  });

  it('hands out the connection itself, in the same transaction', async () => {
    const app = await createWorkspace(base, { server });
    await run(
      app,
      `await db.query('insert into t (id) values (1)');
    const { rows } = await db.client.query('select count(*)::int as n from t');
    if (rows[0].n !== 1) throw new Error('another transaction');`,
    );
    expect(await app.applied()).toEqual(['1', '2']);
  });

  it('calls the function once, also where a lock is not to be had', async () => {
    const app = await createWorkspace(
      { '1_t.sql': 'create table t (id int); create sequence calls;' },
      { server },
    );
    await app.up();
    const blocker = await app.database.connect();
    await blocker.query('begin; lock table t in access exclusive mode');
    app.write({
      '2_code.ts': code(
        "await db.query(\"select nextval('calls')\");\n    await db.query('alter table t add n int');",
      ),
    });
    const error = await failure((await app.open({ lockTimeout: 100 })).up());
    await blocker.end();
    expect(error).toMatchObject({
      code: 'LOCK_BUDGET_EXCEEDED',
      exit: 3,
      details: { sqlstate: '55P03' },
      location: { line: 5 },
    });
    expect(await app.database.query('select last_value::int as n from calls')).toEqual([{ n: 1 }]);
    expect(await app.applied()).toEqual(['1']);
  });

  it('validates before and after code, with and without a transaction', async () => {
    const app = await createWorkspace(base, { server });
    await app.up();
    for (const mode of ['auto', 'none']) {
      const head = ` transaction: '${mode}', validate: { before: 'select id from t where id = 1', after: ['select 1 where not exists (select from t where id = 2)'] },`;
      await app.database.query('delete from t; insert into t (id) values (1)');
      app.write({
        [mode === 'auto' ? '2_code.ts' : '3_code.ts']: code(
          "await db.query('insert into t (id) values (2)');",
          head,
        ),
      });
      const error = await failure(app.up());
      expect(error).toMatchObject({ code: 'VALIDATION_FAILED', details: { rows: 1 } });
      expect(await rows(app)).toHaveLength(1);
      await app.database.query('delete from t');
      await app.up();
    }
    expect(await app.applied()).toEqual(['1', '2', '3']);
  });

  it('understands every shape of a code migration', async () => {
    const app = await createWorkspace(
      {
        '1_named.ts':
          "export const meta = { description: 'named', tags: ['x'] };\nexport async function up(db: any) { await db.exec('create table a ()'); }\nexport const down = 'drop table a';",
        '2_define.mjs':
          "export default { up: ['create table b ()', async (db) => { await db.exec('create table b2 ()'); }], down: ['drop table b', 'drop table b2'] };",
        '3_common.cjs':
          "module.exports = { up: (db) => db.exec('create table c ()'), down: (db) => db.exec('drop table c') };",
        '4_manager.ts':
          "class M { id = '4_manager'; name = 'By a manager'; version = '2.0.0'; description = 'd'; checksum = 'x'; dependencies = ['1']; async up(db: any) { await db.exec('create table d ()'); } async down(db: any) { await db.exec('drop table d'); } }\nexport default new M();",
        '5_enum.ts':
          "enum Kind { One = 'e' }\nexport const up = `create table ${Kind.One} ()`;\nexport const down = `drop table ${Kind.One}`;",
      },
      { server },
    );
    await app.up();
    expect(await userTables(app.database)).toEqual([
      'public.a',
      'public.b',
      'public.b2',
      'public.c',
      'public.d',
      'public.e',
    ]);
    expect((await (await app.open()).status()).applied[3]).toMatchObject({
      release: '2.0.0',
      format: 'typescript',
    });
    await (await app.open()).down({ all: true });
    expect(await userTables(app.database)).toEqual([]);
  });
});

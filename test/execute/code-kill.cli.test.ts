import { describe, expect, it } from 'vitest';
import { servers } from '../support/database.js';
import { createWorkspace } from '../app/workspace.js';
import {
  backendGone,
  command,
  documentOf,
  holdSnapshot,
  errorCodeOf,
  openSteps,
  start,
  upFinishes,
  workerAt,
} from './support.js';

const code = (body: string, head = ''): string => `export default {${head} async up(db) {\n${body}\n} };\n`;

describe.each(servers)('a killed function on PostgreSQL $major', (server) => {
  it('is answered from the journal behind its commit, and its half-built index is finished', async () => {
    const app = await createWorkspace(
      {
        '1_t.sql': 'create table t (id int, n int); create table busy (id int); insert into t values (1);',
      },
      { server },
    );
    await upFinishes(app);
    app.write({
      '2_code.mjs': code(`const { rows } = await db.query('insert into t values ($1) returning id', [2]);
await db.query('create index concurrently t_n on t (n)');
await db.query('insert into t values ($1)', [rows[0].id + 1]);`),
    });
    // An older snapshot holds the build up, so that the kill meets it in the middle.
    const snapshot = await holdSnapshot(app.database, 'busy');
    const running = start(app, ['up']);
    const pid = await workerAt(app.database, 'create index concurrently', running);
    running.kill('SIGKILL');
    await running.ended;
    await backendGone(app.database, pid).catch(() => {}); // it may wait for the snapshot; released next
    await snapshot.release();
    await snapshot.client.end();
    await backendGone(app.database, pid);
    expect(await openSteps(app.database)).toEqual(['2 step 1 apply completed', '2 step 2 apply started']);
    await upFinishes(app);
    expect(await app.database.query('select id from t order by id')).toEqual([
      { id: 1 },
      { id: 2 },
      { id: 3 },
    ]);
    expect(
      await app.database.query("select indisvalid as valid from pg_index where indexrelid = 't_n'::regclass"),
    ).toEqual([{ valid: true }]);
    expect([await app.applied(), await openSteps(app.database)]).toEqual([['1', '2'], []]);
  });

  it('is taken back as a whole before any commit', async () => {
    const app = await createWorkspace({ '1_t.sql': 'create table t (id int);' }, { server });
    await upFinishes(app);
    app.write({
      '2_code.mjs': code(
        "await db.query('insert into t values (1)'); await db.query('select pg_sleep(30)');",
      ),
    });
    const running = start(app, ['up']);
    const pid = await workerAt(app.database, 'pg_sleep', running);
    running.kill('SIGKILL');
    await running.ended;
    await backendGone(app.database, pid);
    expect([await openSteps(app.database), await app.database.query('select * from t')]).toEqual([[], []]);
    app.write({ '2_code.mjs': code("await db.query('insert into t values (1)');") });
    await upFinishes(app);
    expect(await app.database.query('select id from t')).toEqual([{ id: 1 }]);
  });

  it('without a transaction stops the next run, with what is done and what was under way', async () => {
    const app = await createWorkspace({ '1_t.sql': 'create table t (id int);' }, { server });
    await upFinishes(app);
    app.write({
      '2_code.mjs': code(
        "await db.query('insert into t values (1)');\nawait db.query('select pg_sleep(30)');",
        " transaction: 'none',",
      ),
    });
    const running = start(app, ['up']);
    const pid = await workerAt(app.database, 'pg_sleep', running);
    running.kill('SIGKILL');
    await running.ended;
    await backendGone(app.database, pid);
    const again = await command(app, ['up', '--json']);
    expect([again.code, errorCodeOf(again)]).toEqual([3, 'RECOVERY_UNDECIDED']);
    const { message } = documentOf(again)['error'] as { message: string };
    expect(message).toContain(
      '1 statement(s) of its function are done and stay:\n  migrations/2_code.mjs:2  insert',
    );
    expect(message).toContain('migrations/2_code.mjs:3  select pg_sleep(30)');
    expect(await app.database.query('select id from t')).toEqual([{ id: 1 }]);
    await command(app, ['repair', '2', '--step', '1', '--done', '--why', 'it slept', '--yes']);
    await upFinishes(app);
    expect([await app.applied(), await openSteps(app.database)]).toEqual([['1', '2'], []]);
  });
});

import { describe, expect, it } from 'vitest';
import { servers, tableExists, type CliResult, type TestServer } from '../support/database.js';
import { createWorkspace, type Workspace } from '../app/workspace.js';
import { command, documentOf, errorCodeOf, eventually, ledger, start, workerAt } from './support.js';

const many = 20;

const files = {
  '1_tables.sql': `create table a (id int); insert into ledger values ('1');`,
  '2_gate.sql': `insert into ledger values ('2'); select pg_advisory_xact_lock(42);`,
  '3_index.sql': `create index concurrently on a (id); insert into ledger values ('3');`,
  '4_code.ts': `export default { up: async (db: any) => { await db.exec("insert into ledger values ('4')"); } };`,
};

async function gated(
  server: TestServer,
): Promise<{ readonly workspace: Workspace; readonly open: () => Promise<void> }> {
  const workspace = await createWorkspace(files, { server });
  await workspace.database.query('create table ledger (what text not null)');
  const gate = await workspace.database.connect();
  await gate.query('select pg_advisory_lock(42)');
  return { workspace, open: async () => void (await gate.query('select pg_advisory_unlock(42)')) };
}

const versionsOf = (result: CliResult): readonly string[] =>
  (documentOf(result)['applied'] as { version: string }[]).map(({ version }) => version);

describe.each(servers)(`${many} runs at once, on PostgreSQL $major`, (server) => {
  it('apply each migration once, and all end with 0 when they may wait', async () => {
    const { workspace, open } = await gated(server);
    const running = Array.from({ length: many }, () =>
      start(workspace, ['up', '--json', '--lock-wait', '60s']),
    );
    await workerAt(workspace.database, 'pg_advisory_xact_lock');
    await eventually('all are connected', async () => {
      const rows = await workspace.database.query(
        `select 1 from pg_stat_activity where datname = current_database() and application_name ilike 'lockkeeper%'`,
      );
      return rows.length >= many ? true : null;
    });
    await open();
    const results = await Promise.all(running.map(({ ended }) => ended));
    expect(results.map(({ code }) => code)).toEqual(results.map(() => 0));
    expect(results.flatMap(versionsOf).toSorted()).toEqual(['1', '2', '3', '4']);
    expect(results.filter((result) => versionsOf(result).length > 0)).toHaveLength(1);
    expect(await ledger(workspace.database)).toEqual({ '1': 1, '2': 1, '3': 1, '4': 1 });
    expect(await workspace.applied()).toEqual(['1', '2', '3', '4']);
  });

  it('leave with 4 but for one when they may not wait', async () => {
    const { workspace, open } = await gated(server);
    const first = start(workspace, ['up', '--json', '--lock-wait', '0']);
    const holder = await workerAt(workspace.database, 'pg_advisory_xact_lock', first);
    const others = await Promise.all(
      Array.from({ length: many - 1 }, () => command(workspace, ['up', '--json', '--lock-wait', '0'])),
    );
    expect(others.map((result) => [result.code, errorCodeOf(result)])).toEqual(
      others.map(() => [4, 'LOCK_HELD']),
    );
    for (const result of others)
      expect(documentOf(result)['error']).toMatchObject({ details: { holder: { pid: holder } } });
    await open();
    const result = await first.ended;
    expect([result.code, versionsOf(result)]).toEqual([0, ['1', '2', '3', '4']]);
    expect(await ledger(workspace.database)).toEqual({ '1': 1, '2': 1, '3': 1, '4': 1 });
  });

  it('of two projects with histories of their own do not wait for each other', async () => {
    const { workspace, open } = await gated(server);
    const held = start(workspace, ['up']);
    await workerAt(workspace.database, 'pg_advisory_xact_lock', held);
    const other = await createWorkspace(
      { '1_other.sql': 'create table other (id int);' },
      { server, config: { history: { schema: 'other_history' } } },
    );
    const result = await command(other, ['up', '--lock-wait', '0'], { url: workspace.database.url });
    expect([result.code, await tableExists(workspace.database, 'other')]).toEqual([0, true]);
    await open();
    expect((await held.ended).code).toBe(0);
    expect(await workspace.database.query('select version from other_history.schema_migrations')).toEqual([
      { version: '1' },
    ]);
    expect(await workspace.applied()).toEqual(['1', '2', '3', '4']);
  });

  it('of up and down take turns', async () => {
    const workspace = await createWorkspace(
      { '1_a.sql': `-- migrate:up\ncreate table a (id int);\n-- migrate:down\ndrop table a;` },
      { server },
    );
    const results = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        command(workspace, [index % 2 === 0 ? 'up' : 'down', '--lock-wait', '60s', '--yes']),
      ),
    );
    expect(results.map(({ code }) => code)).toEqual(results.map(() => 0));
    const applied = await workspace.applied();
    expect(await tableExists(workspace.database, 'a')).toBe(applied.length === 1);
  });
});

import { describe, expect, it, onTestFinished } from 'vitest';
import { createLockkeeper } from '../../src/app/create-lockkeeper.js';
import { workerAt } from '../execute/support.js';
import { createDatabase, servers, startServer, tempProject, type TestDatabase } from '../support/database.js';
import { createWorkspace, failure, reportOf } from './workspace.js';

const seen = (name: string): string =>
  `create table ${name} as select current_setting('synchronous_commit') as setting;`;

const files = {
  '1_a.sql': seen('a'),
  '2_b.ts': `export default { up: (db: any) => db.exec("${seen('b')}") };`,
  '3_c.ts': `export default { up: async () => {}, description: 'opens connections of its own' };`,
  '4_d.sql': seen('d'),
};

describe.each(servers)('when a migration is on the disk, on PostgreSQL $major', (server) => {
  it.each([
    [false, ['off', 'off', 'on']],
    [true, ['on', 'on', 'on']],
  ])(
    'only the last COMMIT of a run waits, unless synchronousCommit is true (%s)',
    async (synchronousCommit, settings) => {
      const app = await createWorkspace(files, { server, config: { synchronousCommit } });
      await app.database.query(`alter database ${app.database.name} set synchronous_commit = on`);
      await app.up();
      const rows = await app.database.query<{ setting: string }>(
        'select 1, * from a union all select 2, * from b union all select 4, * from d order by 1',
      );
      expect(rows.map(({ setting }) => setting)).toEqual(settings);
    },
  );

  it('a run that ends early brings what it has applied to the disk', async () => {
    const { running, database } = await ownServer(server.major);
    const project = tempProject({ 'migrations/1_a.sql': 'create table a (id int);' });
    onTestFinished(() => project.remove());
    const lockkeeper = await createLockkeeper({ cwd: project.dir, url: database.url, variables: {} });
    await lockkeeper.up();
    project.write('migrations/2_b.sql', 'create table b (id int);');
    project.write('migrations/3_c.sql', 'select 1 / 0;');
    await failure(lockkeeper.up());
    await running.stop('immediate');
    await running.start();
    expect(await applied(database)).toEqual(['1', '2']);
  });

  it('what a crash of the server takes back goes together with its history, and the next run goes on', async () => {
    const { running, database } = await ownServer(server.major);
    const many = Array.from({ length: 30 }, (_, index) => [
      `migrations/${index + 1}_t.sql`,
      `create table t${index + 1} (id int);`,
    ]);
    const slow = { 'migrations/31_slow.sql': 'select pg_sleep(60);' };
    const project = tempProject({ ...Object.fromEntries(many), ...slow });
    onTestFinished(() => project.remove());
    const lockkeeper = await createLockkeeper({ cwd: project.dir, url: database.url, variables: {} });
    const failed = failure(lockkeeper.up());
    await workerAt(database, 'pg_sleep(60)');
    await running.stop('immediate');
    const error = await failed;
    expect(error).toMatchObject({ code: 'CONNECTION_LOST' });
    expect(reportOf(error).applied).toHaveLength(30);
    expect(reportOf(error).warnings).toMatchObject([{ code: 'perhaps-taken-back' }]);

    await running.start();
    const tables = await database.query<{ version: string }>(
      String.raw`select substr(relname, 2) as version from pg_class where relname ~ '^t\d+$' order by substr(relname, 2)::int`,
    );
    expect(await applied(database)).toEqual(tables.map(({ version }) => version));
    project.write('migrations/31_slow.sql', 'create table t31 (id int);');
    expect(await lockkeeper.up()).toMatchObject({ failed: null, notRun: [] });
    expect(await applied(database)).toHaveLength(31);
  });
});

/** What is committed without waiting stays off its disk for seconds. */
async function ownServer(major: number) {
  const running = await startServer(major, { wal_writer_delay: '10s' });
  onTestFinished(() => running.remove());
  const database = await createDatabase({ major, url: running.url, superuser: 'postgres' });
  return { running, database };
}

async function applied(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ version: string }>(
    'select version from lockkeeper.schema_migrations order by seq',
  );
  return rows.map(({ version }) => version);
}

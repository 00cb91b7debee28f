import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Lockkeeper } from '../../src/app/lockkeeper.js';
import { servers } from '../support/database.js';
import { repository } from '../support/project.js';
import { dumpableServers } from '../support/schema-dump.js';
import { createWorkspace, failure, type Workspace } from './workspace.js';

const code = (up: string, down = ''): string => `export default {
  async up(db: any) {
    ${up}
  },${down === '' ? '' : `\n  async down(db: any) {\n    ${down}\n  },`}
};
`;

const files = {
  '20240101_people.sql': `-- migrate:up
create table people (id int generated always as identity primary key, name text not null, meta jsonb, born timestamptz);
-- migrate:down
drop table people;
`,
  '20240102_more.ts': code(
    `await db.query('insert into people (name, meta, born) values ($1, $2, $3), ($4, null, null)', ["O'Neill \\\\ $1", { a: [1] }, new Date('2020-02-03T04:05:06.789Z'), 'second']);
    const { rows } = await db.query('select count(*)::int as n from people');
    await db.exec(\`create table batch_\${rows[0].n} (id int); comment on table people is 'of -- all; kinds'\`);
    await db.exec('create index concurrently people_name on people (name)');
    await db.client.query('savepoint a');
    await db.exec('create table never (id int)');
    await db.client.query('rollback to savepoint a');`,
    `await db.exec('drop table batch_2'); await db.exec('drop index people_name');`,
  ),
  '20240103_nothing.ts': code(
    `if ((await db.query("select to_regclass('x') as x")).rows[0].x) throw new Error();`,
  ),
};

const backfills = (up: string): string =>
  `import { backfill } from 'lockkeeper';\nexport default { up: ${up} };\n`;

/** Runs the converted files, and nothing else, on the same database made empty. */
async function replayed(app: Workspace): Promise<Lockkeeper> {
  await app.database.query(
    'drop schema public cascade; create schema public; drop schema lockkeeper cascade',
  );
  const lockkeeper = await app.open({ migrations: 'migrations-sql' });
  await lockkeeper.up();
  return lockkeeper;
}

async function text(app: Workspace, name: string): Promise<string> {
  return await Promise.resolve(readFileSync(join(app.project.dir, name), 'utf8'));
}

const people = 'select name, meta, born from people order by id';

describe.each(servers)('convert on PostgreSQL $major', (server) => {
  it('writes what the functions of TypeScript migrations send, and gives their history to the files', async () => {
    const app = await createWorkspace(files, { server });
    await app.up();
    const before = await app.database.query(people);
    const lockkeeper = await app.open();
    const report = await lockkeeper.convert({ yes: true });
    expect(report).toMatchObject({ dir: 'migrations-sql', dryRun: false, history: { moved: 3 } });
    expect(report.verified).toBe(dumpableServers.includes(server) ? true : null);
    expect(report.migrations.map(({ version, reversible }) => [version, reversible])).toEqual([
      ['20240101', true],
      ['20240102', true],
      ['20240103', false],
    ]);
    expect(await text(app, 'migrations-sql/20240102_more.sql'))
      .toBe(`-- Converted from migrations/20240102_more.ts.

-- migrate:up
-- note: Line 4 read data, and went by the answer of a new database: select count(*)::int as n from people
insert into people (name, meta, born) values (E'O''Neill \\\\ $1', '{"a":[1]}', '${localTime(new Date('2020-02-03T04:05:06.789Z'))}'), ('second', null, null);
create table batch_2 (id int);
comment on table people is 'of -- all; kinds';
create index concurrently people_name on people (name);

-- migrate:down
drop table batch_2;
drop index people_name;
`);

    const converted = await app.open({ migrations: 'migrations-sql' });
    const status = await converted.status();
    expect(status.pending).toEqual([]);
    expect(status.missing).toEqual([]);
    expect(status.changed).toEqual([]);
    expect(status.applied.map(({ version, format }) => [version, format])).toEqual([
      ['20240101', 'sql'],
      ['20240102', 'sql'],
      ['20240103', 'sql'],
    ]);
    // Converted files make the same, and go back.
    expect((await converted.verify()).problems).toEqual([]);
    await app.database.query(
      'drop schema public cascade; create schema public; drop schema lockkeeper cascade',
    );
    await converted.up();
    expect(await app.database.query(people)).toEqual(before);
    await converted.down({ steps: 1 }).catch(() => {});
  });

  it('writes nothing in a dry run, and shows the texts', async () => {
    const app = await createWorkspace(files, { server });
    const report = await (await app.open()).convert({ dryRun: true, to: 'sql' });
    expect(report.migrations[0]?.text).toContain('-- migrate:up\ncreate table people');
    expect(report).toMatchObject({ dir: 'sql', dryRun: true, history: null });
    await expect(text(app, 'sql/20240101_people.sql')).rejects.toThrow('ENOENT');
    expect(await app.database.query("select to_regclass('lockkeeper.schema_migrations') as t")).toEqual([
      { t: null },
    ]);
  });

  it('writes single ones, and leaves the history alone', async () => {
    const app = await createWorkspace(files, { server });
    await app.up();
    const report = await (await app.open()).convert({ versions: ['20240102'], yes: true });
    expect(report.migrations.map(({ file }) => file)).toEqual(['migrations-sql/20240102_more.sql']);
    expect(report.history).toBeNull();
    expect(await app.applied()).toHaveLength(3);
  });

  it('gives the history of another environment to the files that are there', async () => {
    const app = await createWorkspace(files, { server });
    await (await app.open()).convert({ to: 'sql', yes: true });
    app.project.write('sql/20240103_nothing.sql', '-- migrate:up\nselect 2;\n');
    await app.up();
    const report = await (await app.open()).convert({ to: 'sql', yes: true });
    expect(report).toMatchObject({ history: { moved: 3 }, shadow: null });
    expect(await text(app, 'sql/20240103_nothing.sql')).toBe('-- migrate:up\nselect 2;\n');
    const status = await (await app.open({ migrations: 'sql' })).status();
    expect([status.applied.length, status.pending, status.missing, status.changed]).toEqual([3, [], [], []]);
  });

  it('refuses to write where only some of its files are there', async () => {
    const app = await createWorkspace(files, { server });
    app.project.write('sql/20240103_nothing.sql', 'select 2;');
    const error = await failure((await app.open()).convert({ to: 'sql', yes: true }));
    expect(error.code).toBe('FILE_EXISTS');
    await expect(text(app, 'sql/20240101_people.sql')).rejects.toThrow('ENOENT');
  });

  it('asks before it carries a history over, and writes no file without a yes', async () => {
    const app = await createWorkspace(files, { server });
    await app.up();
    const lockkeeper = await app.open();
    expect((await failure(lockkeeper.convert())).code).toBe('CONFIRMATION_MISSING');
    await expect(text(app, 'migrations-sql/20240101_people.sql')).rejects.toThrow('ENOENT');
  });

  it('writes rows that were loaded behind a COPY, and upserts with their values', async () => {
    const load = `await db.copy('t', [{ id: 1, name: 'tab\\t, line\\n, \\\\ -- migrate:down' }, { id: 2, name: null }]);
    await db.copy('t', []);
    await db.upsert('t', [{ id: 2, name: "O'Neill" }, { id: 3, name: '\\\\.' }]);
    await db.exec('create table after (id int)');`;
    const app = await createWorkspace(
      { '1_t.sql': 'create table t (id int primary key, name text)', '2_rows.ts': code(load) },
      { server },
    );
    await app.up();
    const before = await app.database.query('select * from t order by id');
    await (await app.open()).convert({ yes: true });
    const written = await text(app, 'migrations-sql/2_rows.sql');
    expect(written).toContain(
      'copy t ("id", "name") from stdin;\n1\ttab\\t, line\\n, \\\\ -- migrate:down\n2\t\\N\n\\.\n',
    );
    await replayed(app);
    expect(await app.database.query('select * from t order by id')).toEqual(before);
    expect(before).toHaveLength(3);
  });

  it('writes backfills as directives', async () => {
    const app = await createWorkspace(
      {
        '1_t.sql': 'create table t (id int primary key, name text, low text)',
        '2_fill.ts': backfills(
          `['insert into t values (1, $$A;B$$)', backfill({ table: 't', set: 'low = lower(name)', where: 'low is null', batchRows: 10, target: '2s', share: 0.5, undo: 'saved', key: 'id' }), backfill({ table: 't', delete: true, where: 'id > 5' })]`,
        ),
        '3_keep.ts': backfills(
          `backfill({ table: 't', set: $$name = 'x'$$, undo: 'saved' })`.replaceAll('$$', '"'),
        ),
      },
      { server },
    );
    await app.up();
    const { migrations } = await (await app.open()).convert({ yes: true });
    expect(migrations.map(({ reversible }) => reversible)).toEqual([false, false, true]);
    expect(await text(app, 'migrations-sql/2_fill.sql')).toContain(
      `-- migrate:up
insert into t values (1, $$A;B$$);
-- backfill: key=id batch-rows=10 target=2000ms share=0.5 undo=saved
update t set low = lower(name)
where low is null;
-- backfill: yes
delete from t
where id > 5;
`,
    );
    expect(await text(app, 'migrations-sql/3_keep.sql')).not.toContain('migrate:down');
    const again = await replayed(app);
    expect(await app.database.query('select * from t')).toEqual([{ id: 1, name: 'x', low: 'a;b' }]);
    await again.down({ steps: 1 });
    expect(await app.database.query('select name from t')).toEqual([{ name: 'A;B' }]);
  });

  it.each([
    [
      'rows from a stream',
      code(
        `const { from } = require(${JSON.stringify(join(repository, 'node_modules/pg-copy-streams'))});
    await new Promise((done, fail) =>
      db.client.query(from('copy t ("an id") from stdin')).on('error', fail).on('finish', done).end('7\\n'));`,
      ),
      'Line 5 loads rows with COPY … FROM STDIN through a stream of its own, which nobody reads along',
    ],
    [
      'a transform',
      backfills(`backfill({ table: 't', transform: (rows) => rows, where: 'id > 0' })`),
      'its backfill changes rows by a function (transform)',
    ],
    [
      'an option that is no word',
      backfills(`backfill({ table: 't', set: 'id = 1', key: 'an id' })`),
      'its backfill has an option that no directive can say, such as a column with a blank in its name',
    ],
  ])('refuses what cannot be written: %s', async (_, file, why) => {
    const app = await createWorkspace(
      { '1_t.sql': 'create table t (id int, "an id" int primary key)', '2_rows.ts': file },
      { server },
    );
    const error = await failure((await app.open()).convert({ yes: true }));
    expect(error).toMatchObject({
      code: 'CONVERT_IMPOSSIBLE',
      message: expect.stringContaining(`cannot be written as SQL: ${why}.`) as string,
    });
  });

  it('tells of a way down that fails, and goes on with the ones before it', async () => {
    const app = await createWorkspace(
      {
        '1_a.ts': code(`await db.exec('create table a (id int)');`, `await db.exec('drop table a');`),
        '2_b.ts': code(`await db.exec('create table b (id int)');`, `await db.exec('drop table nowhere');`),
      },
      { server },
    );
    const { migrations } = await (await app.open()).convert({ yes: true });
    expect(migrations.map(({ reversible }) => reversible)).toEqual([true, false]);
    expect(await text(app, 'migrations-sql/2_b.sql')).toContain(
      '-- It has no way down: the old one failed when it was tried:',
    );
    expect(await text(app, 'migrations-sql/1_a.sql')).toContain('-- migrate:down\ndrop table a;');
  });
});

/** As the driver writes a Date. */
function localTime(date: Date): string {
  const offset = -date.getTimezoneOffset();
  const two = (number: number): string => String(number).padStart(2, '0');
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, -1);
  return `${local}${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
}

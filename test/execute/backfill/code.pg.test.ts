import { describe, expect, it } from 'vitest';
import { backfill, defineMigration } from '../../../src/index.js';
import type { RunReport } from '../../../src/core/report.js';
import { servers, type TestDatabase } from '../../support/database.js';
import { createWorkspace, failure, record } from '../../app/workspace.js';
import { people, recordOf, timesDone } from './support.js';

const file = (body: string): string =>
  `import { backfill } from 'lockkeeper';\nexport default {\n${body}\n};\n`;

async function names(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ name: string }>('select name from people order by id');
  return rows.map(({ name }) => name);
}

describe.each(servers)('a backfill in TypeScript, on PostgreSQL $major', (server) => {
  it('stands alone or in a list of steps', async () => {
    const workspace = await createWorkspace(
      {
        '1_b.ts': file(`  up: [
    'alter table people add column lower text',
    backfill({ table: 'people', set: 'lower = lower(name) -- all', where: 'lower is null', batchRows: 100 }),
    'alter table people alter column lower set not null',
  ],
  down: 'alter table people drop column lower',`),
        '2_c.ts': file(
          `  up: backfill({ table: 'public.people', delete: true, where: 'id > 400', key: 'id', batchRows: 30 }),`,
        ),
      },
      { server },
    );
    await people(workspace.database, 500);
    const report = await workspace.up();
    expect(report.applied[0]?.steps.map(({ transaction }) => transaction)).toEqual([true, false, true]);
    expect(
      await workspace.database.query('select count(*)::int as n, count(lower)::int as l from people'),
    ).toEqual([{ n: 400, l: 400 }]);
    expect(defineMigration({ up: backfill({ table: 't', set: 'a = 1' }) }).up).toBeDefined();
  });

  it('shows itself in a dry run', async () => {
    const workspace = await createWorkspace(
      { '1_b.ts': file(`  up: backfill({ table: 'people', set: 'done = 1', where: 'done = 0' }),`) },
      { server },
    );
    await people(workspace.database, 10);
    const report = await (await workspace.open()).up({ dryRun: true });
    expect(report).toMatchObject({
      migrations: [
        {
          steps: [
            {
              statements: ['update people set done = 1\nwhere done = 0'],
              batches: expect.stringContaining('In batches along the primary key'),
            },
          ],
        },
      ],
    });
    expect(await timesDone(workspace.database)).toEqual({ '0': 10 });
  });

  it.each([
    ['an unknown option', `backfill({ table: 'people', set: 'done = 1', batchSize: 5 })`, 'batchSize'],
    ['neither set nor transform', `backfill({ table: 'people' })`, 'none of set'],
    [
      'two statements',
      `backfill({ table: 'people', set: 'done = 1; drop table people' })`,
      'more than one statement',
    ],
    [
      'a function beside it',
      `[backfill({ table: 'people', set: 'done = 1' }), async (db) => {}]`,
      'a function',
    ],
    [
      'more than a condition in a transform',
      `backfill({ table: 'people', transform: (r) => r, where: 'true limit 3' })`,
      'one table',
    ],
  ])('refuses %s', async (_, up, words) => {
    const workspace = await createWorkspace({ '1_b.ts': file(`  up: ${up},`) }, { server });
    await people(workspace.database, 10);
    const error = await failure(workspace.up());
    expect(error.exit).toBe(2);
    expect(error.message).toContain(words);
    expect(error.location?.file).toBe('migrations/1_b.ts');
  });

  it('transforms rows, and leaves those alone for which it gives null', async () => {
    const workspace = await createWorkspace(
      {
        '1_b.ts': file(`  up: backfill({ table: 'people', batchRows: 70,
    transform: (rows) => rows.map((row) => (row.id === '7' ? null : { name: row.name.toUpperCase(), ...(row.id === '8' ? {} : { done: 1 }) })) }),`),
      },
      { server },
    );
    await people(workspace.database, 300);
    const report = await workspace.up();
    expect(report.applied[0]?.steps[0]?.backfill).toEqual({ rows: 300, changed: 299, failed: 0 });
    expect((await names(workspace.database)).slice(5, 9)).toEqual([
      'PERSON 6',
      'Person 7',
      'PERSON 8',
      'PERSON 9',
    ]);
    expect(await timesDone(workspace.database)).toEqual({ '0': 2, '1': 298 });
  });

  it('never overwrites an edit that is newer than what transform saw, and transforms that', async () => {
    const workspace = await createWorkspace(
      {
        '1_b.ts': `import { backfill } from 'lockkeeper';
import pg from 'pg';
let edited = false;
export default { up: backfill({ table: 'people', batchRows: 50, async transform(rows) {
  if (!edited && rows.some((row) => row.id === '120')) {
    edited = true;
    const client = new pg.Client({ connectionString: process.env.EDIT_URL });
    await client.connect();
    await client.query("update people set name = 'edited meanwhile' where id in (120, 121)");
    await client.query('delete from people where id = 122');
    await client.end();
  }
  return rows.map((row) => ({ name: row.name + '!', done: Number(row.done) + 1 }));
} }) };`,
      },
      { server },
    );
    await people(workspace.database, 300);
    process.env['EDIT_URL'] = workspace.database.url;
    workspace.project.write('node_modules/.keep', '');
    const { symlinkSync } = await import('node:fs');
    symlinkSync(
      new URL('../../../node_modules/pg', import.meta.url).pathname,
      `${workspace.project.dir}/node_modules/pg`,
    );
    await workspace.up();
    expect(await timesDone(workspace.database)).toEqual({ '1': 299 });
    expect((await names(workspace.database)).slice(118, 122)).toEqual([
      'Person 119!',
      'edited meanwhile!',
      'edited meanwhile!',
      'Person 123!',
    ]);
    expect((await recordOf(workspace.database))['conflicts']).toEqual([]);
  });

  it('puts the row aside for which transform throws', async () => {
    const workspace = await createWorkspace(
      {
        '1_b.ts': file(`  up: backfill({ table: 'people', maxErrors: 2,
    transform: (rows) => rows.map((row) => { if (row.id === '33') throw new Error('odd name'); return { done: 1 }; }) }),`),
      },
      { server },
    );
    await people(workspace.database, 100);
    await workspace.up();
    expect(await timesDone(workspace.database)).toEqual({ '0': 1, '1': 99 });
    expect(
      await workspace.database.query('select row_key, sqlstate, message from lockkeeper.migration_errors'),
    ).toEqual([{ row_key: { id: '33' }, sqlstate: null, message: 'odd name' }]);
  });

  it.each([
    ['SQL', `set: "name = upper(name), done = done + 1"`],
    ['transform', `transform: (rows) => rows.map((row) => ({ name: row.name.toUpperCase(), done: 1 }))`],
  ])('with kept values (%s) restores every row that nobody has edited since', async (_, what) => {
    const workspace = await createWorkspace(
      {
        '1_b.ts': file(
          `  up: backfill({ table: 'people', ${what}, where: 'id <= 250', undo: 'saved', batchRows: 60 }),`,
        ),
      },
      { server },
    );
    const { database } = workspace;
    await people(database, 300);
    await workspace.up();
    expect((await names(database)).slice(248, 252)).toEqual([
      'PERSON 249',
      'PERSON 250',
      'Person 251',
      'Person 252',
    ]);
    await database.query("update people set name = 'edited' where id = 10; ");
    await database.query('delete from people where id = 11');
    const lockkeeper = await workspace.open();
    expect((await lockkeeper.backfill()).backfills).toMatchObject([{ state: 'done', keepsOldValues: true }]);
    const warnings = record(lockkeeper, 'warning');
    const report = (await lockkeeper.down()) as RunReport;
    expect(report.applied.map(({ version }) => version)).toEqual(['1']);
    expect(warnings).toMatchObject([
      { code: 'rows-edited-since', message: expect.stringMatching(/^2 of the rows .* 248 have/) },
    ]);
    expect((await names(database)).slice(8, 11)).toEqual(['Person 9', 'edited', 'Person 12']);
    expect(await timesDone(database)).toEqual({ '0': 298, '1': 1 });
    expect(
      await database.query(
        "select relname from pg_class where relname like 'backfill_saved%' and relkind = 'r'",
      ),
    ).toEqual([]);
    await lockkeeper.up();
    expect((await names(database))[8]).toBe('PERSON 9');
  });

  it('drops the kept values when told, and then has no way back for them', async () => {
    const workspace = await createWorkspace(
      { '1_b.sql': '-- backfill: undo=saved\nupdate people set done = 5;' },
      { server },
    );
    await people(workspace.database, 50);
    await workspace.up();
    const lockkeeper = await workspace.open();
    expect((await failure(lockkeeper.backfill({ action: 'forget' }))).code).toBe('CONFIRMATION_MISSING');
    await lockkeeper.backfill({ action: 'forget', yes: true });
    expect((await lockkeeper.backfill()).backfills).toMatchObject([{ keepsOldValues: false }]);
    expect((await failure(lockkeeper.down())).code).toBe('MIGRATION_IRREVERSIBLE');
    expect(await workspace.applied()).toEqual(['1']);
    expect(
      await workspace.database.query("select relname from pg_class where relname like 'backfill_saved%'"),
    ).toEqual([]);
  });
});

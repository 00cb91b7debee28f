import { describe, expect, it } from 'vitest';
import { failure, type Workspace } from '../../app/workspace.js';
import { openSteps } from '../support.js';
import { servers, type TestDatabase, type TestServer } from '../../support/database.js';
import { begun, breakWhen, holding, indexNames, oidOf, resume, waiting, withData } from './support.js';

// A column that was dropped moves the numbers of those behind it.
const data = `create table t (gone int, a text, b bool, c bool, n int);
  alter table t drop column gone; insert into t values ('x', true, true, 1);`;

/** A database in which a run died inside of this statement, and these indexes are there that were not before. */
async function interrupted(server: TestServer, sql: string, made: string): Promise<Workspace> {
  const workspace = await withData(server, data, { '0_first.sql': 'select 1', '1_i.sql': sql });
  const { database } = workspace;
  await begun(workspace, '1', {
    kind: 'create-index',
    tableOid: Number(await oidOf(database, 't')),
    indexes: [],
  });
  await database.query(made);
  return workspace;
}

const mainIndexes = async (database: TestDatabase): Promise<readonly string[]> =>
  (await indexNames(database)).filter((name) => !name.includes('pg_toast'));

const invalidate = `update pg_index set indisvalid = false where indexrelid = 'public.i'::regclass`;

/** As the migration has it, and as the server is told to make it. */
const ours: readonly (readonly [string, string])[] = [
  ['i on t (lower(a)) where b', 'i on public.t (LOWER( t.a )) where (b)'],
  ['i on t ((n + 1), a)', 'i on t ((n+1), a)'],
  [
    'i on only t (a collate "C" text_pattern_ops nulls first)',
    'i on t (a collate "C" text_pattern_ops nulls first)',
  ],
  [`i on t using gin (to_tsvector('simple'::regconfig, a))`, `i on t using GIN (to_tsvector('simple', a))`],
  ['i on t (a) include (n) where n > 0 -- few', 'i on t (a) include (n) where (n > 0)'],
];

describe.each(servers)('CREATE INDEX CONCURRENTLY that was interrupted, on PostgreSQL $major', (server) => {
  it.each([
    ['another expression', 'i on t (lower(a)) where b', 'i on t (upper(a)) where b'],
    ['another condition', 'i on t (lower(a)) where b', 'i on t (lower(a)) where c'],
    ['another operator class', 'i on t (a)', 'i on t (a text_pattern_ops)'],
    ['another collation', 'i on t (a)', 'i on t (a collate "C")'],
    ['another order of nulls', 'i on t (a)', 'i on t (a nulls first)'],
  ])('does not take an index for its own that has %s', async (_, asked, there) => {
    for (const valid of [true, false]) {
      const workspace = await interrupted(
        server,
        `create index concurrently ${asked}`,
        `create index ${there}`,
      );
      const { database } = workspace;
      if (!valid) await database.query(invalidate);
      const before = await oidOf(database, 'public.i');
      expect(await failure(workspace.up())).toMatchObject({ details: { sqlstate: '42P07' } });
      expect([await oidOf(database, 'public.i'), await workspace.applied()]).toEqual([before, ['0']]);
    }
  });

  it.each(ours)('knows its own, however it is written: %s', async (asked, there) => {
    const sql = `create index concurrently ${asked}`;
    const done = await interrupted(server, sql, `create index ${there}`);
    const before = await oidOf(done.database, 'public.i');
    expect((await resume(done)).decisions).toEqual(['done']);
    expect(await oidOf(done.database, 'public.i')).toBe(before);

    const half = await interrupted(server, sql, `create index ${there}; ${invalidate}`);
    expect((await resume(half)).decisions).toEqual(['again']);
    expect(await mainIndexes(half.database)).toEqual(['i']);
  });

  it.each([['"My ""Index"""'], ['İndex_Ä'], [`i${'x'.repeat(70)}`], ['I']])(
    'knows its own by a name in quotes, of other letters, or cut off by the server: %s',
    async (name) => {
      const half = await interrupted(
        server,
        `create index concurrently ${name} on t (a)`,
        `create index ${name} on t (a); update pg_index set indisvalid = false where indrelid = 't'::regclass`,
      );
      expect((await resume(half)).decisions).toEqual(['again']);
      expect(await mainIndexes(half.database)).toEqual([expect.not.stringMatching(/^!/)]);
    },
  );

  it('is recorded, and not built again, where the run died between its end and the history', async () => {
    const workspace = await interrupted(
      server,
      'create index concurrently i on t (a)',
      'create index i on t (a)',
    );
    const { database } = workspace;
    await database.query(
      "update lockkeeper.migration_execution_log set status = 'completed', completed_at = now() where open",
    );
    const before = await oidOf(database, 'public.i');
    const { decisions, report } = await resume(workspace);
    expect([decisions, report.applied.map(({ version }) => version)]).toEqual([[], ['1']]);
    expect([await oidOf(database, 'public.i'), await workspace.applied()]).toEqual([before, ['0', '1']]);
  });

  it('understands its expressions under the settings of the steps before it', async () => {
    const workspace = await withData(
      server,
      `${data} create schema app; create function app.f(text) returns text immutable language sql as 'select $1'`,
      { '1_i.sql': 'set search_path = app, public;\ncreate index concurrently i on t (f(a));' },
    );
    const { database } = workspace;
    const release = await holding(database, `insert into t values ('y')`);
    await breakWhen(workspace, { at: 'concurrently', when: waiting('waiting for writers before build') });
    await release();
    expect(await mainIndexes(database)).toEqual(['!i']);
    expect((await resume(workspace)).decisions).toEqual(['again']);
    expect(await mainIndexes(database)).toEqual(['i']);
  });

  it('stops and asks where the server makes no copy to compare with; columns need none', async () => {
    for (const [columns, decided] of [
      ['lower(a)', false],
      ['a, n desc', true],
    ] as const) {
      const workspace = await interrupted(
        server,
        `create index concurrently i on t (${columns})`,
        `create index i on t (${columns}); ${invalidate}`,
      );
      const { database } = workspace;
      const role = await workspace.role();
      await database.query(
        `revoke temporary on database ${database.name} from public; grant create on database ${database.name} to ${role.name};
         grant all on schema public, lockkeeper to ${role.name};
         alter table t owner to ${role.name}; grant all on all tables in schema lockkeeper to ${role.name}`,
      );
      const lockkeeper = await workspace.open({ url: role.url });
      if (decided) {
        await lockkeeper.up();
        expect(await mainIndexes(database)).toEqual(['i']);
        continue;
      }
      const error = await failure(lockkeeper.up());
      expect(error).toMatchObject({ code: 'RECOVERY_UNDECIDED' });
      expect(error.hint).toContain('lockkeeper repair 1 --step 1 --done');
      expect(await mainIndexes(database)).toEqual(['!i']);
      expect(await openSteps(database)).toEqual(['1 step 1 apply started']);
    }
  });
});

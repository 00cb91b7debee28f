import { describe, expect, it } from 'vitest';
import type { DryRunReport, Question } from '../../src/app/lockkeeper.js';
import type { RunReport } from '../../src/core/report.js';
import { latest, tableExists, userTables } from '../support/database.js';
import { codesOf, createWorkspace, failure, reportOf } from './workspace.js';

const table = (name: string): string =>
  `-- migrate:up\ncreate table ${name} (id int);\n-- migrate:down\ndrop table ${name};\n`;

async function columnType(
  database: { query: (sql: string) => Promise<unknown> },
  name: string,
): Promise<unknown> {
  const rows = (await database.query(
    `select format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = '${name}'::regclass and attnum = 1`,
  )) as { type: string }[];
  return rows[0]?.type;
}

const three = { '1_a.sql': table('a'), '2_b.sql': table('b'), '3_c.sql': table('c') };

describe.each([latest])('down on PostgreSQL $major', (server) => {
  it('undoes one migration, the one that was applied last, not the one with the highest version', async () => {
    const app = await createWorkspace({ '1_a.sql': table('a'), '3_c.sql': table('c') }, { server });
    await app.up();
    app.write({ '2_b.sql': table('b') });
    await app.up();
    const report = (await (await app.open()).down()) as RunReport;
    expect(report).toMatchObject({
      direction: 'down',
      batch: null,
      failed: null,
      notRun: [],
      applied: [{ version: '2', name: 'b' }],
    });
    expect(await app.applied()).toEqual(['1', '3']);
    expect(await userTables(app.database)).toEqual(['public.a', 'public.c']);
    expect((await (await app.open()).status()).pending.map((item) => item.version)).toEqual(['2']);
  });

  it('stops at a down script that fails, and says what is left', async () => {
    const app = await createWorkspace(
      {
        ...three,
        '2_b.sql': '-- migrate:up\ncreate table b (id int);\n-- migrate:down\ndrop table b;\nselect 1 / 0;\n',
      },
      { server },
    );
    await app.up();
    const error = await failure((await app.open()).down({ all: true }));
    expect(error).toMatchObject({
      code: 'MIGRATION_FAILED',
      exit: 3,
      details: { version: '2', sqlstate: '22012' },
      location: { file: 'migrations/2_b.sql', line: 5, column: 1 },
    });
    expect(reportOf(error)).toMatchObject({
      direction: 'down',
      applied: [{ version: '3' }],
      failed: { version: '2' },
      notRun: [{ version: '1' }],
    });
    expect(await app.applied()).toEqual(['1', '2']);
    expect(await userTables(app.database)).toEqual(['public.a', 'public.b']);
    const { entries } = await (await app.open()).history();
    expect(entries[0]).toMatchObject({ version: '2', action: 'rollback', status: 'failed' });
    expect(entries[1]).toMatchObject({ version: '3', action: 'rollback', status: 'completed' });
  });

  it('undoes nothing where one of the chosen has no way back, and says how far it could go', async () => {
    const app = await createWorkspace(
      {
        '1_a.sql': table('a'),
        '2_b.sql': '-- irreversible: it drops the archive\n-- migrate:up\ncreate table b (id int);\n',
        '3_c.sql': table('c'),
      },
      { server },
    );
    await app.up();
    const lockkeeper = await app.open();
    const error = await failure(lockkeeper.down({ all: true }));
    expect(error).toMatchObject({ code: 'MIGRATION_IRREVERSIBLE', exit: 2, details: { version: '2' } });
    expect(error.message).toContain('it drops the archive');
    expect(error.hint).toContain('down --to 2');
    expect(await app.applied()).toEqual(['1', '2', '3']);
    await lockkeeper.down({ to: '2' });
    expect(await app.applied()).toEqual(['1', '2']);
    expect(await failure(lockkeeper.down())).toMatchObject({ code: 'MIGRATION_IRREVERSIBLE' });
  });

  it('runs a way back of several steps, and finishes it when a step of it fails', async () => {
    const app = await createWorkspace(
      {
        '1_a.sql': `-- migrate:up
create table t (id int); create index t_id on t (id);
-- migrate:down
drop index concurrently t_id;
drop table t, helper;
`,
      },
      { server },
    );
    await app.up();
    const lockkeeper = await app.open();
    const error = await failure(lockkeeper.down());
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', details: { sqlstate: '42P01' } });
    expect(await app.applied()).toEqual(['1']);
    expect(await lockkeeper.status()).toMatchObject({
      failed: [{ version: '1', direction: 'down', completedSteps: 1 }],
    });
    expect(await failure(lockkeeper.up())).toMatchObject({ code: 'RECOVERY_UNDECIDED' });
    expect(await lockkeeper.verify()).toMatchObject({ ok: false });
    await app.database.query('create table helper ()');
    const report = (await lockkeeper.down()) as RunReport;
    expect(report.applied[0]?.steps.map((step) => step.step)).toEqual([2]);
    expect(await userTables(app.database)).toEqual([]);
    expect(await lockkeeper.status()).toMatchObject({ applied: [], failed: [], pending: [{ version: '1' }] });
  });

  it('prints the exact SQL of the way back in a dry run', async () => {
    const app = await createWorkspace(
      { '1_a.up.sql': 'create table a (id int);', '1_a.down.sql': 'drop table a;' },
      { server },
    );
    await app.up();
    const report = (await (await app.open()).down({ dryRun: true })) as DryRunReport;
    expect(report.migrations).toMatchObject([
      { version: '1', file: 'migrations/1_a.down.sql', unknown: null },
    ]);
    expect(report.migrations[0]?.sql.join('\n')).toMatch(/^begin;[^]*drop table a;[^]*commit;/);
    expect(await tableExists(app.database, 'a')).toBe(true);
  });

  it('reads the way back from its own file, its own folder, and from code', async () => {
    const app = await createWorkspace(
      {
        '1_a.up.sql': 'create table a (id int);',
        '1_a.down.sql': 'drop table a;',
        '2_b/up.sql': 'create table b (id int);',
        '2_b/down.sql': 'drop table b;',
        '3_c.ts': `export const up = 'create table c (id int)';\nexport const down = async (db: any) => { await db.exec('drop table c'); };\n`,
      },
      { server },
    );
    await app.up();
    expect(await userTables(app.database)).toEqual(['public.a', 'public.b', 'public.c']);
    await (await app.open()).down({ all: true });
    expect(await userTables(app.database)).toEqual([]);
    expect(await app.applied()).toEqual([]);
  });

  it('takes the transaction mode that the marker of the way down names', async () => {
    const app = await createWorkspace(
      {
        '1_a.sql': `-- migrate:up
create table t (id int);
-- migrate:down transaction:false
drop table t;
do $$ begin commit; end $$;
`,
      },
      { server },
    );
    await app.up();
    const report = (await (await app.open()).down()) as RunReport;
    expect(report.applied[0]?.steps.map((step) => step.transaction)).toEqual([true, false]);
    expect(await userTables(app.database)).toEqual([]);
    expect(await app.applied()).toEqual([]);
  });

  it('refuses to undo a migration that another one needs', async () => {
    const app = await createWorkspace({ ...three, '3_c.sql': `-- depends: 1\n${table('c')}` }, { server });
    await app.up();
    const lockkeeper = await app.open();
    expect(await failure(lockkeeper.down({ only: '1' }))).toMatchObject({
      code: 'MIGRATION_NEEDED',
      exit: 2,
      details: { version: '1', neededBy: '3' },
    });
    await lockkeeper.down({ only: '2' });
    expect(await app.applied()).toEqual(['1', '3']);
  });

  it('undoes an edited migration by what its file says now, with a word, so that redo is how one is written', async () => {
    const app = await createWorkspace(three, { server });
    await app.up();
    app.write({ '3_c.sql': table('c').replace('id int', 'id bigint') });
    const { removed, up } = await (await app.open()).redo();
    expect(removed).toEqual(['3 c']);
    expect(up.applied).toMatchObject([{ version: '3' }]);
    expect(await columnType(app.database, 'c')).toBe('bigint');
    app.write({ '3_c.sql': table('c').replace('id int', 'id text') });
    const report = (await (await app.open()).down()) as RunReport;
    expect(report.warnings).toMatchObject([{ code: 'changed-since-applied' }]);
  });

  it('refuses to undo an edited migration in a protected environment', async () => {
    const app = await createWorkspace(three, { server });
    await (await app.open({ env: 'production' })).up();
    app.write({ '3_c.sql': table('c').replace('id int', 'id bigint') });
    const production = await app.open({ env: 'production' });
    const error = await failure(production.down({ confirm: 'production' }));
    expect(error).toMatchObject({ code: 'MIGRATION_CHANGED' });
    expect(await app.applied()).toEqual(['1', '2', '3']);
  });

  it('finds what is wrong with a way back before it starts, and verify finds it, too', async () => {
    const app = await createWorkspace(
      {
        '1_a.sql': '-- migrate:up\ncreate table a (id int);\n-- migrate:down\ndrop table a;\nrollback;\n',
        '2_b.sql': table('b'),
      },
      { server },
    );
    const verified = await (await app.open()).verify();
    expect(verified.problems.map((problem) => problem.code)).toEqual(['TRANSACTION_CONTROL_REFUSED']);
    expect(verified.problems[0]?.location).toMatchObject({ file: 'migrations/1_a.sql', line: 5 });
    await app.up();
    expect(await failure((await app.open()).down({ all: true }))).toMatchObject({
      code: 'TRANSACTION_CONTROL_REFUSED',
    });
    expect(await app.applied()).toEqual(['1', '2']);
  });

  it('asks in a protected environment, and takes only its name for an answer', async () => {
    const app = await createWorkspace(three, { server });
    const production = { env: 'production' };
    await (await app.open(production)).up();
    expect(await failure((await app.open(production)).down())).toMatchObject({
      code: 'CONFIRMATION_MISSING',
      exit: 5,
    });
    expect(await failure((await app.open(production)).down({ yes: true }))).toMatchObject({
      code: 'CONFIRMATION_MISSING',
    });
    const asked: Question[] = [];
    const ask = (question: Question): Promise<boolean> => {
      asked.push(question);
      return Promise.resolve(false);
    };
    expect(await failure((await app.open({ ...production, ask })).down())).toMatchObject({
      code: 'CONFIRMATION_MISSING',
    });
    expect(asked).toMatchObject([{ verb: 'down', typed: 'production', plan: ['3 c'] }]);
    expect(await app.applied()).toEqual(['1', '2', '3']);
    await (await app.open(production)).down({ confirm: 'production' });
    expect(await app.applied()).toEqual(['1', '2']);
  });

  it.each(['down', 'redo', 'reset', 'fresh', 'mark', 'repair'] as const)(
    'refuses %s against a database that is stamped as another environment',
    async (verb) => {
      const app = await createWorkspace(three, { server });
      await (await app.open({ env: 'production' })).up();
      const lockkeeper = await app.open();
      const verbs = {
        down: () => lockkeeper.down({ yes: true }),
        redo: () => lockkeeper.redo({ yes: true }),
        reset: () => lockkeeper.reset({ yes: true }),
        fresh: () => lockkeeper.fresh({ yes: true }),
        mark: () => lockkeeper.mark({ version: '3', as: 'pending', why: 'test', yes: true }),
        repair: () => lockkeeper.repair({ version: '3', why: 'test', yes: true }),
      };
      const error = await failure(verbs[verb]());
      expect(error).toMatchObject({
        code: 'ENVIRONMENT_MISMATCH',
        exit: 5,
        details: { verb, database: 'production', environment: 'development' },
      });
      expect(error.message).toContain('"production"');
      expect(error.hint).toContain('--env production');
      expect(await app.applied()).toEqual(['1', '2', '3']);
      expect(await userTables(app.database)).toEqual(['public.a', 'public.b', 'public.c']);
    },
  );

  it.each(['reset', 'fresh'] as const)(
    'refuses %s in a protected environment, whatever is confirmed',
    async (verb) => {
      const app = await createWorkspace(three, { server });
      const lockkeeper = await app.open({ env: 'production' });
      await lockkeeper.up();
      expect(await failure(lockkeeper[verb]({ yes: true, confirm: 'production' }))).toMatchObject({
        code: 'PROTECTED_ENVIRONMENT',
        exit: 5,
      });
      expect(await app.applied()).toEqual(['1', '2', '3']);
    },
  );

  it('warns on up as another environment, and goes on', async () => {
    const app = await createWorkspace(three, { server });
    await (await app.open({ env: 'test' })).up({ steps: 1 });
    const report = (await (await app.open()).up()) as RunReport;
    expect(report.warnings.map((warning) => warning.code)).toContain('environment-mismatch');
    expect(report.applied).toHaveLength(2);
  });

  it('undoes nothing when nothing is applied', async () => {
    const app = await createWorkspace(three, { server });
    expect(await (await app.open()).down()).toMatchObject({ applied: [], failed: null, notRun: [] });
    expect(await (await app.open()).down({ all: true })).toMatchObject({ applied: [] });
  });

  it('collects every problem of the chosen ways back', async () => {
    const app = await createWorkspace(
      { '1_a.sql': 'create table a (id int);', '2_b.sql': 'create table b (id int);', '3_c.sql': table('c') },
      { server },
    );
    await app.up();
    const error = await failure((await app.open()).down({ all: true }));
    expect(codesOf(error)).toEqual(['MIGRATION_IRREVERSIBLE', 'MIGRATION_IRREVERSIBLE']);
    expect(await app.applied()).toEqual(['1', '2', '3']);
  });

  it('does not count a repeatable migration as the last one, whatever its file is called', async () => {
    const app = await createWorkspace(
      {
        '1_a.sql': table('a'),
        '0002_view.sql': '-- repeatable\ncreate or replace view v as select 1 as one;',
        'R__w.sql': 'create or replace view w as select 1 as one;',
      },
      { server },
    );
    await app.up();
    expect(await app.applied()).toEqual(['1', '0002', 'R__w']);
    const report = (await (await app.open()).down()) as RunReport;
    expect(report.applied.map((done) => done.version)).toEqual(['1']);
    expect(await userTables(app.database)).toEqual(['public.v', 'public.w']);
  });
});

import { describe, expect, it } from 'vitest';
import type { DownOptions, Lockkeeper, UpOptions } from '../../src/app/lockkeeper.js';
import type { RunReport, Warning } from '../../src/core/report.js';
import { userTables } from '../support/database.js';
import { createWorkspace, failure, record, type Workspace } from './workspace.js';

const table = (name: string, head = ''): string =>
  `${head}-- migrate:up\ncreate table ${name} (id int);\n-- migrate:down\ndrop table ${name};\n`;

const files = {
  '0001_users.sql': table('users', '-- release: 1.0.0\n-- tags: core, auth\n'),
  '0002_posts.sql': table('posts', '-- release: 1.0.0\n-- tags: blog\n'),
  '0003_comments.sql': table('comments', '-- release: 1.1.0\n-- tags: blog\n-- depends: posts\n'),
  '0004_likes.sql': table('likes', '-- tags: core\n-- depends: 0001_users\n'),
};

async function up(app: Workspace, options: UpOptions = {}): Promise<readonly string[]> {
  return versions((await (await app.open()).up(options)) as RunReport);
}

async function down(app: Workspace, options: DownOptions = {}): Promise<readonly string[]> {
  return versions((await (await app.open()).down(options)) as RunReport);
}

async function withPolicy(app: Workspace, outOfOrder: string): Promise<Lockkeeper> {
  app.project.write('lockkeeper.config.json', JSON.stringify({ outOfOrder }));
  return app.open();
}

const versions = (report: RunReport): readonly string[] => report.applied.map((done) => done.version);

describe('up with a selection', () => {
  it.each([
    ['a version', '0002'],
    ['the same version in another width', '2'],
    ['a name', 'posts'],
    ['version and name', '0002_posts'],
    ['a file name', '0002_posts.sql'],
    ['a release, up to its last migration', '1.0.0'],
  ])('goes to %s', async (_, to) => {
    const app = await createWorkspace(files);
    expect(await up(app, { to })).toEqual(['0001', '0002']);
    expect(await up(app, { to })).toEqual([]);
  });

  it('takes the given number of steps', async () => {
    const app = await createWorkspace(files);
    expect(await up(app, { steps: 1 })).toEqual(['0001']);
    expect(await up(app, { steps: 2 })).toEqual(['0002', '0003']);
    expect(await up(app, { steps: 9 })).toEqual(['0004']);
  });

  it('runs only one, and only where everything that it needs is there', async () => {
    const app = await createWorkspace(files);
    expect(await failure(up(app, { only: '0003' }))).toMatchObject({
      code: 'MIGRATION_DEPENDENCY_PENDING',
      exit: 2,
      details: { version: '0003', depends: '0002' },
    });
    expect(await up(app, { only: 'posts' })).toEqual(['0002']);
    expect(await up(app, { only: 'comments' })).toEqual(['0003']);
    expect(await up(app, { only: 'comments' })).toEqual([]);
    expect(await userTables(app.database)).toEqual(['public.comments', 'public.posts']);
  });

  it('runs what carries one of the tags', async () => {
    const app = await createWorkspace(files);
    expect(await up(app, { tags: ['auth', 'unknown'] })).toEqual(['0001']);
    expect(await up(app, { tags: ['core'] })).toEqual(['0004']);
    expect(await up(app, { tags: ['blog'], steps: 1 })).toEqual(['0002']);
  });

  it.each([
    [{ to: '0002', steps: 1 }],
    [{ only: '0001', to: '0002' }],
    [{ steps: 0 }],
    [{ steps: -1 }],
    [{ steps: 1.5 }],
    [{ steps: Number.NaN }],
  ])('refuses %j before anything is opened', async (options) => {
    const app = await createWorkspace(files);
    const lockkeeper = await app.open({ url: 'postgres://nobody@127.0.0.1:1/nowhere' });
    expect(await failure(lockkeeper.up(options))).toMatchObject({ code: 'USAGE_INVALID', exit: 2 });
    expect(await failure(lockkeeper.down(options))).toMatchObject({ code: 'USAGE_INVALID', exit: 2 });
  });

  it('refuses to run what depends on a migration that does not run here', async () => {
    const app = await createWorkspace({
      '0004_needs.sql': table('needs', '-- depends: 0005\n'),
      '0005_elsewhere.sql': table('elsewhere', '-- environments: test\n'),
    });
    const error = await failure(up(app));
    expect(error).toMatchObject({
      code: 'MIGRATION_DEPENDENCY_PENDING',
      details: { version: '0004', depends: '0005' },
    });
    expect(error.message).toContain('does not run in this environment (environments: test)');
    expect(await userTables(app.database)).toEqual([]);
    const lockkeeper = await app.open({ env: 'test' });
    expect(versions((await lockkeeper.up()) as RunReport)).toEqual(['0005', '0004']);
  });

  it('says of what is applied that it is, and of tags that nothing carries them', async () => {
    const app = await createWorkspace(files);
    await up(app, { steps: 2 });
    const lockkeeper = await app.open();
    await lockkeeper.tag('here');
    const warned = async (options: UpOptions): Promise<readonly Warning[]> =>
      (await lockkeeper.up(options)).warnings;
    const users = { code: 'already-applied', message: 'Migration 0001 users is applied already.' };
    expect(await warned({ only: '1' })).toEqual([users]);
    expect(await warned({ to: 'users' })).toEqual([users]);
    expect(await warned({ to: 'users', dryRun: true })).toEqual([users]);
    expect(await warned({ to: 'here' })).toEqual([
      { code: 'already-applied', message: 'Everything up to "here" is applied already.' },
    ]);
    expect(await warned({ tags: ['a', 'b'] })).toEqual([
      { code: 'nothing-selected', message: 'No migration to be run carries the tag a or b.' },
    ]);
    expect(await warned({ only: '3', tags: ['a'] })).toMatchObject([{ code: 'nothing-selected' }]);
    expect(await warned({ only: '3' })).toEqual([]);
    expect(await warned({ steps: 9 })).toEqual([]);
    expect(await warned({})).toEqual([]);
  });

  it('says what is near a name that nothing has', async () => {
    const app = await createWorkspace(files);
    const error = await failure(up(app, { to: 'comment' }));
    expect(error).toMatchObject({ code: 'MIGRATION_NOT_FOUND', exit: 2 });
    expect(error.hint).toContain('0003 comments');
    expect(await userTables(app.database)).toEqual([]);
  });

  it('refuses a name that two migrations have', async () => {
    const app = await createWorkspace({ '1_same.sql': table('a'), '2_same.sql': table('b') });
    expect(await failure(up(app, { to: 'same' }))).toMatchObject({ code: 'USAGE_INVALID' });
    expect(await failure(up(app, { only: 'same' }))).toMatchObject({ code: 'USAGE_INVALID' });
  });
});

describe('down with a selection', () => {
  it.each([
    ['a version', '0002', ['0004', '0003']],
    ['a name', 'users', ['0004', '0003', '0002']],
    ['a release, its last migration kept', '1.0.0', ['0004', '0003']],
    ['the newest', 'likes', []],
  ])('goes down to %s, itself kept', async (_, to, undone) => {
    const app = await createWorkspace(files);
    await up(app);
    expect(await down(app, { to })).toEqual(undone);
  });

  it('comes back to a tag', async () => {
    const app = await createWorkspace(files);
    await up(app, { steps: 2 });
    const lockkeeper = await app.open();
    expect(await lockkeeper.tag('before-likes')).toEqual({
      tag: 'before-likes',
      version: '0002',
      name: 'posts',
    });
    await up(app);
    expect((await lockkeeper.status()).applied.map((item) => item.tags)).toEqual([
      [],
      ['before-likes'],
      [],
      [],
    ]);
    expect(await up(app, { to: 'before-likes' })).toEqual([]);
    expect(await down(app, { to: 'before-likes' })).toEqual(['0004', '0003']);
    expect(await failure(lockkeeper.tag('before-likes'))).toMatchObject({ code: 'USAGE_INVALID' });
    for (const label of ['', ' ', "a'b", 'a;--', '-x', 'a\nb', 'x'.repeat(101)])
      expect(await failure(lockkeeper.tag(label))).toMatchObject({ code: 'USAGE_INVALID' });
  });

  it('puts a tag on the last versioned migration, also where a repeatable one ran last', async () => {
    const app = await createWorkspace({
      ...files,
      'R__view.sql': 'create or replace view v as select 1 as one;',
      '0009_marked.sql': '-- repeatable\ncreate or replace view w as select 1 as one;',
    });
    await up(app);
    expect((await app.applied()).slice(-2)).toEqual(['0009', 'R__view']);
    const lockkeeper = await app.open();
    expect(await lockkeeper.tag('here')).toMatchObject({ tag: 'here', version: '0004' });
    app.write({ '0005_more.sql': table('more') });
    await up(app);
    expect(await down(app, { to: 'here' })).toEqual(['0005']);
  });

  it('tags nothing where nothing is applied', async () => {
    const app = await createWorkspace(files);
    expect(await failure((await app.open()).tag('v1'))).toMatchObject({ code: 'MIGRATION_NOT_FOUND' });
  });

  it('undoes steps, one alone, the last batch, and everything', async () => {
    const app = await createWorkspace(files);
    await up(app, { steps: 2 });
    await up(app);
    expect(await down(app, { only: 'comments' })).toEqual(['0003']);
    expect(await up(app)).toEqual(['0003']);
    expect(await down(app, { batch: true })).toEqual(['0003']);
    expect(await down(app, { batch: true })).toEqual(['0004']);
    expect(await down(app, { batch: true })).toEqual(['0002', '0001']);
    await up(app);
    expect(await down(app, { steps: 2 })).toEqual(['0004', '0003']);
    expect(await down(app, { steps: 1, batch: false, all: false })).toEqual(['0002']);
    expect(await down(app, { all: true })).toEqual(['0001']);
    expect(await userTables(app.database)).toEqual([]);
  });

  it('refuses contradictions, unknown names, and tags, which select what to apply', async () => {
    const app = await createWorkspace(files);
    await up(app);
    expect(await failure(down(app, { all: true, batch: true }))).toMatchObject({ code: 'USAGE_INVALID' });
    expect(await failure(down(app, { all: true, steps: 1 }))).toMatchObject({ code: 'USAGE_INVALID' });
    expect(await failure(down(app, { tags: ['blog'] } as DownOptions))).toMatchObject({
      code: 'USAGE_INVALID',
      details: { option: 'tags' },
    });
    expect(await failure(down(app, { to: 'nothing' }))).toMatchObject({ code: 'MIGRATION_NOT_FOUND' });
    expect(await failure(down(app, { only: 'nothing' }))).toMatchObject({ code: 'MIGRATION_NOT_FOUND' });
    expect(await app.applied()).toHaveLength(4);
  });

  it('refuses to undo what something applied depends on', async () => {
    const app = await createWorkspace(files);
    await up(app);
    expect(await failure(down(app, { only: 'posts' }))).toMatchObject({
      code: 'MIGRATION_NEEDED',
      details: { version: '0002', neededBy: '0003' },
    });
    expect(await failure(down(app, { only: '0001' }))).toMatchObject({
      code: 'MIGRATION_NEEDED',
      details: { neededBy: '0004' },
    });
    expect(await app.applied()).toHaveLength(4);
  });
});

describe('redo, reset and setup', () => {
  it('undoes the last and applies it again', async () => {
    const app = await createWorkspace(files);
    await up(app);
    await app.database.query('insert into likes values (1)');
    const report = await (await app.open()).redo();
    expect(report).toMatchObject({
      removed: ['0004 likes'],
      up: { direction: 'up', applied: [{ version: '0004' }] },
    });
    expect(await app.database.query('select * from likes')).toEqual([]);
    expect((await (await app.open()).redo({ steps: 3 })).up.applied.map((done) => done.version)).toEqual([
      '0002',
      '0003',
      '0004',
    ]);
    expect(await app.applied()).toEqual(['0001', '0002', '0003', '0004']);
  });

  it('redoes several as one batch, and does not call its own work out of order', async () => {
    const app = await createWorkspace(files);
    app.project.delete('migrations/0002_posts.sql');
    app.project.delete('migrations/0003_comments.sql');
    await up(app);
    app.write(files);
    const allowing = await withPolicy(app, 'allow');
    await allowing.up({ only: '0002' });
    await allowing.up({ only: '0003' });
    const lockkeeper = await withPolicy(app, 'refuse');
    const warned = record(lockkeeper, 'warning');
    const report = await lockkeeper.redo({ steps: 3 });
    expect(report.removed).toEqual(['0003 comments', '0002 posts', '0004 likes']);
    expect(report.up).toMatchObject({ batch: 2, warnings: [] });
    expect(versions(report.up)).toEqual(['0004', '0002', '0003']);
    expect(warned).toEqual([]);
    const rows = await app.database.query(
      'select version, batch from lockkeeper.schema_migrations order by seq',
    );
    expect(rows).toEqual([
      { version: '0001', batch: 1 },
      { version: '0004', batch: 2 },
      { version: '0002', batch: 2 },
      { version: '0003', batch: 2 },
    ]);
  });

  it('undoes nothing on redo when the file to be applied again is gone', async () => {
    const app = await createWorkspace(files);
    await up(app);
    app.project.delete('migrations/0004_likes.sql');
    expect(await failure((await app.open()).redo({ yes: true }))).toMatchObject({
      code: 'MIGRATION_MISSING',
      details: { version: '0004' },
    });
    expect(await app.applied()).toHaveLength(4);
  });

  it('redoes nothing where nothing is applied', async () => {
    const app = await createWorkspace(files);
    expect(await (await app.open()).redo()).toMatchObject({
      removed: [],
      up: { direction: 'up', applied: [] },
    });
  });

  it('undoes nothing on redo when what follows would be refused', async () => {
    const app = await createWorkspace(files);
    await up(app);
    app.project.delete('migrations/0001_users.sql');
    expect(await failure((await app.open()).redo())).toMatchObject({ code: 'MIGRATION_MISSING' });
    expect(await app.applied()).toEqual(['0001', '0002', '0003', '0004']);
  });

  it('undoes nothing on reset when what follows would be refused', async () => {
    const app = await createWorkspace(files);
    await up(app);
    app.write({ '0005_bad.sql': 'create tabel x;' });
    expect(await failure((await app.open()).reset({ yes: true }))).toMatchObject({ code: 'SQL_SYNTAX' });
    expect(await app.applied()).toEqual(['0001', '0002', '0003', '0004']);
  });

  it('resets only when told so, and applies everything again', async () => {
    const app = await createWorkspace(files);
    await up(app, { steps: 3 });
    expect(await failure((await app.open()).reset())).toMatchObject({
      code: 'CONFIRMATION_MISSING',
      exit: 5,
    });
    const report = await (await app.open()).reset({ yes: true });
    expect(report.removed).toEqual(['0003 comments', '0002 posts', '0001 users']);
    expect(versions(report.up)).toEqual(['0001', '0002', '0003', '0004']);
  });

  it('sets up a database, and is done when called again', async () => {
    const app = await createWorkspace(files);
    expect(versions(await (await app.open()).setup())).toHaveLength(4);
    expect(versions(await (await app.open()).setup())).toEqual([]);
  });
});

describe('mark and repair', () => {
  it('writes into the history that something is applied or pending, runs nothing, and keeps the reason', async () => {
    const app = await createWorkspace(files);
    const lockkeeper = await app.open();
    expect(
      await failure(lockkeeper.mark({ version: '0001', as: 'applied', why: 'made by hand' })),
    ).toMatchObject({ code: 'CONFIRMATION_MISSING' });
    expect(
      await failure(lockkeeper.mark({ version: '0001', as: 'applied', why: ' ', yes: true })),
    ).toMatchObject({ code: 'USAGE_INVALID' });
    expect(await lockkeeper.mark({ version: '0001', as: 'applied', why: "it's; there", yes: true })).toEqual({
      version: '0001',
      name: 'users',
      as: 'applied',
    });
    expect(await userTables(app.database)).toEqual([]);
    expect(await app.applied()).toEqual(['0001']);
    expect((await lockkeeper.status()).changed).toEqual([]);
    expect((await lockkeeper.history()).entries[0]).toMatchObject({
      version: '0001',
      action: 'repair',
      status: 'completed',
      error: "Marked as applied: it's; there",
    });
    expect(
      await failure(lockkeeper.mark({ version: '0001', as: 'applied', why: 'again', yes: true })),
    ).toMatchObject({ code: 'USAGE_INVALID' });
    await lockkeeper.mark({ version: 'users', as: 'pending', why: 'was not', yes: true });
    expect(await app.applied()).toEqual([]);
    expect(
      await failure(lockkeeper.mark({ version: 'nothing', as: 'pending', why: 'x', yes: true })),
    ).toMatchObject({ code: 'MIGRATION_NOT_FOUND' });
  });

  it('settles a migration that stopped in the middle, either way', async () => {
    const app = await createWorkspace({
      '1_split.sql': 'create table t (id int);\ncreate index concurrently t_id on t (id);\nselect 1/0;',
    });
    await failure(up(app));
    const lockkeeper = await app.open();
    await lockkeeper.mark({ version: '1', as: 'applied', why: 'finished by hand', yes: true });
    expect(await lockkeeper.status()).toMatchObject({ applied: [{ version: '1' }], failed: [] });

    const other = await createWorkspace({
      '1_split.sql': 'create table t (id int);\ncreate index concurrently t_id on t (id);\nselect 1/0;',
    });
    await failure(up(other));
    await (await other.open()).mark({ version: '1', as: 'pending', why: 'removed by hand', yes: true });
    expect(await (await other.open()).status()).toMatchObject({
      applied: [],
      failed: [],
      pending: [{ version: '1' }],
    });
  });

  it.each(['applied', 'pending'] as const)('settles an undo that stopped in the middle as %s', async (as) => {
    const app = await createWorkspace({
      '1_t.sql':
        '-- migrate:up\ncreate table t (id int); create index t_id on t (id);\n-- migrate:down\ndrop index concurrently t_id;\nselect 1/0;',
    });
    await up(app);
    await failure(down(app));
    const lockkeeper = await app.open();
    await lockkeeper.mark({ version: '1', as, why: 'settled by hand', yes: true });
    const status = await lockkeeper.status();
    expect(status.failed).toEqual([]);
    expect(status.applied.map((item) => item.version)).toEqual(as === 'applied' ? ['1'] : []);
  });

  it('forgets a migration whose file is gone for good', async () => {
    const app = await createWorkspace(files);
    await up(app);
    app.project.delete('migrations/0004_likes.sql');
    await (await app.open()).mark({ version: '0004', as: 'pending', why: 'merged elsewhere', yes: true });
    expect(await up(app)).toEqual([]);
  });

  it('accepts the present content of one changed file, with its way back, and keeps the reason', async () => {
    const app = await createWorkspace(files);
    await up(app);
    app.write({
      '0001_users.sql': `${files['0001_users.sql']}select 'changed';\n`,
      '0002_posts.sql': `${table('posts')}select 2;\n`,
    });
    const lockkeeper = await app.open();
    expect((await lockkeeper.status()).changed).toEqual([
      { version: '0001', name: 'users', file: 'migrations/0001_users.sql' },
      { version: '0002', name: 'posts', file: 'migrations/0002_posts.sql' },
    ]);
    expect(await failure(lockkeeper.repair({ version: '0001', why: 'typo' }))).toMatchObject({
      code: 'CONFIRMATION_MISSING',
    });
    const report = await lockkeeper.repair({ version: '0001', why: 'typo', yes: true });
    expect(report.checksumBefore).not.toBe(report.checksumAfter);
    expect((await lockkeeper.status()).changed).toMatchObject([{ version: '0002' }]);
    expect((await lockkeeper.history()).entries[0]).toMatchObject({
      version: '0001',
      action: 'repair',
      error: 'typo',
    });
    expect(
      await app.database.query("select down_script from lockkeeper.schema_migrations where version = '0001'"),
    ).toEqual([{ down_script: expect.stringContaining("select 'changed'") }]);
    expect(await failure(lockkeeper.repair({ version: '0003', why: 'x', yes: true }))).toMatchObject({
      code: 'MIGRATION_NOT_FOUND',
    });
  });

  it('takes comments, blank space and line ends for no change', async () => {
    const app = await createWorkspace({
      '1_a.sql': table('a'),
      '2_b.sql': "create table b (t text default 'a  -- b');\n",
    });
    await up(app);
    app.write({
      '1_a.sql': `-- a new comment\r\n${table('a').replaceAll('\n', '\r\n').replace('(id int)', '(\r\n  id   int /* the key */\r\n)')}`,
    });
    const lockkeeper = await app.open();
    expect(await lockkeeper.status()).toMatchObject({ changed: [], pending: [] });
    expect(await up(app)).toEqual([]);
    app.write({ '2_b.sql': "create table b (t text default 'a -- b');\n" });
    expect((await lockkeeper.status()).changed).toMatchObject([{ version: '2' }]);
    app.write({
      '2_b.sql': "create table b (t text default 'a  -- b');\n",
      '1_a.sql': `-- transaction: none\n${table('a')}`,
    });
    expect((await lockkeeper.status()).changed).toMatchObject([{ version: '1' }]);
  });
});

describe('status, history and verify', () => {
  it('answers in the promised shape', async () => {
    const app = await createWorkspace({
      ...files,
      '0003_comments.sql': `-- risk: high\n${files['0003_comments.sql']}`,
    });
    await up(app, { steps: 2 });
    const status = await (await app.open()).status();
    expect(Object.keys(status).sort()).toEqual([
      'applied',
      'changed',
      'database',
      'environment',
      'failed',
      'missing',
      'outOfOrder',
      'pending',
    ]);
    expect(status.applied[0]).toEqual({
      version: '0001',
      name: 'users',
      appliedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/),
      executionTimeMs: expect.any(Number),
      batch: 1,
      format: 'sql',
      release: '1.0.0',
      tags: [],
    });
    expect(status.pending[0]).toEqual({ version: '0003', name: 'comments', format: 'sql', risk: 'high' });
    expect(status.database).toMatch(/^127\.0\.0\.1:\d+\/test_/);
    expect(status.database).not.toContain('@');
  });

  it('creates nothing in a fresh database', async () => {
    const app = await createWorkspace(files);
    const lockkeeper = await app.open();
    expect((await lockkeeper.status()).pending).toHaveLength(4);
    expect(await lockkeeper.verify()).toMatchObject({ ok: true, checked: 4, problems: [] });
    expect(await lockkeeper.history()).toEqual({ entries: [] });
    await lockkeeper.doctor();
    expect(await app.database.query("select 1 from pg_namespace where nspname = 'lockkeeper'")).toEqual([]);
  });

  it('shows the journal newest first, as long as asked for', async () => {
    const app = await createWorkspace(files);
    await up(app);
    await down(app);
    const { entries } = await (await app.open()).history({ limit: 2 });
    expect(entries).toHaveLength(2);
    expect(entries[0]).toEqual({
      runId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      version: '0004',
      step: null,
      action: 'rollback',
      status: 'completed',
      startedAt: expect.stringMatching(/Z$/),
      completedAt: expect.stringMatching(/Z$/),
      durationMs: expect.any(Number),
      error: null,
      by: expect.any(String),
    });
    expect(entries[1]).toMatchObject({ version: '0004', action: 'apply' });
  });

  it('waits for nobody to read, and warns of another environment', async () => {
    const app = await createWorkspace(files);
    await (await app.open({ env: 'staging' })).up();
    const lockkeeper = await app.open();
    const warnings = record(lockkeeper, 'warning');
    await lockkeeper.status();
    expect(warnings.map((warning) => warning.code)).toEqual(['environment-mismatch']);
  });
});

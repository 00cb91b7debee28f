import { describe, expect, it } from 'vitest';
import { renderConfig } from '../../src/cli/render/config.js';
import { renderDoctor } from '../../src/cli/render/doctor.js';
import { renderDryRun } from '../../src/cli/render/dry-run.js';
import { renderHistory } from '../../src/cli/render/history.js';
import { renderRedo, renderReset, renderRun, renderRunFailure } from '../../src/cli/render/run.js';
import { renderInit, renderMark, renderNew, renderRepair, renderTag } from '../../src/cli/render/scaffold.js';
import { renderLock, renderLockRelease } from '../../src/cli/render/lock.js';
import { renderServer } from '../../src/cli/render/server.js';
import { renderStatus } from '../../src/cli/render/status.js';
import { renderVerify } from '../../src/cli/render/verify.js';
import { displayWidth } from '../../src/cli/render/text.js';
import type { ConfigReport, DryRunReport } from '../../src/app/lockkeeper.js';
import { applied, failure, look, runReport, status, visible } from './support/reports.js';

const many = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    applied(String(index + 1).padStart(4, '0'), `migration_${index + 1}`),
  );

const everything = status({
  applied: [applied('001', 'create_users'), applied('002', '表を作る', 1234), applied('003', 'plain', null)],
  pending: [
    { version: '0025', name: 'late', format: 'sql', risk: 'high' },
    { version: '004', name: 'add_email', format: 'typescript', risk: null },
  ],
  outOfOrder: [{ version: '0025', name: 'late' }],
  changed: [{ version: '001', name: 'create_users', file: 'migrations/001_create_users.sql' }],
  missing: [{ version: '003', name: 'plain' }],
  failed: [{ version: '005', name: 'big_index', direction: 'up', completedSteps: 1 }],
});

describe('status', () => {
  it('groups migrations by their state, in columns that also line up behind wide characters', () => {
    expect(renderStatus(everything, look())).toMatchInlineSnapshot(`
      "development · localhost:5432/app

      Applied 3
        ✓ 001  create_users  2024-02-01 10:30  12 ms
        ✓ 002  表を作る      2024-02-01 10:30  1.2 s
        ✓ 003  plain         2024-02-01 10:30

      Not finished 1
        ✗ 005  big_index  up, 1 step done

      Changed since applied 1
        ≠ 001  create_users  migrations/001_create_users.sql

      Applied, file missing 1
        ? 003  plain

      Pending 2
        ○ 0025  late       out of order, high risk
        ○ 004   add_email

      3 applied, 2 pending, 1 out of order, 1 not finished, 1 changed, 1 missing."
    `);
  });

  it('uses few colours', () => {
    const text = renderStatus(status({ applied: [applied('001', 'create_users')] }), look({ colour: true }));
    expect(visible(text)).toMatchInlineSnapshot(`
      "<bold>development</> <dim>· localhost:5432/app</>

      <green>Applied</> <dim>1</>
        <green>✓</> <dim>001</>  create_users  <dim>2024-02-01 10:30</>  <dim>12 ms</>

      1 applied, 0 pending.<green> Up to date.</>"
    `);
  });

  it('shows on 40 columns what matters most', () => {
    const text = renderStatus(everything, look({ width: 40 }));
    expect(text).toMatchInlineSnapshot(`
      "development · localhost:5432/app

      Applied 3
        ✓ 001  create_users  2024-02-01 10:30
        ✓ 002  表を作る      2024-02-01 10:30
        ✓ 003  plain         2024-02-01 10:30

      Not finished 1
        ✗ 005  big_index  up, 1 step done

      Changed since applied 1
        ≠ 001  create_users  migrations/001_c…

      Applied, file missing 1
        ? 003  plain

      Pending 2
        ○ 0025  late
        ○ 004   add_email

      3 applied, 2 pending, 1 out of order, 1 not finished, 1 changed, 1 missing."
    `);
    expect(
      text
        .split('\n')
        .slice(0, -2)
        .filter((line) => displayWidth(line) > 40),
    ).toEqual([]);
  });

  it('knows an ASCII form', () => {
    const text = renderStatus(status({ ...everything, applied: many(40) }), look({ unicode: false }));
    expect(text).toMatch(/^[\n\u0020-\u007E]*$/);
  });

  it('cuts a long list in the middle, unless told to show all', () => {
    const report = status({ applied: many(5000) });
    expect(renderStatus(report, look())).toMatchInlineSnapshot(`
      "development · localhost:5432/app

      Applied 5,000
        ✓ 0001  migration_1     2024-02-01 10:30  12 ms
        ✓ 0002  migration_2     2024-02-01 10:30  12 ms
        ✓ 0003  migration_3     2024-02-01 10:30  12 ms
        … 4,988 more (--verbose shows all)
        ✓ 4992  migration_4992  2024-02-01 10:30  12 ms
        ✓ 4993  migration_4993  2024-02-01 10:30  12 ms
        ✓ 4994  migration_4994  2024-02-01 10:30  12 ms
        ✓ 4995  migration_4995  2024-02-01 10:30  12 ms
        ✓ 4996  migration_4996  2024-02-01 10:30  12 ms
        ✓ 4997  migration_4997  2024-02-01 10:30  12 ms
        ✓ 4998  migration_4998  2024-02-01 10:30  12 ms
        ✓ 4999  migration_4999  2024-02-01 10:30  12 ms
        ✓ 5000  migration_5000  2024-02-01 10:30  12 ms

      5,000 applied, 0 pending. Up to date."
    `);
    expect(renderStatus(report, look({ verbose: true })).split('\n')).toHaveLength(5000 + 5);
  });

  it('shows a list whole that is hardly longer than its cut form', () => {
    expect(renderStatus(status({ applied: many(13) }), look())).not.toContain('more');
  });

  it('says when nothing is there', () => {
    expect(renderStatus(status(), look())).toBe(
      'development · localhost:5432/app\n\n0 applied, 0 pending. Up to date.',
    );
  });

  it('shows hostile names, and does not obey them', () => {
    const report = status({
      pending: [{ version: '1', name: 'a\u001B[2Jb\nc\u202E', format: 'sql', risk: null }],
    });
    expect(renderStatus(report, look())).toContain(String.raw`a\u001b[2Jb\nc\u202e`);
  });
});

describe('the end of a run', () => {
  it('is one sentence', () => {
    expect(renderRun(runReport(), look())).toBe('Applied 2 migrations. (1.3 s, batch 3)');
    expect(renderRun(runReport({ direction: 'down', batch: null }), look())).toBe(
      'Undid 2 migrations. (1.3 s)',
    );
    expect(renderRun(runReport({ applied: [] }), look())).toBe('Nothing is pending.');
    const warnings = [{ code: 'already-applied', message: 'Migration 1 is applied already.' }];
    expect(renderRun(runReport({ applied: [], warnings }), look())).toBe('Nothing was run.');
    expect(renderRun(runReport({ applied: [], direction: 'down' }), look())).toBe(
      'There is nothing to undo.',
    );
  });

  it('says what was taken away before', () => {
    expect(renderReset({ removed: ['a', 'b'], up: runReport() }, 'dropped', look())).toBe(
      'Dropped 2 objects.\nApplied 2 migrations. (1.3 s, batch 3)',
    );
    expect(renderReset({ removed: ['001 a'], up: runReport() }, 'undone', look({ verbose: true }))).toBe(
      'Undid 1 migration.\n  001 a\nApplied 2 migrations. (1.3 s, batch 3)',
    );
  });

  it('does not claim that nothing is pending where a redo found nothing to undo', () => {
    const nothing = { removed: [], up: runReport({ applied: [] }) };
    expect(renderRedo(nothing, look())).toBe('There is nothing to undo.');
    expect(renderRedo({ removed: ['001 a'], up: runReport() }, look())).toBe(
      'Undid 1 migration.\nApplied 2 migrations. (1.3 s, batch 3)',
    );
  });

  it('says after a failure what was applied, what failed and what was not run', () => {
    const completedSteps = [{ step: 1, transaction: true, statements: 1, durationMs: 5, retries: 0 }];
    const report = runReport({
      applied: runReport().applied.slice(0, 1),
      failed: { version: '002', name: 'add_email', error: failure, completedSteps },
      notRun: many(8),
    });
    expect(renderRunFailure(failure, report, look())).toMatchInlineSnapshot(`
      "✗ The migration 002 "add_email" failed: relation "userz" does not exist.

        migrations/002_add_email.sql:12:13
           │
        12 │ alter table userz add column email text;
           │             ^^^^^

        Hint  Correct the file and run up again; nothing of this migration is in the database.
        MIGRATION_FAILED · SQLSTATE 42P01 · docs/errors.md#migration_failed

        Applied  1
          001 create_users
        Failed   1
          002 add_email
        Not run  8
          0001 migration_1
          0002 migration_2
          0003 migration_3
          0004 migration_4
          0005 migration_5
          0006 migration_6
          … 2 more

        1 step of add_email had been committed and stays; the next run goes on behind it."
    `);
  });
});

describe('a dry run', () => {
  const report: DryRunReport = {
    dryRun: true,
    direction: 'up',
    environment: 'production',
    warnings: [{ code: 'out-of-order', message: 'Migration 001 is late.', hint: 'Look at it.' }],
    migrations: [
      {
        version: '001',
        name: 'two\nlines; drop table x',
        file: 'migrations/001.sql',
        steps: [
          { transaction: true, statements: ['create table a ()'] },
          { transaction: false, statements: ['vacuum a'] },
        ],
        sql: ['BEGIN;\ncreate table a ();', 'COMMIT;\n'],
        unknown: null,
      },
      {
        version: '002',
        name: 'code',
        file: 'migrations/002.ts',
        steps: [{ transaction: true, statements: [] }],
        sql: ['BEGIN;', 'COMMIT;'],
        unknown: 'What up() sends.\nIt is code.',
      },
    ],
  };

  it('is a script of the statements in their transactions, and its remarks are comments', () => {
    expect(renderDryRun(report, look())).toMatchInlineSnapshot(`
      "-- Dry run: 2 migrations would be applied to production. Nothing was sent.
      -- Warning: Migration 001 is late.
      --   Look at it.

      -- 001 two\\nlines; drop table x (migrations/001.sql)
      begin;
      create table a ();
      commit;
      vacuum a;

      -- 002 code (migrations/002.ts)
      -- Not known beforehand: What up() sends.
      -- It is code.
      begin;
      commit;"
    `);
  });

  it('leaves no empty line where nothing is known of a step outside a transaction', () => {
    const step = { transaction: false, statements: [] };
    const code = {
      version: '003',
      name: 'code',
      file: '003.ts',
      steps: [step],
      sql: [],
      unknown: 'It is code.',
    };
    const text = renderDryRun({ ...report, warnings: [], migrations: [code, code] }, look());
    expect(text.split('\n\n').slice(1)).toEqual(
      [1, 2].map(() => '-- 003 code (003.ts)\n-- Not known beforehand: It is code.'),
    );
  });

  it('shows every message exactly when asked to be verbose', () => {
    expect(renderDryRun(report, look({ verbose: true }))).toMatchInlineSnapshot(`
      "-- Dry run: 2 migrations would be applied to production. Nothing was sent.
      -- Warning: Migration 001 is late.
      --   Look at it.

      -- 001 two\\nlines; drop table x (migrations/001.sql)
      BEGIN;
      create table a ();
      COMMIT;

      -- 002 code (migrations/002.ts)
      -- Not known beforehand: What up() sends.
      -- It is code.
      BEGIN;
      COMMIT;"
    `);
  });
});

describe('verify', () => {
  it('is short when all is well', () => {
    expect(renderVerify({ ok: true, checked: 5000, problems: [], warnings: [] }, look())).toBe(
      '✓ 5,000 migrations checked, no problems.',
    );
  });

  it('lists the problems one by one', () => {
    const { location: _, ...placeless } = failure;
    const report = {
      ok: false,
      checked: 9,
      problems: [failure, { ...placeless, message: 'Two files claim version 003.\na.sql\nb.sql' }],
      warnings: [{ code: 'late', message: 'Migration 001 is late.', hint: 'Look at it.' }],
    };
    expect(renderVerify(report, look())).toMatchInlineSnapshot(`
      "  1 The migration 002 "add_email" failed: relation "userz" does not exist.

          migrations/002_add_email.sql:12:13
             │
          12 │ alter table userz add column email text;
             │             ^^^^^

          Hint  Correct the file and run up again; nothing of this migration is in the database.
          MIGRATION_FAILED · SQLSTATE 42P01 · docs/errors.md#migration_failed

        2 Two files claim version 003.
          a.sql
          b.sql

          Hint  Correct the file and run up again; nothing of this migration is in the database.
          MIGRATION_FAILED · SQLSTATE 42P01 · docs/errors.md#migration_failed

        ! Migration 001 is late.
          Look at it.

      ✗ 9 migrations checked, 2 problems, 1 warning."
    `);
  });

  it('stops after twenty problems, unless told to show all', () => {
    const { location: _, ...placeless } = failure;
    const report = { ok: false, checked: 30, problems: Array(30).fill(placeless), warnings: [] };
    expect(renderVerify(report, look())).toContain('10 more problems: see --verbose');
    expect(renderVerify(report, look({ verbose: true }))).not.toContain('more problem');
  });
});

describe('history', () => {
  const entry = {
    runId: '0197',
    version: '002',
    step: null,
    action: 'apply' as const,
    status: 'completed' as const,
    startedAt: '2024-02-01T10:30:05',
    completedAt: '2024-02-01T10:30:05',
    durationMs: 12,
    error: null,
    by: 'app',
  };

  it('has a line per attempt, and errors below theirs', () => {
    const entries = [
      {
        ...entry,
        step: 2,
        status: 'failed' as const,
        error: 'relation "userz" does not exist\nline two\nline three',
      },
      { ...entry, action: 'rollback' as const, durationMs: 1234 },
      { ...entry, status: 'started' as const, durationMs: null, by: null },
    ];
    expect(renderHistory({ entries }, look())).toMatchInlineSnapshot(`
      "  ✗ 2024-02-01 10:30:05  002 step 2  up           12 ms  app
          relation "userz" does not exist
          line two
        ↓ 2024-02-01 10:30:05  002         down         1.2 s  app
        ○ 2024-02-01 10:30:05  002         up    not finished"
    `);
  });

  it('says when it is empty', () => {
    expect(renderHistory({ entries: [] }, look())).toBe('The journal is empty: nothing was ever run here.');
  });
});

describe('doctor', () => {
  const report = {
    ok: false,
    checks: [
      { check: 'Node', status: 'ok' as const, message: '20.20.2' },
      {
        check: 'Migrations folder',
        status: 'warning' as const,
        message: 'It is empty.',
        hint: 'Write one: lockkeeper new create_users',
      },
      {
        check: 'Database',
        status: 'problem' as const,
        message: 'No server answers at localhost:5432.',
        hint: 'Start it, or use --url embedded.',
      },
    ],
  };

  it('has a line per check, and the way out below what is wrong', () => {
    expect(renderDoctor(report, look())).toMatchInlineSnapshot(`
      "  ✓ Node               20.20.2
        ! Migrations folder  It is empty.
                             Write one: lockkeeper new create_users
        ✗ Database           No server answers at localhost:5432.
                             Start it, or use --url embedded.

      1 problem to solve."
    `);
  });

  it('puts messages below their labels on a narrow terminal', () => {
    expect(renderDoctor(report, look({ width: 40 }))).toMatchInlineSnapshot(`
      "  ✓ Node
          20.20.2
        ! Migrations folder
          It is empty.
          Write one: lockkeeper new
          create_users
        ✗ Database
          No server answers at localhost:5432.
          Start it, or use --url embedded.

      1 problem to solve."
    `);
  });
});

describe('config', () => {
  const report = {
    file: 'lockkeeper.config.ts',
    environment: 'production',
    values: [
      {
        key: 'url',
        value: 'postgres://app:***@db/app',
        origin: { kind: 'variable' as const, variable: 'DATABASE_URL', file: '.env' },
        overrides: [
          {
            value: 'embedded',
            origin: {
              kind: 'environment-section' as const,
              file: 'lockkeeper.config.ts',
              environment: 'production',
            },
          },
        ],
      },
      {
        key: 'lockTimeout',
        value: '5s',
        origin: { kind: 'flag' as const, option: 'lockTimeout' },
        overrides: [],
      },
      { key: 'role', value: '', origin: { kind: 'default' as const }, overrides: [] },
    ],
    warnings: [],
  };

  it('shows each value', () => {
    expect(renderConfig(report, false, look())).toMatchInlineSnapshot(`
      "Environment  production
      File         lockkeeper.config.ts

        url          postgres://app:***@db/app
        lockTimeout  5s
        role         """
    `);
  });

  it('says that there are defaults only where there is nothing else', () => {
    const fileLine = (values: ConfigReport['values']) =>
      renderConfig({ ...report, file: null, values }, false, look()).split('\n')[1];
    expect(fileLine(report.values)).toBe('File         none');
    expect(fileLine(report.values.slice(2))).toBe('File         none, defaults only');
  });

  it('explains where each comes from and what it overrides', () => {
    expect(renderConfig(report, true, look())).toMatchInlineSnapshot(`
      "Environment  production
      File         lockkeeper.config.ts

        url          postgres://app:***@db/app  $DATABASE_URL in .env
                                                over embedded (lockkeeper.config.ts, environments.production)
        lockTimeout  5s                         --lock-timeout
        role         ""                         default"
    `);
  });

  it('names below the values what another tool says and nobody honours', () => {
    const warnings = [{ code: 'setting-ignored', message: 'knexfile.js: not used here: pool.' }];
    expect(
      renderConfig({ ...report, warnings }, false, look())
        .split('\n')
        .slice(-2),
    ).toEqual(['', '  ! knexfile.js: not used here: pool.']);
  });

  it('explains below the value on a narrow terminal', () => {
    expect(renderConfig(report, true, look({ width: 40 }))).toMatchInlineSnapshot(`
      "Environment  production
      File         lockkeeper.config.ts

        url          postgres://app:***@db/app
          $DATABASE_URL in .env
          over embedded (lockkeeper.config.ts, environments.production)
        lockTimeout  5s
          --lock-timeout
        role         ""
          default"
    `);
  });
});

describe('small answers', () => {
  it('say what was done', () => {
    const init = {
      created: ['lockkeeper.config.ts', 'migrations/'],
      changed: ['package.json'],
      kept: ['.gitignore'],
    };
    expect(renderInit(init, look())).toMatchInlineSnapshot(`
      "  created  lockkeeper.config.ts
        created  migrations/
        changed  package.json
        kept     .gitignore

      Next:
        npx lockkeeper new create_users   write a migration
        npx lockkeeper up                 apply it"
    `);
    expect(
      renderNew({ version: '1', name: 'a', files: ['migrations/1_a.up.sql', 'migrations/1_a.down.sql'] }),
    ).toBe('migrations/1_a.up.sql\nmigrations/1_a.down.sql');
    const done = { version: '001', name: 'create_users' };
    expect(renderTag({ ...done, tag: 'v1' }, look())).toBe('✓ The tag v1 stands at 001 create_users');
    expect(renderMark({ ...done, as: 'pending' }, look())).toBe(
      '✓ Recorded as pending, and nothing was run: 001 create_users',
    );
    expect(renderRepair({ ...done, checksumBefore: 'a', checksumAfter: 'b', step: null }, look())).toBe(
      '✓ The present content was accepted, and nothing was run: 001 create_users',
    );
    const settled = { ...done, checksumBefore: null, checksumAfter: null };
    expect(renderRepair({ ...settled, step: { number: 2, as: 'done' } }, look())).toBe(
      '✓ Step 2 recorded as done; the next run goes on behind it: 001 create_users',
    );
    expect(renderRepair({ ...settled, step: { number: 2, as: 'again' } }, look())).toBe(
      '✓ Step 2 recorded as to be run again; the next run begins with it: 001 create_users',
    );
    const server = {
      running: true,
      pid: 5,
      port: 5433,
      url: 'postgres://postgres:sesame@127.0.0.1:5433/app',
      dir: '.lockkeeper',
      version: '18.4',
    };
    expect(renderServer(server, 'lk', look())).toMatchInlineSnapshot(`
      "✓ The embedded PostgreSQL is running.
          version  18.4
          process  5
          port     5433
          folder   .lockkeeper
          url      postgres://postgres:***@127.0.0.1:5433/app
          connect  psql "$(lk db url)""
    `);
    const gone = { running: false, pid: null, port: null, url: null, dir: '.lockkeeper', version: null };
    expect(renderServer({ ...gone, stopped: true }, 'lk', look())).toBe(
      '✓ The embedded PostgreSQL was stopped. Its data stays.\n    folder   .lockkeeper',
    );
    expect(renderServer({ ...gone, stopped: false }, 'lk', look())).toContain('is not running.');
  });
});

describe('the lock', () => {
  const holder = {
    by: 'session',
    runId: '5d7a1c1e-6cf1-4f0b-9d51-3a7e6d8a4b11',
    pid: 4711,
    applicationName: 'lockkeeper',
    user: 'deploy',
    clientAddress: '10.0.0.5',
    since: '2024-02-01T10:30:05',
    state: 'active',
    queryStart: '2024-02-01T10:31:07',
    query: 'create table a (\n  id int);',
    host: 'runner-7',
    hostPid: 99,
    alive: true,
  } as const;
  const report = { environment: 'test', database: 'db:5432/shop', held: true, holder };

  it('is shown with all that is known of who holds it', () => {
    expect(renderLock(report, 'lk', look())).toBe(
      [
        '! The migration lock is held. test · db:5432/shop',
        '    run          5d7a1c1e-6cf1-4f0b-9d51-3a7e6d8a4b11',
        '    since        2024-02-01 10:30:05',
        '    process      4711',
        '    application  lockkeeper',
        '    user         deploy',
        '    host         runner-7, process 99',
        '    address      10.0.0.5',
        '    state        active · since 2024-02-01 10:31:07',
        '    query        create table a ( id int);',
        '',
        '    lk lock release ends that run; the next up settles what it leaves.',
      ].join('\n'),
    );
  });

  it('fits a narrow terminal, and leaves out what is not known', () => {
    const bare = { ...holder, runId: null, host: null, state: null, applicationName: '' };
    const text = renderLock({ ...report, holder: bare }, 'lk', look({ width: 30 }));
    expect(text).toContain('    query        create table…');
    expect(text).not.toMatch(/run  |application|host|state/);
  });

  it('says what was ended, and what happens next', () => {
    const next = 'The next run goes on.';
    expect(renderLockRelease({ released: true, holder, next }, look())).toBe(
      '✓ Process 4711 was ended. The next run goes on.',
    );
    expect(renderLockRelease({ released: false, holder: null, next }, look())).toBe(
      '✓ Nobody holds the migration lock, so nothing was done.',
    );
  });
});

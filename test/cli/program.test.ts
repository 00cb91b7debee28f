import { describe, expect, it } from 'vitest';
import { LockkeeperError } from '../../src/core/errors.js';
import { run, type Library } from './support/host.js';
import { applied, failure, migration, runReport, status } from './support/reports.js';

const event = { runId: 'r', direction: 'up' as const };

describe('help', () => {
  it('is the answer where it is asked for, and says the name that was typed', async () => {
    const { code, stdout, stderr } = await run('--help', { program: 'lk' });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Usage  lk <verb> [flags]');
    expect(stdout).toContain('  up          Apply pending migrations');
  });

  it('shows one verb with its flags and examples', async () => {
    const { stdout } = await run('status --help');
    expect(stdout).toMatchInlineSnapshot(`
      "Show what is applied and what is pending.

      Usage  lockkeeper status [flags]

      Flags
            --check  Exit with 1 unless everything is applied and unchanged

      Flags of every verb
            --env <name>        Environment to work on
            --url <url>         Database to work on, or 'embedded'
            --config <file>     Configuration file
        -C, --cwd <dir>         Project folder, instead of the current one
            --migrations <dir>  Migrations folder
            --json              Print the answer as one JSON document
        -q, --quiet             Say nothing but answers and errors
        -v, --verbose           Say more: every step, whole lists, error traces
            --no-color          No colours
        -h, --help              Show help

      Examples
        lockkeeper status                           Show applied and pending migrations
        lockkeeper status --check --env production  Let a pipeline stop when something is pending
      "
    `);
  });

  it('shows the flags that answer a question with the verbs that ask', async () => {
    expect((await run('help fresh')).stdout).toContain('--confirm <environment>');
    expect((await run('help up')).stdout).not.toContain('--confirm');
  });

  it('fits on 40 columns', async () => {
    const { stdout } = await run('help status', { columns: 40, env: { NO_COLOR: '1', LANG: 'C.UTF-8' } });
    expect(stdout.split('\n').filter((line) => line.length > 44)).toEqual([]);
  });

  it('is a document with --json', async () => {
    const verbs = JSON.parse((await run('--help --json')).stdout) as { name: string }[];
    expect(verbs.map((verb) => verb.name)).toContain('up');
  });

  it('prints completion scripts, also as a document', async () => {
    const { code, stdout } = await run('completion bash');
    expect([code, stdout.includes('complete -F _lockkeeper lockkeeper lk')]).toEqual([0, true]);
    expect(JSON.parse((await run('completion fish --json')).stdout)).toMatchObject({ shell: 'fish' });
  });

  it('loads no library', async () => {
    expect((await run('help up')).options).toBeUndefined();
    expect((await run('--version')).stdout).toBe('1.2.3\n');
  });
});

describe('a mistake on the command line', () => {
  it('is told on stderr with the way out, and exits with 2', async () => {
    const { code, stdout, stderr } = await run('upp', { program: 'lk' });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatchInlineSnapshot(`
      "
      ✗ There is no verb "upp".

        Hint  Did you mean up? All verbs: lk --help
        USAGE_INVALID · docs/errors.md#usage_invalid
      "
    `);
  });

  it('is one JSON document on stdout where JSON was asked for, even by a swallowed flag', async () => {
    for (const line of ['upp --json', 'up --to --json', '--json']) {
      const { code, stdout, stderr } = await run(line);
      expect([code, stderr]).toEqual([2, '']);
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'USAGE_INVALID' } });
    }
  });

  it('of mark and repair is a missing reason', async () => {
    expect((await run('mark 1 --applied')).stderr).toContain('The verb mark needs a reason');
    expect((await run('mark 1 --why x')).stderr).toContain('Add --applied or --pending.');
    expect((await run('repair 1')).code).toBe(2);
  });
});

describe('the flags', () => {
  it('reach the library in its own words, and nothing that was not given does', async () => {
    const verbs = { up: () => runReport() };
    const long = await run(
      'up --env test --url embedded -C sub --config c.ts --migrations m --lock-wait 5m --lock-timeout 3s --statement-timeout 0 --lock-retries 0 --log-format json --log-file l --to v2 --tags a,b --single-transaction',
      { verbs },
    );
    const { signal: _, cancelSignal: __, writeLog: ___, ...options } = long.options ?? {};
    expect(options).toEqual({
      env: 'test',
      url: 'embedded',
      cwd: 'sub',
      config: 'c.ts',
      migrations: 'm',
      lockWait: '5m',
      lockTimeout: '3s',
      statementTimeout: '0',
      lockRetries: 0,
      logFormat: 'json',
      logFile: 'l',
    });
    expect(long.calls).toEqual([['up', { to: 'v2', tags: ['a', 'b'], singleTransaction: true }]]);
    const short = await run('up', { verbs });
    expect(Object.keys(short.options ?? {})).toEqual(['signal', 'cancelSignal', 'writeLog']);
    expect(short.calls).toEqual([['up', {}]]);
  });

  it.each([
    ['down --steps 2 --yes', ['down', { steps: 2, yes: true }]],
    ['down --batch --confirm production', ['down', { batch: true, confirm: 'production' }]],
    ['redo --steps 2 --yes', ['redo', { steps: 2, yes: true }]],
    ['reset --yes', ['reset', { yes: true }]],
    ['fresh --yes', ['fresh', { yes: true }]],
    ['history --limit 5', ['history', { limit: 5 }]],
    [
      'init --ci --agents --no-scripts --format ts',
      ['init', { ci: true, agents: true, scripts: false, format: 'ts' }],
    ],
    ['init', ['init', {}]],
    [
      'new create_users --template create-table --table users --column id:int --column name:text',
      [
        'new',
        { name: 'create_users', template: 'create-table', table: 'users', columns: ['id:int', 'name:text'] },
      ],
    ],
    ['tag v1', ['tag', 'v1']],
    ['mark 7 --pending --why gone --yes', ['mark', { version: '7', as: 'pending', why: 'gone', yes: true }]],
    ['repair 7 --why comment', ['repair', { version: '7', why: 'comment' }]],
    ['db status', ['db.status', undefined]],
    ['up --tags a,b', ['up', { tags: ['a', 'b'] }]],
  ])('of %j become options', async (line, call) => {
    expect((await run(line)).calls).toEqual([call]);
  });
});

describe('an answer', () => {
  it('goes to stdout, and the library is closed', async () => {
    const outcome = await run('status', {
      verbs: { status: () => status({ applied: [applied('1', 'a')] }) },
    });
    expect(outcome).toMatchObject({ code: 0, stderr: '', closed: true });
    expect(outcome.stdout).toContain('1 applied, 0 pending. Up to date.');
  });

  it('leaves warnings to stderr', async () => {
    const verbs = {
      status: (_: unknown, { emit }: Library) => {
        emit('warning', { code: 'late', message: 'Migration 001 is late.', hint: 'Look at it.' });
        return status();
      },
    };
    expect((await run('status', { verbs })).stderr).toBe('  ! Migration 001 is late.\n    Look at it.\n');
    expect((await run('status --quiet', { verbs })).stderr).toBe('');
  });

  it('is not squeezed where a terminal says that it has no columns', async () => {
    const warning = { code: 'late', message: 'Migration 001 is late, as it was yesterday.' };
    const verbs = {
      status: (_: unknown, { emit }: Library) => {
        emit('warning', warning);
        return status({});
      },
    };
    expect((await run('status --no-color', { verbs, columns: 0 })).stderr).toContain(warning.message);
  });

  it('is one JSON document with --json', async () => {
    const report = status({ applied: [applied('1', 'a')] });
    const { stdout } = await run('status --json', { verbs: { status: () => report } });
    expect(JSON.parse(stdout)).toEqual(report);
  });

  it.each([
    ['pending', status({ pending: [{ version: '1', name: 'a', format: 'sql', risk: null }] }), 1],
    ['changed', status({ changed: [{ version: '1', name: 'a', file: 'f' }] }), 1],
    ['missing', status({ missing: [{ version: '1', name: 'a' }] }), 1],
    ['unfinished', status({ failed: [{ version: '1', name: 'a', direction: 'up', completedSteps: 1 }] }), 1],
    ['up to date', status({ applied: [applied('1', 'a')] }), 0],
  ])('of status --check is told by the exit status: %s', async (_, report, code) => {
    const verbs = { status: () => report };
    expect((await run('status --check', { verbs })).code).toBe(code);
    expect((await run('status', { verbs })).code).toBe(0);
  });

  it('of verify and doctor is 1 when something is wrong', async () => {
    const report = { ok: false, checked: 1, problems: [failure], warnings: [] };
    expect((await run('verify', { verbs: { verify: () => report } })).code).toBe(1);
    expect((await run('doctor', { verbs: { doctor: () => ({ ok: false, checks: [] }) } })).code).toBe(1);
    expect((await run('doctor', { verbs: { doctor: () => ({ ok: true, checks: [] }) } })).code).toBe(0);
  });

  it('of db url is the address alone', async () => {
    const verbs = { 'db.url': () => 'postgres://postgres:secret@127.0.0.1:5433/app' };
    expect((await run('db url', { verbs })).stdout).toBe('postgres://postgres:secret@127.0.0.1:5433/app\n');
  });
});

describe('a run', () => {
  const up = (_: unknown, { emit }: Library) => {
    emit('run:start', {
      runId: 'r',
      direction: 'up',
      environment: 'development',
      migrations: runReport().applied,
    });
    emit('lock:wait', {
      waitedMs: 0,
      holder: {
        pid: 41,
        applicationName: 'lockkeeper 0.1.0',
        user: 'app',
        clientAddress: '10.0.0.5/32',
        since: '2024-02-01T10:30:05',
        query: 'create index\n  on big (a)',
      },
    });
    emit('lock:wait', {
      waitedMs: 1000,
      holder: { pid: 41, applicationName: null, user: null, clientAddress: null, since: null, query: null },
    });
    emit('lock:acquired', { waitedMs: 1500 });
    for (const [index, report] of runReport().applied.entries()) {
      emit('migration:apply:start', { ...event, ...report, index, total: 2 });
      emit('step:start', { ...event, ...report, step: 1, steps: 1, transaction: true });
      if (index === 1)
        emit('step:retry', {
          ...event,
          ...report,
          step: 1,
          attempt: 1,
          delayMs: 800,
          sqlstate: '55P03',
          rolledBack: 'step',
        });
      emit('notice', { severity: 'NOTICE', message: 'table "x" does not exist, skipping' });
      emit('step:success', { ...event, ...report, report: migration('', '').steps[0]! });
      emit('migration:apply:success', { ...event, ...report, report });
    }
    emit('warning', { code: 'late', message: 'Migration 001 is late.' });
    return runReport({
      warnings: [
        { code: 'late', message: 'Migration 001 is late.' },
        { code: 'new', message: 'Told at the end.' },
      ],
    });
  };

  it('tells what happens on stderr, and its end on stdout', async () => {
    const { code, stdout, stderr } = await run('up', { verbs: { up } });
    expect(code).toBe(0);
    expect(stdout).toBe('Applied 2 migrations. (1.3 s, batch 3)\n');
    expect(stderr).toMatchInlineSnapshot(`
      "Applying 2 migrations to development
        ! Waiting for the migration lock, held by lockkeeper 0.1.0, user app, from 10.0.0.5, server
          process 41, since 2024-02-01 10:30:05
          create index on big (a)
          The lock is ours after 1.5 s.
          NOTICE: table "x" does not exist, skipping
        ✓ 001  create_users  12 ms
        ↻ 002 step 1: its locks were not to be had (55P03); attempt 2 in 800 ms
          NOTICE: table "x" does not exist, skipping
        ✓ 002  add_email     1.2 s
        ! Migration 001 is late.
        ! Told at the end.
      "
    `);
  });

  const blocker = {
    pid: 4711,
    applicationName: 'report job',
    user: 'app',
    clientAddress: '10.0.0.5',
    state: 'idle in transaction',
    query: 'select count(*)\n  from big',
    since: '2024-02-01T10:30:05.123456+00:00',
    ageMs: 185_000,
    mode: 'AccessShareLock',
    kind: 'client backend',
    preparedName: null,
    waitsFor: [12],
  };
  const long = (_: unknown, { emit }: Library) => {
    const step = { ...event, version: '002', name: 'add_email', step: 1 };
    emit('run:start', { runId: 'r', direction: 'up', environment: 'test', migrations: [step] });
    emit('migration:apply:start', { ...step, index: 0, total: 1 });
    emit('step:start', { ...step, steps: 1, transaction: true });
    const way = { ...step, mode: 'AccessExclusiveLock', on: 'public.big', waiting: 2 };
    emit('lock:blocked', { ...way, waitedMs: 347, blockers: [blocker] });
    emit('lock:blocked', { ...way, waitedMs: 1400, blockers: [blocker] });
    const prepared = { ...blocker, pid: 0, preparedName: 'two phase', waitsFor: [] };
    emit('lock:blocked', { ...way, waiting: 0, waitedMs: 1500, blockers: [prepared] });
    emit('lock:blocker-cancelled', { ...step, blocker, how: 'terminate' });
    emit('step:retry', { ...step, attempt: 1, delayMs: 300, sqlstate: '57014', rolledBack: 'run' });
    return runReport();
  };

  it('names who stands in the way once, and again when that changes', async () => {
    expect((await run('up', { verbs: { up: long } })).stderr).toMatchInlineSnapshot(`
      "Applying 1 migration to test
        ! 002 step 1 has waited 347 ms for ACCESS EXCLUSIVE on public.big; 2 sessions wait behind it
          held by process 4711 (report job, user app from 10.0.0.5), idle in transaction for 3m 5s, itself waiting for process 12: select count(*) from big
        ! 002 step 1 has waited 1.5 s for ACCESS EXCLUSIVE on public.big
          held by the prepared transaction 'two phase' of app, prepared 3m 5s ago
        ! Ended the session of process 4711 (report job, user app from 10.0.0.5), idle in transaction for
          3m 5s, itself waiting for process 12: select count(*) from big
        ↻ 002 step 1: others waited for it for too long (57014); everything is rolled back; attempt 2 in
          300 ms
      "
    `);
  });

  it('is silent with --quiet', async () => {
    expect(await run('up --quiet', { verbs: { up } })).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  it('gives its report with --json', async () => {
    const { stdout } = await run('up --json', { verbs: { up } });
    expect(JSON.parse(stdout)).toMatchObject({
      runId: '0197-run',
      applied: [{ version: '001' }, { version: '002' }],
    });
  });

  it('is shown as SQL by a dry run, also with --quiet', async () => {
    const report = {
      dryRun: true,
      direction: 'up',
      environment: 'development',
      migrations: [],
      warnings: [],
    };
    const { stdout, calls } = await run('up --dry-run --quiet', { verbs: { up: () => report } });
    expect(stdout).toBe('-- Dry run: 0 migrations would be applied to development. Nothing was sent.\n');
    expect(calls).toEqual([['up', { dryRun: true }]]);
  });

  it('that fails shows the error, and what became of every migration', async () => {
    const report = runReport({
      applied: [migration('001', 'create_users')],
      failed: { version: '002', name: 'add_email', error: failure, completedSteps: [] },
      notRun: [{ version: '003', name: 'last' }],
    });
    const verbs = {
      up: (_: unknown, { emit }: Library) => {
        emit('run:error', { report, error: failure });
        throw new LockkeeperError('MIGRATION_FAILED', {
          message: failure.message,
          hint: 'Correct the file.',
        });
      },
    };
    const human = await run('up', { verbs });
    expect([human.code, human.stdout, human.closed]).toEqual([3, '', true]);
    expect(human.stderr).toMatchInlineSnapshot(`
      "
      ✗ The migration 002 "add_email" failed: relation "userz" does not exist.

        Hint  Correct the file.
        MIGRATION_FAILED · docs/errors.md#migration_failed

        Applied  1
          001 create_users
        Failed   1
          002 add_email
        Not run  1
          003 last
      "
    `);
    const json = await run('up --json', { verbs });
    expect([json.code, json.stderr]).toEqual([3, '']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      error: { code: 'MIGRATION_FAILED' },
      applied: [{ version: '001' }],
      failed: { version: '002' },
      notRun: [{ version: '003' }],
    });
  });
});

describe('an error', () => {
  it.each([
    ['LOCK_HELD', 4],
    ['PROTECTED_ENVIRONMENT', 5],
    ['DATABASE_UNREACHABLE', 3],
    ['INTERRUPTED', 130],
  ] as const)('%s exits with %i', async (code, exit) => {
    const verbs = {
      status: () => {
        throw new LockkeeperError(code, { message: 'It is so.' });
      },
    };
    const outcome = await run('status', { verbs });
    expect(outcome).toMatchObject({ code: exit, stdout: '', closed: true });
    expect(outcome.stderr).toContain(code);
  });

  it('that nobody foresaw is internal, and its trace is shown with --verbose', async () => {
    const verbs = {
      status: () => {
        throw new TypeError('x of postgres://app:sesame@db/app is not a function');
      },
    };
    const short = await run('status', { verbs });
    expect(short.code).toBe(3);
    expect(short.stderr).toContain('INTERNAL');
    expect(short.stderr).not.toMatch(/sesame|program\.test\.ts/);
    const long = await run('status --verbose', { verbs });
    expect(long.stderr).toContain('program.test.ts');
    expect(long.stderr).not.toContain('sesame');
  });
});

describe('signals', () => {
  it('stop a run in stages: finish the step, cancel it, leave', async () => {
    const seen: unknown[] = [];
    const verbs = {
      up: (_: unknown, { options, signal }: Library) => {
        const state = () => seen.push([options.signal?.aborted, options.cancelSignal?.aborted]);
        state();
        signal('SIGINT');
        state();
        signal('SIGTERM');
        state();
        signal('SIGINT');
        throw new LockkeeperError('INTERRUPTED', { message: 'The run was stopped.' });
      },
    };
    const { code, exits, stderr } = await run('up', { verbs });
    expect(seen).toEqual([
      [false, false],
      [true, false],
      [true, true],
    ]);
    expect([code, exits]).toEqual([130, [130]]);
    expect(stderr).toMatch(/Stopping after the running step\.[^]*Cancelling the running statement\./);
  });

  it('cancel at once what has no steps', async () => {
    const verbs = {
      status: (_: unknown, { options, signal }: Library) => {
        signal('SIGINT');
        expect(options.cancelSignal?.aborted).toBe(true);
        return status();
      },
    };
    expect((await run('status', { verbs })).code).toBe(0);
  });
});

describe('the look', () => {
  const verbs = { status: () => status({ applied: [applied('1', 'a')] }) };
  const coloured = async (line: string, env: Record<string, string>, columns?: number) => {
    const { stdout } = await run(line, {
      verbs,
      env: { LANG: 'C.UTF-8', ...env },
      ...(columns === undefined ? {} : { columns }),
    });
    return stdout.includes('\u001B[');
  };

  it.each([
    ['a terminal', 'status', {}, 80, true],
    ['a pipe', 'status', {}, undefined, false],
    ['NO_COLOR', 'status', { NO_COLOR: '1' }, 80, false],
    ['an empty NO_COLOR', 'status', { NO_COLOR: '' }, 80, true],
    ['--no-color', 'status --no-color', { FORCE_COLOR: '1' }, 80, false],
    ['FORCE_COLOR', 'status', { FORCE_COLOR: '1' }, undefined, true],
    ['FORCE_COLOR=0', 'status', { FORCE_COLOR: '0' }, 80, false],
    ['a dumb terminal', 'status', { TERM: 'dumb' }, 80, false],
  ] as const)('has colours or not: %s', async (...[, line, env, columns, colours]) => {
    expect(await coloured(line, env, columns)).toBe(colours);
  });

  it('is ASCII where the locale is not UTF-8', async () => {
    const text = async (env: Record<string, string>) => (await run('status', { verbs, env })).stdout;
    expect(await text({ LANG: 'de_DE.ISO-8859-1' })).toContain('  + 1  a');
    expect(await text({ LC_ALL: 'C', LANG: 'de_DE.UTF-8' })).toContain('  + 1  a');
    expect(await text({})).toContain('  ✓ 1  a');
  });
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { program, runCli, spawnCli, type CliOptions } from '../support/cli.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { repository, tempProject, type TempProject } from '../support/project.js';

const users = `-- migrate:up
create table users (id int primary key);
-- migrate:down
drop table users;
`;
const email = `-- migrate:up
alter table users add column email text;
-- migrate:down
alter table users drop column email;
`;

let database: TestDatabase;
let project: TempProject;

beforeEach(async () => {
  database = await createDatabase();
  project = tempProject({ 'migrations/001_users.sql': users, 'migrations/002_email.sql': email });
});

afterEach(async () => {
  await database.drop();
  project.remove();
});

const options = (): CliOptions => ({
  cwd: project.dir,
  env: { DATABASE_URL: database.url, LANG: 'C.UTF-8' },
});
const lk = (line: string) => runCli(line.split(' '), options());

/** Durations and times differ from run to run. */
const steady = (text: string): string =>
  text.replaceAll(/\d+(\.\d)? m?s\b/g, '<time>').replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?/g, '<when>');

describe('the program', () => {
  it('shows its version and its help, and says nothing else', async () => {
    const { version } = JSON.parse(
      spawnSync('node', ['-p', 'JSON.stringify(require("./package.json"))'], {
        cwd: repository,
        encoding: 'utf8',
      }).stdout,
    ) as { version: string };
    expect(await lk('--version')).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
    const help = await lk('--help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('Usage  lockkeeper <verb> [flags]');
  });

  it.skipIf(process.platform === 'win32')('is lk, too', () => {
    const dir = mkdtempSync(join(tmpdir(), 'lockkeeper-bin-'));
    symlinkSync(program, join(dir, 'lk'));
    const { stdout } = spawnSync(join(dir, 'lk'), ['help', 'up'], { encoding: 'utf8' });
    rmSync(dir, { recursive: true });
    expect(stdout).toContain('Usage  lk up [flags]');
  });

  it('refuses what it does not know, and exits with 2', async () => {
    expect(await lk('upp')).toMatchObject({ code: 2, stdout: '' });
    const { code, stdout, stderr } = await lk('up --setps 1 --json');
    expect([code, stderr]).toEqual([2, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'USAGE_INVALID', hint: 'Did you mean --steps?' },
    });
  });
});

describe('init', () => {
  it('says what is not installed, and what to type next', async () => {
    project.write('package.json', '{}');
    const { code, stdout, stderr } = await lk('init');
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr:
        '  ! lockkeeper is not among the dependencies of package.json: its scripts will not find it, and npx\n    takes any version.\n    Run: npm install --save-dev lockkeeper\n',
    });
    expect(stdout).toContain('  npx lockkeeper up ');
  });
});

describe('up, status and down', () => {
  it('move a database, with the talk on stderr and the answer on stdout', async () => {
    const before = await lk('status --check');
    expect([before.code, before.stderr]).toEqual([1, '']);
    expect(before.stdout).toContain('Pending 2\n  ○ 001  users\n  ○ 002  email\n\n0 applied, 2 pending.');
    const up = await lk('up');
    expect(up.code).toBe(0);
    expect(steady(up.stdout)).toBe('Applied 2 migrations. (<time>, batch 1)\n');
    expect(steady(up.stderr)).toBe(
      'Applying 2 migrations to development\n  ✓ 001  users  <time>\n  ✓ 002  email  <time>\n',
    );
    const after = await lk('status --check');
    expect([after.code, after.stderr]).toEqual([0, '']);
    expect(steady(after.stdout)).toContain('  ✓ 001  users  <when>  <time>\n');
    expect(await lk('up')).toMatchObject({ code: 0, stdout: 'Nothing is pending.\n', stderr: '' });
    const down = await lk('down');
    expect(steady(down.stderr)).toBe('Undoing 1 migration of development\n  ↓ 002  email  <time>\n');
    expect([down.code, steady(down.stdout)]).toEqual([0, 'Undid 1 migration. (<time>)\n']);
  });

  it('speak JSON', async () => {
    const up = JSON.parse((await lk('up --json')).stdout) as object;
    expect(up).toMatchObject({
      direction: 'up',
      applied: [{ version: '001' }, { version: '002' }],
      failed: null,
      notRun: [],
    });
    const status = JSON.parse((await lk('status --json')).stdout) as object;
    expect(status).toMatchObject({
      environment: 'development',
      applied: [{ name: 'users' }, { name: 'email' }],
      pending: [],
    });
    const down = JSON.parse((await lk('down --all --json')).stdout) as object;
    expect(down).toMatchObject({ direction: 'down', applied: [{ version: '002' }, { version: '001' }] });
  });

  it('say nothing with --quiet when all is well', async () => {
    expect(await lk('up --quiet')).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  it.skipIf(process.platform === 'win32')('end quietly when nobody reads the answer any more', () => {
    const line = `(sleep 0.3; "${process.execPath}" "${program}" status --verbose; echo "exit $?" >&2) | true`;
    const { stdout, stderr } = spawnSync('sh', ['-c', line], {
      cwd: project.dir,
      env: { ...process.env, DATABASE_URL: database.url },
      encoding: 'utf8',
    });
    expect([stdout, stderr]).toEqual(['', 'exit 0\n']);
  });
});

describe('a failure', () => {
  it('shows the place, and what became of every migration', async () => {
    project.write(
      'migrations/003_bad.sql',
      "-- migrate:up\nselect '表を';\n\tinsert into userz values (1);\n-- migrate:down\nselect 1;\n",
    );
    project.write('migrations/004_last.sql', users.replaceAll('users', 'last'));
    const { code, stdout, stderr } = await lk('up');
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain(
      '  migrations/003_bad.sql:3:14\n    │\n  3 │     insert into userz values (1);\n    │                 ^^^^^\n',
    );
    expect(stderr).toContain(
      '  Applied  2\n    001 users\n    002 email\n  Failed   1\n    003 bad\n  Not run  1\n    004 last\n',
    );
    const json = await lk('up --json');
    expect(json.code).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({
      error: { code: 'MIGRATION_FAILED' },
      failed: { version: '003' },
    });
  });

  it('lists every file that cannot be used before anything runs', async () => {
    project.write('migrations/003_a.sql', '-- migrate:up\ncreate tabel a ();\n');
    project.write('migrations/004_b.sql', "-- migrate:up\nselect 'open;\n");
    const { code, stderr } = await lk('up');
    expect(code).toBe(2);
    expect(stderr).toContain('2 problems');
    for (const place of ['003_a.sql:2:8', '004_b.sql:2:8']) expect(stderr).toContain(place);
    expect(await lk('verify')).toMatchObject({ code: 1, stderr: '' });
    expect(await database.query("select 1 from pg_class where relname = 'users'")).toEqual([]);
  });

  it('to connect names the place, and never the password', async () => {
    for (const flag of ['--verbose', '--json', '--no-color']) {
      const { code, stdout, stderr } = await lk(
        `status --url postgres://app:sesame-oil@127.0.0.1:1/app ${flag}`,
      );
      expect(code).toBe(3);
      expect(stdout + stderr).toContain('127.0.0.1:1');
      expect(stdout + stderr).not.toContain('sesame-oil');
    }
  });

  it('to be confirmed refuses a destructive verb where nobody can be asked', async () => {
    await lk('up');
    expect(await lk('fresh')).toMatchObject({ code: 5, stdout: '' });
    expect(await lk('fresh --yes')).toMatchObject({ code: 0 });
    const other = await lk('down --env production');
    expect([other.code, other.stderr.includes('ENVIRONMENT_MISMATCH')]).toEqual([5, true]);
  });
});

describe('a long run', () => {
  const slow = `-- migrate:up transaction:false
select pg_sleep(1);
create table after_sleep ();
-- migrate:down
drop table after_sleep;
`;

  it('is waited for or left, as told', async () => {
    project.write('migrations/003_slow.sql', slow.replace('(1)', '(60)'));
    const first = spawnCli(['up'], options());
    await first.waitFor('002');
    const second = await lk('up --lock-wait 0');
    first.kill('SIGKILL');
    await first.ended;
    expect(second.code).toBe(4);
    expect(second.stderr).toContain('LOCK_HELD');
  });

  it('ends behind its step at the first Ctrl-C, and goes on at the next up', async () => {
    project.write('migrations/003_slow.sql', slow);
    const running = spawnCli(['up'], options());
    await running.waitFor('002');
    running.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(stderr).toContain('Stopping after the running step.');
    expect(stderr).toContain('INTERRUPTED');
    expect((await lk('up')).code).toBe(0);
    expect(await database.query("select 1 as there from pg_class where relname = 'after_sleep'")).toEqual([
      { there: 1 },
    ]);
  });

  it('cancels its statement at the second', async () => {
    project.write('migrations/003_slow.sql', slow.replace('(1)', '(60)'));
    const running = spawnCli(['up'], options());
    await running.waitFor('002');
    running.kill('SIGTERM');
    await running.waitFor('Stopping after the running step.');
    running.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(stderr).toContain('Cancelling the running statement.');
    expect(await database.query("select 1 from pg_class where relname = 'after_sleep'")).toEqual([]);
  });
});

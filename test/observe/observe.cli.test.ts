import { describe, expect, it } from 'vitest';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { runCli, servers } from '../support/database.js';
import { createWorkspace, failure, record, type Workspace } from '../app/workspace.js';
import { startReceiver } from './support.js';

const files = { '1_a.sql': 'create table a (id int);', '2_b.sql': 'create table b (id int);' };

const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const metricOf = (app: Workspace, name: string): number | null => {
  const found = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(app.project.read('lk.prom'));
  return found === null ? null : Number(found[1]);
};

describe.each(servers)('listeners of the configuration on PostgreSQL $major', (server) => {
  it('log, count and tell of a run, with the id that the history has', async () => {
    const receiver = await startReceiver();
    const config = {
      log: { file: 'run.log' },
      metrics: { file: 'lk.prom' },
      webhooks: [{ url: receiver.url, secret: 'a secret key' }],
    };
    const app = await createWorkspace(files, { server, config });
    const { runId } = await app.up();
    const rows = await app.database.query('select distinct run_id::text from lockkeeper.schema_migrations');
    expect(rows).toEqual([{ run_id: runId }]);
    const lines = linesOf(app.project.read('run.log'));
    expect(lines.map(({ event }) => event)).toEqual([
      'lock:acquired',
      'run:start',
      ...['1', '2'].flatMap(() => [
        'migration:apply:start',
        'step:start',
        'step:success',
        'migration:apply:success',
      ]),
      'run:success',
    ]);
    expect(new Set(lines.slice(1).map((line) => line['runId']))).toEqual(new Set([runId]));
    expect(metricOf(app, 'lockkeeper_migrations_applied_total')).toBe(2);
    expect(metricOf(app, 'lockkeeper_run_in_progress')).toBe(0);
    expect(receiver.received.map(({ json }) => [json['type'], json['runId']])).toEqual([
      ['run.start', runId],
      ['run.success', runId],
    ]);
  });

  it('tell of a run that failed, and of one that did not begin', async () => {
    const receiver = await startReceiver();
    const config = { metrics: { file: 'lk.prom' }, webhooks: [{ url: receiver.url, on: ['failure'] }] };
    const app = await createWorkspace({ '1_a.sql': 'select 1 / 0;' }, { server, config });
    expect(await failure(app.up())).toMatchObject({ code: 'MIGRATION_FAILED' });
    app.write({ '2_b.sql': 'slect 1;' });
    const lockkeeper = await app.open();
    const refused = record(lockkeeper, 'run:refused');
    expect(await failure(lockkeeper.up())).toMatchObject({ code: 'SQL_SYNTAX' });
    expect(refused).toMatchObject([{ verb: 'up', error: { code: 'SQL_SYNTAX' } }]);
    expect(receiver.received.map(({ json }) => (json['error'] as { code: string }).code)).toEqual([
      'MIGRATION_FAILED',
      'SQL_SYNTAX',
    ]);
    expect(app.project.read('lk.prom')).toMatch(/lockkeeper_runs_total\{.*outcome="refused"\} 1/);
    expect(app.project.read('lk.prom')).toMatch(/lockkeeper_runs_total\{.*outcome="failure"\} 1/);
    expect(metricOf(app, 'lockkeeper_last_run_success')).toBe(0);
  });

  it('tell nobody of a dry run, and do not make it write', async () => {
    const receiver = await startReceiver();
    const config = {
      log: { file: 'run.log' },
      metrics: { file: 'lk.prom' },
      webhooks: [{ url: receiver.url }],
    };
    const app = await createWorkspace({ '1_a.sql': 'slect 1;' }, { server, config });
    await failure((await app.open()).up({ dryRun: true }));
    expect(receiver.received).toEqual([]);
    expect(app.project.list()).not.toContain('run.log');
    expect(app.project.list()).not.toContain('lk.prom');
  });

  it('never change how a run ends, whatever is wrong with them', async () => {
    // A receiver that takes connections and says nothing, a log and metrics in folders that do not exist.
    const deaf = createServer().listen(0, '127.0.0.1');
    await once(deaf, 'listening');
    const { port } = deaf.address() as AddressInfo;
    const config = {
      log: { file: 'gone/run.log' },
      metrics: { file: 'gone/lk.prom' },
      openTelemetry: true,
      webhooks: [{ url: `http://127.0.0.1:${port}/`, timeout: '50ms', flush: '100ms' }],
    };
    const app = await createWorkspace(files, { server, config });
    const lockkeeper = await app.open();
    const warnings = record(lockkeeper, 'warning');
    await lockkeeper.up();
    expect(await app.applied()).toEqual(['1', '2']);
    expect(warnings.map(({ code }) => code).toSorted()).toEqual([
      'log-not-written',
      'metrics-not-written',
      'telemetry-missing',
      'webhook-undelivered',
      'webhook-undelivered',
    ]);
    deaf.close();
  });

  it('do not make a run wait for a receiver that thinks for long', async () => {
    const receiver = await startReceiver(() => ({ status: 204, afterMs: 30_000 }));
    const config = { webhooks: [{ url: receiver.url, timeout: '20s', flush: '50ms' }] };
    const app = await createWorkspace(files, { server, config });
    const lockkeeper = await app.open();
    let toldAtEnd = -1;
    lockkeeper.on('run:success', () => (toldAtEnd = receiver.received.length));
    await lockkeeper.up();
    // The run was over while the answer to its first message was still awaited.
    expect(toldAtEnd).toBeLessThanOrEqual(1);
    expect(await app.applied()).toEqual(['1', '2']);
  });
});

describe('JSON lines of the command line', () => {
  const [server] = servers;

  it('are all that stands on standard error, also where the run fails', async () => {
    const app = await createWorkspace({ ...files, '3_c.sql': 'select 1 / 0;' }, { server: server! });
    const env = { DATABASE_URL: app.database.url };
    const result = await runCli(['up', '--log-format', 'json'], { cwd: app.project.dir, env });
    expect(result.code).toBe(3);
    const lines = linesOf(result.stderr);
    expect(lines.at(-1)).toMatchObject({
      event: 'run:error',
      level: 'error',
      error: { code: 'MIGRATION_FAILED' },
    });
    const again = await runCli(['up', '--to', '2', '--log-format', 'json'], { cwd: app.project.dir, env });
    expect(again.code).toBe(0);
    expect(linesOf(again.stderr).at(-1)).toMatchObject({ event: 'run:success' });
    expect(again.stdout).toContain('othing');
  });

  it('go into a file beside the talk', async () => {
    const app = await createWorkspace(files, { server: server! });
    const env = { DATABASE_URL: app.database.url };
    const result = await runCli(['up', '--log-file', 'run.log'], { cwd: app.project.dir, env });
    expect(result.stderr).toContain('Applying 2 migrations');
    expect(linesOf(app.project.read('run.log')).at(-1)).toMatchObject({ event: 'run:success' });
  });
});

describe('the start of the program', () => {
  /** The built files that were loaded, as Node's coverage lists them. */
  const loadedBy = async (app: Workspace, args: readonly string[]): Promise<readonly string[]> => {
    app.project.write('coverage/.keep', '');
    const env = { DATABASE_URL: app.database.url, NODE_V8_COVERAGE: join(app.project.dir, 'coverage') };
    expect((await runCli(args, { cwd: app.project.dir, env })).code).toBe(0);
    const files = app.project.list('coverage').filter((name) => name.endsWith('.json'));
    const reports = files.map(
      (name) => JSON.parse(app.project.read(`coverage/${name}`)) as { result: { url: string }[] },
    );
    app.project.delete('coverage');
    return reports
      .flatMap(({ result }) => result.map(({ url }) => url))
      .filter((url) => url.includes('/dist/'));
  };

  it('loads no listener where none is configured', async () => {
    const app = await createWorkspace(files, { server: servers[0]! });
    const observers = /\/(?:observe|json-log|metrics|webhook|telemetry)[\w-]*\.js$/;
    const plain = await loadedBy(app, ['up']);
    expect(plain.length).toBeGreaterThan(2);
    expect(plain.filter((url) => observers.test(url))).toEqual([]);
    const logging = await loadedBy(app, ['up', '--log-file', 'run.log']);
    // The hash in a built name is eight characters, which may be dashes themselves.
    expect(
      logging.filter((url) => observers.test(url)).map((url) => url.replace(/.*\/|-[\w-]{8}\.js$/g, '')),
    ).toEqual(expect.arrayContaining(['json-log']));
    expect(logging.some((url) => /\/(?:metrics|webhook|telemetry)-/.test(url))).toBe(false);
  });
});

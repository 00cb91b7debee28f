import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ErrorJson } from '../../src/core/errors.js';
import type { RunReport } from '../../src/core/report.js';
import { metrics } from '../../src/observe/metric-names.js';
import { createMetrics } from '../../src/observe/metrics.js';
import type { Surroundings } from '../../src/observe/index.js';
import { tempProject, type TempProject } from '../support/project.js';
import { surroundings } from './support.js';

let project: TempProject;
beforeEach(() => (project = tempProject()));
afterEach(() => project.remove());

const own = 'environment="test",database="db.example.com:5432/shop"';
const error: ErrorJson = { code: 'MIGRATION_FAILED', message: 'No.', docs: '' };
const report: RunReport = {
  runId: 'r',
  direction: 'up',
  environment: 'test',
  batch: 1,
  applied: [],
  failed: null,
  notRun: [],
  warnings: [],
  durationMs: 2500,
};

/** A run of three migrations: one done in 0.5 s, one that fails, and one that is not reached. */
function runOnce(around: Surroundings, outcome: 'success' | 'failure' = 'failure', file = 'lk.prom'): void {
  const observer = createMetrics({ file: join(project.dir, file), everyMs: 60_000 }, around);
  const migration = { runId: 'r', version: '1', name: 'a', direction: 'up' } as const;
  observer.hear('lock:wait', { waitedMs: 0, holder: null });
  observer.hear('lock:acquired', { waitedMs: 1500 });
  const migrations = ['1', '2', '3'].map((version) => ({ version, name: 'a' }));
  observer.hear('run:start', { runId: 'r', direction: 'up', environment: 'test', migrations });
  observer.hear('migration:apply:success', {
    ...migration,
    report: { version: '1', name: 'a', durationMs: 500, steps: [] },
  });
  const retry = { step: 1, attempt: 1, delayMs: 1, sqlstate: '55P03', rolledBack: 'step' } as const;
  observer.hear('step:retry', { ...migration, ...retry });
  if (outcome === 'failure') {
    observer.hear('migration:apply:error', { ...migration, version: '2', error });
    observer.hear('run:error', { report, error });
  } else observer.hear('run:success', { report });
  void observer.end();
}

const samples = (file = 'lk.prom'): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...project.read(file).matchAll(/^(lockkeeper_\w+\{.*\}) (\S+)$/gm)].map((line) => [
      line[1]?.replace(`${own},`, '').replace(`{${own}}`, ''),
      Number(line[2]),
    ]),
  );

it('counts what a run did', () => {
  runOnce(surroundings());
  const now = Date.UTC(2026, 0, 2, 3, 4, 5, 6) / 1000;
  expect(samples()).toMatchObject({
    'lockkeeper_info{version="1.2.3"}': 1,
    'lockkeeper_runs_total{verb="up",outcome="failure"}': 1,
    'lockkeeper_runs_total{verb="up",outcome="success"}': 0,
    lockkeeper_run_in_progress: 0,
    lockkeeper_last_run_success: 0,
    lockkeeper_last_run_timestamp_seconds: now,
    lockkeeper_last_run_duration_seconds: 2.5,
    lockkeeper_last_update_timestamp_seconds: now,
    lockkeeper_migrations_pending: 2,
    lockkeeper_migrations_applied_total: 1,
    lockkeeper_migrations_failed_total: 1,
    lockkeeper_step_retries_total: 1,
    lockkeeper_lock_waits_total: 1,
    lockkeeper_lock_wait_seconds_total: 1.5,
    'lockkeeper_migration_duration_seconds_bucket{le="0.1"}': 0,
    'lockkeeper_migration_duration_seconds_bucket{le="1"}': 1,
    'lockkeeper_migration_duration_seconds_bucket{le="+Inf"}': 1,
    lockkeeper_migration_duration_seconds_sum: 0.5,
  });
  expect(samples()).not.toHaveProperty('lockkeeper_last_success_timestamp_seconds');
});

it('goes on counting where the last run left off, and keeps when a run last went well', () => {
  runOnce(surroundings({ now: () => 1_000_000 }), 'success');
  runOnce(surroundings({ now: () => 2_000_000, version: '1.3.0' }), 'failure');
  expect(samples()).toMatchObject({
    'lockkeeper_runs_total{verb="up",outcome="failure"}': 1,
    'lockkeeper_runs_total{verb="up",outcome="success"}': 1,
    lockkeeper_migrations_applied_total: 2,
    lockkeeper_last_success_timestamp_seconds: 1000,
    lockkeeper_last_run_timestamp_seconds: 2000,
    'lockkeeper_info{version="1.3.0"}': 1,
  });
  expect(project.read('lk.prom').match(/^lockkeeper_info\{/gm)).toHaveLength(1);
});

it('leaves the figures of a run at work alone where another one waits for it and gives up', () => {
  const file = join(project.dir, 'lk.prom');
  const atWork = createMetrics({ file, everyMs: 60_000 }, surroundings());
  const waiting = createMetrics({ file, everyMs: 60_000 }, surroundings());
  const migrations = [{ version: '1', name: 'a' }];
  atWork.hear('run:start', { runId: 'r', direction: 'up', environment: 'test', migrations });
  waiting.hear('lock:wait', { waitedMs: 30_000, holder: null });
  waiting.hear('run:refused', { verb: 'up', environment: 'test', error: { ...error, code: 'LOCK_HELD' } });
  void waiting.end();
  expect(samples()).toMatchObject({
    lockkeeper_run_in_progress: 1,
    'lockkeeper_runs_total{verb="up",outcome="refused"}': 1,
    lockkeeper_lock_wait_seconds_total: 30,
  });
  expect(samples()).not.toHaveProperty('lockkeeper_last_run_success');
  atWork.hear('migration:apply:success', {
    runId: 'r',
    version: '1',
    name: 'a',
    direction: 'up',
    report: { version: '1', name: 'a', durationMs: 1, steps: [] },
  });
  atWork.hear('run:success', { report });
  void atWork.end();
  expect(samples()).toMatchObject({
    lockkeeper_run_in_progress: 0,
    lockkeeper_last_run_success: 1,
    lockkeeper_migrations_applied_total: 1,
    'lockkeeper_runs_total{verb="up",outcome="refused"}': 1,
    lockkeeper_lock_wait_seconds_total: 30,
  });
});

it('keeps the series of other databases in the same file, and nothing that is not ours', () => {
  runOnce(surroundings({ database: 'other:5432/shop' }));
  writeFileSync(join(project.dir, 'lk.prom'), `${project.read('lk.prom')}foreign_total{a="b"} 7\nrubbish\n`);
  runOnce(surroundings());
  runOnce(surroundings());
  const text = project.read('lk.prom');
  expect(text).toContain(
    'lockkeeper_migrations_applied_total{environment="test",database="other:5432/shop"} 1',
  );
  expect(text).toContain(`lockkeeper_migrations_applied_total{${own}} 2`);
  expect(text).not.toMatch(/foreign|rubbish/);
});

it('writes each family once, with help and type before its samples, and escapes labels', () => {
  runOnce(surroundings({ database: 'a"b\\c\nd' }));
  const lines = project.read('lk.prom').trimEnd().split('\n');
  const families = lines.filter((line) => line.startsWith('# TYPE ')).map((line) => line.split(' ')[2]);
  expect(families).toEqual([...new Set(families)]);
  let family = '';
  for (const line of lines) {
    if (line.startsWith('# TYPE ')) family = line.split(' ')[2] ?? '';
    else if (!line.startsWith('#')) expect(line.startsWith(family)).toBe(true);
  }
  expect(lines).toContain(
    String.raw`lockkeeper_migrations_applied_total{environment="test",database="a\"b\\c\nd"} 1`,
  );
});

it('says that a run is at work from its start, and leaves no half-written file', () => {
  const file = join(project.dir, 'lk.prom');
  const observer = createMetrics({ file, everyMs: 60_000 }, surroundings());
  observer.hear('run:start', { runId: 'r', direction: 'up', environment: 'test', migrations: [] });
  expect(samples()).toMatchObject({ lockkeeper_run_in_progress: 1 });
  expect(project.list()).toEqual(['lk.prom']);
  void observer.end();
});

it('writes anew while a long run lasts', async () => {
  let seconds = 100;
  const file = join(project.dir, 'lk.prom');
  const observer = createMetrics({ file, everyMs: 20 }, surroundings({ now: () => seconds * 1000 }));
  observer.hear('run:start', { runId: 'r', direction: 'up', environment: 'test', migrations: [] });
  seconds = 200;
  await expect.poll(() => samples()['lockkeeper_last_update_timestamp_seconds'], { timeout: 5000 }).toBe(200);
  await observer.end();
});

it('leaves the file alone where nothing ran', async () => {
  const file = join(project.dir, 'lk.prom');
  const observer = createMetrics({ file, everyMs: 60_000 }, surroundings());
  observer.hear('warning', { code: 'a', message: 'A.' });
  await observer.end();
  expect(project.exists('lk.prom')).toBe(false);
});

it('warns once, and goes on, where the file cannot be written', () => {
  const around = surroundings();
  runOnce(around, 'success', 'no/such/folder/lk.prom');
  expect(around.warnings).toMatchObject([{ code: 'metrics-not-written' }]);
});

it('documents every metric', () => {
  const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  for (const name of Object.keys(metrics)) expect(page).toContain(`\`${name}\``);
});

import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { ErrorJson } from '../../src/core/errors.js';
import type { RunReport } from '../../src/core/report.js';
import type { WebhookOptions } from '../../src/observe/options.js';
import { createWebhook } from '../../src/observe/webhook.js';
import { certificate } from './certificate.js';
import { startReceiver, surroundings } from './support.js';

const runId = '5d7a1c1e-0000-4000-8000-000000000001';
const migrations = [{ version: '1', name: 'a' }];
const runStart = { runId, direction: 'up', environment: 'test', migrations } as const;
const error: ErrorJson = {
  code: 'MIGRATION_FAILED',
  message: 'Migration 1 failed.',
  location: { file: 'migrations/1_a.sql', line: 3, column: 1, lineText: 'insert into people' },
  details: { sqlstate: '23505', statement: "insert into people values ('Ann')" },
  docs: '',
};
const report: RunReport = {
  runId,
  direction: 'up',
  environment: 'test',
  batch: 1,
  applied: [],
  failed: { version: '1', name: 'a', error, completedSteps: [] },
  notRun: [],
  warnings: [],
  durationMs: 12,
};

function options(url: string, more: Partial<WebhookOptions> = {}): WebhookOptions {
  return {
    url,
    secret: 'correct horse',
    on: ['start', 'success', 'failure', 'slow'],
    slowAfterMs: 60_000,
    format: 'json',
    timeoutMs: 2000,
    flushMs: 5000,
    ca: null,
    ...more,
  };
}

it('tells of a run from its start to its failure, in order and signed', async () => {
  const receiver = await startReceiver((request) => ({ status: 200, afterMs: request === 1 ? 150 : 0 }));
  const hook = createWebhook(options(receiver.url), surroundings());
  hook.hear('run:start', runStart);
  hook.hear('run:error', { report, error });
  await hook.end();
  expect(receiver.received.map(({ json }) => json['type'])).toEqual(['run.start', 'run.failure']);
  for (const { headers, body, json } of receiver.received) {
    const signed = `${String(headers['lockkeeper-timestamp'])}.${body}`;
    const signature = createHmac('sha256', 'correct horse').update(signed).digest('hex');
    expect(headers['lockkeeper-signature']).toBe(`sha256=${signature}`);
    expect(Math.abs(Number(headers['lockkeeper-timestamp']) - Date.now() / 1000)).toBeLessThan(60);
    expect(headers['lockkeeper-event']).toBe(json['type']);
    expect(headers['lockkeeper-delivery']).toBe(json['id']);
    expect(json).toMatchObject({
      runId,
      environment: 'test',
      database: 'db.example.com:5432/shop',
      host: 'runner-7',
      time: '2026-01-02T03:04:05.006Z',
    });
  }
  expect(receiver.received[0]?.json['migrations']).toEqual(migrations);
  expect(receiver.received[1]?.json).toMatchObject({
    failed: { version: '1' },
    error: { code: 'MIGRATION_FAILED', file: 'migrations/1_a.sql', line: 3, sqlstate: '23505' },
  });
});

it('sends neither a statement with its data, nor a secret', async () => {
  const receiver = await startReceiver();
  const hook = createWebhook(options(receiver.url), surroundings());
  const message = 'No way to postgres://me:hunter22@db/app.';
  hook.hear('run:error', { report, error: { ...error, message } });
  await hook.end();
  expect(receiver.received[0]?.body).toContain('postgres://me:***@db/app');
  expect(receiver.received[0]?.body).not.toMatch(/hunter22|insert into|Ann/);
});

it('tries again what a receiver in trouble refused, as the same message', async () => {
  const receiver = await startReceiver((request) => ({ status: [503, 429, 204][request - 1] ?? 500 }));
  const around = surroundings();
  const hook = createWebhook(options(receiver.url), around);
  hook.hear('run:start', runStart);
  await hook.end();
  expect(receiver.received).toHaveLength(3);
  expect(new Set(receiver.received.map(({ headers }) => headers['lockkeeper-delivery'])).size).toBe(1);
  expect(around.warnings).toEqual([]);
});

it.each([
  ['says that it is wrong', 400, /answers 400/],
  ['sends it elsewhere', 302, /redirect \(302\), and none is followed/],
])('gives up at once on a receiver that %s', async (_, status, expected) => {
  const elsewhere = await startReceiver();
  const receiver = await startReceiver(() => ({ status, headers: { location: elsewhere.url } }));
  const around = surroundings();
  const hook = createWebhook(options(receiver.url), around);
  hook.hear('run:start', runStart);
  await hook.end();
  expect(receiver.received).toHaveLength(1);
  expect(elsewhere.received).toHaveLength(0);
  expect(around.warnings).toMatchObject([
    { code: 'webhook-undelivered', message: expect.stringMatching(expected) as string },
  ]);
  // The path of such an address is often its password.
  expect(around.warnings[0]?.message).not.toContain('/hook');
});

it('does not wait longer than its bound for a receiver that never answers, nor for one that is not there', async () => {
  const receiver = await startReceiver(() => ({ status: 200, afterMs: 600_000 }));
  for (const url of [receiver.url, 'http://127.0.0.1:1/hook']) {
    const around = surroundings();
    const hook = createWebhook(options(url, { flushMs: 300, timeoutMs: 100 }), around);
    hook.hear('run:start', runStart);
    hook.hear('run:error', { report, error });
    const outcome = await Promise.race([hook.end().then(() => 'ended'), sleep(8000, 'still waiting')]);
    expect(outcome).toBe('ended');
    expect(around.warnings.map(({ code }) => code)).toEqual(['webhook-undelivered', 'webhook-undelivered']);
  }
});

it('does not let a message that is tried again hold up the next one', async () => {
  // Only run.start is refused; the failure must be told although the start still is not.
  const receiver = await startReceiver((request) => ({
    status: receiver.received[request - 1]?.json['type'] === 'run.start' ? 503 : 204,
  }));
  const hook = createWebhook(options(receiver.url, { flushMs: 100 }), surroundings());
  hook.hear('run:start', runStart);
  hook.hear('run:error', { report, error });
  await hook.end();
  expect(receiver.received.map(({ json }) => json['type'])).toEqual(['run.start', 'run.failure']);
});

it('verifies certificates, and accepts the authority that it is given', async () => {
  const receiver = await startReceiver(() => ({ status: 204 }), certificate);
  const around = surroundings();
  const strict = createWebhook(options(receiver.url), around);
  strict.hear('run:start', runStart);
  await strict.end();
  expect(receiver.received).toHaveLength(0);
  expect(around.warnings[0]?.message).toMatch(/certificate is not accepted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/);
  const wrongName = createWebhook(
    options(receiver.url.replace('localhost', '127.0.0.1'), { ca: certificate.cert }),
    around,
  );
  wrongName.hear('run:start', runStart);
  await wrongName.end();
  expect(around.warnings[1]?.message).toMatch(/certificate is not accepted \(ERR_TLS_CERT_ALTNAME_INVALID\)/);
  const trusting = createWebhook(options(receiver.url, { ca: certificate.cert }), around);
  trusting.hear('run:start', runStart);
  await trusting.end();
  expect(receiver.received).toHaveLength(1);
});

it('tells of a slow migration while it runs, once, and of no other', async () => {
  const receiver = await startReceiver();
  const hook = createWebhook(options(receiver.url, { slowAfterMs: 50, on: ['slow'] }), surroundings());
  const migration = { runId, version: '1', name: 'a', direction: 'up' } as const;
  const done = { version: '1', name: 'a', durationMs: 1, steps: [] };
  hook.hear('run:start', runStart);
  hook.hear('migration:apply:start', { ...migration, index: 0, total: 2 });
  hook.hear('migration:apply:success', { ...migration, report: done });
  hook.hear('migration:apply:start', { ...migration, version: '2', index: 1, total: 2 });
  await expect.poll(() => receiver.received.length, { timeout: 5000 }).toBe(1);
  hook.hear('migration:apply:success', { ...migration, version: '2', report: done });
  await hook.end();
  expect(receiver.received.map(({ json }) => [json['type'], json['migration']])).toEqual([
    ['migration.slow', { version: '2', name: 'a', startedAt: '2026-01-02T03:04:05.006Z' }],
  ]);
});

it('is silent about runs that have nothing to do, and about what a person stopped before it began', async () => {
  const receiver = await startReceiver();
  const hook = createWebhook(options(receiver.url), surroundings());
  hook.hear('run:start', { ...runStart, migrations: [] });
  hook.hear('run:success', { report });
  const refused = { verb: 'down', environment: 'test' };
  hook.hear('run:refused', { ...refused, error: { ...error, code: 'CONFIRMATION_MISSING' } });
  hook.hear('run:refused', { ...refused, error: { ...error, code: 'INTERRUPTED' } });
  hook.hear('run:refused', { ...refused, error: { ...error, code: 'LOCK_HELD' } });
  await hook.end();
  expect(receiver.received.map(({ json }) => json['type'])).toEqual(['run.failure']);
});

it('writes for Slack a text and nothing else', async () => {
  const receiver = await startReceiver();
  const hook = createWebhook(options(receiver.url, { format: 'slack' }), surroundings());
  hook.hear('run:start', runStart);
  await hook.end();
  expect(receiver.received[0]?.json).toEqual({
    text: '[test] The run begins: 1 migration to apply. (db.example.com:5432/shop)',
  });
});

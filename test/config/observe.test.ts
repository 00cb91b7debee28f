import { describe, expect, it } from 'vitest';
import { redactText } from '../../src/core/redact.js';
import { checkObservers } from '../../src/app/check-observers.js';
import { failureOf, json, resolveIn } from './project.js';

const hook = 'https://hooks.example.com/services/T0001/abcdefghijklmnopqrstuvwx';

describe('who listens to runs', () => {
  it('is nobody, and nothing is loaded for it, where nothing says so', async () => {
    const config = await resolveIn(json({ lockTimeout: '1s' }));
    expect(config.observe).toBeNull();
  });

  it('comes from the configuration, with its defaults', async () => {
    const config = await resolveIn(json({ log: {}, metrics: { file: 'a.prom' }, webhooks: [{ url: hook }] }));
    expect(config.observe).toEqual({
      log: { file: null },
      metrics: { file: `${config.root}/a.prom`, everyMs: 15_000 },
      webhooks: [
        {
          url: hook,
          secret: null,
          on: ['start', 'success', 'failure', 'slow'],
          slowAfterMs: 300_000,
          format: 'json',
          timeoutMs: 5000,
          flushMs: 10_000,
          ca: null,
        },
      ],
      openTelemetry: 'auto',
    });
  });

  it('is chosen by flag, then variable, then environment, then the rest', async () => {
    const files = json({
      log: { file: 'config.log' },
      environments: { test: { log: { file: 'test.log' } } },
    });
    const variables = { LOCKKEEPER_LOG_FILE: 'variable.log' };
    const fileOf = async (input: object): Promise<string | null | undefined> => {
      const { observe, root } = await resolveIn(files, input);
      return observe?.log?.file?.replace(`${root}/`, '');
    };
    expect(await fileOf({})).toBe('config.log');
    expect(await fileOf({ env: 'test' })).toBe('test.log');
    expect(await fileOf({ env: 'test', variables })).toBe('variable.log');
    expect(await fileOf({ env: 'test', variables, logFile: 'flag.log' })).toBe('flag.log');
    const silenced = await resolveIn(files, { logFormat: 'text' });
    expect(silenced.observe?.log).toBeNull();
  });

  it('may be said by variables alone', async () => {
    const { observe } = await resolveIn(
      {},
      {
        variables: {
          LOCKKEEPER_LOG_FORMAT: 'json',
          LOCKKEEPER_METRICS_FILE: '/var/m.prom',
          LOCKKEEPER_WEBHOOK_URL: hook,
          LOCKKEEPER_WEBHOOK_SECRET: 'of the environment',
        },
      },
    );
    expect(observe).toMatchObject({
      log: { file: null },
      metrics: { file: '/var/m.prom' },
      webhooks: [{ url: hook, secret: 'of the environment' }],
    });
  });

  it('shows no secret, neither in config --explain nor in any text from then on', async () => {
    const { explained } = await resolveIn(
      json({ webhooks: [{ url: hook, secret: 'sign-with-this', on: ['failure'] }, { url: '' }] }),
    );
    expect(explained.find(({ key }) => key === 'webhooks')?.value).toBe(
      'https://hooks.example.com/… on failure, signed; off (no url)',
    );
    expect(JSON.stringify(explained)).not.toMatch(/sign-with-this|abcdefghijkl/);
    expect(redactText(`sign-with-this and ${hook}`)).toBe(
      '*** and https://hooks.example.com/services/T0001/***',
    );
  });

  it('leaves out a webhook whose url is not set', async () => {
    const { observe } = await resolveIn(json({ webhooks: [{ url: '', secret: '' }, { url: hook }] }));
    expect(observe?.webhooks).toHaveLength(1);
  });

  it.each([
    ['an empty secret', { webhooks: [{ url: hook, secret: '' }] }, /secret of webhooks\[0\] is empty/],
    [
      'plain http to another machine',
      { webhooks: [{ url: 'http://a.example.com/x-secret-x' }] },
      /plain http to a\.example\.com/,
    ],
    ['another scheme', { webhooks: [{ url: 'ftp://a.example.com/x-secret-x' }] }, /begins with ftp:/],
    ['no url at all', { webhooks: [{ url: 'x-secret-x' }] }, /is no url/],
    [
      'a moment that does not exist',
      { webhooks: [{ url: hook, on: ['ended'] }] },
      /webhooks\.0\.on.*"start", "success", "failure" or "slow"/,
    ],
    ['no moment', { webhooks: [{ url: hook, on: [] }] }, /webhooks\.0\.on/],
    [
      'an authority that is not there',
      { webhooks: [{ url: hook, ca: 'gone.pem' }] },
      /authority of webhooks\[0\] cannot be read/,
    ],
    ['a webhook that is no object', { webhooks: ['x-secret-x'] }, /webhooks/],
    ['metrics without a file', { metrics: {} }, /metrics\.file.*missing/],
    [
      'metrics that are written all the time',
      { metrics: { file: 'a', every: '1ms' } },
      /metrics\.every.*from 1s/,
    ],
    ['an unknown format', { log: { format: 'xml' } }, /log\.format.*"json" or "text"/],
    ['a misspelt key', { log: { fiel: 'a' } }, /Did you mean "file"/],
  ])('refuses %s', async (_, config, expected) => {
    const error = await failureOf(resolveIn(json(config)));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', exit: 2 });
    expect(error.message).toMatch(expected);
    if (!JSON.stringify(config).includes('["x-secret-x"]')) expect(error.message).not.toContain('x-secret-x');
  });

  it('refuses a format that a variable or a caller made up', async () => {
    const error = await failureOf(resolveIn({}, { variables: { LOCKKEEPER_LOG_FORMAT: 'yaml' } }));
    expect(error.message).toBe('The variable LOCKKEEPER_LOG_FORMAT is "yaml". Accepted: "json" or "text".');
  });
});

describe('doctor', () => {
  it('says what listeners cannot write, and whom they tell, without paths that are secrets', async () => {
    const { observe, root } = await resolveIn(
      json({
        log: { file: 'run.log' },
        metrics: { file: 'gone/metrics.txt' },
        webhooks: [{ url: hook }],
      }),
    );
    expect(checkObservers(null)).toEqual([]);
    const checks = checkObservers(observe);
    expect(checks.map(({ check, status }) => [check, status])).toEqual([
      ['log', 'ok'],
      ['metrics', 'problem'],
      ['metrics', 'warning'],
      ['webhook', 'ok'],
    ]);
    expect(checks[1]?.hint).toContain(`${root}/gone`);
    expect(checks[3]?.message).toBe('https://hooks.example.com is told of runs, without a signature.');
  });
});

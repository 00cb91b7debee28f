import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { LockkeeperError } from '../../src/core/errors.js';
import { redact, redactText } from '../../src/core/redact.js';
import { failureOf, json, problemsOf, resolveIn } from './project.js';
import type { LockkeeperConfig } from '../../src/config/public.js';

const where = 'in lockkeeper.config.json is';

describe('a wrong configuration', () => {
  it('is told all its mistakes at once, whatever their kind', async () => {
    const file = json({
      migratons: 'm',
      lockTimout: '2s',
      protected: true,
      lockTimeout: 'soon',
      lockRetries: 1.5,
      outOfOrder: 'ignore',
      history: { scheme: 'x', schema: 'pg_mine' },
      environments: {
        prod: { url: 5, statementTimeout: -1, ssl: 'verify_full', pool: { mx: 1 } },
        development: { url: 'postgres://u:hunter2@h/d?nope=1' },
      },
    });
    const variables = { MIGRATION_TABLE_NAME: 'a.b.c' };
    const problems = await problemsOf(resolveIn(file, { variables, lockWait: 'never', lockRetries: -1 }));
    expect(problems).toEqual(
      [
        `"lockTimeout" ${where} "soon". Accepted: a duration up to 24 days: '250ms', '2s', '5 min', '1h', '1h 30m', or a number of milliseconds.`,
        `"lockRetries" ${where} 1.5. Accepted: a whole number from 0 to 10000.`,
        `"outOfOrder" ${where} "ignore". Accepted: "allow", "warn" or "refuse".`,
        `"environments.prod.url" ${where} 5. Accepted: a text.`,
        `"environments.prod.ssl" ${where} "verify_full". Accepted: true, false, "disable", "allow", "prefer", "require", "verify-ca", "verify-full" or "no-verify", or { rejectUnauthorized, ca, cert, key, servername }.`,
        `"environments.prod.pool.mx" ${where} not a known key. Did you mean "max"?`,
        `"environments.prod.statementTimeout" ${where} -1. Accepted: a duration up to 24 days: '250ms', '2s', '5 min', '1h', '1h 30m', or a number of milliseconds.`,
        `"history.scheme" ${where} not a known key. Did you mean "schema"?`,
        `"migratons" ${where} not a known key. Did you mean "migrations"?`,
        `"lockTimout" ${where} not a known key. Did you mean "lockTimeout"?`,
        `"protected" ${where} a key of one environment; put it under "environments".`,
        'environments.development.url cannot be used: its parameter "nope" is refused: it is not a parameter that Lockkeeper knows. It reads "postgres://u:***@h/d?nope=1".',
        'The variable MIGRATION_TABLE_NAME is "a.b.c". Accepted: "table" or "schema.table", each of 1 to 63 bytes.',
        'The history cannot be kept in the schema "pg_mine": names that begin with pg_ belong to PostgreSQL.',
        "lockWait is \"never\". Accepted: a duration up to 24 days: '250ms', '2s', '5 min', '1h', '1h 30m', or a number of milliseconds.",
        'lockRetries is -1. Accepted: a whole number from 0 to 10000.',
      ].toSorted((a, b) => problems.indexOf(a) - problems.indexOf(b)),
    );
  });

  it('counts its mistakes in the message, and lists them once, with their keys', async () => {
    const error = await failureOf(resolveIn(json({ a: 1, b: 2 })));
    expect(error.message).toMatch(/has 2 problems\.$/);
    expect(error.problems.map((item) => item.message)).toEqual([
      expect.stringContaining('"a"'),
      expect.stringContaining('"b"'),
    ]);
    expect(error.problems.map((item) => item.details)).toEqual([
      { file: 'lockkeeper.config.json', key: 'a' },
      { file: 'lockkeeper.config.json', key: 'b' },
    ]);
  });

  it('with one mistake is that mistake', async () => {
    const error = await failureOf(resolveIn(json({ environments: 5 })));
    expect(error.message).toBe(
      `"environments" ${where} 5. Accepted: an object with one section for each environment.`,
    );
    expect(error.problems).toEqual([]);
  });

  it.each<[unknown, string]>([
    [{ migrations: 5 }, 'the path of a folder, { dir, format, name }, or a list of them'],
    [{ migrations: [] }, 'a list with at least one folder'],
    [{ migrations: ['a', 5] }, 'the path of a folder'],
    [{ migrations: { format: 'sql' } }, '"migrations.dir" in lockkeeper.config.json is missing'],
    [{ migrations: ['a', './a'] }, 'The folder a is given twice'],
    [
      {
        migrations: [
          { dir: 'a', name: 'x' },
          { dir: 'b', name: 'x' },
        ],
      },
      'have the name "x"',
    ],
    [{ migrations: '' }, 'a text that is not empty'],
    [{ migrations: null }, 'null'],
    [{ seeds: { folders: {} } }, '"seeds.folders" in lockkeeper.config.json is not a known key'],
    [{ port: 0 }, 'a port from 1 to 65535'],
    [{ port: '5432x' }, 'a port from 1 to 65535'],
    [{ host: 'a,b' }, 'one host name'],
    [{ searchPath: [] }, 'a list of schema names'],
    [{ history: { table: 'x'.repeat(64) } }, 'a name of 1 to 63 bytes'],
    [{ lockTimeout: '26 days' }, 'up to 24 days'],
    [{ environments: { dev: 'postgres://h' } }, 'an object with the settings of one environment'],
  ])('%j is refused', async (config, message) => {
    const problems = await problemsOf(resolveIn(json(config)));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });

  it('does not show what may be a secret', async () => {
    const config = {
      password: 123_456_789,
      ssl: { key: 987_654_321 },
      url: { password: 'hunter2', url: 'postgres://u:hunter2@h' },
    };
    const error = await failureOf(resolveIn(json(config)));
    for (const secret of ['123456789', '987654321', 'hunter2'])
      expect(inspect(error, { depth: 9 })).not.toContain(secret);
  });
});

describe('migrations of other tools', () => {
  it.each([
    ['native', undefined],
    ['sql', 'sql'],
    ['typescript', 'ts'],
    [undefined, undefined],
  ])('are not what %s is, which says what new migrations are written in', async (format, writes) => {
    const config = await resolveIn(json({ migrations: [{ dir: 'm', format }] }));
    expect(config.sources).toMatchObject([{ name: 'm', format: 'native' }]);
    expect(config.sources[0]?.writes).toBe(writes);
  });
});

it('accepts every key that the types have', async () => {
  // `satisfies Required` fails to compile when a key is missing here, and the check fails when it does not know one.
  const settings = {
    url: 'postgres://u@h/d',
    directUrl: 'postgres://u@i/d',
    pooled: true,
    host: '',
    port: '',
    database: 'd',
    user: 'u',
    password: 'p',
    ssl: { rejectUnauthorized: true, servername: 's' },
    role: 'r',
    searchPath: ['a'],
    applicationName: 'n',
    connectTimeout: '5s',
    pool: { min: 2, max: 10, acquireTimeoutMillis: 30_000, idleTimeoutMillis: 1 },
    migrations: [{ dir: 'm', format: 'native', name: 'm' }],
    seeds: { dir: 's' },
    templates: 't',
    history: { schema: 's', table: 't' },
    lockTimeout: 1,
    statementTimeout: '1s',
    lockWait: '1s',
    lockRetries: 1,
    concurrentDeadline: '1h',
    cancelBlockersAfter: '10s',
    observer: false,
    leaseTimeout: '10s',
    synchronousCommit: true,
    outOfOrder: 'allow',
    log: { format: 'json', file: 'l' },
    metrics: { file: 'm.prom', every: '1m' },
    webhooks: [
      {
        url: 'https://h/x',
        secret: 's',
        on: ['start', 'success', 'failure', 'slow'],
        slowAfter: '1m',
        format: 'slack',
        timeout: '1s',
        flush: 0,
        ca: '-----BEGIN CERTIFICATE-----',
      },
    ],
    openTelemetry: false,
  } satisfies Required<Omit<LockkeeperConfig, '$schema' | 'environments'>>;
  const all = { ...settings, $schema: 'x', environments: { production: { ...settings, protected: false } } };
  const config = await resolveIn(json(all satisfies Required<LockkeeperConfig>), { env: 'production' });
  expect(config).toMatchObject({
    target: { kind: 'server', pooled: true, direct: { host: 'i' } },
    environment: { protected: false },
    templatesDir: `${config.root}/t`,
  });
  expect(config.target).toMatchObject({
    connection: {
      role: 'r',
      searchPath: ['a'],
      applicationName: 'n',
      connectTimeoutMs: 5000,
      ssl: { servername: 's' },
    },
  });
});

it('hides the password of every connection from then on', async () => {
  await resolveIn({}, { variables: { DATABASE_URL: 'postgres://u:from-the-variable%21@h/d' } });
  await resolveIn({}, { variables: { DB_HOST: 'h', DB_PASSWORD: 'of the group' } });
  const cause = new Error('from-the-variable! and from-the-variable%21 and of the group');
  const shown = redact(new LockkeeperError('INTERNAL', { message: 'x', cause }));
  expect((shown.cause as Error).message).toBe('*** and *** and ***');
  await resolveIn({}, { url: 'postgres://myuser:myuser@h/d' });
  expect(redactText('user myuser')).toBe('user myuser');
});

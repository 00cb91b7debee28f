import { describe, expect, it } from 'vitest';
import type { ConnectionSettings } from '../../src/config/connection-settings.js';
import { parseConnectionUrl } from '../../src/config/connection-url.js';
import type { Problems } from '../../src/config/problems.js';
import { connectionOf, problemsOf, resolveIn, row } from './project.js';

function parse(text: string): { settings: ConnectionSettings; problems: string[]; hints: string[] } {
  const problems: Problems = [];
  const settings = parseConnectionUrl(text, { label: 'DATABASE_URL', details: {} }, problems);
  return {
    settings,
    problems: problems.map((problem) => problem.message),
    hints: problems.map((problem) => problem.hint ?? ''),
  };
}

describe('a connection URL', () => {
  it.each<[string, ConnectionSettings]>([
    ['postgres://u:p@h:6543/d', { user: 'u', password: 'p', host: 'h', port: 6543, database: 'd' }],
    ['postgresql://u@h/d', { user: 'u', host: 'h', database: 'd' }],
    ['POSTGRES://h', { host: 'h' }],
    ['postgres://', {}],
    ['  postgres://h/d ', { host: 'h', database: 'd' }],
    ['postgres:///d', { database: 'd' }],
    ['postgres://u:@h/', { user: 'u', host: 'h' }],
    [
      'postgres://us%40er:p%3A%2F%40%25%20%23@h/d%2Fb',
      { user: 'us@er', password: 'p:/@% #', host: 'h', database: 'd/b' },
    ],
    ['postgres://u:p:q@h/d', { user: 'u', password: 'p:q', host: 'h', database: 'd' }],
    ['postgres://u:p@ss#1+2@h/d', { user: 'u', password: 'p@ss#1+2', host: 'h', database: 'd' }],
    ['postgres://u:p%C3%A9@h/d', { user: 'u', password: 'pé', host: 'h', database: 'd' }],
    ['postgres://[2001:db8::1]:6543/d', { host: '2001:db8::1', port: 6543, database: 'd' }],
    ['postgres://[::1]/d', { host: '::1', database: 'd' }],
    ['postgres:///d?host=/var/run/postgresql', { host: '/var/run/postgresql', database: 'd' }],
    ['postgres://%2Fvar%2Frun%2Fpostgresql/d', { host: '/var/run/postgresql', database: 'd' }],
    [
      'postgres://h/d?user=a&password=b%26c&port=6543&dbname=e&host=i',
      { host: 'i', port: 6543, database: 'e', user: 'a', password: 'b&c' },
    ],
    [
      'postgres://h?sslmode=verify-full&sslrootcert=ca.pem',
      { host: 'h', ssl: { mode: 'verify-full', ca: 'ca.pem' } },
    ],
    ['postgres://h?sslmode=verify-full&sslrootcert=system', { host: 'h', ssl: { mode: 'verify-full' } }],
    ['postgres://h?sslcert=c&sslkey=k', { host: 'h', ssl: { cert: 'c', key: 'k' } }],
    ['postgres://h?ssl=true', { host: 'h', ssl: { mode: 'require' } }],
    ['postgres://h?ssl=no-verify', { host: 'h', ssl: { mode: 'no-verify' } }],
    [
      'postgres://h?application_name=x%20y&connect_timeout=5',
      { host: 'h', applicationName: 'x y', connectTimeoutMs: 5000 },
    ],
    ['postgres://h?connect_timeout=-1', { host: 'h', connectTimeoutMs: 0 }],
    [
      'postgres://h?options=-c%20search_path%3Da%2Cb%20--role=r',
      { host: 'h', searchPath: ['a', 'b'], role: 'r' },
    ],
    [
      'postgres://h?schema=app&pgbouncer=true&connection_limit=1',
      { host: 'h', searchPath: ['app'], pooled: true },
    ],
    ['postgres://h?channel_binding=require', { host: 'h', ssl: { channelBinding: true } }],
    [
      'postgres://h?keepalives=1&target_session_attrs=read-write&client_encoding=UTF8&sslmode=',
      { host: 'h' },
    ],
  ])('is understood: %s', (text, settings) => {
    expect(parse(text)).toEqual({ settings, problems: [], hints: [] });
  });

  it.each<[string, string, string]>([
    ['postgres://h1,h2/d', 'several hosts', 'primary'],
    ['postgres://h1:1,h2:2/d', 'several hosts', 'primary'],
    ['postgres:///d?host=h1,h2', 'several hosts', ''],
    ['postgres://u:hunter2/x@h/d', 'a port is a number from 1 to 65535', '%2F'],
    ['postgres://u:hunter2%zz@h/d', 'a % in it is not followed', '%25'],
    ['postgres://u:hunter2%00@h/d', '%00', 'NUL'],
    ['postgres://h:0/d', 'a port is a number', ''],
    ['postgres://h:99999/d', 'a port is a number', ''],
    ['postgres://::1/d', 'its host is not understood', '[ ]'],
    ['mysql://u:hunter2@h/d', '"mysql://" is not the beginning', 'postgres://user:password@host'],
    ['jdbc:postgresql://h/d?password=hunter2', '"jdbc:postgresql://" is not', 'postgres://'],
    ['host=h dbname=d password=hunter2', 'keyword form of libpq', 'postgres://'],
    ['embeded', 'neither a PostgreSQL URL nor the word "embedded"', ''],
    [
      'postgres://u:hunter2@h/d?sslmod=require',
      'parameter "sslmod" is refused: it is not a parameter that Lockkeeper knows. Did you mean "sslmode"',
      '',
    ],
    ['postgres://h/d?sslmode=verify_full', 'Did you mean "verify-full"', ''],
    ['postgres://h/d?options=-c%20lock_timeout%3D0', '"-c lock_timeout=0" cannot be passed on', ''],
    ['postgres://h/d?service=x', 'service files are not read', ''],
    ['postgres://h/d?hostaddr=1.2.3.4', 'in the place of the host', ''],
    ['postgres://h/d?target_session_attrs=standby', 'primary server', ''],
    ['postgres://h/d?client_encoding=LATIN1', 'UTF-8', ''],
    ['postgres://h/d?gssencmode=require', 'GSSAPI', ''],
    ['postgres://h/d?connect_timeout=5s', 'whole seconds', ''],
    ['postgres://h/d?a=1&b=2', 'parameter "a" is refused', ''],
    ['postgres://h/d?a=1&b=2', 'parameter "b" is refused', ''],
  ])('is refused with a reason: %s', (text, reason, hint) => {
    const { settings, problems, hints } = parse(text);
    expect(settings).toEqual({});
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('DATABASE_URL cannot be used: ');
    expect(problems[0]).toContain(reason);
    expect(hints[0]).toContain(hint);
    expect(problems[0]).not.toContain('hunter2');
  });

  it('that is not used may be wrong', async () => {
    const config = await resolveIn(
      {},
      { url: 'postgres://u@h/d', variables: { DATABASE_URL: 'mysql://u:hunter2@h' } },
    );
    expect(connectionOf(config).host).toBe('h');
    expect(row(config, 'url')?.overrides[0]?.value).toBe('mysql://u:***@h');
  });

  it('is called by the name of the place where it was found', async () => {
    expect((await problemsOf(resolveIn({}, { variables: { DATABASE_URL: 'x' } })))[0]).toContain(
      'DATABASE_URL cannot',
    );
    const file = { 'lockkeeper.config.json': '{"environments":{"dev":{"url":"x"}}}' };
    expect((await problemsOf(resolveIn(file)))[0]).toContain('environments.dev.url cannot');
  });
});

describe('a connection', () => {
  it('has libpq’s defaults for what nobody says', async () => {
    const { username } = await import('node:os').then((os) => os.userInfo());
    expect(connectionOf(await resolveIn({}, { url: 'postgres://' }))).toEqual({
      host: 'localhost',
      port: 5432,
      user: username,
      database: username,
      password: null,
      ssl: false,
      applicationName: 'lockkeeper',
      connectTimeoutMs: 10_000,
      role: null,
      searchPath: null,
    });
  });

  it('is told of a pooler by the url, and by the section before it', async () => {
    const url = 'postgres://u@h/d?pgbouncer=true';
    expect((await resolveIn({}, { url })).target).toMatchObject({ pooled: true });
    const file = {
      'lockkeeper.config.json': JSON.stringify({ environments: { dev: { url, pooled: false } } }),
    };
    expect((await resolveIn(file)).target).toMatchObject({ pooled: false });
    expect((await resolveIn({}, { url: 'postgres://u@h/d' })).target).toMatchObject({ pooled: null });
  });

  it.each([
    [{ PGHOST: 'a,b' }, 'PGHOST is refused: it names several hosts'],
    [{ PGHOST: 'h', PGPORT: 'x' }, 'PGPORT is refused: a port is a number'],
    [{ PGHOST: 'h', PGSSLMODE: 'on' }, 'PGSSLMODE is refused: accepted:'],
    [{ PGHOST: 'h', PGOPTIONS: '-c geqo=off' }, 'PGOPTIONS is refused'],
    [{ DB_HOST: 'h', DB_PORT: 'tcp://10.0.0.1:5432' }, 'DB_PORT is refused'],
    [{ DB_HOST: 'a,b' }, 'DB_HOST is refused'],
  ])('is not made from variables that are wrong: %j', async (variables, message) => {
    const [problem] = await problemsOf(resolveIn({}, { variables }));
    expect(problem).toContain(message);
  });

  it('does not mind wrong variables that it has no use for', async () => {
    const variables = { DATABASE_URL: 'postgres://u@h/d', DB_PORT: 'tcp://10.0.0.1:5432' };
    expect(connectionOf(await resolveIn({}, { variables })).port).toBe(5432);
    expect((await resolveIn({}, { variables: { PGSSLMODE: 'on' } })).target.kind).toBe('embedded');
  });

  it('is said once in one place', async () => {
    const file = {
      'lockkeeper.config.json': '{"environments":{"dev":{"url":"postgres://h/d","host":"i","port":1}}}',
    };
    expect(await problemsOf(resolveIn(file))).toEqual([
      '"environments.dev.host", "environments.dev.port" and "environments.dev.url" each say where the database is.',
    ]);
  });
});

import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isLockkeeperError, LockkeeperError } from '../../src/core/errors.js';
import { redact, redactText, redactUrl, registerSecret } from '../../src/core/redact.js';

describe('a connection URL', () => {
  it.each([
    ['postgres://app:hunter2@db.example/app', 'postgres://app:***@db.example/app'],
    ['postgresql://app:p%40ss%2Fw@[::1]:5432/app', 'postgresql://app:***@[::1]:5432/app'],
    ['postgres://:onlypass@h/db', 'postgres://:***@h/db'],
    ['postgres://app:p@ss/w?rd#1@h/db', 'postgres://app:***@h/db'],
    ["postgres://app:it's me@h/db", 'postgres://app:***@h/db'],
    [
      'postgres://app@h/db?password=hunter2&sslmode=require',
      'postgres://app@h/db?password=***&sslmode=require',
    ],
    ['postgres://app@h/db?sslpassword=hunter2', 'postgres://app@h/db?sslpassword=***'],
    ['mysql://root:toor@h/db', 'mysql://root:***@h/db'],
  ])('loses its password: %s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });

  it.each([
    'postgres://app@h/db',
    'postgres://app:@h/db',
    'postgres://localhost:5432/db',
    'postgres:///db?host=/tmp',
    'embedded',
    '',
  ])('without a password stays as it is: %s', (url) => {
    expect(redactUrl(url)).toBe(url);
  });
});

describe('a text', () => {
  it.each([
    [
      'failed: postgres://a:secret1@h/db, postgres://b:secret2@h2/db',
      'failed: postgres://a:***@h/db, postgres://b:***@h2/db',
    ],
    ["postgres://a:se'cret@h/db", 'postgres://a:***@h/db'],
    ['DATABASE_URL="postgres://a:secret1@h/db" psql', 'DATABASE_URL="postgres://a:***@h/db" psql'],
    ['host=h password=hunter2 dbname=x', 'host=h password=*** dbname=x'],
    ["host=h password='hun ter\\'2' dbname=x", 'host=h password=*** dbname=x'],
    ['host=h password=a,b)c&d dbname=x', 'host=h password=*** dbname=x'],
    ['password = hunter2', 'password = ***'],
    ['PGPASSWORD=hunter2 psql', 'PGPASSWORD=*** psql'],
    ['export TEST_DB_PASSWORD="hun ter2"', 'export TEST_DB_PASSWORD=***'],
    ['{"user":"a","password":"hun\\"ter2","port":1}', '{"user":"a","password":"***","port":1}'],
    ['{"body":"{\\"password\\":\\"hunter2\\"}"}', '{"body":"{\\"password\\":\\"***\\"}"}'],
    ["{ user: 'a', password: 'hunter2' }", "{ user: 'a', password: '***' }"],
    ["create role app login password 'hunter2';", "create role app login password '***';"],
    [
      "alter role app encrypted PASSWORD E'hun\\'ter2' valid until",
      "alter role app encrypted PASSWORD E'***' valid until",
    ],
    ['alter role app password $x$hunter2$x$;', 'alter role app password $x$***$x$;'],
    [
      '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----',
      '-----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY-----',
    ],
  ])('loses the secret it holds: %s', (text, shown) => {
    expect(redactText(text)).toBe(shown);
    expect(redactText(shown)).toBe(shown);
  });

  it.each([
    'password authentication failed for user "app"',
    'create table users (password text not null, token text)',
    '{"tokenChecksum":"v1:abc","token":"select"}',
    'see http://localhost:5173/@fs/x and http://localhost:80/',
    'listening at postgres://localhost:5432. Write to me@example.org',
    'the password is empty: password=',
    '',
  ])('without a secret stays as it is: %s', (text) => {
    expect(redactText(text)).toBe(text);
  });
});

describe('a registered secret', () => {
  it('is hidden wherever it stands, percent-encoded and inside JSON too', () => {
    registerSecret('tr0ub"dor & 3');
    registerSecret('tr0ub"dor & 3 and more');
    expect(redactText('it was tr0ub"dor & 3 and more!')).toBe('it was ***!');
    expect(redactText(`q=${encodeURIComponent('tr0ub"dor & 3')};`)).toBe('q=***;');
    expect(redactText(JSON.stringify({ note: 'tr0ub"dor & 3' }))).toBe('{"note":"***"}');
  });

  it('is not taken when hiding it would garble texts', () => {
    for (const value of ['', 'a', 'pw', 'postgres', 'Production', null, undefined]) registerSecret(value);
    const text = 'database postgres of production: a pw and a password';
    expect(redactText(text)).toBe(text);
  });
});

describe('a value', () => {
  it('is copied without the secrets under its keys and in its texts', () => {
    const value = {
      password: 'x',
      empty: { password: '' },
      list: ['postgres://a:bcdefg@h/db'],
      map: new Map([['dbPassword', 'q']]),
      at: new Date(0),
      url: new URL('postgres://a:bcdefg@h/db'),
    };
    expect(redact(value)).toEqual({
      password: '***',
      empty: { password: '' },
      list: ['postgres://a:***@h/db'],
      map: new Map([['dbPassword', '***']]),
      at: new Date(0),
      url: 'postgres://a:***@h/db',
    });
    expect(value.password).toBe('x');
  });

  it('may refer to itself', () => {
    const value: { self?: unknown; url: string } = { url: 'postgres://a:bcdefg@h/db' };
    value.self = value;
    const copy = redact(value);
    expect(copy.self).toBe(copy);
    expect(copy.url).toBe('postgres://a:***@h/db');
  });
});

describe('an error', () => {
  const url = 'postgres://app:s3cret-word@h/db';
  const make = (): LockkeeperError => {
    const root = Object.assign(new TypeError(`bad ${url}`), {
      config: { connectionString: url, password: 'pw' },
    });
    const middle = new Error(`while connecting to ${url}`, { cause: root });
    return new LockkeeperError('DATABASE_UNREACHABLE', {
      message: `No server answers at ${url}.`,
      hint: `Check ${url}.`,
      details: { url },
      cause: middle,
      problems: [new LockkeeperError('CONFIG_INVALID', { message: url })],
    });
  };

  it('loses its secrets in message, stack, hint, details, problems and every cause', () => {
    const shown = redact(make());
    expect(inspect(shown, { depth: null, showHidden: true })).not.toContain('s3cret-word');
    expect(JSON.stringify(shown)).not.toContain('s3cret-word');
    expect(shown.stack).toContain('postgres://app:***@h/db');
    expect((shown.cause as Error).cause).toMatchObject({ config: { password: '***' } });
  });

  it('stays an error of its class and code', () => {
    const shown = redact(make());
    expect(shown).toBeInstanceOf(LockkeeperError);
    expect(isLockkeeperError(shown, 'DATABASE_UNREACHABLE')).toBe(true);
    expect((shown.cause as Error).cause).toBeInstanceOf(TypeError);
    expect(shown.toJSON().docs).toBe('docs/errors.md#database_unreachable');
  });

  it('of several errors is searched through', () => {
    const shown = redact(new AggregateError([new Error(url)], 'all failed'));
    expect(inspect(shown, { showHidden: true })).not.toContain('s3cret-word');
  });
});

it('takes no more than a moment for long texts', () => {
  const long = `${'a-a.'.repeat(50_000)}password ${'b+c/'.repeat(50_000)}://`;
  expect(redactText(long)).toBe(long);
});

import { describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/index.js';
import type { TlsOptions } from '../../src/pg/options.js';
import { connectionOf, json, problemsOf, project, resolveIn, row } from './project.js';
import { resolveConfig } from '../../src/config/index.js';

const verified: TlsOptions = {
  rejectUnauthorized: true,
  ca: null,
  cert: null,
  key: null,
  servername: null,
  checkName: true,
};
const pem = '-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----\n';
const far = 'postgres://u@db.example/d';

async function sslOf(
  input: ConfigInput,
  config: unknown = {},
): Promise<{ ssl: false | TlsOptions; text: string }> {
  const resolved = await resolveIn(json(config), input);
  return { ssl: connectionOf(resolved).ssl, text: row(resolved, 'ssl')?.value ?? '' };
}

describe('encryption that nobody spoke of', () => {
  it.each([
    'postgres://localhost/d',
    'postgres://LOCALHOST/d',
    'postgres://127.0.0.1/d',
    'postgres://127.1.2.3/d',
    'postgres://[::1]/d',
    'postgres:///d?host=/tmp',
  ])('is off for this machine: %s', async (url) => {
    expect((await sslOf({ url })).ssl).toBe(false);
  });

  it.each([
    far,
    'postgres://10.0.0.1/d',
    'postgres://localhost.example/d',
    'postgres://127.0.0.1.example/d',
    'postgres://[::2]/d',
  ])('is on and verified for every other: %s', async (url) => {
    expect(await sslOf({ url })).toEqual({ ssl: verified, text: 'on, certificate verified' });
  });
});

describe('encryption by sslmode', () => {
  it.each<[string, false | TlsOptions, string]>([
    ['disable', false, 'off'],
    ['allow', verified, 'on, certificate verified'],
    ['prefer', verified, 'on, certificate verified'],
    ['require', verified, 'on, certificate verified'],
    ['verify-full', verified, 'on, certificate verified'],
    ['verify-ca', { ...verified, checkName: false }, 'on, certificate verified, its name not (verify-ca)'],
    ['no-verify', { ...verified, rejectUnauthorized: false }, 'on, certificate NOT verified (no-verify)'],
  ])('%s is the same from a url, PGSSLMODE and the configuration', async (mode, ssl, text) => {
    expect(await sslOf({ url: `${far}?sslmode=${mode}` })).toEqual({ ssl, text });
    expect(await sslOf({ url: far, variables: { PGSSLMODE: mode } })).toEqual({ ssl, text });
    expect(await sslOf({ url: far }, { ssl: mode })).toEqual({ ssl, text });
  });

  it('is done for this machine too when it is asked for, and not for a Unix socket', async () => {
    expect((await sslOf({ url: 'postgres://localhost/d?sslmode=require' })).ssl).toEqual(verified);
    expect((await sslOf({ url: 'postgres://localhost/d?sslmode=prefer' })).ssl).toBe(false);
    expect((await sslOf({ url: 'postgres:///d?host=/tmp&sslmode=verify-full' })).ssl).toBe(false);
  });
});

describe('encryption by the configuration', () => {
  it.each<[unknown, false | Partial<TlsOptions>]>([
    [true, verified],
    [false, false],
    [{}, verified],
    [{ rejectUnauthorized: false }, { rejectUnauthorized: false }],
    [
      { rejectUnauthorized: true, servername: 's', ca: pem },
      { rejectUnauthorized: true, servername: 's', ca: pem },
    ],
  ])('%j', async (ssl, expected) => {
    const found = (await sslOf({ url: far }, { ssl })).ssl;
    if (expected === false) expect(found).toBe(false);
    else expect(found).toMatchObject(expected);
  });

  it('says by name when it goes without verification', async () => {
    const { text } = await sslOf({ url: far }, { ssl: { rejectUnauthorized: false } });
    expect(text).toBe('on, certificate NOT verified (rejectUnauthorized: false)');
  });

  it.each<[string, boolean]>([
    ['require', false],
    ['prefer', false],
    ['verify-full', true],
    ['verify-ca', true],
  ])('gives the details where the variable’s url says %s', async (mode, rejectUnauthorized) => {
    const input = { variables: { DATABASE_URL: `${far}?sslmode=${mode}` } };
    const { ssl } = await sslOf(input, { ssl: { rejectUnauthorized: false, ca: pem } });
    expect(ssl).toMatchObject({ rejectUnauthorized, ca: pem });
  });

  it('of a section comes before its url, and after the url of a variable', async () => {
    const section = (ssl: unknown): unknown => ({
      environments: { dev: { url: `${far}?sslmode=require`, ssl } },
    });
    expect((await sslOf({}, section(false))).ssl).toBe(false);
    const variables = { DATABASE_URL: `${far}?sslmode=disable`, PGSSLMODE: 'require' };
    expect((await sslOf({ variables }, section(true))).ssl).toBe(false);
  });
});

describe('certificates', () => {
  it('are read from files of the project', async () => {
    const root = project({ 'certs/ca.pem': pem, 'client.crt': 'CERT', 'client.key': 'KEY' });
    const url = `${far}?sslmode=verify-full&sslrootcert=certs/ca.pem&sslcert=${root}/client.crt`;
    const config = await resolveConfig({ cwd: root, url, variables: { PGSSLKEY: 'client.key' } });
    expect(connectionOf(config).ssl).toEqual({ ...verified, ca: pem, cert: 'CERT', key: 'KEY' });
  });

  it('may be given as bytes', async () => {
    const text = `export default { ssl: { ca: Buffer.from(${JSON.stringify(pem)}) } };`;
    const config = await resolveIn({ 'lockkeeper.config.mjs': text }, { url: far });
    expect(connectionOf(config).ssl).toMatchObject({ ca: pem });
  });

  it('that cannot be read are an error', async () => {
    const [problem] = await problemsOf(resolveIn({}, { url: `${far}?sslrootcert=nowhere.pem` }));
    expect(problem).toContain('The certificate or key file nowhere.pem cannot be read: ENOENT');
  });
});

it('refuses to promise channel binding without verification', async () => {
  expect((await sslOf({ url: `${far}?channel_binding=require` })).ssl).toEqual(verified);
  for (const mode of ['disable', 'no-verify']) {
    const [problem] = await problemsOf(
      resolveIn({}, { url: `${far}?channel_binding=require&sslmode=${mode}` }),
    );
    expect(problem).toContain('channel_binding=require');
  }
});

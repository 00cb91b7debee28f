import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { TlsOptions } from '../pg/options.js';
import type { SslSettings } from './connection-settings.js';
import { problem, type Problems } from './problems.js';
import type { Origin } from './resolved.js';
import type { SslMode } from './public.js';

/** What one source says about encryption, and who it is. */
export interface SslLayer {
  readonly ssl: SslSettings;
  readonly origin: Origin;
}

export interface TlsDecision {
  readonly ssl: false | TlsOptions;
  /** For people; says by name when certificates are not verified. */
  readonly text: string;
  readonly origin: Origin;
}

/** Whether the host is this very machine, so that no wire is between. */
export function isLocalHost(host: string): boolean {
  return host.startsWith('/') || host === '::1' || /^(?:localhost\.?|127(?:\.\d{1,3}){3})$/i.test(host);
}

/**
 * Decides about encryption; `layers` are ordered strongest first. The first that names a mode decides about on and off.
 * A certificate authority, a key and so on come from the first that has them. Verification is switched off only by
 * name: `no-verify`, or `rejectUnauthorized: false` where no stronger source asks for `verify-ca` or `verify-full`.
 */
export function decideTls(
  host: string,
  layers: readonly SslLayer[],
  files: { readonly root: string; readonly problems: Problems },
): TlsDecision {
  const deciding = layers.find(decides);
  const origin = deciding?.origin ?? { kind: 'default' };
  const mode = deciding === undefined ? null : (deciding.ssl.mode ?? 'require');
  if (host.startsWith('/')) return { ssl: false, text: 'off (Unix socket)', origin: { kind: 'default' } };
  if (mode === 'disable') {
    if (layers.some((layer) => layer.ssl.channelBinding)) files.problems.push(bindingNeedsTls());
    return { ssl: false, text: 'off', origin };
  }
  if (mode === null && isLocalHost(host))
    return { ssl: false, text: 'off (this machine)', origin: { kind: 'default' } };
  const verify = verified(mode, layers);
  if (!verify && layers.some((layer) => layer.ssl.channelBinding)) files.problems.push(bindingNeedsTls());
  const checkName = mode !== 'verify-ca';
  return {
    ssl: {
      rejectUnauthorized: verify,
      ca: readPem(first(layers, 'ca'), files),
      cert: readPem(first(layers, 'cert'), files),
      key: readPem(first(layers, 'key'), files),
      servername: first(layers, 'servername') ?? null,
      checkName,
    },
    text: describe(mode, verify, checkName),
    origin: mode === null ? { kind: 'default' } : origin,
  };
}

/** `allow` and `prefer` promise plain text as a second choice, and count as nothing said. */
function decides({ ssl }: SslLayer): boolean {
  if (ssl.mode === undefined) return ssl.rejectUnauthorized !== undefined;
  return ssl.mode !== 'allow' && ssl.mode !== 'prefer';
}

function verified(mode: SslMode | null, layers: readonly SslLayer[]): boolean {
  if (mode === 'no-verify') return false;
  if (mode === 'verify-ca' || mode === 'verify-full') return true;
  return first(layers, 'rejectUnauthorized') ?? true;
}

function first<Key extends keyof SslSettings>(
  layers: readonly SslLayer[],
  key: Key,
): SslSettings[Key] | undefined {
  return layers.find((layer) => layer.ssl[key] !== undefined)?.ssl[key];
}

function describe(mode: SslMode | null, verify: boolean, checkName: boolean): string {
  if (!verify)
    return `on, certificate NOT verified (${mode === 'no-verify' ? 'no-verify' : 'rejectUnauthorized: false'})`;
  return checkName ? 'on, certificate verified' : 'on, certificate verified, its name not (verify-ca)';
}

function readPem(value: string | undefined, files: { root: string; problems: Problems }): string | null {
  if (value === undefined || value === '') return null;
  if (value.includes('-----BEGIN')) return value;
  try {
    return readFileSync(resolve(files.root, value), 'utf8');
  } catch (cause) {
    const message = `The certificate or key file ${value} cannot be read: ${(cause as Error).message}.`;
    const hint =
      'Give the path of a readable PEM file, relative to the project folder, or the PEM text itself.';
    files.problems.push(problem({ message, hint, cause }));
    return null;
  }
}

/** The driver does not bind to the channel; a verified certificate gives what the binding is for. */
function bindingNeedsTls(): ReturnType<typeof problem> {
  return problem({
    message:
      'channel_binding=require asks for a server that proves who it is, and verification is switched off.',
    hint: 'Remove sslmode=disable, no-verify or rejectUnauthorized: false, or remove channel_binding.',
  });
}

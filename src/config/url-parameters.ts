import { didYouMean, joinWords } from '../core/text.js';
import { parseSearchPath, type ConnectionSettings } from './connection-settings.js';
import type { SslMode } from './public.js';

/** What a parameter says, or why it is refused (a clause that follows its name and value). */
type Reading = ConnectionSettings | { readonly refused: string };
type Reader = (value: string) => Reading;

const nothing: ConnectionSettings = {};

const sslModes: readonly SslMode[] = [
  'disable',
  'allow',
  'prefer',
  'require',
  'verify-ca',
  'verify-full',
  'no-verify',
];

/** The parameters of libpq (PostgreSQL manual, "Parameter Key Words") that mean something to a migration run. */
const readers: Readonly<Record<string, Reader>> = {
  host: (host) => readHost(host),
  port: (port) => readPort(port),
  dbname: (database) => ({ database }),
  user: (user) => ({ user }),
  password: (password) => ({ password }),
  passfile: (passfile) => ({ passfile }),
  sslmode: (mode) => readSslMode(mode),
  // Drivers of other languages write it so.
  ssl: (value) => readSslSwitch(value),
  sslrootcert: (path) => (path === 'system' ? nothing : { ssl: { ca: path } }),
  sslcert: (cert) => ({ ssl: { cert } }),
  sslkey: (key) => ({ ssl: { key } }),
  application_name: (applicationName) => ({ applicationName }),
  connect_timeout: (seconds) => readConnectTimeout(seconds),
  options: (text) => readOptions(text),
  channel_binding: (value) =>
    ({ disable: nothing, prefer: nothing, require: { ssl: { channelBinding: true } } })[value] ??
    accepted(['disable', 'prefer', 'require']),
  gssencmode: (value) =>
    value === 'require' ? { refused: 'GSSAPI encryption is not supported; use sslmode' } : nothing,
  client_encoding: (value) =>
    /^(?:utf-?8|auto)$/i.test(value)
      ? nothing
      : { refused: 'migration files are UTF-8, and so is the connection' },
  target_session_attrs: (value) =>
    ['any', 'read-write', 'primary'].includes(value)
      ? nothing
      : { refused: 'migrations need the primary server; accepted: "any", "read-write" or "primary"' },
  load_balance_hosts: (value) => (value === 'disable' ? nothing : { refused: 'migrations need one server' }),
  sslnegotiation: (value) =>
    value === 'postgres' ? nothing : { refused: 'the driver negotiates TLS the ordinary way; leave it out' },
  hostaddr: () => ({ refused: 'put the address in the place of the host' }),
  service: () => ({ refused: 'service files are not read; write the connection out' }),
  replication: () => ({ refused: 'migrations do not run on a replication connection' }),
  sslpassword: () => ({ refused: 'encrypted private keys are not supported; decrypt the key file' }),
  // Of Prisma, whose URLs many projects share with other tools.
  schema: (schema) => ({ searchPath: [schema] }),
  pgbouncer: (value) => (value === 'true' ? { pooled: true } : nothing),
};

/** Parameters that are about an application's pool, or that the driver has no use for. They change no migration. */
const harmless: ReadonlySet<string> = new Set([
  'connection_limit',
  'fallback_application_name',
  'keepalives',
  'keepalives_count',
  'keepalives_idle',
  'keepalives_interval',
  'pool_timeout',
  'socket_timeout',
  'sslaccept',
  'sslcompression',
  'sslsni',
  'statement_cache_size',
  'supa',
  'tcp_user_timeout',
]);

/** Reads one parameter. A refusal names what is accepted. */
export function readParameter(name: string, value: string): Reading {
  if (harmless.has(name)) return nothing;
  const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
  if (reader === undefined) {
    const similar = didYouMean(name, Object.keys(readers));
    return { refused: `it is not a parameter that Lockkeeper knows.${similar}` };
  }
  return value === '' ? nothing : reader(value);
}

/** One server only: a run that could begin on one and go on at another would have two histories. */
export function readHost(host: string): Reading {
  if (!host.includes(',')) return { host };
  return { refused: 'it names several hosts, and migrations need one server that can be written to' };
}

export function readPort(text: string): Reading {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return { port };
  return { refused: text.includes(',') ? 'it names several ports' : 'a port is a number from 1 to 65535' };
}

function readSslMode(value: string): Reading {
  const mode = sslModes.find((known) => known === value);
  return mode === undefined ? accepted(sslModes, value) : { ssl: { mode } };
}

function readSslSwitch(value: string): Reading {
  if (['true', '1', 'on'].includes(value)) return { ssl: { mode: 'require' } };
  if (['false', '0', 'off'].includes(value)) return { ssl: { mode: 'disable' } };
  return sslModes.some((mode) => mode === value)
    ? readSslMode(value)
    : accepted(['true', 'false', ...sslModes]);
}

/** libpq takes whole seconds; zero, a negative number and nothing mean for ever. */
function readConnectTimeout(text: string): Reading {
  if (!/^-?\d+$/.test(text) || Number(text) > 2_000_000) return { refused: 'whole seconds are needed' };
  return { connectTimeoutMs: Math.max(0, Number(text)) * 1000 };
}

/**
 * The command-line options of a server session. Only two are taken, because Lockkeeper sets the session up itself and
 * returns to that state between migrations; an option that it does not know of would be lost there.
 */
function readOptions(text: string): Reading {
  let settings: ConnectionSettings = {};
  const rest = text.replaceAll(
    /(?:-c\s*|--)([\w.-]+)=((?:\\.|[^\s\\])*)/g,
    (all, name: string, value: string) => {
      const plain = value.replaceAll(/\\(.)/g, '$1');
      const key = name.replaceAll('-', '_');
      if (key === 'search_path') settings = { ...settings, searchPath: parseSearchPath(plain) };
      else if (key === 'role') settings = { ...settings, role: plain };
      else return all;
      return '';
    },
  );
  if (rest.trim() === '') return settings;
  return {
    refused:
      `${JSON.stringify(rest.trim())} cannot be passed on. Of options, search_path and role are taken; ` +
      'for timeouts there are lockTimeout and statementTimeout',
  };
}

function accepted(words: readonly string[], given?: string): Reading {
  const similar = given === undefined ? '' : didYouMean(given, words);
  return {
    refused: `accepted: ${joinWords(
      words.map((word) => `"${word}"`),
      'or',
    )}.${similar}`,
  };
}

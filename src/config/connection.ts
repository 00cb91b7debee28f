import { userInfo } from 'node:os';
import { formatDuration } from '../core/duration.js';
import { registerSecret } from '../core/redact.js';
import type { ConnectionOptions } from '../pg/options.js';
import type { ConnectionSettings, Password } from './connection-settings.js';
import { parseConnectionUrl } from './connection-url.js';
import type { SettingKey, SettingsLayer } from './connection-variables.js';
import type { Candidate, Explanation } from './explain.js';
import { passwordFilePath, readPasswordFile } from './pgpass.js';
import { problem } from './problems.js';
import type { Origin } from './resolved.js';
import type { ConnectionLayers, ConnectionSource, DatabaseRequest } from './sources.js';
import { decideTls } from './tls.js';

export interface ConnectionRequest extends DatabaseRequest {
  readonly root: string;
}

/** Which layers count for what identifies the database, and which for the options of the session. Strongest first. */
export interface LayersOfSource {
  readonly url: SettingsLayer | null;
  readonly identity: readonly SettingsLayer[];
  readonly options: readonly SettingsLayer[];
}

export function layersOf(
  source: ConnectionSource,
  layers: ConnectionLayers,
  request: ConnectionRequest,
): LayersOfSource {
  const { section, config, libpq } = layers;
  if (source.kind !== 'url') {
    const own = (layer: SettingsLayer, url: string | undefined): SettingsLayer =>
      url === undefined || url === '' ? layer : only(layer, ['password']);
    const configured = [own(section, request.environment.section?.url), own(config, request.config?.url)];
    const tool = source.layer === undefined ? [] : [source.layer];
    return {
      url: null,
      identity: [...layers.groups, ...configured, ...tool, libpq],
      options: [section, config, ...tool, libpq],
    };
  }
  const details = { url: source.label, ...(source.strength === 'flag' ? { option: 'url' } : {}) };
  const settings = parseConnectionUrl(source.text, { label: source.label, details }, request.problems);
  const url = { settings, origin: source.origin };
  const gaps: readonly SettingKey[] = ['user', 'password', 'database'];
  switch (source.strength) {
    case 'flag':
      // A password of the configuration is not sent to a server that was named for this once.
      return { url, identity: [url, libpq], options: [url, section, config, libpq] };
    case 'section':
      return {
        url,
        identity: [url, only(section, gaps), only(config, ['password']), libpq],
        options: [section, url, config, libpq],
      };
    case 'config':
      return {
        url,
        identity: [url, only(section, gaps), only(config, gaps), libpq],
        options: [section, config, url, libpq],
      };
    case 'tool': {
      const tool = source.layer === undefined ? [] : [source.layer];
      return {
        url,
        identity: [url, ...tool, only(section, gaps), only(config, gaps), libpq],
        options: [section, config, url, ...tool, libpq],
      };
    }
    default:
      return {
        url,
        identity: [url, only(section, ['password']), only(config, ['password']), libpq],
        options: [url, section, config, libpq],
      };
  }
}

function only(layer: SettingsLayer, keys: readonly SettingKey[]): SettingsLayer {
  return { ...layer, settings: pick(layer.settings, keys) };
}

export function pick(settings: ConnectionSettings, keys: readonly SettingKey[]): ConnectionSettings {
  return Object.fromEntries(
    keys.flatMap((key) => (settings[key] === undefined ? [] : [[key, settings[key]]])),
  );
}

export function buildConnection(
  parts: LayersOfSource,
  request: ConnectionRequest,
  explanation: Explanation,
): ConnectionOptions {
  const identify = <Key extends SettingKey>(
    key: Key,
    text: (value: Given<Key>) => string,
  ): Given<Key> | undefined => {
    const candidates = candidatesOf(parts.identity, key, text);
    // What stands in the url itself is shown with it, and not once more.
    if (candidates[0] === undefined || parts.url?.settings[key] !== undefined) return candidates[0]?.value;
    return explanation.choose(key, candidates)?.value;
  };
  const host = identify('host', String) ?? 'localhost';
  const port = identify('port', String) ?? 5432;
  const user = identify('user', String) ?? systemUser(request);
  const database = identify('database', String) ?? user;
  const password =
    identify('password', (value) => (typeof value === 'string' ? '***' : 'a function')) ??
    filePassword({ host, port, user, database }, parts, { request, explanation });
  protect(password, [host, user, database]);
  const sslLayers = parts.options.flatMap((layer) =>
    layer.settings.ssl === undefined
      ? []
      : [{ ssl: layer.settings.ssl, origin: layer.origins?.ssl ?? layer.origin }],
  );
  const tls = decideTls(host, sslLayers, request);
  explanation.note('ssl', tls.text, tls.origin);
  const timeout = chooseOption(parts.options, 'connectTimeoutMs', formatDuration, explanation);
  const session = sessionOptions(parts.options, explanation);
  return {
    host,
    port,
    database,
    user,
    password,
    ssl: tls.ssl,
    connectTimeoutMs: timeout?.value ?? 10_000,
    ...session,
  };
}

type Given<Key extends SettingKey> = NonNullable<ConnectionSettings[Key]>;

function candidatesOf<Key extends SettingKey>(
  layers: readonly SettingsLayer[],
  key: Key,
  text: (value: Given<Key>) => string,
): Candidate<Given<Key>>[] {
  return layers.flatMap((layer) => {
    const value = layer.settings[key];
    if (value === undefined) return [];
    const given = value as Given<Key>;
    return [{ value: given, text: text(given), origin: layer.origins?.[key] ?? layer.origin }];
  });
}

export function chooseOption<Key extends SettingKey>(
  layers: readonly SettingsLayer[],
  key: Key,
  text: (value: Given<Key>) => string,
  explanation: Explanation,
): Candidate<Given<Key>> | null {
  return explanation.choose(
    key === 'connectTimeoutMs' ? 'connectTimeout' : key,
    candidatesOf(layers, key, text),
  );
}

export function sessionOptions(
  layers: readonly SettingsLayer[],
  explanation: Explanation,
): Pick<ConnectionOptions, 'applicationName' | 'role' | 'searchPath'> {
  const byDefault: Candidate<string> = {
    value: 'lockkeeper',
    text: 'lockkeeper',
    origin: { kind: 'default' },
  };
  const names = [...candidatesOf(layers, 'applicationName', String), byDefault];
  return {
    applicationName: explanation.choose('applicationName', names)?.value ?? byDefault.value,
    role: chooseOption(layers, 'role', String, explanation)?.value ?? null,
    searchPath: chooseOption(layers, 'searchPath', (path) => path.join(', '), explanation)?.value ?? null,
  };
}

function systemUser(request: ConnectionRequest): string {
  try {
    return userInfo().username;
  } catch (cause) {
    const message =
      'No database user is given, and this system has no name for the user that runs Lockkeeper.';
    request.problems.push(problem({ message, hint: 'Name the user in the url, or set PGUSER.', cause }));
    return '';
  }
}

function filePassword(
  who: { host: string; port: number; user: string; database: string },
  parts: LayersOfSource,
  { request, explanation }: { request: ConnectionRequest; explanation: Explanation },
): Password | null {
  const file = parts.url?.settings.passfile ?? passwordFilePath(request.variables);
  const found = readPasswordFile(who, file, request.problems);
  if (found === null) return null;
  const named = request.variables.get('PGPASSFILE');
  const origin: Origin = named === null ? { kind: 'default' } : named.origin;
  explanation.note('password', `*** (from ${found.file})`, origin);
  return found.password;
}

/** A password that is also the name of something shown cannot be hidden everywhere without hiding that too. */
function protect(password: Password | null, shown: readonly string[]): void {
  if (typeof password === 'string' && !shown.includes(password)) registerSecret(password);
}

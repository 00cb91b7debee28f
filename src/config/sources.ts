import { joinWords } from '../core/text.js';
import { connectionSettings } from './config-connection.js';
import {
  readLibpqVariables,
  readVariableGroup,
  variableNames,
  type SettingsLayer,
} from './connection-variables.js';
import type { EnvironmentChoice } from './environment.js';
import type { ConfigInput } from './input.js';
import { problem, type Problems } from './problems.js';
import type { ConnectionConfig, LockkeeperConfig } from './public.js';
import type { Origin } from './resolved.js';
import { toolLabel, toolLayer, type ToolConnection } from './tool-connection.js';
import type { Variables } from './variables.js';

/** Everything that may say where the database is. */
export interface SourceRequest {
  readonly input: ConfigInput;
  readonly variables: Variables;
  readonly environment: EnvironmentChoice;
  readonly config: LockkeeperConfig | null;
  /** Name of the configuration file for people; null when there is none. */
  readonly file: string | null;
  readonly problems: Problems;
}

export interface DatabaseRequest extends SourceRequest {
  /** What other tools' own configurations say, in the order of their folders. */
  readonly tools: readonly ToolConnection[];
}

/** One place that says where the database is. */
export interface ConnectionSource {
  readonly kind: 'url' | 'keys' | 'embedded-by-default';
  readonly strength: 'flag' | 'variable' | 'section' | 'config' | 'tool' | 'libpq' | 'default';
  readonly origin: Origin;
  /** A url as written; for keys what identifies the database. */
  readonly text: string;
  /** What to call it in a message: `DATABASE_URL`, `environments.production.url`. */
  readonly label: string;
  /** The way round a pooler that was said together with this url. */
  readonly direct: { readonly text: string; readonly label: string; readonly origin: Origin } | null;
  /** What another tool says beside, or instead of, a url. */
  readonly layer?: SettingsLayer;
}

/** The layers that a connection is put together from. */
export interface ConnectionLayers {
  /** `<ENV>_DB_HOST` and its kin, then `DB_HOST` and its kin. */
  readonly groups: readonly SettingsLayer[];
  readonly section: SettingsLayer;
  readonly config: SettingsLayer;
  readonly libpq: SettingsLayer;
}

/** Reads every layer once. */
export function readLayers(request: SourceRequest): ConnectionLayers {
  const { variables, environment, config } = request;
  const prefixes = [...variableNames(environment.info.name).map((name) => `${name}_`), ''];
  return {
    groups: prefixes.map((prefix) => readVariableGroup(prefix, variables)),
    section: { settings: connectionSettings(environment.section ?? {}), origin: sectionOrigin(request) },
    config: { settings: connectionSettings(config ?? {}), origin: configOrigin(request) },
    libpq: readLibpqVariables(variables),
  };
}

export function sectionOrigin(request: SourceRequest): Origin {
  return {
    kind: 'environment-section',
    file: request.file ?? '',
    environment: request.environment.sectionKey ?? request.environment.info.name,
  };
}

export function configOrigin(request: SourceRequest): Origin {
  return { kind: 'config', file: request.file ?? '' };
}

/**
 * Everything that says where the database is, strongest first: flag, variables (those of the environment before the
 * general ones), environment section, configuration, other tools' configurations, libpq's variables, and the embedded server where it may be meant.
 * libpq's variables come so late because they are the shell's defaults to every program that knows them: they are to
 * fill gaps, and not to lead a project that says where its database is to another one.
 */
export function listSources(request: DatabaseRequest, layers: ConnectionLayers): ConnectionSource[] {
  const names = variableNames(request.environment.info.name);
  const [general] = layers.groups.slice(-1);
  const list = [
    fromFlag(request.input),
    ...names.map((name) => fromUrlVariable(`_${name}`, request.variables)),
    ...layers.groups.slice(0, -1).map((group) => fromKeys(group, 'variable')),
    fromUrlVariable('', request.variables),
    general === undefined ? null : fromKeys(general, 'variable'),
    fromSection(request, layers.section),
    fromConfig(request, layers.config),
    ...fromTools(request),
    fromKeys(layers.libpq, 'libpq'),
    embeddedByDefault(request),
  ];
  return list.filter((source) => source !== null);
}

function fromFlag(input: ConfigInput): ConnectionSource | null {
  if (input.url === undefined || input.url === '') return null;
  const origin: Origin = { kind: 'flag', option: 'url' };
  return { kind: 'url', strength: 'flag', origin, text: input.url, label: 'url', direct: null };
}

/** DIRECT_URL belongs to DATABASE_URL, and DIRECT_URL_TEST to DATABASE_URL_TEST: mixed, they would be two databases. */
function fromUrlVariable(suffix: string, variables: Variables): ConnectionSource | null {
  const url = variables.get(`DATABASE_URL${suffix}`);
  if (url === null) return null;
  const direct = variables.get(`DIRECT_URL${suffix}`);
  return {
    kind: 'url',
    strength: 'variable',
    origin: url.origin,
    text: url.value,
    label: url.name,
    direct: direct === null ? null : { text: direct.value, label: direct.name, origin: direct.origin },
  };
}

function fromKeys(layer: SettingsLayer, strength: ConnectionSource['strength']): ConnectionSource | null {
  const { host, database } = layer.settings;
  if (host === undefined && database === undefined && layer.identifies !== true) return null;
  const origin = layer.origins?.[host === undefined ? 'database' : 'host'] ?? layer.origin;
  return { kind: 'keys', strength, origin, text: `${host ?? ''}/${database ?? ''}`, label: '', direct: null };
}

function fromSection(request: SourceRequest, layer: SettingsLayer): ConnectionSource | null {
  const { section, sectionKey } = request.environment;
  if (section === null) return null;
  return fromConfigured(section, `environments.${sectionKey}.`, { strength: 'section', layer, request });
}

function fromConfig(request: SourceRequest, layer: SettingsLayer): ConnectionSource | null {
  if (request.config === null) return null;
  const { section } = request.environment;
  const strict = isStrict(request);
  // `production: { url: process.env.X }` with X not set was meant to say something: what is written for all
  // environments is not what was meant, least of all the embedded server.
  if (strict && section !== null && saysNothing(section)) return null;
  if (strict && request.config.url === 'embedded') return null;
  return fromConfigured(request.config, '', { strength: 'config', layer, request });
}

/** `production: { url: process.env.X }` with X not set was meant to say something, and not what another tool says. */
function fromTools(request: DatabaseRequest): readonly (ConnectionSource | null)[] {
  const { section } = request.environment;
  if (isStrict(request) && section !== null && saysNothing(section)) return [];
  return request.tools.map((tool) => {
    const layer = toolLayer(tool);
    const { url } = tool.connection;
    if (url === undefined || url === '') {
      const keys = fromKeys(layer, 'tool');
      return keys === null ? null : { ...keys, layer };
    }
    const { origin } = layer;
    return { kind: 'url', strength: 'tool', origin, text: url, label: toolLabel(tool), direct: null, layer };
  });
}

function fromConfigured(
  config: ConnectionConfig,
  prefix: string,
  from: { strength: 'section' | 'config'; layer: SettingsLayer; request: SourceRequest },
): ConnectionSource | null {
  const { strength, layer, request } = from;
  if (config.url === undefined || config.url === '') return fromKeys(layer, strength);
  const also = (['host', 'port'] as const).filter((key) => layer.settings[key] !== undefined);
  if (also.length > 0) {
    const keys = [...also.map((key) => `"${prefix}${key}"`), `"${prefix}url"`];
    const message = `${joinWords(keys)} each say where the database is.`;
    request.problems.push(
      problem({ message, hint: 'Keep the url, or the others.', details: { key: `${prefix}url` } }),
    );
  }
  const direct = config.directUrl === undefined || config.directUrl === '' ? null : config.directUrl;
  return {
    kind: 'url',
    strength,
    origin: layer.origin,
    text: config.url,
    label: `${prefix}url`,
    direct: direct === null ? null : { text: direct, label: `${prefix}directUrl`, origin: layer.origin },
  };
}

function saysNothing(section: ConnectionConfig): boolean {
  return Object.hasOwn(section, 'url') && (section.url === undefined || section.url === '');
}

/** Where a missing url must be noticed, because running against an empty local server would look like success. */
function isStrict(request: SourceRequest): boolean {
  const { info } = request.environment;
  return info.protected || info.name === 'production' || info.name === 'staging';
}

/** For development, test, and environments of the user's own that mention no url at all. */
function embeddedByDefault(request: SourceRequest): ConnectionSource | null {
  const { info, section } = request.environment;
  if (isStrict(request)) return null;
  const ownWord = info.name !== 'development' && info.name !== 'test';
  if (ownWord && (section === null || saysNothing(section))) return null;
  const origin: Origin = { kind: 'default' };
  return {
    kind: 'embedded-by-default',
    strength: 'default',
    origin,
    text: 'embedded',
    label: '',
    direct: null,
  };
}

/** Nothing says where the database of this environment is. */
export function noSource(request: SourceRequest): ReturnType<typeof problem> {
  const { info, sectionKey } = request.environment;
  const names = variableNames(info.name);
  const looked = [
    ...names.map((name) => `DATABASE_URL_${name}`),
    'DATABASE_URL',
    ...names.map((name) => `${name}_DB_HOST`),
    'DB_HOST',
    'PGHOST',
  ];
  const key = sectionKey === null ? '' : ` "environments.${sectionKey}.url" is not set, and`;
  return problem({
    message:
      `Nothing says where the database of the environment "${info.name}" is:${key} ` +
      `none of the variables ${joinWords(looked)} is set.`,
    hint: `Set DATABASE_URL, or give url. The embedded server is used here only when it is asked for: url: 'embedded'.`,
    details: { environment: info.name, variables: looked },
  });
}

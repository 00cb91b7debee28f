import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';
import type { Warning } from '../../core/report.js';
import type { FormatConfiguration, FormatConnection, FormatRequest } from '../format.js';
import { assertKnownKeys, type RawSettings, textOrNull, withCamelCase } from '../setting-keys.js';
import { readRcFile } from './rc-file.js';
import { knownKeys, readSettings } from './settings.js';

/** Names by which projects call an environment in database.json. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  development: ['development', 'dev'],
  production: ['production', 'prod'],
  test: ['test', 'testing'],
  staging: ['staging', 'stage'],
};

/** @throws {CONFIG_INVALID} {CONFIG_NOT_LOADED} */
export async function configure(request: FormatRequest): Promise<FormatConfiguration> {
  const { root } = request;
  const given = withCamelCase(request.given);
  assertKnownKeys(given, { format: 'db-migrate', keys: knownKeys });
  const rc = readRcFile(root);
  const file = findFile(root, textOrNull(given['config']) ?? textOrNull(rc['configFile']));
  const content = file === null ? {} : ((await request.load(file)) as RawSettings);
  const section = sectionOf(content, rc, request);
  const top = withCamelCase({ 'sql-file': content['sql-file'], 'ignore-on-init': content['ignore-on-init'] });
  const raw = { ...top, ...pick(section, ['schema']), ...rc, ...given };
  assertPostgres(section, file === null ? '' : relative(root, file));
  const scope = textOrNull(raw['scope']);
  const settings = readSettings({ ...raw, ...(await scopeSchema(request, scope, raw)) });
  const base = resolve(root, textOrNull(rc['migrationsDir']) ?? 'migrations');
  return {
    file,
    dir: request.dir ?? (scope === null ? base : join(base, scope)),
    settings: { ...settings },
    connection: connectionOf(section, request),
    warnings: warningsOf(section, rc),
  };
}

function findFile(root: string, named: string | null): string | null {
  const path = resolve(root, named ?? 'database.json');
  if (existsSync(path)) return path;
  if (named === null) return null;
  throw new LockkeeperError('CONFIG_NOT_LOADED', {
    message: `The configuration file ${named} of db-migrate does not exist.`,
    hint: 'Correct "config" in the configuration of Lockkeeper, or "configFile" in .db-migraterc.',
  });
}

/**
 * The section of our environment. For development, where the tool runs without --env, also the one that the file or
 * .db-migraterc names as its default, unless that is another environment's.
 */
function sectionOf(content: RawSettings, rc: RawSettings, request: FormatRequest): RawSettings {
  const { environment } = request;
  const names = [...(aliases[environment] ?? [environment])];
  if (environment === 'development') {
    const said = [rc['env'], content['default'], content['defaultEnv']].map((value) =>
      valueOf(value, request),
    );
    const foreign = new Set(Object.values(aliases).flat());
    names.unshift(...said.filter((name): name is string => typeof name === 'string' && !foreign.has(name)));
  }
  const name = names.find((candidate) => content[candidate] !== undefined);
  return name === undefined ? {} : resolveSection(content[name], request);
}

/** A url, `{ "ENV": "NAME" }` for a url in a variable, or keys of which each may be such an object. */
function resolveSection(section: unknown, request: FormatRequest): RawSettings {
  const value = valueOf(section, request);
  if (typeof value === 'string') return { url: value };
  if (typeof value !== 'object' || value === null) return {};
  const resolved = Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, valueOf(inner, request)]),
  );
  const { overwrite, addIfNotExists, ...rest } = resolved as Record<string, unknown>;
  return {
    ...(addIfNotExists as RawSettings | undefined),
    ...rest,
    ...(overwrite as RawSettings | undefined),
  };
}

function valueOf(value: unknown, { variable }: FormatRequest): unknown {
  const name = (value as { readonly ENV?: unknown } | null | undefined)?.ENV;
  return typeof name === 'string' ? variable(name) : value;
}

/** A scope may have a config.json of its own; with this tool its "database" is a schema, too. */
async function scopeSchema(
  request: FormatRequest,
  scope: string | null,
  raw: RawSettings,
): Promise<RawSettings> {
  const file = join(request.dir ?? '', 'config.json');
  if (scope === null || request.dir === null || !existsSync(file)) return pick(raw, ['schema']);
  const { database, schema } = (await request.load(file)) as RawSettings;
  return { schema: textOrNull(database) ?? textOrNull(schema) ?? raw['schema'] };
}

function pick(raw: RawSettings, keys: readonly string[]): RawSettings {
  return Object.fromEntries(keys.flatMap((key) => (raw[key] === undefined ? [] : [[key, raw[key]]])));
}

function assertPostgres({ driver }: RawSettings, shown: string): void {
  if (typeof driver !== 'string' || ['pg', 'postgres', 'postgresql'].includes(driver)) return;
  throw new LockkeeperError('CONFIG_INVALID', {
    message: `${shown} names the driver "${driver}", and Lockkeeper works on PostgreSQL only.`,
    hint: 'Accepted: pg, postgres, postgresql.',
  });
}

function connectionOf(section: RawSettings, { variable }: FormatRequest): FormatConnection | null {
  const url =
    textOrNull(section['url']) ?? (section['url'] === undefined ? (variable('DATABASE_URL') ?? null) : null);
  const searchPath = textOrNull(section['schema']);
  if (url !== null) return { url };
  const { host, port, database, user, username, password, ssl } = section;
  if (host === undefined && database === undefined) return null;
  const name = textOrNull(user) ?? textOrNull(username);
  return {
    ...(typeof host === 'string' ? { host } : {}),
    ...(port !== undefined && Number.isInteger(Number(port)) ? { port: Number(port) } : {}),
    ...(typeof database === 'string' ? { database } : {}),
    ...(name === null ? {} : { user: name }),
    ...(typeof password === 'string' ? { password } : {}),
    ...(ssl === undefined || ssl === null ? {} : { ssl: ssl !== false && ssl !== 'false' }),
    ...(searchPath === null ? {} : { searchPath: [searchPath, 'public'] }),
  };
}

const ignored: Readonly<Record<string, string>> = {
  tunnel: 'Open the SSH tunnel yourself, and give Lockkeeper the address of its near end.',
  native: 'Lockkeeper brings its own connection.',
};

function warningsOf(section: RawSettings, rc: RawSettings): readonly Warning[] {
  const used = new Set([...knownKeys, 'migrationsDir', 'configFile', 'env']);
  return [
    ...Object.keys(section).filter((key) => ignored[key] !== undefined),
    ...Object.keys(rc).filter((key) => !used.has(key)),
  ].map((key) => ({
    code: 'setting-ignored',
    message: `db-migrate: the setting "${key}" is not honoured.`,
    hint: ignored[key] ?? 'Lockkeeper has no such setting, or says it on its command line.',
  }));
}

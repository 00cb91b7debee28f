import { existsSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';
import type { FormatConfiguration, FormatConnection, FormatRequest } from '../format.js';
import { type RawSettings, withCamelCase } from '../setting-keys.js';
import { readPackageSettings } from './package-settings.js';
import { assertKnown, ignoredKeys, readSettings } from './settings.js';

/** Names under which projects keep what they hand to the tool with --config-file; the first that is there counts. */
const configFiles = [
  '.node-pg-migraterc',
  '.node-pg-migraterc.json',
  ...['js', 'cjs', 'mjs', 'ts', 'cts', 'mts', 'json'].flatMap((extension) => [
    `migrate-config.${extension}`,
    `.node-pg-migraterc.${extension}`,
  ]),
];

/** What the tool's own configuration says, wherever a project has put it. */
interface Found {
  readonly file: string | null;
  readonly values: RawSettings;
}

/** @throws {CONFIG_INVALID} {CONFIG_NOT_LOADED} */
export async function configure(request: FormatRequest): Promise<FormatConfiguration> {
  const { root } = request;
  const given = withCamelCase(request.given);
  assertKnown(given);
  const inPackage = readPackageSettings(root);
  const named = given['configValue'] ?? inPackage['configValue'];
  const section = typeof named === 'string' ? named : 'db';
  const found = await find(request, { named: given['configFile'] ?? inPackage['configFile'], section });
  const values = { ...inPackage, ...(await fromConfigPackage(request, section)), ...found.values };
  const raw = { ...values, ...given };
  const settings = readSettings(raw);
  const dir = request.dir ?? folderOf(raw, settings.glob, root);
  const shown = relative(root, found.file ?? join(root, 'package.json'));
  return {
    file: found.file,
    dir,
    settings: { ...settings },
    connection: connectionOf(values, request),
    warnings: ignoredKeys(values, shown),
  };
}

async function find(
  request: FormatRequest,
  { named, section }: { readonly named: unknown; readonly section: string },
): Promise<Found> {
  const names = typeof named === 'string' ? [named] : configFiles;
  const path = names.map((name) => resolve(request.root, name)).find((candidate) => existsSync(candidate));
  if (path === undefined && typeof named === 'string') {
    throw new LockkeeperError('CONFIG_NOT_LOADED', {
      message: `The configuration file ${named} of node-pg-migrate does not exist.`,
      hint: 'Correct "configFile" in the configuration of Lockkeeper, or --config-file in the scripts of package.json.',
    });
  }
  if (path === undefined) return { file: null, values: {} };
  const loaded = /\.[a-z]+$/.test(path.replace(/\.node-pg-migraterc$/, ''))
    ? await request.load(path)
    : readPlainJson(path, request.root);
  return { file: path, values: sectionOf(loaded, section) };
}

function sectionOf(loaded: unknown, section: string): RawSettings {
  if (typeof loaded === 'string') return { url: loaded };
  if (typeof loaded !== 'object' || loaded === null) return {};
  const inside = (loaded as RawSettings)[section];
  if (typeof inside === 'string') return { url: inside };
  return withCamelCase((typeof inside === 'object' && inside !== null ? inside : loaded) as RawSettings);
}

/** `.node-pg-migraterc` has no ending that would say what it is; JSON is what people write into it. */
function readPlainJson(path: string, root: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown;
  } catch (cause) {
    throw new LockkeeperError('CONFIG_NOT_LOADED', {
      message: `${relative(root, path)} is not JSON: ${(cause as Error).message}.`,
      hint: 'Write it as JSON, or rename it to migrate-config.js.',
      cause,
    });
  }
}

/**
 * The package `config` reads `config/default.json` and its kin; the tool asks it for the section `db`. Which of its
 * files count depends on the environment, so it is told ours.
 */
async function fromConfigPackage(request: FormatRequest, section: string): Promise<RawSettings> {
  const folder = join(request.root, 'config');
  const main = join(request.root, 'node_modules', 'config', 'lib', 'config.js');
  if (!existsSync(folder) || !existsSync(main)) return {};
  const variables = {
    NODE_CONFIG_DIR: folder,
    NODE_CONFIG_ENV: request.environment,
    SUPPRESS_NO_CONFIG_WARNING: 'yes',
  };
  const added = Object.entries(variables).filter(([name]) => process.env[name] === undefined);
  for (const [name, value] of added) process.env[name] = value;
  try {
    const config = (await request.load(main)) as RawSettings;
    return config[section] === undefined ? {} : sectionOf(config, section);
  } finally {
    for (const [name] of added) delete process.env[name];
  }
}

/** The folder, or the part of a glob that is no pattern. */
function folderOf(raw: RawSettings, glob: string | null, root: string): string {
  const said = raw['migrationsDir'] ?? raw['dir'];
  const path = typeof said === 'string' ? said : 'migrations';
  if (glob === null) return resolve(root, path);
  const parts = path.split('/');
  const pattern = parts.findIndex((part) => /[*?[{(!]/.test(part));
  return resolve(root, parts.slice(0, pattern === -1 ? -1 : pattern).join('/') || '.');
}

/** As the tool takes it: a url, or parts of which one is there. Its variable is DATABASE_URL, or the one that is named. */
function connectionOf(values: RawSettings, { variable }: FormatRequest): FormatConnection | null {
  const named = values['databaseUrlVar'];
  const isUrl = typeof named === 'string' && named.includes('://');
  const url =
    (typeof named === 'string' && !isUrl ? variable(named) : undefined) ??
    [isUrl ? named : undefined, values['databaseUrl'], values['url']].find((one) => one !== undefined);
  if (typeof url === 'string' && url !== '') return { url };
  const parts = typeof url === 'object' && url !== null ? (url as RawSettings) : values;
  return partsOf(parts);
}

function partsOf(parts: RawSettings): FormatConnection | null {
  const { connectionString, host, port, user, password, ssl } = parts;
  const database = parts['name'] ?? parts['database'];
  if (typeof connectionString === 'string') return { url: connectionString };
  if (host === undefined && port === undefined && database === undefined) return null;
  return {
    ...(typeof host === 'string' ? { host } : {}),
    ...(Number.isInteger(Number(port)) ? { port: Number(port) } : {}),
    ...(typeof database === 'string' ? { database } : {}),
    ...(typeof user === 'string' ? { user } : {}),
    ...(typeof password === 'string' ? { password } : {}),
    ...(ssl === undefined || ssl === null ? {} : { ssl: ssl !== false }),
  };
}

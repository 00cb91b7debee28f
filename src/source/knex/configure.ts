import { basename, dirname, extname, resolve } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';
import type { Warning } from '../../core/report.js';
import { joinWords } from '../../core/text.js';
import type { FormatConfiguration, FormatRequest } from '../format.js';
import { readGivenTexts } from '../given.js';
import { connectionOf } from './connection.js';
import {
  findKnexfile,
  invalid,
  isValues,
  type KnexEnvironment,
  readKnexfile,
  type Values,
} from './knexfile.js';
import { defaultSettings, type KnexSettings } from './settings.js';

/** What Knex calls the dialect of PostgreSQL. */
const postgresClients: ReadonlySet<unknown> = new Set(['pg', 'postgres', 'postgresql', 'pgnative']);

/** Reads the knexfile: code of the user's, which is run; Knex itself is not loaded. */
export async function configureKnex(request: FormatRequest): Promise<FormatConfiguration> {
  const given = readGivenTexts(request.given, ['knexfile', 'environment'], 'knex');
  const file = findKnexfile(request, given.knexfile);
  if (file === null) return withoutFile(request);
  const environment = await readKnexfile(request, file, given.environment);
  assertPostgres(environment);
  const settings = readSettings(environment, request);
  return {
    file,
    dir: settings.directories[0] ?? request.root,
    settings,
    connection: connectionOf(environment.values['connection'], environment.values['searchPath']),
    warnings: notHonoured(environment),
  };
}

function withoutFile({ root, dir }: FormatRequest): FormatConfiguration {
  if (dir === null) {
    throw new LockkeeperError('CONFIG_INVALID', {
      message: 'The project has no knexfile.',
      hint: 'Name it with "knexfile", or the folder of its migrations with "dir", under "migrations" in the configuration.',
    });
  }
  const settings = defaultSettings(root, [dir]);
  return { file: null, dir, settings, connection: null, warnings: [] };
}

function assertPostgres({ file, values }: KnexEnvironment): void {
  const client = values['client'] ?? values['dialect'];
  if (typeof client === 'function' || postgresClients.has(client)) return;
  const said = client === undefined ? 'names no client' : `has the client ${JSON.stringify(client)}`;
  throw invalid(
    file,
    said,
    'Lockkeeper runs on PostgreSQL: pg, postgres, postgresql, or a class made from that dialect.',
  );
}

function readSettings({ file, values }: KnexEnvironment, { dir }: FormatRequest): KnexSettings {
  const migrations = values['migrations'] ?? {};
  if (!isValues(migrations)) throw invalid(file, 'has "migrations" that are no object');
  if (migrations['migrationSource'] !== undefined && migrations['migrationSource'] !== null)
    throw invalid(
      file,
      'has a "migrationSource", which only Knex itself can ask for its migrations',
      'Put them into files of a folder, and name it with "directory".',
    );
  const base = dirname(file);
  const own = directoriesOf(file, migrations, base);
  // The folder that Lockkeeper's own configuration names is the one; further ones come with it where Knex knows it.
  const directories = dir === null || own.includes(dir) ? own : [dir];
  const defaults = defaultSettings(base, directories);
  const reader = new Reader(file, migrations);
  return {
    ...defaults,
    sortDirsSeparately: reader.boolean('sortDirsSeparately'),
    loadExtensions: reader.texts('loadExtensions') ?? defaults.loadExtensions,
    tableName: reader.text('tableName') ?? defaults.tableName,
    schema: reader.text('schemaName') ?? schemaOf(values['searchPath']) ?? defaults.schema,
    disableTransactions: reader.boolean('disableTransactions'),
    extension: reader.text('extension') ?? extname(file).slice(1),
    config: instanceConfig(values),
  };
}

function directoriesOf(file: string, migrations: Values, base: string): readonly string[] {
  const directories = new Reader(file, migrations).texts('directory') ?? ['./migrations'];
  return directories.map((directory) => resolve(base, directory));
}

/** Where Knex finds a table without a schema: first of the search path. */
function schemaOf(searchPath: unknown): string | null {
  const first: unknown = Array.isArray(searchPath) ? searchPath[0] : searchPath;
  return typeof first === 'string' && first !== '' ? first : null;
}

/** Instances are made over a connection of ours. */
function instanceConfig(values: Values): Values {
  const { connection: _, connectionPool: _pool, pool: _settings, dialect: _dialect, ...config } = values;
  return config;
}

/** Takes values by what they have to be. */
class Reader {
  readonly #file: string;
  readonly #values: Values;

  constructor(file: string, values: Values) {
    this.#file = file;
    this.#values = values;
  }

  text(key: string): string | null {
    const value = this.#values[key];
    if (value === undefined || value === null) return null;
    if (typeof value !== 'string' || value === '') throw this.#wrong(key, 'a text');
    return value;
  }

  texts(key: string): readonly string[] | null {
    const value = this.#values[key];
    if (value === undefined || value === null) return null;
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (list.length === 0 || list.some((item) => typeof item !== 'string' || item === ''))
      throw this.#wrong(key, 'a text, or a list of texts');
    return list as readonly string[];
  }

  boolean(key: string): boolean {
    const value = this.#values[key];
    if (value === undefined || value === null) return false;
    if (typeof value !== 'boolean') throw this.#wrong(key, 'true or false');
    return value;
  }

  #wrong(key: string, accepted: string): LockkeeperError {
    return invalid(this.#file, `has "migrations.${key}" that is not ${accepted}`);
  }
}

/** What Knex does with a key, and what a migration does not notice. */
const notUsed: Readonly<Record<string, string>> = {
  pool: 'there is one connection',
  acquireConnectionTimeout: 'there is one connection',
  'migrations.stub': '"lockkeeper new" writes its own text',
  'migrations.disableMigrationsListValidation': 'an applied migration without its file is always told',
};

/** Keys without which a migration may do something else than under Knex. */
const notCalled: Readonly<Record<string, string>> = {
  'pool.afterCreate': 'what it sends to a new connection is not sent',
  'migrations.beforeAll': 'hooks are not called',
  'migrations.afterAll': 'hooks are not called',
  'migrations.beforeEach': 'hooks are not called',
  'migrations.afterEach': 'hooks are not called',
};

function notHonoured({ file, values }: KnexEnvironment): readonly Warning[] {
  const isThere = (key: string): boolean => {
    const [first = '', second] = key.split('.');
    const value = values[first];
    return second === undefined ? value !== undefined : isValues(value) && value[second] !== undefined;
  };
  const reasonsOf = (keys: Readonly<Record<string, string>>): readonly string[] =>
    Object.entries(keys).flatMap(([key, why]) => (isThere(key) ? [`${key} (${why})`] : []));
  const connection =
    typeof values['connection'] === 'function'
      ? ['connection (it is a function; give "url" in the configuration of Lockkeeper)']
      : [];
  return [
    ...notUsedHere('setting-ignored', file, [...reasonsOf(notUsed), ...connection]),
    ...notUsedHere('setting-unsupported', file, reasonsOf(notCalled)),
  ];
}

function notUsedHere(code: string, file: string, reasons: readonly string[]): readonly Warning[] {
  if (reasons.length === 0) return [];
  const message = `${basename(file)}: not used here: ${joinWords(reasons)}.`;
  return [{ code, message, hint: 'Nothing has to be done where that is all right.' }];
}

import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { canonicalEnvironment } from '../../core/environment-names.js';
import { LockkeeperError } from '../../core/errors.js';
import type { Warning } from '../../core/report.js';
import { joinWords } from '../../core/text.js';
import type { FormatConfiguration, FormatRequest } from '../format.js';
import { readGivenTexts } from '../given.js';
import { defaultSettings, type KyselySettings } from './settings.js';

type Values = Readonly<Record<string, unknown>>;

const givenKeys = ['config', 'migrationTableName', 'migrationLockTableName', 'migrationTableSchema'] as const;
const fileNames = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'].flatMap((extension) => [
  `kysely.config.${extension}`,
  `.config/kysely.config.${extension}`,
]);

/** Dialects that kysely-ctl knows by name, and that are of another database. */
const otherDialects: ReadonlySet<unknown> = new Set([
  'mysql2',
  'better-sqlite3',
  'tedious',
  'bun:sqlite',
  'libsql',
]);

/**
 * Reads kysely.config of kysely-ctl where there is one. Projects that call Kysely's Migrator themselves have none; what
 * they give it is said in lockkeeper.config.
 */
export async function configureKysely(request: FormatRequest): Promise<FormatConfiguration> {
  const given = readGivenTexts(request.given, givenKeys, 'kysely');
  const file = findFile(request, given.config);
  const config = file === null ? {} : await readFile(request, file);
  const migrations = valuesOf(config['migrations']);
  const base = file === null ? request.root : projectOf(file);
  const dir = request.dir ?? resolve(base, textOf(migrations['migrationFolder']) ?? 'migrations');
  return {
    file,
    dir,
    settings: settingsFrom(base, config, { ...migrations, ...given }),
    connection: null,
    warnings: file === null ? [] : notHonoured(file, config, migrations),
  };
}

function findFile({ root }: FormatRequest, given: string | undefined): string | null {
  if (given !== undefined) return resolve(root, given);
  const found = fileNames.map((name) => join(root, name)).find((path) => existsSync(path));
  return found ?? null;
}

/** A configuration in `.config/` speaks of the folder above. */
function projectOf(file: string): string {
  const folder = dirname(file);
  return basename(folder) === '.config' ? dirname(folder) : folder;
}

async function readFile(request: FormatRequest, file: string): Promise<Values> {
  const loaded = await request.load(file);
  if (typeof loaded !== 'object' || loaded === null)
    throw invalid(file, 'exports no configuration', 'Export one with defineConfig of kysely-ctl.');
  const config = withEnvironment(loaded as Values, request.environment);
  if (otherDialects.has(config['dialect']))
    throw invalid(file, `has the dialect "${String(config['dialect'])}"`, 'Lockkeeper runs on PostgreSQL.');
  if (valuesOf(config['migrations'])['provider'] !== undefined)
    throw invalid(
      file,
      'has a "migrations.provider", which only Kysely itself can ask for its migrations',
      'Name the folder of the files with "migrationFolder".',
    );
  return config;
}

/** `$production: { … }` and `$env: { staging: { … } }` are laid over the rest, as kysely-ctl does it. */
function withEnvironment(config: Values, environment: string): Values {
  const isIt = (name: string): boolean => canonicalEnvironment(name) === environment;
  const short = Object.keys(config).find(
    (key) => key.startsWith('$') && key !== '$env' && isIt(key.slice(1)),
  );
  const environments = valuesOf(config['$env']);
  const long = Object.keys(environments).find(isIt);
  const over = valuesOf(short === undefined ? environments[long ?? ''] : config[short]);
  const migrations = { ...valuesOf(config['migrations']), ...valuesOf(over['migrations']) };
  return { ...config, ...over, migrations };
}

function settingsFrom(base: string, config: Values, migrations: Values): KyselySettings {
  const defaults = defaultSettings(base);
  const schema = textOf(migrations['migrationTableSchema']);
  return {
    ...defaults,
    schema: schema ?? defaults.schema,
    makesSchema: schema !== null,
    tableName: textOf(migrations['migrationTableName']) ?? defaults.tableName,
    lockTableName: textOf(migrations['migrationLockTableName']) ?? defaults.lockTableName,
    disableTransactions: migrations['disableTransactions'] === true,
    plugins: pluginsOf(config),
  };
}

/** Those of the configuration, or of the instance that it holds. */
function pluginsOf({ plugins, kysely }: Values): readonly unknown[] {
  if (Array.isArray(plugins)) return plugins;
  const instance = kysely as { getExecutor?: () => { readonly plugins?: readonly unknown[] } } | undefined;
  return instance?.getExecutor?.().plugins ?? [];
}

/** What kysely-ctl does with a key, and Lockkeeper does not. */
const notUsed = ['migrator', 'getMigrationPrefix', 'allowUnorderedMigrations', 'allowJS'];

function notHonoured(file: string, config: Values, migrations: Values): readonly Warning[] {
  const keys = notUsed.filter((key) => migrations[key] !== undefined).map((key) => `migrations.${key}`);
  const connection = ['dialect', 'dialectConfig', 'kysely'].filter((key) => config[key] !== undefined);
  const all = [...keys, ...connection.map((key) => `${key} (the connection is that of Lockkeeper)`)];
  if (all.length === 0) return [];
  return [
    {
      code: 'setting-ignored',
      message: `${basename(file)}: not used here: ${joinWords(all)}.`,
      hint: 'Nothing has to be done where that is all right.',
    },
  ];
}

const valuesOf = (value: unknown): Values =>
  typeof value === 'object' && value !== null ? (value as Values) : {};
const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

function invalid(file: string, what: string, hint: string): LockkeeperError {
  return new LockkeeperError('CONFIG_INVALID', {
    message: `${basename(file)} ${what}.`,
    hint,
    details: { file },
  });
}

import type { Warning } from '../../core/report.js';
import type { FormatSettings } from '../options.js';
import { assertKnownKeys, type RawSettings, textOrNull } from '../setting-keys.js';

/** What a project says about its migrations, in our words. */
export interface NodePgMigrateSettings {
  readonly table: string;
  /** Schemas that become the search_path; empty where nothing is said. */
  readonly schemas: readonly string[];
  readonly createSchema: boolean;
  /** Schema of `table`. */
  readonly tableSchema: string;
  readonly createTableSchema: boolean;
  /** What takes the place of a folder where the project uses globs. */
  readonly glob: string | null;
  /** A regular expression for file names, or a glob where `glob` is one. */
  readonly ignore: string | null;
  readonly decamelize: boolean;
  /** A tsconfig.json of another name or place, relative to the project folder. */
  readonly tsconfig: string | null;
  /** Key of the advisory lock; null where the tool is told to take none. */
  readonly lockValue: string | null;
  readonly language: string | null;
  readonly filenames: 'timestamp' | 'utc' | 'index';
  /** Whether `X.up.sql` and `X.down.sql` are one migration; null = when there are both. */
  readonly sqlPairs: boolean | null;
}

const defaults: NodePgMigrateSettings = {
  table: 'pgmigrations',
  schemas: [],
  createSchema: false,
  tableSchema: 'public',
  createTableSchema: false,
  glob: null,
  ignore: null,
  decamelize: false,
  tsconfig: null,
  lockValue: '7241865325823964',
  language: null,
  filenames: 'timestamp',
  sqlPairs: null,
};

/** Keys by their name in camel case; the command line of the tool has the same in kebab case. */
const known = new Set([
  'migrationsTable',
  'schema',
  'createSchema',
  'migrationsSchema',
  'createMigrationsSchema',
  'useGlob',
  'ignorePattern',
  'decamelize',
  'tsconfig',
  'tsconfigPaths',
  'lock',
  'noLock',
  'lockValue',
  'migrationFileLanguage',
  'migrationFilenameFormat',
  'sqlPairs',
  'migrationsDir',
  'dir',
  'configFile',
  'configValue',
]);

/** Keys that say where the database is; see `connectionOf`. */
const ofConnection = new Set([
  'databaseUrl',
  'databaseUrlVar',
  'url',
  'host',
  'port',
  'name',
  'database',
  'user',
  'password',
  'ssl',
]);

/** Keys that say what Lockkeeper does by itself, or what a command says. */
const needless: Readonly<Record<string, string>> = {
  checkOrder: 'Pending migrations that are older than applied ones are a matter of "outOfOrder".',
  singleTransaction: 'Each migration has its own transaction; --single-transaction makes one of all.',
  migrationOptions: 'Each migration has its own transaction, and a lock is always taken.',
  advisoryLockMode: 'How long to wait for the lock is a matter of "lockWait".',
  direction: 'The command says it: up or down.',
  count: 'The command says it.',
  verbose: 'The command says it: --verbose.',
  templateFileName: 'New migrations are made from the templates of Lockkeeper.',
};

/** The settings of an opened source: plain data that `configure` wrote, or nothing. */
export function settingsOf(stored: FormatSettings | undefined): NodePgMigrateSettings {
  return { ...defaults, ...stored };
}

export function readSettings(raw: RawSettings): NodePgMigrateSettings {
  const schemas = texts(raw['schema']);
  const lock = raw['noLock'] !== true && raw['lock'] !== false;
  return {
    table: textOrNull(raw['migrationsTable']) ?? defaults.table,
    schemas,
    createSchema: raw['createSchema'] === true,
    tableSchema: textOrNull(raw['migrationsSchema']) ?? schemas[0] ?? defaults.tableSchema,
    createTableSchema: raw['createMigrationsSchema'] === true,
    glob: raw['useGlob'] === true ? (textOrNull(raw['migrationsDir']) ?? textOrNull(raw['dir'])) : null,
    ignore: textOrNull(raw['ignorePattern']),
    decamelize: raw['decamelize'] === true,
    tsconfig: textOrNull(raw['tsconfig']) ?? textOrNull(raw['tsconfigPaths']),
    lockValue: lock ? lockValue(raw['lockValue']) : null,
    language: textOrNull(raw['migrationFileLanguage']),
    filenames: filenames(raw['migrationFilenameFormat']),
    sqlPairs: typeof raw['sqlPairs'] === 'boolean' ? raw['sqlPairs'] : null,
  };
}

function texts(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((item): item is string => textOrNull(item) !== null);
}

function lockValue(value: unknown): string {
  return /^-?\d+$/.test(String(value)) ? String(value) : '7241865325823964';
}

function filenames(value: unknown): NodePgMigrateSettings['filenames'] {
  return value === 'utc' || value === 'index' ? value : 'timestamp';
}

/** @throws {CONFIG_INVALID} for a key of lockkeeper.config that nobody knows. */
export function assertKnown(given: RawSettings): void {
  const keys = [...known].filter((key) => key !== 'dir');
  assertKnownKeys(given, { format: 'node-pg-migrate', keys, hints: needless });
}

/** Keys of the tool's own configuration that change nothing here. */
export function ignoredKeys(raw: RawSettings, file: string): readonly Warning[] {
  return Object.keys(raw)
    .filter((key) => !known.has(key) && !ofConnection.has(key))
    .filter((key) => key !== 'checkOrder' || raw[key] !== true)
    .map((key) => ({
      code: 'setting-ignored',
      message: `${file}: the setting "${key}" is not honoured.`,
      hint: needless[key] ?? 'node-pg-migrate has no such setting either, or only on its command line.',
    }));
}

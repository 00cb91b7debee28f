import { LockkeeperError } from '../../core/errors.js';
import type { Warning } from '../../core/report.js';
import { didYouMean, joinWords } from '../../core/text.js';
import type { FormatSettings } from '../options.js';

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

export type RawSettings = Readonly<Record<string, unknown>>;

/** The settings of an opened source: plain data that `configure` wrote, or nothing. */
export function settingsOf(stored: FormatSettings | undefined): NodePgMigrateSettings {
  return { ...defaults, ...stored };
}

/** Names in kebab case and in camel case are one. */
export function withCamelCase(raw: RawSettings): RawSettings {
  return Object.fromEntries(
    Object.entries(raw).map(([key, value]) => [
      key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}

export function readSettings(raw: RawSettings): NodePgMigrateSettings {
  const schemas = texts(raw['schema']);
  const lock = raw['noLock'] !== true && raw['lock'] !== false;
  return {
    table: text(raw['migrationsTable']) ?? defaults.table,
    schemas,
    createSchema: raw['createSchema'] === true,
    tableSchema: text(raw['migrationsSchema']) ?? schemas[0] ?? defaults.tableSchema,
    createTableSchema: raw['createMigrationsSchema'] === true,
    glob: raw['useGlob'] === true ? (text(raw['migrationsDir']) ?? text(raw['dir'])) : null,
    ignore: text(raw['ignorePattern']),
    decamelize: raw['decamelize'] === true,
    tsconfig: text(raw['tsconfig']) ?? text(raw['tsconfigPaths']),
    lockValue: lock ? lockValue(raw['lockValue']) : null,
    language: text(raw['migrationFileLanguage']),
    filenames: filenames(raw['migrationFilenameFormat']),
    sqlPairs: typeof raw['sqlPairs'] === 'boolean' ? raw['sqlPairs'] : null,
  };
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function texts(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((item): item is string => text(item) !== null);
}

function lockValue(value: unknown): string {
  return /^-?\d+$/.test(String(value)) ? String(value) : '7241865325823964';
}

function filenames(value: unknown): NodePgMigrateSettings['filenames'] {
  return value === 'utc' || value === 'index' ? value : 'timestamp';
}

/** @throws {CONFIG_INVALID} for a key of lockkeeper.config that nobody knows. */
export function assertKnown(given: RawSettings): void {
  const accepted = [...known].filter((key) => key !== 'dir');
  for (const key of Object.keys(given)) {
    if (accepted.includes(key)) continue;
    const near = didYouMean(key, accepted) || ` Known: ${joinWords(accepted)}.`;
    throw new LockkeeperError('CONFIG_INVALID', {
      message: `"migrations": "${key}" is not a key of the format "node-pg-migrate".${near}`,
      hint: needless[key] ?? 'Correct it in the configuration of Lockkeeper.',
      details: { key },
    });
  }
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

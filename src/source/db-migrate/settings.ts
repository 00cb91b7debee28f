import type { FormatSettings } from '../options.js';
import { type RawSettings, textOrNull } from '../setting-keys.js';

/** What a project says about its migrations, in our words. */
export interface DbMigrateSettings {
  readonly table: string;
  readonly schema: string;
  /** The folder below the migrations folder that this is (`up:scope`), or nothing. */
  readonly scope: string;
  readonly transaction: boolean;
  /** New migrations keep their SQL in files below `sqls`. */
  readonly sqlFile: boolean;
  readonly ignoreOnInit: boolean;
}

const defaults: DbMigrateSettings = {
  table: 'migrations',
  schema: 'public',
  scope: '',
  transaction: true,
  sqlFile: false,
  ignoreOnInit: false,
};

/** Keys of lockkeeper.config. */
export const knownKeys = [
  'config',
  'ignoreOnInit',
  'migrationTable',
  'nonTransactional',
  'schema',
  'scope',
  'sqlFile',
  'table',
];

/** The settings of an opened source: plain data that `configure` wrote, or nothing. */
export function settingsOf(stored: FormatSettings | undefined): DbMigrateSettings {
  return { ...defaults, ...stored };
}

export function readSettings(raw: RawSettings): DbMigrateSettings {
  return {
    table: textOrNull(raw['table']) ?? textOrNull(raw['migrationTable']) ?? defaults.table,
    schema: textOrNull(raw['schema']) ?? defaults.schema,
    scope: textOrNull(raw['scope']) ?? defaults.scope,
    transaction: raw['nonTransactional'] !== true && raw['nonTransactional'] !== 'true',
    sqlFile: raw['sqlFile'] === true || raw['sqlFile'] === 'true',
    ignoreOnInit: raw['ignoreOnInit'] === true || raw['ignoreOnInit'] === 'true',
  };
}

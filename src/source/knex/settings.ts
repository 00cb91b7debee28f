import type { SourceOptions } from '../options.js';

/** What a knexfile says of one environment, as far as migrations go, with Knex's own defaults filled in. */
export interface KnexSettings extends Readonly<Record<string, unknown>> {
  /** Folder of the knexfile; Knex is looked for from here. */
  readonly base: string;
  /** Absolute, in the order of the knexfile. */
  readonly directories: readonly string[];
  readonly sortDirsSeparately: boolean;
  /** With the dot: `.js`. */
  readonly loadExtensions: readonly string[];
  readonly tableName: string;
  /** Schema of the history and lock tables. */
  readonly schema: string;
  readonly disableTransactions: boolean;
  /** Ending of new files, without the dot. */
  readonly extension: string;
  /** What an instance is made with: the environment's own configuration without connection and pool. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Extensions that Knex 3 lists when nothing else is said; `.mjs` is not among them. */
const loadExtensions = ['.co', '.coffee', '.eg', '.iced', '.js', '.cjs', '.litcoffee', '.ls', '.ts'];

export function defaultSettings(base: string, directories: readonly string[]): KnexSettings {
  return {
    base,
    directories,
    sortDirsSeparately: false,
    loadExtensions,
    tableName: 'knex_migrations',
    schema: 'public',
    disableTransactions: false,
    extension: 'js',
    config: {},
  };
}

export function settingsOf({ settings, dir }: SourceOptions, root: string): KnexSettings {
  return { ...defaultSettings(root, [dir]), ...settings };
}

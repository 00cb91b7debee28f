import type { SourceOptions } from '../options.js';

/** What Kysely's Migrator would be made with. */
export interface KyselySettings extends Readonly<Record<string, unknown>> {
  /** Kysely is looked for from here. */
  readonly base: string;
  /** Schema of the history and lock tables. */
  readonly schema: string;
  /** The schema was said, so that Kysely itself would make it. */
  readonly makesSchema: boolean;
  readonly tableName: string;
  readonly lockTableName: string;
  readonly disableTransactions: boolean;
  /** Handed to the instance; objects of Kysely's. */
  readonly plugins: readonly unknown[];
}

export const defaultSettings = (base: string): KyselySettings => ({
  base,
  schema: 'public',
  makesSchema: false,
  tableName: 'kysely_migration',
  lockTableName: 'kysely_migration_lock',
  disableTransactions: false,
  plugins: [],
});

export const settingsOf = ({ settings }: SourceOptions, root: string): KyselySettings => ({
  ...defaultSettings(root),
  ...settings,
});

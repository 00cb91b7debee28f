/** Where Lockkeeper keeps its tables. */
export interface HistoryOptions {
  /** @default 'lockkeeper' */
  readonly schema: string;
  /** Name of the history table within `schema`. @default 'schema_migrations' */
  readonly table: string;
}

export const defaultHistory: HistoryOptions = { schema: 'lockkeeper', table: 'schema_migrations' };

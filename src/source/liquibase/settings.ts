import type { FormatSettings } from '../options.js';

/** What Liquibase's own configuration says, resolved. Written by `configure`, and plain data. */
export interface LiquibaseSettings {
  /** Absolute; what the names of changelogs are relative to. */
  readonly searchPath: readonly string[];
  /** The changelog to begin with, relative to a search path. */
  readonly changelog: string;
  readonly contexts: readonly string[];
  /** The labels' expression. */
  readonly labels: string | null;
  readonly defaultSchema: string | null;
  /** Schema, table and lock table of Liquibase's history. */
  readonly historySchema: string;
  readonly historyTable: string;
  readonly lockTable: string;
  /** Values of `${name}` that the configuration gives. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** What is said where nobody says anything else. */
export const defaultTables = {
  historySchema: 'public',
  historyTable: 'databasechangelog',
  lockTable: 'databasechangeloglock',
} as const;

export function liquibaseSettings(settings: FormatSettings | undefined, dir: string): LiquibaseSettings {
  const known = (settings ?? {}) as Partial<LiquibaseSettings>;
  return {
    ...defaultTables,
    searchPath: [dir],
    changelog: '',
    contexts: [],
    labels: null,
    defaultSchema: null,
    parameters: {},
    ...known,
  };
}

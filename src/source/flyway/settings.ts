import type { FormatSettings } from '../options.js';

/** What of Flyway's configuration concerns its files and its history; plain data, defaults filled in. */
export interface FlywaySettings {
  /** Folders, absolute, with everything below them. */
  readonly locations: readonly string[];
  readonly table: string;
  readonly tablespace: string | null;
  /** Schema of the history table, and first of the search path; null where nothing says it. */
  readonly defaultSchema: string | null;
  /** Schemas that Flyway makes when they are missing; empty where `createSchemas` is false. */
  readonly createdSchemas: readonly string[];
  readonly prefixes: {
    readonly versioned: string;
    readonly undo: string;
    readonly repeatable: string;
    readonly baseline: string;
  };
  readonly separator: string;
  readonly suffixes: readonly string[];
  readonly encoding: string;
  readonly executeInTransaction: boolean;
  readonly placeholderReplacement: boolean;
  readonly placeholderMarks: { readonly prefix: string; readonly suffix: string; readonly separator: string };
  /** Names in lower case: Flyway does not tell `${App}` from `${app}`. */
  readonly placeholders: Readonly<Record<string, string>>;
  readonly installedBy: string | null;
  /**
   * How a migration that was undone stands in the history: `UNDO_SQL` as the editions with `flyway undo` write it, which
   * the open source edition refuses to read; `DELETE`, which all of them read; `auto`: as the history has it already.
   */
  readonly undoneAs: 'auto' | 'UNDO_SQL' | 'DELETE';
}

const defaults: FlywaySettings = {
  locations: [],
  table: 'flyway_schema_history',
  tablespace: null,
  defaultSchema: null,
  createdSchemas: [],
  prefixes: { versioned: 'V', undo: 'U', repeatable: 'R', baseline: 'B' },
  separator: '__',
  suffixes: ['.sql'],
  encoding: 'UTF-8',
  executeInTransaction: true,
  placeholderReplacement: true,
  placeholderMarks: { prefix: '${', suffix: '}', separator: ':' },
  placeholders: {},
  installedBy: null,
  undoneAs: 'auto',
};

/** What `configure` put together; a folder that was opened without it has Flyway's defaults. */
export function readFlywaySettings(settings: FormatSettings = {}, dir: string): FlywaySettings {
  const given = settings as Partial<FlywaySettings>;
  return { ...defaults, ...given, locations: given.locations ?? [dir] };
}

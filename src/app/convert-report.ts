import type { MigrationFormat } from '../migration/migration.js';

export interface ConvertReport {
  readonly environment: string;
  /** Nothing was written. */
  readonly dryRun: boolean;
  /** Folder of the new files, relative to the project folder. */
  readonly dir: string;
  /** Server of the throw-away database where functions were run to see what they send; null where there were none. */
  readonly shadow: string | null;
  /** The new files make the schema that the old ones make, by pg_dump; null where that could not be compared. */
  readonly verified: boolean | null;
  readonly migrations: readonly ConvertedItem[];
  /** How many rows of the history were given to the new files; null where only some were converted, or nothing written. */
  readonly history: { readonly moved: number } | null;
}

export interface ConvertedItem {
  readonly version: string;
  /** Relative to the project folder. */
  readonly file: string;
  readonly from: { readonly source: string; readonly version: string; readonly format: MigrationFormat };
  readonly reversible: boolean;
  /** Where a person should look: what the function read, and a way down that failed. */
  readonly notes: readonly string[];
  /** What the file would hold; with `dryRun` only. */
  readonly text?: string;
}

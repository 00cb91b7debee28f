import type { MigrationFile } from './migration.js';

export type { ForeignRecord, ForeignRun } from './foreign-record.js';

/**
 * The history that another tool keeps, as a run of ours sees it. All SQL here is text for the simple protocol: values go
 * through `quoteLiteral`, names through `quoteIdent`, and everything is schema-qualified, because a migration may have
 * set any search_path before it.
 */
export interface ForeignHistory {
  /** As its makers write it: `Knex`, `node-pg-migrate`. */
  readonly tool: string;
  /** Its table, quoted and qualified where the tool's configuration says a schema: `public.knex_migrations`. */
  readonly table: string;
  /** Makes what the tool itself would make at its first run; each statement does nothing where it is there already. */
  readonly install: readonly string[];
  /** One SELECT with what `entriesOf` needs, in order of application; sent only where `table` exists. */
  readonly read: string;
  /** `files` is the listing in order, for tools that keep nothing but the newest version. */
  entriesOf(
    this: void,
    rows: readonly ForeignRow[],
    files: readonly MigrationFile[],
  ): readonly ForeignEntry[];
  /**
   * SELECT with one value that all migrations of one run share, such as the number of the next batch; null where the
   * tool has none. Handed to `ForeignRecord` as text.
   */
  readonly readBatch: string | null;
  readonly lock: ForeignLock | null;
}

export type ForeignRow = Readonly<Record<string, unknown>>;

/** One migration that the other tool has on record. */
export interface ForeignEntry {
  /** Matches `MigrationFile.foreignKey`. */
  readonly key: string;
  /** For people; what the tool calls it. */
  readonly name: string;
  /** ISO 8601 in UTC; null where the tool does not keep it. */
  readonly appliedAt: string | null;
  /** In the tool's own algorithm; null where it keeps none. */
  readonly checksum: string | null;
  /** `failed`: begun and not finished by the tool, which itself refuses to go on before somebody settles it. */
  readonly state: 'applied' | 'failed';
  /**
   * Not on record itself, but said by a newer one: the tool keeps nothing but the newest version. It says nothing of a
   * file that came later and sorts before it.
   */
  readonly implied?: boolean;
}

/** How the other tool keeps its own runs apart. */
export type ForeignLock =
  /** A session-level advisory lock. `key` is SQL: one bigint, or two integers with a comma. */
  | { readonly kind: 'advisory'; readonly key: string }
  /**
   * A committed row (ENGINE A3). `take` answers `UPDATE 1` when it was free (and makes the row where it is missing);
   * `release` undoes it; `holder` is a SELECT with one text for people, or no row when it is free.
   */
  | {
      readonly kind: 'row';
      readonly table: string;
      readonly take: readonly string[];
      readonly release: readonly string[];
      readonly holder: string;
    };

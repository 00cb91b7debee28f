export interface AdoptReport {
  readonly environment: string;
  readonly database: string;
  /** Nothing was written. */
  readonly dryRun: boolean;
  /** What had been taken over was taken away again. */
  readonly forgotten: boolean;
  /** The first migration that was made of the present schema; null without `baseline`. */
  readonly baseline: BaselineReport | null;
  readonly sources: readonly AdoptedSource[];
}

export interface BaselineReport {
  readonly version: string;
  readonly name: string;
  /** Relative to the project folder. */
  readonly file: string;
  readonly statements: number;
}

/** One folder of another tool, and what that tool has on record. */
export interface AdoptedSource {
  readonly source: string;
  readonly format: string;
  /** As its makers write it. */
  readonly tool: string;
  /** Its history table. */
  readonly table: string;
  /** The table is there. */
  readonly found: boolean;
  /** In both histories before. */
  readonly known: number;
  /** Taken over now. `appliedAt` is null where the tool does not keep it. */
  readonly adopted: readonly {
    readonly version: string;
    readonly name: string;
    readonly appliedAt: string | null;
  }[];
  /** Of those: the file is not what the tool has applied, by the tool's own checksum. */
  readonly changed: readonly { readonly version: string; readonly name: string; readonly file: string }[];
  /** Applied by our history, and undone by the tool; our rows are taken away. */
  readonly undone: readonly { readonly version: string; readonly name: string }[];
  /** On record with the tool, and no file is here. */
  readonly missing: readonly string[];
  /** Begun by the tool and not finished. */
  readonly unfinished: readonly string[];
  readonly pending: readonly { readonly version: string; readonly name: string }[];
}

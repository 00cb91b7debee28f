/** What one migration is in the other tool's history. Each statement is sent in the transaction that writes ours. */
export interface ForeignRecord {
  /** In the tool's own algorithm; null where it keeps none. */
  readonly checksum: string | null;
  /** Whether the tool takes another checksum for that of the same file, such as that with other line ends. */
  readonly accepts?: (recorded: string) => boolean;
  readonly applied: (run: ForeignRun) => readonly string[];
  readonly undone: (run: ForeignRun) => readonly string[];
  /** Says, in the tool's own form, that the migration was begun and is not finished; absent where it has none. */
  readonly unfinished?: () => readonly string[];
  /** Takes that back, before it is applied or undone, or where it was settled by hand. */
  readonly settled?: () => readonly string[];
}

export interface ForeignRun {
  /** The answer to `ForeignHistory.readBatch`. */
  readonly batch: string | null;
}

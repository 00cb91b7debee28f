/** A place in a changelog file. */
export interface Place {
  /** Absolute. */
  readonly path: string;
  /** As shown to people. */
  readonly file: string;
  readonly line: number;
}

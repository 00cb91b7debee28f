/** What the caller says: the topmost layer, equal to flags. `LockkeeperOptions` fits it. */
export interface ConfigInput {
  /** @default the process's working directory */
  readonly cwd?: string | undefined;
  /** Configuration file, relative to `cwd`. @default the one found in `cwd` */
  readonly config?: string | undefined;
  readonly env?: string | undefined;
  readonly url?: string | undefined;
  /** Folder, relative to `cwd`. */
  readonly migrations?: string | undefined;
  readonly lockTimeout?: string | number | undefined;
  readonly statementTimeout?: string | number | undefined;
  readonly lockWait?: string | number | undefined;
  readonly lockRetries?: number | undefined;
  readonly concurrentDeadline?: string | number | undefined;
  readonly cancelBlockersAfter?: string | number | undefined;
  readonly observer?: boolean | undefined;
  readonly logFormat?: 'json' | 'text' | undefined;
  /** Relative to `cwd`. */
  readonly logFile?: string | undefined;
  /** @default process.env */
  readonly variables?: Readonly<Record<string, string | undefined>> | undefined;
}

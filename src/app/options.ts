/** What `createLockkeeper` accepts. Every value is the topmost layer of configuration, like a flag. */
export interface LockkeeperOptions {
  /** Project folder. @default the process's working directory */
  readonly cwd?: string;
  /** Configuration file, relative to `cwd`; found by its name when left out. */
  readonly config?: string;
  /** Environment name. @default LOCKKEEPER_ENV, then NODE_ENV, then `development` */
  readonly env?: string;
  /** Connection URL, or `embedded`. */
  readonly url?: string;
  /** Folder of migrations, relative to `cwd`. */
  readonly migrations?: string;
  /**
   * How long a statement may wait for a lock, and a transaction wait while others wait for it, before its step is rolled
   * back and tried again. @default '2s'
   */
  readonly lockTimeout?: string | number;
  /** How long a statement may run; `0` = without end. @default '0' */
  readonly statementTimeout?: string | number;
  /** How long to wait for another run; `0` = not at all. @default '30s' */
  readonly lockWait?: string | number;
  /** How often a step that did not get its locks is tried again. @default 10 */
  readonly lockRetries?: number;
  /** Total time for one CREATE INDEX CONCURRENTLY or the like; `0` = without end. @default '0' */
  readonly concurrentDeadline?: string | number;
  /** How long another session may stand in a step's way before it is cancelled; `0` = never. @default '0' */
  readonly cancelBlockersAfter?: string | number;
  /** Whether a second connection watches steps that take their time: locks, who has them, progress. @default true */
  readonly observer?: boolean;
  /** JSON lines about what runs do, or none whatever the configuration says. @default as configured, else 'text' */
  readonly logFormat?: 'json' | 'text';
  /** File that JSON lines are added to, relative to `cwd`. @default as configured, else `writeLog` */
  readonly logFile?: string;
  /** Is given the JSON lines, each with its line end, where no file is. */
  readonly writeLog?: (line: string) => void;
  /** Environment variables to read. @default process.env */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  /** Stops the run after the running step. */
  readonly signal?: AbortSignal;
  /** Cancels the running statement and rolls its step back. */
  readonly cancelSignal?: AbortSignal;
  /** Asked before anything dangerous. Without it, the verb's own `yes` or `confirm` has to say so. */
  readonly ask?: (question: Question) => Promise<boolean>;
}

/** Something dangerous that a person is to confirm. */
export interface Question {
  readonly verb: string;
  readonly message: string;
  /** In a protected environment: the word that has to be typed. */
  readonly typed: string | null;
  /** Lines that show what would happen, e.g. the migrations to be undone. */
  readonly plan: readonly string[];
}

export interface ConfirmOptions {
  /** Confirms in an environment that is not protected. */
  readonly yes?: boolean;
  /** Confirms in a protected environment: its name. */
  readonly confirm?: string;
}

export interface SelectOptions {
  /** Up to and including this one (`up`), or down to it, itself kept (`down`): version, name, release or tag. */
  readonly to?: string;
  readonly steps?: number;
  readonly only?: string;
}

/** `yes` and `confirm` are asked for only where `cancelBlockersAfter` would touch sessions of a protected environment. */
export interface UpOptions extends SelectOptions, ConfirmOptions {
  /** Only migrations that carry one of these tags. */
  readonly tags?: readonly string[];
  readonly dryRun?: boolean;
  readonly singleTransaction?: boolean;
}

export interface DownOptions extends SelectOptions, ConfirmOptions {
  /** The whole last batch. */
  readonly batch?: boolean;
  readonly all?: boolean;
  readonly dryRun?: boolean;
}

export type TemplateName = 'create-table' | 'alter-table' | 'create-index' | 'raw' | 'empty';

export interface NewOptions {
  readonly name: string;
  /** @default what the folder's `format` says, else the language of its newest migration, else 'sql' */
  readonly format?: 'sql' | 'ts';
  /** One of the five, or the name of a file in the project's templates folder. @default guessed from the name */
  readonly template?: string;
  readonly table?: string;
  /** `name:type[:notnull][:unique][:default=…][:references=table.column]` */
  readonly columns?: readonly string[];
}

export interface InitOptions {
  /** Adds npm scripts to package.json. @default true where there is a package.json */
  readonly scripts?: boolean;
  /** Writes a GitHub Actions workflow. @default false */
  readonly ci?: boolean;
  /** Adds a section to CLAUDE.md and AGENTS.md. @default false */
  readonly agents?: boolean;
  /** @default 'sql' */
  readonly format?: 'sql' | 'ts';
}

export interface MarkOptions extends ConfirmOptions {
  readonly version: string;
  readonly as: 'applied' | 'pending';
  /** Kept in the journal. */
  readonly why: string;
}

export interface RepairOptions extends ConfirmOptions {
  readonly version: string;
  /** Settles this interrupted step instead of accepting the content of the file; goes with `as`. */
  readonly step?: number;
  /** `done`: the step took effect. `again`: it left nothing, or may run twice. */
  readonly as?: 'done' | 'again';
  /** Kept in the journal. */
  readonly why: string;
}

export interface BackfillOptions extends ConfirmOptions {
  /** `forget` drops the old values that finished backfills have kept. @default 'status' */
  readonly action?: 'status' | 'pause' | 'resume' | 'forget';
  /** Only this migration's. @default all */
  readonly version?: string;
}

export interface AdoptOptions extends ConfirmOptions {
  /** Only the folders of this tool: `knex`, `prisma`. @default all that are not native */
  readonly format?: string;
  /** Shows what would be taken over, and writes nothing. */
  readonly dryRun?: boolean;
  /** Takes the rows away again that were taken over; the other history stays as it is. */
  readonly forget?: boolean;
  /** For a database that has a schema and no history: the schema is dumped into a first migration, marked as applied. */
  readonly baseline?: boolean;
}

export interface ConvertOptions extends ConfirmOptions {
  /** Only these, by version or name; the history is carried over only when all are converted. @default all */
  readonly versions?: readonly string[];
  /** Folder of the new files, relative to the project folder. @default 'migrations', or 'migrations-sql' where that is taken */
  readonly to?: string;
  /** Gives the texts, and writes nothing. */
  readonly dryRun?: boolean;
}

import type { ErrorJson } from '../core/errors.js';
import type { EventName, Listener } from '../core/events.js';
import type { RunReport, Warning } from '../core/report.js';
import type { ExplainedValue } from '../config/resolved.js';
import type { MigrationFormat } from '../migration/migration.js';
import type { Risk } from '../migration/metadata.js';

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
  readonly migrations?: string;
  readonly lockTimeout?: string | number;
  readonly statementTimeout?: string | number;
  /** How long to wait for another run; `0` = not at all. @default '30s' */
  readonly lockWait?: string | number;
  readonly lockRetries?: number;
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
  /** Only migrations that carry one of these tags. */
  readonly tags?: readonly string[];
}

export interface UpOptions extends SelectOptions {
  readonly dryRun?: boolean;
  readonly singleTransaction?: boolean;
}

export interface DownOptions extends SelectOptions, ConfirmOptions {
  /** The whole last batch. */
  readonly batch?: boolean;
  readonly all?: boolean;
  readonly dryRun?: boolean;
}

export interface ResetOptions extends ConfirmOptions {
  /** Also run the seeds. */
  readonly seed?: boolean;
}

/** One migration in a status listing. */
export interface AppliedItem {
  readonly version: string;
  readonly name: string;
  /** ISO 8601. */
  readonly appliedAt: string;
  readonly executionTimeMs: number | null;
  readonly batch: number;
  readonly format: MigrationFormat;
  readonly release: string | null;
  /** Labels put here by `tag`. */
  readonly tags: readonly string[];
}

export interface PendingItem {
  readonly version: string;
  readonly name: string;
  readonly format: MigrationFormat;
  readonly risk: Risk | null;
}

export interface StatusReport {
  readonly environment: string;
  /** `host:port/database`, without secrets; `embedded` for the embedded server. */
  readonly database: string;
  readonly applied: readonly AppliedItem[];
  readonly pending: readonly PendingItem[];
  /** Applied, and the file is gone. */
  readonly missing: readonly { readonly version: string; readonly name: string }[];
  /** Applied, and the content is another now. */
  readonly changed: readonly { readonly version: string; readonly name: string; readonly file: string }[];
  /** Pending, and older than something applied. */
  readonly outOfOrder: readonly { readonly version: string; readonly name: string }[];
  /** Begun and not finished: some of its steps are in the database. */
  readonly failed: readonly FailedItem[];
}

export interface FailedItem {
  readonly version: string;
  readonly name: string;
  readonly direction: 'up' | 'down';
  /** How many of its steps are in the database. */
  readonly completedSteps: number;
}

export interface HistoryEntry {
  readonly runId: string;
  readonly version: string;
  readonly step: number | null;
  readonly action: 'apply' | 'rollback' | 'verify' | 'repair';
  readonly status: 'started' | 'completed' | 'failed';
  readonly startedAt: string;
  readonly completedAt: string | null;
  readonly durationMs: number | null;
  readonly error: string | null;
  readonly by: string | null;
}

export interface HistoryReport {
  readonly entries: readonly HistoryEntry[];
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly checked: number;
  readonly problems: readonly ErrorJson[];
  readonly warnings: readonly Warning[];
}

/** What `--dry-run` shows of one migration. */
export interface DryMigration {
  readonly version: string;
  readonly name: string;
  readonly file: string;
  /** The exact messages that would be sent, in order; for a code migration what frames it. */
  readonly sql: readonly string[];
  /** What cannot be known beforehand; null for SQL. */
  readonly unknown: string | null;
}

export interface DryRunReport {
  readonly dryRun: true;
  readonly direction: 'up' | 'down';
  readonly environment: string;
  readonly migrations: readonly DryMigration[];
  readonly warnings: readonly Warning[];
}

export type UpReport = RunReport | DryRunReport;

export type TemplateName = 'create-table' | 'alter-table' | 'create-index' | 'raw' | 'empty';

export interface NewOptions {
  readonly name: string;
  /** @default 'sql' */
  readonly format?: 'sql' | 'ts';
  /** One of the five, or the name of a file in the project's templates folder. @default guessed from the name */
  readonly template?: string;
  readonly table?: string;
  /** `name:type[:notnull][:unique][:default=…][:references=table.column]` */
  readonly columns?: readonly string[];
}

export interface NewReport {
  readonly version: string;
  readonly name: string;
  /** Relative to the project folder. */
  readonly files: readonly string[];
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

export interface InitReport {
  readonly created: readonly string[];
  readonly changed: readonly string[];
  /** Existed already and were left alone. */
  readonly kept: readonly string[];
}

export interface DoctorCheck {
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'problem';
  readonly message: string;
  readonly hint?: string;
}

export interface DoctorReport {
  readonly ok: boolean;
  readonly checks: readonly DoctorCheck[];
}

export interface ConfigReport {
  readonly file: string | null;
  readonly environment: string;
  readonly values: readonly ExplainedValue[];
}

export interface ResetReport {
  /** Objects dropped (`fresh`), or migrations undone (`reset`). */
  readonly removed: readonly string[];
  readonly up: RunReport;
}

export interface TagReport {
  readonly tag: string;
  readonly version: string;
  readonly name: string;
}

export interface MarkOptions extends ConfirmOptions {
  readonly version: string;
  readonly as: 'applied' | 'pending';
  /** Kept in the journal. */
  readonly why: string;
}

export interface MarkReport {
  readonly version: string;
  readonly name: string;
  readonly as: 'applied' | 'pending';
}

export interface RepairOptions extends ConfirmOptions {
  readonly version: string;
  /** Kept in the journal. */
  readonly why: string;
}

export interface RepairReport {
  readonly version: string;
  readonly name: string;
  readonly checksumBefore: string;
  readonly checksumAfter: string;
}

export interface DatabaseServerReport {
  readonly running: boolean;
  readonly pid: number | null;
  readonly port: number | null;
  /** With its password, because it is the one that the caller needs to connect; never logged. */
  readonly url: string | null;
  readonly dir: string;
  readonly version: string | null;
}

/** One project and one environment. Connections are opened by the verb that needs them and closed by its end. */
export interface Lockkeeper extends AsyncDisposable {
  /** Adds a listener and returns the function that removes it. */
  on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void;
  init(options?: InitOptions): Promise<InitReport>;
  readonly new: (options: NewOptions) => Promise<NewReport>;
  doctor(): Promise<DoctorReport>;
  config(): Promise<ConfigReport>;
  status(): Promise<StatusReport>;
  history(options?: { readonly limit?: number }): Promise<HistoryReport>;
  verify(): Promise<VerifyReport>;
  up(options?: UpOptions): Promise<UpReport>;
  down(options?: DownOptions): Promise<UpReport>;
  /** Undoes the last migration (or `steps` of them) and applies it again. */
  redo(options?: ConfirmOptions & { readonly steps?: number }): Promise<ResetReport>;
  /** Undoes everything and applies it again. */
  reset(options?: ResetOptions): Promise<ResetReport>;
  /** Drops every object that is not an extension's, and applies everything. */
  fresh(options?: ResetOptions): Promise<ResetReport>;
  setup(): Promise<RunReport>;
  tag(name: string): Promise<TagReport>;
  /** Settles by hand what the history says of one migration; runs none of its statements. */
  mark(options: MarkOptions): Promise<MarkReport>;
  /** Accepts the present content of a changed file: its checksum replaces the stored one. */
  repair(options: RepairOptions): Promise<RepairReport>;
  readonly db: {
    start(): Promise<DatabaseServerReport>;
    stop(): Promise<DatabaseServerReport>;
    status(): Promise<DatabaseServerReport>;
    url(): Promise<string>;
  };
  close(): Promise<void>;
}

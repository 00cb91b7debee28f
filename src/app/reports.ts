import type { ExplainedValue } from '../config/resolved.js';
import type { ErrorJson } from '../core/errors.js';
import type { RunReport, Warning } from '../core/report.js';
import type { Risk } from '../migration/metadata.js';
import type { MigrationFormat } from '../migration/migration.js';

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
  /** `host:port/database`, without secrets; `embedded/database` for the embedded server. */
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
  /** Of a step that runs in batches and stands in the middle. */
  readonly backfill?: Pick<
    BackfillItem,
    'table' | 'done' | 'total' | 'percent' | 'key' | 'cursor' | 'pausedAt'
  >;
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

/** One step of a dry run: the author's statements, and how they would be committed. */
export interface DryStep {
  readonly transaction: boolean;
  /** Empty for code, whose statements are not known. */
  readonly statements: readonly string[];
  /** Of a step that runs in batches: how, in one sentence. */
  readonly batches?: string;
}

/** What `--dry-run` shows of one migration. */
export interface DryMigration {
  readonly version: string;
  readonly name: string;
  readonly file: string;
  readonly steps: readonly DryStep[];
  /** The exact messages that would be sent, in order, with the history's own; for a code migration what frames it. */
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

export interface NewReport {
  readonly version: string;
  readonly name: string;
  /** Relative to the project folder. */
  readonly files: readonly string[];
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
  /** What other tools' configurations say, and Lockkeeper does not do. */
  readonly warnings: readonly Warning[];
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

export interface MarkReport {
  readonly version: string;
  readonly name: string;
  readonly as: 'applied' | 'pending';
}

export interface RepairReport {
  readonly version: string;
  readonly name: string;
  /** Of the file whose content was accepted; null where a step was settled. */
  readonly checksumBefore: string | null;
  readonly checksumAfter: string | null;
  /** The interrupted step that was settled, and how; null where the content of a file was accepted. */
  readonly step: { readonly number: number; readonly as: 'done' | 'again' } | null;
}

/** One backfill, as its row says. */
export interface BackfillItem {
  readonly version: string;
  readonly direction: 'up' | 'down';
  readonly step: number;
  readonly table: string;
  /** `interrupted`: the next `up` (or `down`) goes on · `abandoned`: its migration was settled by `mark`. */
  readonly state: 'running' | 'paused' | 'interrupted' | 'done' | 'abandoned';
  /** Rows passed; `total` is the planner's estimate of all of them. */
  readonly done: number;
  readonly total: number | null;
  readonly percent: number | null;
  /** Rows changed. */
  readonly changed: number;
  /** Rows put aside in `migration_errors`. */
  readonly failed: number;
  readonly batches: number;
  /** The columns that the rows are walked along, and their values in the last row done. */
  readonly key: readonly string[];
  readonly cursor: readonly string[] | null;
  readonly pausedAt: string | null;
  readonly pausedBy: string | null;
  readonly startedAt: string;
  readonly updatedAt: string;
  readonly completedAt: string | null;
  /** Old values are kept, for the way back. */
  readonly keepsOldValues: boolean;
}

export interface BackfillReport {
  readonly backfills: readonly BackfillItem[];
}

/** Who holds the migration lock, as far as this role may see it. */
export interface LockHolderReport {
  /** `session`: a session holds the lock. `lease`: a run behind a transaction pooler holds the lease. */
  readonly by: 'session' | 'lease';
  /** Null where it is not to be seen. */
  readonly runId: string | null;
  /** The server's process; null for a lease. */
  readonly pid: number | null;
  readonly applicationName: string | null;
  readonly user: string | null;
  readonly clientAddress: string | null;
  /** ISO 8601; when the session began, or the lease was taken. */
  readonly since: string | null;
  /** `active`, `idle in transaction` … */
  readonly state: string | null;
  /** ISO 8601. */
  readonly queryStart: string | null;
  /** What it runs, or ran last, without secrets. */
  readonly query: string | null;
  /** Machine and process that drive the run; null before the journal knows them. */
  readonly host: string | null;
  readonly hostPid: number | null;
  /** False for a lease whose holder gives no sign of life; the next run takes it over. */
  readonly alive: boolean;
}

export interface LockReport {
  readonly environment: string;
  readonly database: string;
  readonly held: boolean;
  readonly holder: LockHolderReport | null;
}

export interface LockReleaseReport {
  /** False where nobody held it. */
  readonly released: boolean;
  readonly holder: LockHolderReport | null;
  /** What becomes of the run that was ended. */
  readonly next: string;
}

export interface DatabaseServerReport {
  readonly running: boolean;
  readonly pid: number | null;
  readonly port: number | null;
  /** With its password, because it is the one that the caller needs to connect; never logged. */
  readonly url: string | null;
  readonly dir: string;
  readonly version: string | null;
  /** Only of `stop`: it was running, and was ended now. */
  readonly stopped?: boolean;
}

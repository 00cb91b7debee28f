import type { EventName, Listener } from '../core/events.js';
import type { RunReport } from '../core/report.js';
import type {
  AdoptOptions,
  BackfillOptions,
  ConfirmOptions,
  ConvertOptions,
  DownOptions,
  InitOptions,
  MarkOptions,
  NewOptions,
  RepairOptions,
  UpOptions,
} from './options.js';
import type { AdoptReport } from './adopt-report.js';
import type { ConvertReport } from './convert-report.js';
import type {
  BackfillReport,
  ConfigReport,
  DatabaseServerReport,
  DoctorReport,
  HistoryReport,
  LockReleaseReport,
  LockReport,
  InitReport,
  MarkReport,
  NewReport,
  RepairReport,
  ResetReport,
  StatusReport,
  TagReport,
  UpReport,
  VerifyReport,
} from './reports.js';

export type * from './options.js';
export type * from './adopt-report.js';
export type * from './convert-report.js';
export type * from './reports.js';

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
  reset(options?: ConfirmOptions): Promise<ResetReport>;
  /** Drops every object that is not an extension's, and applies everything. */
  fresh(options?: ConfirmOptions): Promise<ResetReport>;
  setup(): Promise<RunReport>;
  /** Shows, pauses and resumes what runs in batches; a running one obeys at its next batch. */
  backfill(options?: BackfillOptions): Promise<BackfillReport>;
  /** Takes over the history of another tool, or begins one for a schema that is there. */
  adopt(options?: AdoptOptions): Promise<AdoptReport>;
  /** Writes native SQL files from code, or from another tool's migrations, and carries their history over. */
  convert(options?: ConvertOptions): Promise<ConvertReport>;
  tag(name: string): Promise<TagReport>;
  /** Settles by hand what the history says of one migration; runs none of its statements. */
  mark(options: MarkOptions): Promise<MarkReport>;
  /** Accepts the present content of a changed file: its checksum replaces the stored one. */
  repair(options: RepairOptions): Promise<RepairReport>;
  readonly lock: {
    /** Who holds the migration lock. */
    status(): Promise<LockReport>;
    /** Ends the session that holds it; the next run settles what it leaves. */
    release(options?: ConfirmOptions): Promise<LockReleaseReport>;
  };
  readonly db: {
    start(): Promise<DatabaseServerReport>;
    stop(): Promise<DatabaseServerReport>;
    status(): Promise<DatabaseServerReport>;
    url(): Promise<string>;
  };
  close(): Promise<void>;
}

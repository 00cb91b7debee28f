/** Upper bounds, in seconds, of the histogram of durations. */
export const durationBuckets: readonly number[] = [0.01, 0.1, 1, 10, 60, 300, 1800, 7200];

interface Metric {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
}

/** Every metric, in the order of the file; `docs/operations.md` is made from it. Names are stable. */
export const metrics = {
  lockkeeper_info: {
    type: 'gauge',
    help: 'Always 1; the label version says which Lockkeeper wrote the file.',
  },
  lockkeeper_runs_total: {
    type: 'counter',
    help: 'Runs that ended, by verb and outcome: success, failure, interrupted, or refused before they began.',
  },
  lockkeeper_run_in_progress: { type: 'gauge', help: '1 while a run is at work.' },
  lockkeeper_run_start_timestamp_seconds: { type: 'gauge', help: 'When the last run began.' },
  lockkeeper_last_update_timestamp_seconds: {
    type: 'gauge',
    help: 'When these samples were written; a run in progress that stopped writing was killed.',
  },
  lockkeeper_last_run_success: {
    type: 'gauge',
    help: '1 when the last run that began ended well, 0 when it did not.',
  },
  lockkeeper_last_run_timestamp_seconds: { type: 'gauge', help: 'When the last run ended.' },
  lockkeeper_last_run_duration_seconds: { type: 'gauge', help: 'How long the last run took.' },
  lockkeeper_last_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When a run last ended well; also one that had nothing to do.',
  },
  lockkeeper_migrations_pending: {
    type: 'gauge',
    help: 'Migrations that the last run was to apply, or undo, and has not.',
  },
  lockkeeper_migrations_applied_total: { type: 'counter', help: 'Migrations applied.' },
  lockkeeper_migrations_undone_total: { type: 'counter', help: 'Migrations undone.' },
  lockkeeper_migrations_failed_total: {
    type: 'counter',
    help: 'Migrations that failed, in either direction.',
  },
  lockkeeper_migration_duration_seconds: {
    type: 'histogram',
    help: 'How long migrations took, in either direction.',
  },
  lockkeeper_step_retries_total: {
    type: 'counter',
    help: 'Steps that were rolled back for want of a lock, and tried again.',
  },
  lockkeeper_lock_waits_total: { type: 'counter', help: 'Runs that had to wait for another run.' },
  lockkeeper_lock_wait_seconds_total: { type: 'counter', help: 'Time spent on waiting for other runs.' },
  lockkeeper_warnings_total: { type: 'counter', help: 'Warnings that runs gave.' },
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof metrics;

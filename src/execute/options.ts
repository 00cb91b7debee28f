/** The budgets of a run. */
export interface RunOptions {
  /**
   * How long a statement may wait for a lock, and a whole transaction wait while others wait for it, before it is
   * rolled back and tried again. @default 2000
   */
  readonly lockTimeoutMs: number;
  /** 0 = none. @default 0 */
  readonly statementTimeoutMs: number;
  /** How often a step that did not get its lock is tried again. @default 10 */
  readonly lockRetries: number;
  /** How long to wait for another run to end; 0 = not at all. @default 30000 */
  readonly lockWaitMs: number;
  /** Whether a second connection watches steps that take their time. @default true */
  readonly observer: boolean;
  /** How long a session may stand in a step's way before it is cancelled. 0 = it is left alone. @default 0 */
  readonly cancelBlockersAfterMs: number;
  /** Total time that one snapshot-waiting statement (CREATE INDEX CONCURRENTLY …) may take. 0 = none. @default 0 */
  readonly concurrentDeadlineMs: number;
  /** How long a run under a lease may give no sign of life before another one takes over. @default 15000 */
  readonly leaseTimeoutMs: number;
  /** Each migration waits at its COMMIT for the disk and for synchronous replicas, and not only the last. @default false */
  readonly synchronousCommit: boolean;
}

export const defaultRun: RunOptions = {
  lockTimeoutMs: 2000,
  statementTimeoutMs: 0,
  lockRetries: 10,
  lockWaitMs: 30_000,
  observer: true,
  cancelBlockersAfterMs: 0,
  concurrentDeadlineMs: 0,
  leaseTimeoutMs: 15_000,
  synchronousCommit: false,
};

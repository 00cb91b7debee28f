/** The budgets of a run. */
export interface RunOptions {
  /** How long a statement may wait for a lock before its transaction is rolled back and tried again. @default 2000 */
  readonly lockTimeoutMs: number;
  /** 0 = none. @default 0 */
  readonly statementTimeoutMs: number;
  /** How often a step that did not get its lock is tried again. @default 10 */
  readonly lockRetries: number;
  /** How long to wait for another run to end; 0 = not at all. @default 30000 */
  readonly lockWaitMs: number;
  /** Total time that one snapshot-waiting statement (CREATE INDEX CONCURRENTLY …) may take. 0 = none. @default 0 */
  readonly concurrentDeadlineMs: number;
}

export const defaultRun: RunOptions = {
  lockTimeoutMs: 2000,
  statementTimeoutMs: 0,
  lockRetries: 10,
  lockWaitMs: 30_000,
  concurrentDeadlineMs: 0,
};

/** A session, or a prepared transaction, in whose way a step waits; as far as the role may see it. */
export interface Blocker {
  /** Its server process; 0 for a prepared transaction, which has none. */
  readonly pid: number;
  readonly applicationName: string | null;
  readonly user: string | null;
  readonly clientAddress: string | null;
  /** `active`, `idle in transaction` …, as in pg_stat_activity; `prepared`; null where the role may not see it. */
  readonly state: string | null;
  /** What it runs, or ran last; cut at 500 characters. */
  readonly query: string | null;
  /** How long its transaction had been open when it was seen last. */
  readonly ageMs: number | null;
  /** What it has of the lock that the step waits for, e.g. `AccessShareLock`; null where it only stands before us in the queue. */
  readonly mode: string | null;
  /** `client backend`, `autovacuum worker` …, as in pg_stat_activity; `prepared transaction`; null where it is not visible. */
  readonly kind: string | null;
  /** The name for COMMIT PREPARED or ROLLBACK PREPARED; null for a session. */
  readonly preparedName: string | null;
  /** Processes for which it waits itself. */
  readonly waitsFor: readonly number[];
}

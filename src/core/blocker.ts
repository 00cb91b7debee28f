import { formatDuration } from './duration.js';

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
  /** When its transaction began, ISO 8601. */
  readonly since: string | null;
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

/** `process 4711 (psql, user app from 10.0.0.5), idle in transaction for 3m 5s: update orders …` */
export function describeBlocker(blocker: Blocker, queryLength = 80): string {
  const age = blocker.ageMs === null ? null : formatDuration(blocker.ageMs);
  if (blocker.preparedName !== null) {
    const owner = blocker.user === null ? '' : ` of ${blocker.user}`;
    return `the prepared transaction '${blocker.preparedName}'${owner}${age === null ? '' : `, prepared ${age} ago`}`;
  }
  const kind = blocker.kind === null || blocker.kind === 'client backend' ? 'process' : blocker.kind;
  const user = blocker.user === null ? null : `user ${blocker.user}`;
  const from = blocker.clientAddress === null ? '' : ` from ${blocker.clientAddress}`;
  const who = [blocker.applicationName, user === null ? null : `${user}${from}`].filter(
    (part) => part !== null,
  );
  const state = [blocker.state, age === null ? null : `for ${age}`].filter((part) => part !== null).join(' ');
  const query = (blocker.query ?? '').trim().replaceAll(/\s+/g, ' ');
  const text = query.length > queryLength ? `${query.slice(0, queryLength)}…` : query;
  const chain =
    blocker.waitsFor.length === 0 ? '' : `, itself waiting for process ${blocker.waitsFor.join(', ')}`;
  return `${kind} ${blocker.pid}${who.length === 0 ? '' : ` (${who.join(', ')})`}${state === '' ? '' : `, ${state}`}${chain}${text === '' ? '' : `: ${text}`}`;
}

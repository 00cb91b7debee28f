import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import { redactText } from '../core/redact.js';
import {
  expireLease,
  type HistoryTables,
  historyTables,
  type Installation,
  isLive,
  type Lease,
  readInstallation,
  readLease,
  readRunOfBackend,
  runMark,
} from '../history/index.js';
import {
  endLockSession,
  endMarkedSessions,
  historyLockKey,
  lockClass,
  type LockSession,
  readLockSession,
  type Session,
  sqlstate,
} from '../pg/index.js';
import { type Ask, confirmDanger } from './confirm.js';
import type { ConfirmOptions, LockHolderReport, LockReleaseReport, LockReport } from './lockkeeper.js';
import { assertEnvironment } from './prepare-read.js';
import { databaseName, withDatabase } from './session.js';

/** Who holds the migration lock, or the lease. Takes neither, and waits for nobody. */
export async function lockStatus(config: ResolvedConfig, context: Context): Promise<LockReport> {
  return await withDatabase(config, context, async ({ session }) => {
    const { report } = await find(config, session);
    return { environment: config.environment.name, database: databaseName(config), ...report };
  });
}

/**
 * Ends the session that holds the lock, or the lease, after somebody confirmed it. What it was doing is settled by the
 * next run, as after any crash.
 * @throws {CONFIRMATION_MISSING} {ENVIRONMENT_MISMATCH} {LOCK_NOT_RELEASED}
 */
export async function lockRelease(
  config: ResolvedConfig,
  context: Context,
  request: { readonly options: ConfirmOptions; readonly ask: Ask | undefined },
): Promise<LockReleaseReport> {
  return await withDatabase(config, context, async ({ session }) => {
    const found = await find(config, session);
    const { holder } = found.report;
    if (holder === null) return { released: false, holder, next: 'Nothing had to be done.' };
    assertEnvironment(config, found.installation, 'lock release');
    await confirmDanger(
      config,
      {
        verb: 'lock release',
        message: `End the run that holds the lock of ${databaseName(config)}?`,
        plan: [describe(holder), next(holder)],
      },
      { ...request.options, ask: request.ask },
    );
    if (found.session !== null) await endSession(session, found.session);
    else if (found.lease !== null) await endLease(session, found.tables, found.lease);
    return { released: true, holder, next: next(holder) };
  });
}

interface Found {
  readonly tables: HistoryTables;
  readonly installation: Installation;
  readonly session: LockSession | null;
  readonly lease: Lease | null;
  readonly report: Pick<LockReport, 'held' | 'holder'>;
}

/** A session with the lock comes first: behind a pooler there is none, and the lease says who it is. */
async function find(config: ResolvedConfig, session: Session): Promise<Found> {
  const tables = historyTables(config.history);
  const key = historyLockKey(config.history.schema, config.history.table);
  const installation = await readInstallation(session, tables, { lease: true });
  const installed = installation.schemaVersion > 0;
  const holding = await readLockSession(session, key);
  if (holding !== null) {
    const run = installed ? await readRunOfBackend(session, tables, holding) : null;
    const holder = sessionHolder(holding, run);
    return { tables, installation, session: holding, lease: null, report: { held: true, holder } };
  }
  const lease = installation.leased ? await readLease(session, tables) : null;
  const holder = lease === null || lease.runId === null ? null : leaseHolder(lease);
  return { tables, installation, session: null, lease, report: { held: holder !== null, holder } };
}

function sessionHolder(
  { backendStart: _start, query, ...holding }: LockSession,
  run: Awaited<ReturnType<typeof readRunOfBackend>>,
): LockHolderReport {
  return {
    by: 'session',
    runId: runIdIn(query) ?? run?.runId ?? null,
    ...holding,
    query: query === null ? null : redactText(query),
    host: run?.host ?? null,
    hostPid: run?.pid ?? null,
    alive: true,
  };
}

/** The claim of a migration stands first in its message, and holds the check of the lock and then the id of the run. */
function runIdIn(query: string | null): string | null {
  const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
  const found = new RegExp(`\\(${lockClass}, [^']*'(${uuid})'`).exec(query ?? '');
  return found?.[1] ?? null;
}

function leaseHolder(lease: Lease): LockHolderReport {
  return {
    by: 'lease',
    runId: lease.runId,
    pid: null,
    applicationName: null,
    user: lease.holder.user,
    clientAddress: null,
    since: lease.acquiredAt,
    state: lease.working ? 'active' : null,
    queryStart: null,
    query: null,
    host: lease.holder.host,
    hostPid: lease.holder.pid,
    alive: isLive(lease),
  };
}

function describe(holder: LockHolderReport): string {
  const who = holder.pid === null ? 'the lease' : `process ${holder.pid}`;
  const of = holder.user === null ? '' : ` of ${holder.user}`;
  const place = holder.host ?? holder.clientAddress;
  const from = place === null ? '' : `, from ${place}`;
  const since = holder.since === null ? '' : `, since ${holder.since}`;
  return `${who}${of}${from}${since}${holder.runId === null ? '' : `, run ${holder.runId}`}`;
}

/** What becomes of the run that is ended. */
function next({ by }: LockHolderReport): string {
  const now =
    by === 'session'
      ? 'The server rolls back the transaction that it has open.'
      : 'No further step of that run takes effect.';
  return `${now} The next \`lockkeeper up\` finds out what became of an interrupted step, and goes on.`;
}

async function endSession(session: Session, holding: LockSession): Promise<void> {
  let ended: boolean;
  try {
    ended = await endLockSession(session, holding);
  } catch (error) {
    throw refused(error, session, `process ${holding.pid} of ${holding.user ?? 'another role'}`);
  }
  if (ended) return;
  throw new LockkeeperError('LOCK_NOT_RELEASED', {
    message: `Process ${holding.pid} was told to end, and is still there after ten seconds.`,
    hint: 'A statement that is rolling back much, or a disk that does not answer, takes its time. Look again with `lockkeeper lock status`.',
    details: { pid: holding.pid },
  });
}

async function endLease(session: Session, tables: HistoryTables, lease: Lease): Promise<void> {
  const mark = runMark(lease.runId ?? '');
  try {
    // A step at work holds the row of the lease, so it has to go first.
    if (lease.working) await endMarkedSessions(session, mark);
  } catch (error) {
    throw refused(error, session, 'the session that is at work');
  }
  if (await expireLease(session, tables, lease)) return;
  throw new LockkeeperError('LOCK_NOT_RELEASED', {
    message: 'The lease could not be ended: a step of its holder is at work, or another run has taken it.',
    hint: 'Look again with `lockkeeper lock status`, and repeat it.',
    details: { runId: lease.runId },
  });
}

/** 42501 says that this role may not end the session of that one. */
function refused(error: unknown, session: Session, what: string): unknown {
  if ((error as { code?: string }).code !== sqlstate.insufficientPrivilege) return error;
  return new LockkeeperError('LOCK_NOT_RELEASED', {
    message: `The role "${session.info.user}" may not end ${what}.`,
    hint: 'Use the role that runs the migrations, or grant this one membership in pg_signal_backend.',
    details: { role: session.info.user },
    cause: error,
  });
}

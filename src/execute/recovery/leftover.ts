import { LockkeeperError } from '../../core/errors.js';
import { sqlstate } from '../../pg/index.js';
import { quoteQualified } from '../../sql/quote.js';
import { ours } from '../parts.js';
import type { Run } from '../run.js';
import { PartRefused, sendParts } from '../send-parts.js';
import type { IndexState } from './index-state.js';

/**
 * Removes an invalid index that an interrupted statement left. Removing one whose builder is alive would end that
 * build with a deadlock (ENGINE A1), so it is looked for first.
 * @throws {RECOVERY_UNDECIDED} while somebody builds on the table.
 */
export async function removeLeftover(run: Run, index: IndexState, lockTimeoutMs: number): Promise<void> {
  if (await isBeingBuilt(run, index)) {
    throw new LockkeeperError('RECOVERY_UNDECIDED', {
      message: `The index ${quoteQualified(index.schema, index.name)} is being built by another session right now.`,
      hint: 'Wait until that build has ended and run the command again.',
      details: { index: index.name },
    });
  }
  try {
    await dropIndex(run, index, lockTimeoutMs);
  } catch (error) {
    // Only a superuser may look into pg_toast, also when the table is the role's own.
    const refused = error instanceof PartRefused && error.server.code === sqlstate.insufficientPrivilege;
    if (!refused || index.schema !== 'pg_toast') throw error;
    run.context.events.emit('warning', {
      code: 'leftover-kept',
      message: `The invalid index ${quoteQualified(index.schema, index.name)}, which an interrupted REINDEX left, stays: ${error.server.message}.`,
      hint: `It costs time with every write. As a superuser: drop index concurrently ${quoteQualified(index.schema, index.name)}`,
    });
  }
}

/**
 * Whether some other backend builds this index right now, or rebuilds those of its table: it reports progress on it.
 * What a role may not see of that (relid is null then) shows in the lock on the table, which such a build keeps from
 * its beginning to its end.
 */
async function isBeingBuilt({ session }: Run, index: IndexState): Promise<boolean> {
  const rows = await session.query<{ busy: boolean }>(
    /* sql */ `
    select exists (
      select from pg_stat_progress_create_index p
      where p.pid <> pg_backend_pid() and case
        when p.index_relid = $2::int8::oid then true
        when p.relid is not null then p.relid = $1::int8::oid and p.command = 'REINDEX CONCURRENTLY'
        else exists (select from pg_locks l
                     where l.pid = p.pid and l.locktype = 'relation' and l.relation = $1::int8::oid and l.granted
                       and l.database = (select oid from pg_database where datname = current_database()))
      end
    ) as busy`,
    [String(index.tableOid), String(index.oid)],
  );
  return rows[0]?.busy === true;
}

/** The removal waits for every transaction that uses the table, so the short lock budget of a run is not for it. */
async function dropIndex(run: Run, index: IndexState, lockTimeoutMs: number): Promise<void> {
  const { session, options } = run;
  const name = quoteQualified(index.schema, index.name);
  const budget = (lock: number, statement: number): string =>
    `set lock_timeout = ${lock}; set statement_timeout = ${statement}`;
  await sendParts(session, [ours(budget(lockTimeoutMs, options.concurrentDeadlineMs), null, 2)]);
  try {
    await sendParts(session, [ours(`drop index concurrently if exists ${name}`)]);
  } finally {
    if (session.lost === null) await session.send(budget(options.lockTimeoutMs, options.statementTimeoutMs));
  }
}

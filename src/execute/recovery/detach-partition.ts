import type { Session } from '../../pg/index.js';
import { readDetachedPartition } from '../../sql/target.js';
import { ours } from '../parts.js';
import { untilLocked } from '../retry.js';
import { sendParts } from '../send-parts.js';
import { relationOid } from './index-state.js';
import type { Remedy } from './remedy.js';

interface PartitionBefore {
  readonly parentOid: number | null;
  readonly partitionOid: number | null;
  readonly attachment: Attachment;
}

/** How a table hangs on its parent (pg_inherits). */
type Attachment = 'attached' | 'pending' | 'none';

/**
 * ALTER TABLE … DETACH PARTITION … CONCURRENTLY commits its first half. Running it again is refused then (55000), and
 * so is every other detach of that parent, until FINALIZE ends what was begun (manual, "ALTER TABLE"). FINALIZE takes
 * ACCESS EXCLUSIVE on the partition, so it runs under the short budget and is tried again (ENGINE D21).
 */
export const detachPartition: Remedy<PartitionBefore> = {
  kind: 'detach-partition',
  leavesRemains: true,
  capture: async (session, { text, statement: { traits } }) => {
    const partition = readDetachedPartition(text);
    const parentOid = traits.relation === null ? null : await relationOid(session, traits.relation);
    const partitionOid = partition === null ? null : await relationOid(session, partition);
    return { parentOid, partitionOid, attachment: await attachmentOf(session, parentOid, partitionOid) };
  },
  settle: async (run, { before }) => {
    const { parentOid, partitionOid, attachment } = before;
    // A detach that somebody else had begun is not ours to end; the statement says so itself when it runs again.
    if (attachment !== 'attached') return 'again';
    const now = await attachmentOf(run.session, parentOid, partitionOid);
    if (now === 'pending') await untilLocked(run, () => finalize(run.session, parentOid, partitionOid));
    return now === 'attached' ? 'again' : 'done';
  },
};

async function attachmentOf(
  session: Session,
  parentOid: number | null,
  partitionOid: number | null,
): Promise<Attachment> {
  const rows = await session.query<{ pending: boolean }>(
    'select inhdetachpending as pending from pg_inherits where inhparent = $1::int8::oid and inhrelid = $2::int8::oid',
    [parentOid, partitionOid],
  );
  const [row] = rows;
  if (row === undefined) return 'none';
  return row.pending ? 'pending' : 'attached';
}

async function finalize(
  session: Session,
  parentOid: number | null,
  partitionOid: number | null,
): Promise<void> {
  const rows = await session.query<{ sql: string }>(
    `select format('alter table %s detach partition %s finalize', $1::int8::oid::regclass, $2::int8::oid::regclass) as sql`,
    [parentOid, partitionOid],
  );
  for (const { sql } of rows) await sendParts(session, [ours(sql, 'ALTER TABLE')]);
}

import { relationOid } from './index-state.js';
import type { Remedy } from './remedy.js';

interface IndexBefore {
  readonly indexOid: number | null;
}

/**
 * DROP INDEX CONCURRENTLY goes forward, never back: an index that is still there is half gone (invalid, perhaps not
 * even kept up to date) and is dropped again. Another one that has its name meanwhile is somebody else's.
 */
export const dropIndex: Remedy<IndexBefore> = {
  kind: 'drop-index',
  leavesRemains: false,
  capture: async (session, { statement: { traits } }) => ({
    indexOid: traits.relation === null ? null : await relationOid(session, traits.relation),
  }),
  settle: async ({ session }, { before }) => {
    if (before.indexOid === null) return 'again';
    const rows = await session.query('select 1 from pg_class where oid = $1::int8::oid', [
      String(before.indexOid),
    ]);
    return rows.length === 0 ? 'done' : 'again';
  },
};

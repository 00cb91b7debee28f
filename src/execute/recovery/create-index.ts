import { LockkeeperError } from '../../core/errors.js';
import type { Session } from '../../pg/index.js';
import { quoteQualified } from '../../sql/quote.js';
import type { Statement } from '../../sql/statement.js';
import { indexesOf, type IndexPreState, type IndexState, isBeingBuilt, relationOid } from './index-state.js';

/** Records what stands on the table, so that after a crash our leftovers can be told from everybody else's. */
export async function captureIndexState(session: Session, statement: Statement): Promise<IndexPreState> {
  const { relation } = statement.traits;
  const tableOid = relation === null ? null : await relationOid(session, relation);
  return {
    kind: 'create-index',
    ...(await session.identity()),
    tableOid,
    indexes: tableOid === null ? [] : await indexesOf(session, tableOid),
  };
}

/** What an interrupted or failed CREATE INDEX CONCURRENTLY left. */
export type IndexOutcome = 'done' | 'again';

/**
 * Decides what became of a CREATE INDEX CONCURRENTLY, and removes an invalid index that it left. Only an index that
 * is new since the pre-state and that nobody is building is ever dropped: an invalid index of somebody else's (CREATE
 * INDEX ON ONLY makes them by design) is not ours to touch (ENGINE D16).
 */
export async function settleCreateIndex(session: Session, before: IndexPreState): Promise<IndexOutcome> {
  if (before.tableOid === null) return 'again';
  const fresh = await newIndexes(session, before);
  const invalid = fresh.filter((index) => !index.valid);
  for (const index of invalid) {
    if (await isBeingBuilt(session, index.oid)) {
      throw new LockkeeperError('RECOVERY_UNDECIDED', {
        message: `The index ${quoteQualified(index.schema, index.name)} is being built by another session right now.`,
        hint: 'Wait until that build has ended and run the command again.',
        details: { index: index.name },
      });
    }
    await session.send(`drop index concurrently if exists ${quoteQualified(index.schema, index.name)}`);
  }
  return invalid.length === 0 && fresh.length > 0 ? 'done' : 'again';
}

async function newIndexes(session: Session, before: IndexPreState): Promise<readonly IndexState[]> {
  if (before.tableOid === null) return [];
  const known = new Set(before.indexes.map((index) => index.oid));
  return (await indexesOf(session, before.tableOid)).filter((index) => !known.has(index.oid));
}

/**
 * Looks after a CREATE INDEX CONCURRENTLY that reported success: IF NOT EXISTS says so, too, when it skipped over an
 * invalid index of that name, and the table would stay without the index for ever.
 * @throws {MIGRATION_FAILED}
 */
export async function assertIndexValid(
  session: Session,
  statement: Statement,
  before: IndexPreState,
): Promise<void> {
  if (before.tableOid === null || (await newIndexes(session, before)).length > 0) return;
  const name = statement.traits.creates?.replace(/^index /, '') ?? null;
  const skipped = before.indexes.find((index) => !index.valid && name !== null && name.endsWith(index.name));
  if (skipped === undefined) return;
  throw new LockkeeperError('MIGRATION_FAILED', {
    message: `The index ${quoteQualified(skipped.schema, skipped.name)} exists and is invalid, so IF NOT EXISTS skipped over it.`,
    hint: `It was there before this run, so it is left alone. Drop it (drop index concurrently ${quoteQualified(skipped.schema, skipped.name)}) and run the command again.`,
    details: { index: skipped.name },
  });
}

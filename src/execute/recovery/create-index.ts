import { LockkeeperError } from '../../core/errors.js';
import type { Session } from '../../pg/index.js';
import { quoteQualified } from '../../sql/quote.js';
import type { Statement } from '../../sql/statement.js';
import { ours } from '../parts.js';
import type { Run } from '../run.js';
import { sendParts } from '../send-parts.js';
import { indexDefinitionOf, isSameDefinition, readIndexDefinition } from './index-definition.js';
import {
  indexesOf,
  invalidIndexNamed,
  type IndexPreState,
  type IndexState,
  isBeingBuilt,
  relationOid,
} from './index-state.js';

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

export interface IndexQuestion {
  readonly before: IndexPreState;
  /** The statement as it stands in the file. */
  readonly sql: string;
  /** How long the removal of an invalid index may wait for a lock; 0 = as long as it takes. */
  readonly lockTimeoutMs: number;
}

/**
 * Decides what became of a CREATE INDEX CONCURRENTLY, and removes an invalid index that it left. An index is ours
 * when it is new since the pre-state and is what the statement makes; everything else on the table was made by
 * somebody else meanwhile, and an invalid one of theirs (CREATE INDEX ON ONLY makes them by design) is not ours to
 * touch (ENGINE D16).
 */
export async function settleCreateIndex(run: Run, question: IndexQuestion): Promise<IndexOutcome> {
  const made = await indexesMade(run.session, question);
  const invalid = made.filter((index) => !index.valid);
  for (const index of invalid) {
    if (await isBeingBuilt(run.session, index.oid)) {
      throw new LockkeeperError('RECOVERY_UNDECIDED', {
        message: `The index ${quoteQualified(index.schema, index.name)} is being built by another session right now.`,
        hint: 'Wait until that build has ended and run the command again.',
        details: { index: index.name },
      });
    }
    await dropIndex(run, index, question.lockTimeoutMs);
  }
  return invalid.length === 0 && made.length > 0 ? 'done' : 'again';
}

async function indexesMade(session: Session, question: IndexQuestion): Promise<readonly IndexState[]> {
  const { before, sql } = question;
  if (before.tableOid === null) return [];
  const known = new Set(before.indexes.map((index) => index.oid));
  const fresh = (await indexesOf(session, before.tableOid)).filter((index) => !known.has(index.oid));
  if (fresh.length === 0) return [];
  const wanted = await readIndexDefinition(sql);
  if (wanted === null) {
    throw new LockkeeperError('RECOVERY_UNDECIDED', {
      message: `The table has new indexes (${fresh.map(({ name }) => name).join(', ')}), and whether the interrupted statement made one of them cannot be read from it: ${sql.slice(0, 200)}`,
      hint: 'Drop what it left and keep the rest, then settle the migration with lockkeeper mark.',
    });
  }
  const made: IndexState[] = [];
  for (const index of fresh) {
    const found = await indexDefinitionOf(session, index.oid);
    if (found !== null && isSameDefinition(wanted, found)) made.push(index);
  }
  return made;
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
  const name = statement.traits.creates?.replace(/^index /, '') ?? null;
  if (before.tableOid === null || name === null) return;
  const skipped = await invalidIndexNamed(session, before.tableOid, name);
  if (skipped === null) return;
  throw new LockkeeperError('MIGRATION_FAILED', {
    message: `The index ${quoteQualified(skipped.schema, skipped.name)} exists and is invalid, so IF NOT EXISTS skipped over it.`,
    hint: `This run did not make it, so it is left alone. Drop it (drop index concurrently ${quoteQualified(skipped.schema, skipped.name)}) and run the command again.`,
    details: { index: skipped.name },
  });
}

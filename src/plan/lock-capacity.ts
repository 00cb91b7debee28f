import { LockkeeperError } from '../core/errors.js';
import type { Migration } from '../migration/migration.js';
import { countRelations } from '../sql/relations.js';

/** What the server can hold in its shared lock table. */
export interface LockCapacity {
  readonly maxLocksPerTransaction: number;
  /** max_connections + max_prepared_transactions + the server's own processes. */
  readonly slots: number;
}

/**
 * A transaction keeps a lock on every relation it makes until it commits, and the lock table has a fixed size of
 * max_locks_per_transaction × slots (manual, "Lock Management"). Tools that find out while running lose all the work.
 * @throws {LOCK_TABLE_FULL} with both figures.
 */
export function assertLocksFit(migrations: readonly Migration[], capacity: LockCapacity): void {
  const needed = migrations.reduce((sum, migration) => sum + relationsCreated(migration), 0);
  const available = capacity.maxLocksPerTransaction * capacity.slots;
  if (needed <= available) return;
  const setting = Math.ceil((needed * 1.1) / capacity.slots);
  throw new LockkeeperError('LOCK_TABLE_FULL', {
    message: `One transaction for these ${migrations.length} migrations would hold about ${needed} locks; the server is sure to have room for ${available} (max_locks_per_transaction = ${capacity.maxLocksPerTransaction}).`,
    hint: `Run without --single-transaction, or set max_locks_per_transaction to at least ${setting} and restart the server.`,
    details: { needed, available, setting },
  });
}

function relationsCreated(migration: Migration): number {
  if (migration.up.kind === 'code') return 0;
  const { text, statements } = migration.up;
  return statements.reduce((sum, statement) => sum + countRelations(text, statement), 0);
}

import { LockkeeperError } from '../core/errors.js';
import { leaseLost } from '../execute/index.js';
import { readLease } from '../history/index.js';
import { MessageRefused, sqlstate } from '../pg/index.js';
import type { Locked } from './prepare-read.js';

/**
 * Runs statements of ours as one transaction under the lock that was taken.
 * @throws {LEASE_LOST} where another run has taken over; then nothing of it is written.
 */
export async function writeOwn(prepared: Locked, what: string, statements: readonly string[]): Promise<void> {
  const { opened, tables, lock } = prepared;
  const { session } = opened;
  try {
    await session.send(lock.frame.own(what, statements));
  } catch (error) {
    await session.rollBack();
    const refused = error instanceof MessageRefused && error.server.code === sqlstate.divisionByZero;
    const now = lock.lease === null || !refused ? null : await readLease(session, tables);
    if (now === null || now.token === lock.lease?.token) throw error;
    throw leaseLost(
      now,
      new LockkeeperError('LEASE_LOST', { message: `"${what}" was refused.`, cause: error }),
    );
  }
}

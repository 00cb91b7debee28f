import { openSession } from './connect.js';
import { openedWithin, withLimit } from './limit.js';
import type { ConnectionOptions } from './options.js';
import type { Session } from './session.js';

/** What stands between us and the server. */
export type Pooling = 'none' | 'session' | 'transaction';

const probeLimitMs = 2000;
/** Other clients of a busy pool may take a server connection between two questions of ours, so they are asked again. */
const probeRounds = 3;

/**
 * Finds out whether a pooler gives every transaction another server connection (ENGINE A4, tried on PgBouncer 1.18).
 * Two connections of ours ask for the process id of their server: in session mode the first one's never changes and
 * is never the second one's. In transaction mode the second one meets the server that the first one left, or the first
 * one another server while the second one keeps its own. No setting is made: it would stay with somebody else's session.
 */
export async function detectPooling(session: Session, connection: ConnectionOptions): Promise<Pooling> {
  if (!session.info.proxied) return 'none';
  const opening = openSession(connection);
  const second = await openedWithin(opening, probeLimitMs);
  if (second === null) return (await isWaitingBehindUs(session, opening)) ? 'session' : 'transaction';
  try {
    if (second.info.pid === session.info.pid) return 'transaction';
    for (let round = 0; round < probeRounds; round++) {
      if (await sharesServers(session, second)) return 'transaction';
    }
    return 'session';
  } finally {
    // An open transaction would cost the pool the server connection that it is on.
    if (second.transactionStatus !== 'I') await withLimit(second.query('rollback'), probeLimitMs);
    await second.end();
  }
}

/**
 * The second connection got no server. In transaction mode our next answer sets one free, and the one who waits
 * longest is given it; in session mode with a full pool, ours stays ours.
 */
async function isWaitingBehindUs(session: Session, opening: Promise<Session>): Promise<boolean> {
  const pid = await withLimit(serverOf(session), probeLimitMs);
  if (pid !== session.info.pid) return false;
  return (await withLimit(opening, probeLimitMs / 4)) === null;
}

async function sharesServers(first: Session, second: Session): Promise<boolean> {
  await withLimit(second.query('begin'), probeLimitMs);
  const pinned = await withLimit(serverOf(second), probeLimitMs);
  if (pinned === null || pinned === first.info.pid) return true;
  // No answer: the only server of the pool is in the second one's transaction.
  if ((await withLimit(serverOf(first), probeLimitMs)) !== first.info.pid) return true;
  await withLimit(second.query('commit'), probeLimitMs);
  return (await withLimit(serverOf(first), probeLimitMs)) !== first.info.pid;
}

async function serverOf(session: Session): Promise<number> {
  const rows = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid ?? 0;
}

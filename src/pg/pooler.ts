import { randomUUID } from 'node:crypto';
import { openSession } from './connect.js';
import type { ConnectionOptions } from './options.js';
import type { Session } from './session.js';

/** What stands between us and the server. */
export type Pooling = 'none' | 'session' | 'transaction';

const probeLimitMs = 2000;

/**
 * Finds out whether a pooler gives every transaction another server connection (ENGINE A4, tried on PgBouncer 1.18).
 * A setting made on one connection is looked for again after a second connection has pinned a server: in
 * transaction mode it is gone. No answer within two seconds means a transaction pool with one connection.
 */
export async function detectPooling(session: Session, connection: ConnectionOptions): Promise<Pooling> {
  if (!session.info.proxied) return 'none';
  const nonce = randomUUID();
  await session.query(`select set_config('lockkeeper.probe', $1, false)`, [nonce]);
  const second = await withLimit(openSession(connection), probeLimitMs);
  if (second === null) return 'transaction';
  try {
    const pinned = await withLimit(second.query('begin'), probeLimitMs);
    if (pinned === null) return 'transaction';
    await withLimit(second.query('select 1'), probeLimitMs);
    const rows = await withLimit(
      session.query<{ probe: string | null }>(`select current_setting('lockkeeper.probe', true) as probe`),
      probeLimitMs,
    );
    return rows?.[0]?.probe === nonce ? 'session' : 'transaction';
  } finally {
    await second.end();
  }
}

async function withLimit<Value>(promise: Promise<Value>, limitMs: number): Promise<Value | null> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), limitMs);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

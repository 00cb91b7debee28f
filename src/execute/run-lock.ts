import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import type { LockHolder } from '../core/events.js';
import { formatDuration } from '../core/duration.js';
import { type AdvisoryKey, lockHolder, type Session, tryLock } from '../pg/index.js';
import { pause } from './retry.js';

const pollEveryMs = 200;
const tellEveryMs = 1000;

/**
 * Takes the migration lock on the session that does the work, by polling: a blocking wait holds a snapshot, and
 * a CREATE INDEX CONCURRENTLY of the holder would wait for that for ever (ENGINE A1, A2).
 * @throws {LOCK_HELD} after `waitMs`, naming the holder. {INTERRUPTED}
 */
export async function acquireRunLock(
  session: Session,
  key: AdvisoryKey,
  options: { readonly waitMs: number; readonly context: Context },
): Promise<void> {
  const { context, waitMs } = options;
  const began = context.now();
  let toldAt = -tellEveryMs;
  for (;;) {
    if (await tryLock(session, key)) {
      context.events.emit('lock:acquired', { waitedMs: context.now() - began });
      return;
    }
    const waited = context.now() - began;
    if (waited >= waitMs) throw lockHeld(await lockHolder(session, key), waitMs);
    if (waited - toldAt >= tellEveryMs) {
      toldAt = waited;
      context.events.emit('lock:wait', { waitedMs: waited, holder: await lockHolder(session, key) });
    }
    const jitter = pollEveryMs / 2 + Math.random() * pollEveryMs;
    if (!(await pause(Math.min(jitter, Math.max(1, waitMs - waited)), context.stop.finish))) {
      throw new LockkeeperError('INTERRUPTED', {
        message: 'The run was stopped while it waited for the migration lock. Nothing was changed.',
      });
    }
  }
}

function lockHeld(holder: LockHolder | null, waitMs: number): LockkeeperError {
  const who = holder === null ? 'another session' : describeHolder(holder);
  return new LockkeeperError('LOCK_HELD', {
    message: `The migration lock is held by ${who}${waitMs > 0 ? `; waited ${formatDuration(waitMs)}` : ''}.`,
    hint: 'Wait for that run to end, or give --lock-wait more time. When it hangs, end its session with pg_terminate_backend.',
    details: { holder },
  });
}

function describeHolder(holder: LockHolder): string {
  const name =
    holder.applicationName === null || holder.applicationName === '' ? '' : ` (${holder.applicationName})`;
  const from = holder.clientAddress === null ? '' : ` from ${holder.clientAddress}`;
  const since = holder.since === null ? '' : ` since ${holder.since}`;
  return `process ${holder.pid}${name}${from}${since}`;
}

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
  const { context } = options;
  const began = context.now();
  await pollForLock(options, async () =>
    (await tryLock(session, key)) ? { value: true } : heldBySession(session, key),
  );
  context.events.emit('lock:acquired', { waitedMs: context.now() - began });
}

/** What one try came to: the thing itself, or who has it. */
export type LockAttempt<Value> =
  | { readonly value: Value }
  | {
      readonly who: () => Promise<LockHolder | null>;
      readonly refusal: (holder: LockHolder | null, waitedMs: number) => LockkeeperError;
    };

/** The answer to a try that met the lock of another session. */
export function heldBySession<Value>(session: Session, key: AdvisoryKey): LockAttempt<Value> {
  return { who: () => lockHolder(session, key), refusal: lockHeld };
}

/**
 * Tries again and again, and tells meanwhile who is waited for.
 * @throws {LOCK_HELD} after `waitMs`. {INTERRUPTED}
 */
export async function pollForLock<Value>(
  { context, waitMs }: { readonly waitMs: number; readonly context: Context },
  attempt: () => Promise<LockAttempt<Value>>,
): Promise<Value> {
  const began = context.now();
  let toldAt = -tellEveryMs;
  for (;;) {
    const outcome = await attempt();
    if ('value' in outcome) return outcome.value;
    const waited = context.now() - began;
    if (waited >= waitMs) throw outcome.refusal(await outcome.who(), waitMs);
    if (waited - toldAt >= tellEveryMs) {
      toldAt = waited;
      context.events.emit('lock:wait', { waitedMs: waited, holder: await outcome.who() });
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
    hint: 'Wait for that run to end, or give --lock-wait more time. When it hangs: lockkeeper lock status shows it, lockkeeper lock release ends it.',
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

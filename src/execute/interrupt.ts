import { LockkeeperError } from '../core/errors.js';
import { openedWithin } from '../pg/index.js';
import type { Run } from './run.js';

/** @throws {INTERRUPTED} when a stop was asked for; called between steps, where stopping costs nothing. */
export function assertNotStopped(run: Run): void {
  const { finish, cancel } = run.context.stop;
  if (!finish.aborted && !cancel.aborted) return;
  throw new LockkeeperError('INTERRUPTED', {
    message: 'The run was stopped after a complete step, as asked.',
    hint: 'Run the same command again to go on.',
  });
}

/** Says during a run that `signal` asked for its end; `cancelSignal` speaks for itself. Returns what ends the watch. */
export function announceFinish({ context }: Run): () => void {
  const { finish, cancel } = context.stop;
  const onFinish = (): void => {
    if (!cancel.aborted) context.events.emit('run:stopping', { how: 'finish' });
  };
  finish.addEventListener('abort', onFinish, { once: true });
  return () => finish.removeEventListener('abort', onFinish);
}

/**
 * Runs `work` so that the cancel signal cancels the statement it is waiting for. The cancel goes through a second
 * session, because the first one is busy; where none can be had, the connection is cut, and the server ends the work
 * (client_connection_check_interval).
 */
export async function cancellable<Value>(run: Run, work: () => Promise<Value>): Promise<Value> {
  // Within a function of the user's the whole function is watched, and one cancel is enough.
  if (watched.has(run)) return await work();
  watched.add(run);
  const { cancel } = run.context.stop;
  const cancelling: Promise<void>[] = [];
  const onCancel = (): void => {
    cancelling.push(cancelWorker(run));
  };
  if (cancel.aborted) onCancel();
  else cancel.addEventListener('abort', onCancel, { once: true });
  try {
    return await work();
  } finally {
    cancel.removeEventListener('abort', onCancel);
    if (cancelling.length > 0) await Promise.allSettled(cancelling);
    watched.delete(run);
  }
}

const watched = new WeakSet<Run>();

/** A pool may have no room for a second connection while the first one is at work. */
const observerPatienceMs = 5000;

async function cancelWorker(run: Run): Promise<void> {
  run.context.events.emit('run:stopping', { how: 'cancel' });
  try {
    const observer = await openedWithin(run.openObserver(), observerPatienceMs);
    if (observer === null) throw new Error('no second connection was to be had');
    try {
      const { text, values } = run.frame.cancel;
      await observer.query(text, values);
    } finally {
      await observer.end();
    }
  } catch (error) {
    run.context.events.emit('warning', {
      code: 'cancel-by-disconnect',
      message: `The statement could not be cancelled (${error instanceof Error ? error.message : String(error)}), so the connection is cut.`,
    });
    run.session.wire.stream.destroy();
  }
}

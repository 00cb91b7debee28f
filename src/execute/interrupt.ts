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

/** Whether the session is at work, and the cancels that are under way because of it. */
interface Work {
  busy: boolean;
  readonly cancelling: Promise<void>[];
}

const works = new WeakMap<Run, Work>();

/** Listens for both ways of stopping while a run lasts. Returns what ends that. */
export function heedStops(run: Run): () => void {
  const { events, stop } = run.context;
  const { finish, cancel } = stop;
  const work: Work = { busy: false, cancelling: [] };
  const onFinish = (): void => {
    if (!cancel.aborted) events.emit('run:stopping', { how: 'finish' });
  };
  const onCancel = (): void => {
    if (work.busy) work.cancelling.push(cancelWorker(run));
  };
  works.set(run, work);
  finish.addEventListener('abort', onFinish, { once: true });
  cancel.addEventListener('abort', onCancel, { once: true });
  return () => {
    works.delete(run);
    finish.removeEventListener('abort', onFinish);
    cancel.removeEventListener('abort', onCancel);
  };
}

/**
 * Runs `body` so that the cancel signal cancels the statement it is waiting for. The cancel goes through a second
 * session, because the first one is busy; where none can be had, the connection is cut, and the server ends the work
 * (client_connection_check_interval). There is one listener for the whole run: thousands of short steps would each pay for
 * one of their own.
 */
export async function cancellable<Value>(run: Run, body: () => Promise<Value>): Promise<Value> {
  const work = works.get(run);
  // Within a function of the user's the whole function is watched, and one cancel is enough.
  if (work === undefined || work.busy) return await body();
  work.busy = true;
  if (run.context.stop.cancel.aborted) work.cancelling.push(cancelWorker(run));
  try {
    return await body();
  } finally {
    work.busy = false;
    if (work.cancelling.length > 0) await Promise.allSettled(work.cancelling.splice(0));
  }
}

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

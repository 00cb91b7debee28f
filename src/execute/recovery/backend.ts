import { LockkeeperError } from '../../core/errors.js';
import type { OpenStep } from '../../history/index.js';
import type { Session, SessionIdentity } from '../../pg/index.js';
import { pause } from '../retry.js';
import type { Run } from '../run.js';

const lookEveryMs = 200;

/** A session that ends gives up its locks a moment before it vanishes from pg_stat_activity. */
const leastPatienceMs = 2000;

/**
 * Waits until the session of the interrupted run is gone, for as long as a run waits for the lock. As a rule it is:
 * it held the lock that we hold now. But what it still does has to end before anything is decided (ENGINE A1).
 * @throws {RECOVERY_UNDECIDED} naming the backend.
 */
export async function waitForBackend(run: Run, open: OpenStep, backend: SessionIdentity): Promise<void> {
  const until = run.context.now() + Math.max(run.options.lockWaitMs, leastPatienceMs);
  let told = false;
  while (await backendAlive(run.session, backend)) {
    if (!told) {
      told = true;
      run.context.events.emit('recovery:decision', {
        version: open.version,
        step: open.step,
        decision: 'waiting',
        why: `Backend ${backend.pid} of the interrupted run is still at work.`,
      });
    }
    if (run.context.now() >= until || !(await pause(lookEveryMs, run.context.stop.finish))) {
      throw new LockkeeperError('RECOVERY_UNDECIDED', {
        message: `Backend ${backend.pid} of an interrupted run is still working on step ${open.step} of migration ${open.version}.`,
        hint: `Wait for it, or end it: select pg_terminate_backend(${backend.pid}). Then run the command again.`,
        details: { version: open.version, step: open.step, pid: backend.pid },
      });
    }
  }
}

/**
 * Whether the backend that wrote the journal row is still there. A pid alone may have been given to another, so its
 * start is compared. A role without pg_read_all_stats does not see that of other roles' sessions; of those, one
 * counts as alive while it holds a lock on some relation of this database, which is what the step would do.
 */
async function backendAlive(session: Session, backend: SessionIdentity): Promise<boolean> {
  const rows = await session.query<{ alive: boolean }>(
    /* sql */ `
    select exists (
      select from pg_stat_activity a
      where a.pid = $1 and a.pid <> pg_backend_pid()
        and case when a.backend_start is not null then extract(epoch from a.backend_start)::text = $2
                 else exists (select from pg_locks l
                              where l.pid = a.pid and l.locktype = 'relation' and l.granted
                                and l.database = (select oid from pg_database where datname = current_database()))
            end
    ) as alive`,
    [backend.pid, backend.backendStart],
  );
  return rows[0]?.alive === true;
}

import { LockkeeperError } from '../../core/errors.js';
import type { OpenStep } from '../../history/index.js';
import type { AloneStep, Step } from '../../migration/step.js';
import { pause } from '../retry.js';
import type { Run } from '../run.js';
import { settleCreateIndex } from './create-index.js';
import { backendAlive, type IndexPreState } from './index-state.js';

export type Settlement = 'done' | 'again';

/** Statements that do no harm when they run twice (ENGINE D16). */
const repeatable = /^(VACUUM|ANALYZE|CLUSTER|REINDEX (SCHEMA|DATABASE|SYSTEM|TABLE|INDEX)$|ALTER SYSTEM)/;

/**
 * Decides what became of a step that no transaction protected and that was begun and not finished.
 * @throws {RECOVERY_UNDECIDED} where PostgreSQL does not record it: nothing is guessed.
 */
export async function settleStep(run: Run, open: OpenStep, step: Step): Promise<Settlement> {
  const preState = open.preState as IndexPreState | null;
  if (preState !== null) await waitForBackend(run, open, preState);
  if (step.kind === 'alone') {
    if (preState?.kind === 'create-index') {
      await assertSameDatabase(run, open, preState);
      return await settleCreateIndex(run.session, preState);
    }
    if (repeatable.test(step.statement.traits.label)) return 'again';
    if (step.statement.traits.label === 'DROP INDEX CONCURRENTLY') return await settleDropIndex(run, step);
  }
  throw undecided(
    open,
    step.kind === 'alone' ? step.statement.traits.label : 'the function of the migration',
  );
}

/** The index is still there, perhaps invalid: the drop goes forward, never back. */
async function settleDropIndex(run: Run, step: AloneStep): Promise<Settlement> {
  const { relation } = step.statement.traits;
  if (relation === null) return 'again';
  const rows = await run.session.query<{ gone: boolean }>('select to_regclass($1) is null as gone', [
    relation,
  ]);
  return rows[0]?.gone === true ? 'done' : 'again';
}

const patienceMs = 60_000;
const lookEveryMs = 200;

/** We hold the lock, so the old session is gone or going; what it still does must end before anything is decided. */
async function waitForBackend(run: Run, open: OpenStep, preState: IndexPreState): Promise<void> {
  const until = run.context.now() + patienceMs;
  let told = false;
  while (await backendAlive(run.session, preState)) {
    if (!told) {
      told = true;
      run.context.events.emit('recovery:decision', {
        version: open.version,
        step: open.step,
        decision: 'waiting',
        why: `Backend ${preState.pid} of the interrupted run is still at work.`,
      });
    }
    if (run.context.now() > until || !(await pause(lookEveryMs, run.context.stop.finish))) {
      throw new LockkeeperError('RECOVERY_UNDECIDED', {
        message: `Backend ${preState.pid} of an interrupted run is still working on step ${open.step} of migration ${open.version}.`,
        hint: `Wait for it, or end it: select pg_terminate_backend(${preState.pid}).`,
        details: { version: open.version, step: open.step, pid: preState.pid },
      });
    }
  }
}

/** A journal that came along in a restored or copied database speaks of oids of another one (ENGINE D18). */
async function assertSameDatabase(run: Run, open: OpenStep, preState: IndexPreState): Promise<void> {
  const here = await run.session.identity();
  if (here.systemIdentifier === preState.systemIdentifier && here.databaseOid === preState.databaseOid)
    return;
  throw undecided(open, 'a step of another database, whose journal came along in a copy');
}

function undecided(open: OpenStep, what: string): LockkeeperError {
  return new LockkeeperError('RECOVERY_UNDECIDED', {
    message: `Step ${open.step} of migration ${open.version} was interrupted, and PostgreSQL does not record whether it took effect (${what}).`,
    hint: `Look at the database. When the whole migration is in place: lockkeeper mark ${open.version} --applied --why "…"; when nothing of it is: --pending.`,
    details: { version: open.version, step: open.step },
  });
}

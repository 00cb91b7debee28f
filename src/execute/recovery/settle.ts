import { LockkeeperError } from '../../core/errors.js';
import type { OpenStep } from '../../history/index.js';
import type { Script, SqlScript } from '../../migration/migration.js';
import type { Step } from '../../migration/step.js';
import { cancellable } from '../interrupt.js';
import { ours, type Part, theirs } from '../parts.js';
import { pause } from '../retry.js';
import type { Run } from '../run.js';
import { sendParts } from '../send-parts.js';
import { settleCreateIndex } from './create-index.js';
import { backendAlive, type IndexPreState } from './index-state.js';

export type Settlement = 'done' | 'again';

/** A step that the journal has as begun, with what the file says of it now. */
export interface InterruptedStep {
  readonly open: OpenStep;
  readonly step: Step;
  readonly script: Script;
  /** Settings of earlier steps, under which the names in its statement mean what they meant. */
  readonly replay: readonly Part[];
}

/** Statements that do no harm when they run twice (ENGINE D16). */
const repeatable = /^(VACUUM|ANALYZE|CLUSTER|REINDEX (SCHEMA|DATABASE|SYSTEM|TABLE|INDEX)$|ALTER SYSTEM)/;

/**
 * Decides what became of a step that no transaction protected and that was begun and not finished.
 * @throws {RECOVERY_UNDECIDED} where PostgreSQL does not record it: nothing is guessed.
 */
export async function settleStep(run: Run, interrupted: InterruptedStep): Promise<Settlement> {
  const { open, step, script } = interrupted;
  const preState = open.preState as IndexPreState | null;
  if (preState !== null) await waitForBackend(run, open, preState);
  if (step.kind === 'alone') {
    if (preState?.kind === 'create-index') {
      await assertSameDatabase(run, open, preState);
      const sql = theirs(script as SqlScript, step.statement).text;
      return await cancellable(run, () =>
        settleCreateIndex(run, { before: preState, sql, lockTimeoutMs: 0 }),
      );
    }
    if (repeatable.test(step.statement.traits.label)) return 'again';
    if (step.statement.traits.label === 'DROP INDEX CONCURRENTLY')
      return await settleDropIndex(run, step.statement.traits.relation, interrupted.replay);
  }
  throw undecided(
    open,
    step.kind === 'alone' ? step.statement.traits.label : 'the function of the migration',
  );
}

/** The index is still there, perhaps invalid: the drop goes forward, never back. */
async function settleDropIndex(
  run: Run,
  relation: string | null,
  replay: readonly Part[],
): Promise<Settlement> {
  if (relation === null) return 'again';
  await sendParts(run.session, replay);
  const rows = await run.session.query<{ gone: boolean }>('select to_regclass($1) is null as gone', [
    relation,
  ]);
  await sendParts(run.session, [ours('set session authorization default; reset role', null, 2)]);
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

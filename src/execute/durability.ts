import type { MigrationReport, Warning } from '../core/report.js';
import type { PlannedMigration } from '../plan/plan.js';
import { ours, type Part } from './parts.js';
import type { Run } from './run.js';

// The log of the server (WAL) is written in the order of the commits. So only the last COMMIT of a run has to wait for
// the disk: it makes all before it durable, and a crash of the server before that takes back whole migrations, the
// newest first, each together with its history row (manual, "Asynchronous Commit"). What somebody else commits behind a
// migration makes it durable as well.

/** What stands behind the BEGIN of a migration whose COMMIT need not wait. */
export function commitMode(run: Run, planned: PlannedMigration): readonly Part[] {
  return waits(run, planned) ? [] : [ours('set local synchronous_commit = off', 'SET')];
}

/** Before a COMMIT with something behind it that is not in the log of this server: everything up to it is on the disk. */
export const waitingAgain: Part = ours('set local synchronous_commit to default', 'SET');

const waits = ({ options }: Run, { flushes }: PlannedMigration): boolean =>
  options.synchronousCommit || flushes;

/** Which of the migrations that a run has applied are not known to be on the disk. */
export class Unflushed {
  readonly #run: Run;
  #count = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  note(planned: PlannedMigration, { steps }: MigrationReport): void {
    // What no transaction protects is journalled by commits that wait.
    const flushed = waits(this.#run, planned) || steps.some(({ transaction }) => !transaction);
    this.#count = flushed ? 0 : this.#count + 1;
  }

  /**
   * Where a run ends early: brings what it has applied to the disk, or says that nobody knows whether it is there.
   * Any transaction that writes does the former; this one writes what it finds.
   */
  async settle(): Promise<readonly Warning[]> {
    const { session, tables, frame, lease } = this.#run;
    if (this.#count === 0) return [];
    if (session.lost !== null) return [maybeTakenBack(this.#count)];
    // A lease that is gone is another run's now, whose commits do the same.
    const write = `update ${tables.info} set schema_version = schema_version`;
    try {
      await session.send(frame.own('flush', [write]));
      return [];
    } catch {
      // What ended the run is told in any case; this adds what is not known because of it.
      return lease === null ? [maybeTakenBack(this.#count)] : [];
    }
  }
}

function maybeTakenBack(count: number): Warning {
  return {
    code: 'perhaps-taken-back',
    message: `The run ended before the server had confirmed that the last ${count === 1 ? 'migration is' : `${count} migrations are`} on its disk. Where the server itself crashed, the newest of them, applied in its last moments, are taken back, each with its history row.`,
    hint: 'lockkeeper status shows what is applied; the next up goes on from there.',
  };
}

import { rmSync } from 'node:fs';
import { createLockkeeper } from '../../../src/app/create-lockkeeper.js';
import type { RunReport } from '../../../src/core/report.js';
import { isLockkeeperError, type LockkeeperError } from '../../../src/core/errors.js';
import type { MigrationFailedError } from '../../../src/execute/migration-failed-error.js';
import type { TempProject } from '../../support/project.js';
import type { Stage } from './stage.js';

export interface Outcome {
  readonly ok: boolean;
  /** What failed; each of its problems where they are many. */
  readonly problems: readonly LockkeeperError[];
  /** Anything that is not an error of ours, with its stack. */
  readonly crash: string | null;
  readonly completedSteps: number;
  /** Rows in the history. */
  readonly history: number;
}

/** Runs a file with Lockkeeper, as the only migration of a project. */
export async function runLockkeeper(
  stage: Stage,
  project: TempProject,
  bytes: Uint8Array,
  schema: string,
): Promise<Outcome> {
  rmSync(`${project.dir}/migrations`, { recursive: true, force: true });
  project.write('migrations/1_file.sql', bytes);
  project.write('lockkeeper.config.json', JSON.stringify({ searchPath: schema, statementTimeout: '10s' }));
  const url = stage.database.url;
  let failure: unknown = null;
  try {
    const lockkeeper = await createLockkeeper({
      cwd: project.dir,
      url,
      variables: {},
      lockWait: 0,
      lockRetries: 0,
    });
    await lockkeeper.up();
  } catch (error) {
    failure = error;
  }
  return { ...describe(failure), history: await forget(stage) };
}

function describe(failure: unknown): Omit<Outcome, 'history'> {
  if (failure === null) return { ok: true, problems: [], crash: null, completedSteps: 0 };
  if (!isLockkeeperError(failure)) {
    const crash =
      failure instanceof Error
        ? (failure.stack ?? failure.message)
        : 'it failed with something that is no error';
    return { ok: false, problems: [], crash, completedSteps: 0 };
  }
  const report: RunReport | undefined = (failure as MigrationFailedError).report;
  return {
    ok: false,
    problems: failure.problems.length === 0 ? [failure] : failure.problems,
    crash: failure.code === 'INTERNAL' ? `${failure.message}\n${String(failure.cause)}` : null,
    completedSteps: report?.failed?.completedSteps.length ?? 0,
  };
}

/** Empties history and journal for the next file, and says how many migrations were in it. */
async function forget({ client }: Stage): Promise<number> {
  const there = await client.query(`select 1 where to_regclass('lockkeeper.schema_migrations') is not null`);
  if (there.rowCount === 0) return 0;
  const deleted = await client.query('delete from lockkeeper.schema_migrations');
  await client.query('delete from lockkeeper.migration_execution_log');
  return deleted.rowCount ?? 0;
}

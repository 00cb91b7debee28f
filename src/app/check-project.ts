import type { EnvironmentInfo } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import type { LockkeeperError } from '../core/errors.js';
import type { Direction, Warning } from '../core/report.js';
import type { Migration, Script } from '../migration/migration.js';
import { checkDependencies, type Referable } from '../migration/order.js';
import type { Session } from '../pg/index.js';
import type { MigrationState } from '../plan/state.js';
import { checkEnvironments } from './check-environments.js';
import { findSyntaxProblems, scriptsOf } from './check-syntax.js';
import { type ProjectFiles, readProject } from './migrations.js';
import { planRun } from './plan-run.js';

/** What the files of a project are checked against. */
export interface ProjectCheck {
  readonly state: MigrationState;
  readonly session: Session;
  readonly context: Context;
  readonly environment: EnvironmentInfo;
  /** Applied migrations whose file is gone, and which still count as there. */
  readonly gone: readonly Referable[];
}

/** Everything that is wrong with the files themselves, applied or not: what a run over all of them would refuse. */
export async function checkProject(
  project: ProjectFiles,
  check: ProjectCheck,
): Promise<{ readonly problems: readonly LockkeeperError[]; readonly warnings: readonly Warning[] }> {
  const { session, context, environment, gone } = check;
  const reading = await readProject(project, project.files, context);
  const environments = checkEnvironments(reading.migrations, environment);
  const planned = await planBothWays(reading.migrations, check);
  return {
    problems: [
      ...project.problems,
      ...reading.problems,
      ...environments.problems,
      ...checkDependencies(reading.migrations, [...project.files, ...gone]),
      ...planned.problems,
      ...(await findSyntaxProblems(session, reading.migrations.flatMap(scriptsOf))),
    ],
    warnings: [...reading.warnings, ...environments.warnings, ...planned.warnings],
  };
}

/** Cuts every way up and every way back into steps, as a run would. */
async function planBothWays(
  migrations: readonly Migration[],
  { state, session }: ProjectCheck,
): Promise<{ readonly problems: readonly LockkeeperError[]; readonly warnings: readonly Warning[] }> {
  const plan = (direction: Direction, scriptOf: (migration: Migration) => Script | null) =>
    planRun({
      direction,
      candidates: migrations.map((migration) => ({
        migration,
        script: scriptOf(migration),
        stored: false,
      })),
      state,
      session,
      singleTransaction: false,
    });
  const up = await plan('up', (migration) => migration.up);
  const down = await plan('down', (migration) => migration.down);
  return {
    problems: [...up.problems, ...down.problems],
    warnings: [...up.plan.warnings, ...down.plan.warnings],
  };
}

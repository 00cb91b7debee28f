import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import type { Direction, Warning } from '../core/report.js';
import type { Migration, Script } from '../migration/migration.js';
import { checkDependencies } from '../migration/order.js';
import type { Session } from '../pg/index.js';
import { compareState, type MigrationState } from '../plan/state.js';
import { findSyntaxProblems } from './check-syntax.js';
import type { VerifyReport } from './lockkeeper.js';
import { findChanged, historyProblems, listProject, readProject } from './migrations.js';
import { planRun } from './plan-run.js';
import { prepareToRead } from './prepare.js';
import { withDatabase } from './session.js';

/**
 * Checks every file, applied or not, against the history and PostgreSQL's grammar: what `up` would refuse, and what
 * `down` would. Runs nothing and throws for nothing that is an answer.
 */
export async function verify(config: ResolvedConfig, context: Context): Promise<VerifyReport> {
  const project = listProject(config);
  return await withDatabase(config, context, async (opened) => {
    const prepared = await prepareToRead(config, opened);
    const { session } = opened;
    const state = compareState(project.files, prepared.history);
    const changed = await findChanged(project, state, { session, tables: prepared.tables, context });
    const reading = await readProject(project, project.files, context);
    const planned = await planBothWays(reading.migrations, state, session);
    const problems = [
      ...project.problems,
      ...historyProblems(state, changed),
      ...reading.problems,
      ...checkDependencies(reading.migrations, [...project.files, ...state.missing]),
      ...planned.problems,
      ...(await findSyntaxProblems(session, reading.migrations)),
      ...state.unfinished.map(
        ({ version, action, steps }) =>
          new LockkeeperError('MIGRATION_FAILED', {
            message: `Migration ${version} is ${action === 'apply' ? 'partly applied' : 'partly undone'} (${steps.length} step(s) in the journal).`,
            hint: `Finish it with lockkeeper ${action === 'apply' ? 'up' : `down --only ${version}`}.`,
            details: { version },
          }),
      ),
    ];
    return {
      ok: problems.length === 0,
      checked: project.files.length,
      problems: problems.map((problem) => problem.toJSON()),
      warnings: [
        ...prepared.warnings,
        ...reading.warnings,
        ...planned.warnings,
        ...state.outOfOrder.map(({ version, name }) => ({
          code: 'out-of-order',
          message: `Migration ${version} ${name} is pending, and older than what is applied.`,
        })),
      ],
    };
  });
}

/** Cuts every way up and every way back into steps, as a run would. */
async function planBothWays(
  migrations: readonly Migration[],
  state: MigrationState,
  session: Session,
): Promise<{ readonly problems: readonly LockkeeperError[]; readonly warnings: readonly Warning[] }> {
  const plan = (direction: Direction, scriptOf: (migration: Migration) => Script | null) =>
    planRun({
      direction,
      candidates: migrations.map((migration) => ({
        migration,
        script: scriptOf(migration),
        row: null,
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

import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import { checkDependencies } from '../migration/order.js';
import { compareState } from '../plan/state.js';
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
    const planned = await planRun({
      direction: 'up',
      candidates: reading.migrations.map((migration) => ({
        migration,
        script: migration.up,
        row: null,
        stored: false,
      })),
      state,
      session,
      singleTransaction: false,
    });
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
        ...planned.plan.warnings,
        ...state.outOfOrder.map(({ version, name }) => ({
          code: 'out-of-order',
          message: `Migration ${version} ${name} is pending, and older than what is applied.`,
        })),
      ],
    };
  });
}

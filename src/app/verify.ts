import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import { compareState } from '../plan/state.js';
import { checkProject } from './check-project.js';
import type { VerifyReport } from './lockkeeper.js';
import { viewed } from './foreign.js';
import { findChanged, historyProblems, inFileOrder, listProject } from './migrations.js';
import { prepareToRead } from './prepare-read.js';
import { withDatabase } from './session.js';

/**
 * Checks every file, applied or not, against the history and PostgreSQL's grammar: what `up` would refuse, and what
 * `down` would. Runs nothing and throws for nothing that is an answer.
 */
export async function verify(config: ResolvedConfig, context: Context): Promise<VerifyReport> {
  const project = await listProject(config);
  return await withDatabase(config, context, async (opened) => {
    const prepared = await viewed(project, await prepareToRead(config, opened));
    const { session } = opened;
    const state = compareState(project.files, prepared.history);
    const changed = await findChanged(project, state, { session, tables: prepared.tables, context });
    const { environment } = config;
    const checked = await checkProject(project, {
      state,
      session,
      context,
      environment,
      gone: state.missing,
    });
    const problems = [
      ...historyProblems(state, changed),
      ...checked.problems,
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
      problems: inFileOrder(problems).map((problem) => problem.toJSON()),
      warnings: [
        ...prepared.warnings,
        ...checked.warnings,
        ...state.outOfOrder.map(({ version, name }) => ({
          code: 'out-of-order',
          message: `Migration ${version} ${name} is pending, and older than what is applied.`,
        })),
      ],
    };
  });
}

import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import { historyRow } from '../execute/index.js';
import { logRow, replaceContent } from '../history/index.js';
import { findReferenced } from '../migration/order.js';
import { compareState } from '../plan/state.js';
import { type Ask, confirmDanger } from './confirm.js';
import type { RepairOptions, RepairReport } from './lockkeeper.js';
import { assertReason, stampOf } from './mark.js';
import { listProject, readProject, throwProblems } from './migrations.js';
import { prepareToRun } from './prepare.js';
import { assertEnvironment } from './prepare-read.js';
import { withDatabase } from './session.js';
import { writeOwn } from './write-own.js';

/**
 * Accepts the present content of one changed file, or settles one interrupted step. Nothing is run; the reason is
 * kept in the journal.
 * @throws {MIGRATION_NOT_FOUND} where no applied migration of that name has changed, or none is unfinished.
 * {STEP_NOT_INTERRUPTED} {USAGE_INVALID}
 */
export async function repair(
  config: ResolvedConfig,
  context: Context,
  request: { readonly options: RepairOptions; readonly ask: Ask | undefined },
): Promise<RepairReport> {
  const { options } = request;
  assertReason(options.why);
  const { step, as } = options;
  if (step !== undefined && as !== undefined) {
    const { repairStep } = await import('./repair-step.js');
    return await repairStep(config, context, { ask: request.ask, options: { ...options, step, as } });
  }
  if (step !== undefined || as !== undefined) throw halfSaid();
  return await withDatabase(config, context, async (opened) => {
    const prepared = await prepareToRun(config, context, opened);
    assertEnvironment(config, prepared.installation, 'repair');
    const project = await listProject(config);
    const { touched } = compareState(project.files, prepared.history);
    const [file] = findReferenced(
      options.version,
      touched.map((pair) => pair.file),
    );
    const before = touched.find((pair) => pair.file === file)?.row.checksum;
    if (file === undefined || before === undefined) {
      throw new LockkeeperError('MIGRATION_NOT_FOUND', {
        message: `No applied migration "${options.version}" has another content than when it was applied.`,
        hint: '`lockkeeper status` lists what has changed.',
        details: { word: options.version },
      });
    }
    const reading = await readProject(project, [file], context);
    throwProblems(reading.problems);
    await confirmDanger(
      config,
      {
        verb: 'repair',
        message: `Accept the present content of ${file.version} ${file.name} as what was applied?`,
        plan: [`${before} → ${file.checksum}`],
      },
      { ...options, ask: request.ask },
    );
    const entry = {
      key: file,
      action: 'repair' as const,
      status: 'completed' as const,
      step: 0,
      message: options.why,
    };
    await writeOwn(prepared, 'repair', [
      ...reading.migrations.map((migration) => replaceContent(prepared.tables, historyRow(migration))),
      logRow(prepared.tables, entry, stampOf(prepared, 0)),
    ]);
    const { version, name, checksum } = file;
    return { version, name, checksumBefore: before, checksumAfter: checksum, step: null };
  });
}

function halfSaid(): LockkeeperError {
  return new LockkeeperError('USAGE_INVALID', {
    message: 'To settle an interrupted step, its number is needed, and what became of it.',
    hint: 'Give --step <number> together with --done or --again.',
    details: { option: 'step' },
  });
}

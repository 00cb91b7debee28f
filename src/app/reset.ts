import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import type { RunReport } from '../core/report.js';
import { type Ask, assertNotProtected, confirmDanger } from './confirm.js';
import { down } from './down.js';
import type { ConfirmOptions, ResetOptions, ResetReport, UpReport } from './lockkeeper.js';
import { up } from './up.js';

/** Undoes the newest migrations and applies exactly those again. */
export async function redo(
  config: ResolvedConfig,
  context: Context,
  request: { readonly options: ConfirmOptions & { readonly steps?: number }; readonly ask: Ask | undefined },
): Promise<ResetReport> {
  const undone = ran(await down(config, context, { ...request, verb: 'redo', again: true }));
  const steps = undone.applied.length;
  if (steps === 0) return { removed: [], up: { ...undone, direction: 'up' } };
  const redone: RunReport[] = [];
  for (const migration of undone.applied.toReversed()) {
    redone.push(ran(await up(config, context, { only: migration.version })));
  }
  return { removed: names(undone), up: joined(redone) };
}

/** Undoes everything through the down scripts, and applies everything. */
export async function reset(
  config: ResolvedConfig,
  context: Context,
  request: { readonly options: ResetOptions; readonly ask: Ask | undefined },
): Promise<ResetReport> {
  assertNotProtected(config, 'reset');
  await confirmDanger(
    config,
    {
      verb: 'reset',
      message: `Undo every migration in ${config.environment.name} and apply all of them again? The data in their tables is lost.`,
      plan: [],
    },
    { ...request.options, ask: request.ask },
  );
  const undone = ran(
    await down(config, context, {
      options: { all: true, yes: true },
      ask: request.ask,
      verb: 'reset',
      again: true,
    }),
  );
  return { removed: names(undone), up: ran(await up(config, context, {})) };
}

/** Neither verb asks for a dry run, so the answer is always a run. */
function ran(report: UpReport): RunReport {
  if ('dryRun' in report) throw new TypeError('A dry run was returned where a run was asked for.');
  return report;
}

const names = (report: RunReport): readonly string[] =>
  report.applied.map(({ version, name }) => (name === '' ? version : `${version} ${name}`));

function joined(reports: readonly RunReport[]): RunReport {
  const last = reports.at(-1) as RunReport;
  return {
    ...last,
    applied: reports.flatMap((report) => report.applied),
    warnings: reports.flatMap((report) => report.warnings),
    durationMs: reports.reduce((sum, report) => sum + report.durationMs, 0),
  };
}

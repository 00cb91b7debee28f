import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import type { RunReport } from '../core/report.js';
import { type Ask, assertNotProtected, confirmDanger } from './confirm.js';
import { down } from './down.js';
import type { ConfirmOptions, ResetReport, UpReport } from './lockkeeper.js';
import { up } from './up.js';

/** Undoes the newest migrations and applies exactly those again. */
export async function redo(
  config: ResolvedConfig,
  context: Context,
  request: { readonly options: ConfirmOptions & { readonly steps?: number }; readonly ask: Ask | undefined },
): Promise<ResetReport> {
  const { report, rows } = await down(config, context, { ...request, verb: 'redo', again: 'same' });
  const undone = ran(report);
  if (rows.length === 0) return { removed: [], up: { ...undone, direction: 'up' } };
  return {
    removed: names(undone),
    up: ran(
      await up(config, context, {
        ...confirmed(request.options),
        ask: request.ask,
        exactly: rows.toReversed(),
      }),
    ),
  };
}

/** Undoes everything through the down scripts, and applies everything. */
export async function reset(
  config: ResolvedConfig,
  context: Context,
  request: { readonly options: ConfirmOptions; readonly ask: Ask | undefined },
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
  const { report } = await down(config, context, {
    options: { all: true, yes: true },
    ask: request.ask,
    verb: 'reset',
    again: 'all',
  });
  return { removed: names(ran(report)), up: ran(await up(config, context, {})) };
}

/** What was said of `redo` is said of its second half. */
const confirmed = ({ yes, confirm }: ConfirmOptions): ConfirmOptions => ({
  ...(yes === undefined ? {} : { yes }),
  ...(confirm === undefined ? {} : { confirm }),
});

/** Neither verb asks for a dry run, so the answer is always a run. */
function ran(report: UpReport): RunReport {
  if ('dryRun' in report) throw new TypeError('A dry run was returned where a run was asked for.');
  return report;
}

const names = (report: RunReport): readonly string[] =>
  report.applied.map(({ version, name }) => (name === '' ? version : `${version} ${name}`));

import type { ErrorJson } from '../../core/errors.js';
import type { RunReport } from '../../core/report.js';
import type { ResetReport } from '../../app/lockkeeper.js';
import type { Look } from '../look.js';
import { renderError } from './error.js';
import { count, counted, duration } from './format.js';
import { oneLine, padEnd, proseWidth, wrap, titleOf } from './text.js';

/** One sentence on a run that went well. */
export function renderRun(report: RunReport, look: Look): string {
  const done = report.applied.length;
  const left = report.notRun.length === 0 ? '' : ` ${counted(report.notRun.length, 'migration')} left.`;
  if (done === 0) {
    const nothing = report.direction === 'up' ? nothingToApply(report) : 'There is nothing to undo.';
    return `${look.style.green(nothing)}${left}`;
  }
  const verb = report.direction === 'up' ? 'Applied' : 'Undid';
  const batch = report.direction === 'up' && report.batch !== null ? `, batch ${report.batch}` : '';
  const aside = look.style.dim(`(${duration(report.durationMs)}${batch})`);
  return `${look.style.green(`${verb} ${counted(done, 'migration')}.`)} ${aside}${left}`;
}

/** A selection that came to nothing says so in a remark; others may well be pending. */
function nothingToApply({ warnings }: RunReport): string {
  const selected = warnings.some(({ code }) => code === 'already-applied' || code === 'nothing-selected');
  return selected ? 'Nothing was run.' : 'Nothing is pending.';
}

/** What was taken away first, then the run that followed. */
export function renderReset(report: ResetReport, taken: 'undone' | 'dropped', look: Look): string {
  const number = report.removed.length;
  const first =
    taken === 'undone' ? `Undid ${counted(number, 'migration')}.` : `Dropped ${counted(number, 'object')}.`;
  const names = look.verbose ? report.removed.map((name) => `  ${look.style.dim(oneLine(name))}`) : [];
  return [look.style.green(first), ...names, renderRun(report.up, look)].join('\n');
}

/** A redo that found nothing to undo applied nothing either, though others may well be pending. */
export function renderRedo(report: ResetReport, look: Look): string {
  const idle = report.removed.length === 0 && report.up.applied.length === 0;
  return idle ? look.style.green('There is nothing to undo.') : renderReset(report, 'undone', look);
}

/** A run that failed or was stopped: the error, and what became of every migration. */
export function renderRunFailure(error: ErrorJson, report: RunReport, look: Look): string {
  const done = report.direction === 'up' ? 'Applied' : 'Undone';
  const lines = [
    outcome(look.style.green, done, report.applied, look),
    ...ended(report.failed, look),
    ...(report.notRun.length === 0 ? [] : [outcome(look.style.dim, 'Not run', report.notRun, look)]),
  ];
  const committed = report.failed?.completedSteps.length ?? 0;
  const remains =
    committed === 0
      ? []
      : [
          '',
          ...wrap(
            `${counted(committed, 'step')} of ${oneLine(report.failed?.name ?? '')} had been committed and ${committed === 1 ? 'stays' : 'stay'}; the next run goes on behind ${committed === 1 ? 'it' : 'them'}.`,
            proseWidth(look.width) - 2,
          ).map((line) => `  ${line}`),
        ];
  return [renderError(error, look), '', ...lines, ...remains].join('\n');
}

function ended(failed: RunReport['failed'], look: Look): readonly string[] {
  if (failed === null) return [];
  const stopped = failed.error.code === 'INTERRUPTED';
  return [
    outcome(stopped ? look.style.yellow : look.style.red, stopped ? 'Stopped' : 'Failed', [failed], look),
  ];
}

const mostNamed = 6;

function outcome(
  paint: (text: string) => string,
  label: string,
  migrations: readonly { readonly version: string; readonly name: string }[],
  look: Look,
): string {
  const shown = look.verbose ? migrations : migrations.slice(0, mostNamed);
  const rest = migrations.length - shown.length;
  const names = shown.map((each) => titleOf(each));
  const list = [...names, ...(rest > 0 ? [`${look.symbol.ellipsis} ${count(rest)} more`] : [])];
  const head = `  ${paint(padEnd(label, 8))} ${count(migrations.length)}`;
  return [head, ...list.map((name) => `    ${look.style.dim(name)}`)].join('\n');
}

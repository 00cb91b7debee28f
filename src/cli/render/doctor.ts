import type { DoctorCheck, DoctorReport } from '../../app/lockkeeper.js';
import type { Look } from '../look.js';
import { counted } from './format.js';
import { displayWidth, oneLine, padEnd, proseWidth, safe, wrap } from './text.js';

/** One line per check, the way out below what is wrong. */
export function renderDoctor(report: DoctorReport, look: Look): string {
  const widest = Math.max(0, ...report.checks.map((check) => displayWidth(oneLine(check.check))));
  const label = Math.min(widest, 24);
  const problems = report.checks.filter((check) => check.status === 'problem').length;
  const conclusion = report.ok
    ? look.style.green('Everything is ready.')
    : look.style.red(`${counted(problems, 'problem')} to solve.`);
  return [...report.checks.map((check) => renderCheck(check, label, look)), '', conclusion].join('\n');
}

function renderCheck(check: DoctorCheck, label: number, look: Look): string {
  // On a narrow terminal the message goes below its label instead of into a strip beside it.
  const below = look.width - label - 6 < 24;
  const edge = below ? 4 : label + 6;
  const room = proseWidth(look.width) - edge;
  const lines = [
    ...wrap(safe(check.message), room),
    ...(check.hint === undefined ? [] : wrap(safe(check.hint), room).map((line) => look.style.dim(line))),
  ];
  const name = oneLine(check.check);
  const head = `  ${signOf(check, look)} ${below ? name : `${padEnd(name, label)}  ${lines.shift() ?? ''}`}`;
  return [head, ...lines.map((line) => ' '.repeat(edge) + line)].join('\n');
}

function signOf(check: DoctorCheck, look: Look): string {
  if (check.status === 'ok') return look.style.green(look.symbol.done);
  return check.status === 'warning'
    ? look.style.yellow(look.symbol.warning)
    : look.style.red(look.symbol.failed);
}

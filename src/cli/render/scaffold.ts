import type { InitReport, MarkReport, NewReport, RepairReport, TagReport } from '../../app/lockkeeper.js';
import type { Look } from '../look.js';
import { oneLine, titleOf } from './text.js';

/** Through npx the program is found wherever npm put it; its bare name only where it is on the PATH. */
const throughNpx = 'npx lockkeeper';

/** What `init` wrote, and the next thing to type. */
export function renderInit(report: InitReport, look: Look): string {
  const list = (paint: (text: string) => string, word: string, files: readonly string[]): readonly string[] =>
    files.map((file) => `  ${paint(word.padEnd(7))}  ${oneLine(file)}`);
  const next = (line: string, does: string): string =>
    `  ${look.style.cyan(`${throughNpx} ${line}`.padEnd(throughNpx.length + 18))}  ${look.style.dim(does)}`;
  return [
    ...list(look.style.green, 'created', report.created),
    ...list(look.style.yellow, 'changed', report.changed),
    ...list(look.style.dim, 'kept', report.kept),
    '',
    'Next:',
    next('new create_users', 'write a migration'),
    next('up', 'apply it'),
  ].join('\n');
}

/** The files of a new migration: one path per line, so that an editor can be started on them. */
export function renderNew(report: NewReport): string {
  return report.files.map(oneLine).join('\n');
}

export function renderTag(report: TagReport, look: Look): string {
  const level = look.style.dim(titleOf(report));
  return `${look.style.green(look.symbol.done)} The tag ${oneLine(report.tag)} stands at ${level}`;
}

export function renderMark(report: MarkReport, look: Look): string {
  const what = look.style.dim(titleOf(report));
  return `${look.style.green(look.symbol.done)} Recorded as ${report.as}, and nothing was run: ${what}`;
}

export function renderRepair(report: RepairReport, look: Look): string {
  const what = look.style.dim(titleOf(report));
  if (report.step !== null) {
    const { number, as } = report.step;
    const next = as === 'done' ? 'the next run goes on behind it' : 'the next run begins with it';
    return `${look.style.green(look.symbol.done)} Step ${number} recorded as ${as === 'done' ? 'done' : 'to be run again'}; ${next}: ${what}`;
  }
  const same = report.checksumBefore === report.checksumAfter;
  if (same) return `${look.style.green(look.symbol.done)} The checksum was right already: ${what}`;
  return `${look.style.green(look.symbol.done)} The present content was accepted, and nothing was run: ${what}`;
}

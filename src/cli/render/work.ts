import type { Blocker } from '../../core/blocker.js';
import { describeBlocker } from '../../core/blocker.js';
import type { EventMap } from '../../core/events.js';
import type { Look } from '../look.js';
import { hanging } from './error.js';
import { count, counted, duration } from './format.js';
import { cut, indent, oneLine } from './text.js';

type Work = EventMap['progress'];
type Blocked = EventMap['lock:blocked'];

const mostBlockers = 5;

/** Who stands in the way of a step: one line on the lock, and one for each of them. */
export function renderBlocked(event: Blocked, look: Look): string {
  const behind =
    event.waiting === 0
      ? ''
      : `; ${counted(event.waiting, 'session')} ${event.waiting === 1 ? 'waits' : 'wait'} behind it`;
  const what = `${oneLine(event.version)} step ${event.step} has waited ${duration(event.waitedMs)} for ${lockName(event.mode)} on ${oneLine(event.on)}${behind}`;
  const shown = look.verbose ? event.blockers : event.blockers.slice(0, mostBlockers);
  const rest = event.blockers.length - shown.length;
  return [
    indent(
      hanging(look.style.yellow(look.symbol.warning), (line) => line, what, look),
      2,
    ),
    ...shown.map((blocker) => `    ${look.style.dim(cutBlocker(blocker, look))}`),
    ...(rest > 0 ? [`    ${look.style.dim(`${look.symbol.ellipsis} ${count(rest)} more`)}`] : []),
  ].join('\n');
}

export function renderBlockerCancelled(event: EventMap['lock:blocker-cancelled'], look: Look): string {
  const what = event.how === 'cancel' ? 'Cancelled the statement of' : 'Ended the session of';
  const text = `${what} ${oneLine(describeBlocker(event.blocker))}`;
  return indent(
    hanging(look.style.yellow(look.symbol.warning), (line) => line, text, look),
    2,
  );
}

const cutBlocker = (blocker: Blocker, look: Look): string =>
  cut(oneLine(`held by ${describeBlocker(blocker)}`), Math.min(look.width - 4, 160), look.symbol.ellipsis);

/** `AccessExclusiveLock` as the manual writes it. */
const lockName = (mode: string): string =>
  oneLine(mode.replace(/Lock$/, ''))
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toUpperCase();

const [longBar, shortBar, leastRoomForLong] = [20, 10, 70];

/** The end of the live line: `████████░░░░░░░░░░░░  40 %  12.0 s left, building index: scanning table, 1,200 blocks/s`. */
export function renderBar(work: Work, room: number, look: Look): string {
  const share = shareOf(work);
  const { left, rate } = pace(work);
  if (share === null) {
    const text = [oneLine(work.phase), `${count(work.done)} ${work.unit}`, ...rate].join(', ');
    return cut(text, room, look.symbol.ellipsis);
  }
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %`;
  const columns = room < leastRoomForLong ? shortBar : longBar;
  const full = Math.round(share * columns);
  const bar = look.symbol.full.repeat(full) + look.symbol.empty.repeat(columns - full);
  const text = [...left, oneLine(work.phase), ...rate].join(', ');
  return cut(`${bar} ${percent}  ${text}`, room, look.symbol.ellipsis);
}

/** The same as a line that stays, for logs. */
export function renderWork(work: Work, look: Look): string {
  const share = shareOf(work);
  const { total, unit } = work;
  const how =
    total === null
      ? `${count(work.done)} ${unit}`
      : `${Math.floor((share ?? 0) * 100)} % of ${count(total)} ${unit}`;
  const on = work.relation === null ? '' : ` on ${oneLine(work.relation)}`;
  const what =
    work.phase === work.what ? oneLine(work.what) : `${oneLine(work.what)}${on}, ${oneLine(work.phase)}`;
  const { left, rate } = pace(work);
  const text = [`${what}: ${how}`, ...rate, ...left].join(', ');
  return look.style.dim(`    ${oneLine(work.version)} step ${work.step}: ${text}`);
}

/** More than all is possible: a table grows while it is worked through. */
function shareOf({ done, total }: Work): number | null {
  return total === null || total <= 0 ? null : Math.min(1, done / total);
}

function pace({ ratePerSecond, unit, etaMs }: Work): {
  readonly rate: readonly string[];
  readonly left: readonly string[];
} {
  return {
    rate: ratePerSecond === null ? [] : [`${count(Math.round(ratePerSecond))} ${unit}/s`],
    left: etaMs === null ? [] : [`${duration(etaMs)} left`],
  };
}

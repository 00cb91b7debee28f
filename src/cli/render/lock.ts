import type { LockReleaseReport, LockReport } from '../../app/lockkeeper.js';
import type { Look } from '../look.js';
import { dateTimeSeconds } from './format.js';
import { cut, oneLine } from './text.js';

type Holder = NonNullable<LockReport['holder']>;

const labelWidth = 11;
const mostOfQuery = 200;

/** Who holds the lock, and what can be done about it. */
export function renderLock(report: LockReport, program: string, look: Look): string {
  const place = `${oneLine(report.environment)} ${look.symbol.dot} ${oneLine(report.database)}`;
  if (report.holder === null)
    return `${look.style.green(look.symbol.done)} Nobody holds the migration lock. ${look.style.dim(place)}`;
  const { holder } = report;
  const head = holder.alive
    ? `${look.style.yellow(look.symbol.warning)} The migration lock is held. ${look.style.dim(place)}`
    : `${look.style.yellow(look.symbol.warning)} The holder of the lease gives no sign of life; the next run takes it over. ${look.style.dim(place)}`;
  const way = look.style.dim(
    `    ${program} lock release ends that run; the next up settles what it leaves.`,
  );
  return [head, ...factsOf(holder, look), '', way].join('\n');
}

export function renderLockRelease({ released, holder, next }: LockReleaseReport, look: Look): string {
  if (!released || holder === null)
    return `${look.style.green(look.symbol.done)} Nobody holds the migration lock, so nothing was done.`;
  const what = holder.pid === null ? 'The lease was ended.' : `Process ${holder.pid} was ended.`;
  return `${look.style.green(look.symbol.done)} ${what} ${oneLine(next)}`;
}

function factsOf(holder: Holder, look: Look): readonly string[] {
  const state = holder.state === null ? null : stateOf(holder, look);
  const facts: readonly (readonly [string, string | null])[] = [
    ['run', holder.runId],
    ['since', holder.since === null ? null : dateTimeSeconds(holder.since)],
    ['process', holder.pid === null ? null : String(holder.pid)],
    ['application', holder.applicationName],
    ['user', holder.user],
    ['host', hostOf(holder)],
    ['address', holder.clientAddress],
    ['state', state],
    ['query', holder.query],
  ];
  const room = Math.min(look.width - labelWidth - 6, mostOfQuery);
  return facts.flatMap(([label, value]) =>
    value === null || value === ''
      ? []
      : [
          `    ${look.style.dim(label.padEnd(labelWidth))}  ${cut(oneLine(value.replaceAll(/\s+/g, ' ')), room, look.symbol.ellipsis)}`,
        ],
  );
}

function stateOf({ state, queryStart }: Holder, look: Look): string {
  if (queryStart === null) return state ?? '';
  return `${state ?? ''} ${look.symbol.dot} since ${dateTimeSeconds(queryStart)}`;
}

function hostOf({ host, hostPid }: Holder): string | null {
  if (host === null) return null;
  return hostPid === null ? host : `${host}, process ${hostPid}`;
}

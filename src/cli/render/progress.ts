import type { EventMap, LockHolder } from '../../core/events.js';
import type { Direction, MigrationReport } from '../../core/report.js';
import type { Look } from '../look.js';
import { counted, dateTimeSeconds, duration } from './format.js';
import { hanging } from './error.js';
import { renderBar } from './work.js';
import { cut, displayWidth, indent, oneLine, padEnd, ownName } from './text.js';

interface Named {
  readonly version: string;
  readonly name: string;
}

/** Widths of the two columns that every line of one run shares. */
export interface RunLayout {
  readonly version: number;
  readonly name: number;
}

/** Room for the sign before and the duration behind a migration. */
const around = 18;

export function layoutRun(migrations: readonly Named[], look: Look): RunLayout {
  let [version, name] = [0, 0];
  for (const migration of migrations) {
    version = Math.max(version, displayWidth(oneLine(migration.version)));
    name = Math.max(name, displayWidth(ownName(migration)));
  }
  return { version, name: Math.min(name, Math.max(8, look.width - version - around)) };
}

export function renderRunStart(event: EventMap['run:start'], look: Look): string {
  const what = counted(event.migrations.length, 'migration');
  const environment = look.style.bold(oneLine(event.environment));
  return event.direction === 'up'
    ? `Applying ${what} to ${environment}`
    : `Undoing ${what} of ${environment}`;
}

/** `  ✓ 20240101093000  create_users   12 ms` */
export function renderDone(
  report: MigrationReport,
  direction: Direction,
  layout: RunLayout,
  look: Look,
): string {
  const sign = look.style.green(direction === 'up' ? look.symbol.done : look.symbol.undone);
  const retries = report.steps.reduce((sum, step) => sum + step.retries, 0);
  const remarks = [
    duration(report.durationMs),
    ...(report.steps.length > 1 ? [`${report.steps.length} steps`] : []),
    ...(retries > 0 ? [counted(retries, 'retry', 'retries')] : []),
  ];
  const room = look.width - layout.version - layout.name - 8;
  const text = displayWidth(remarks.join(', ')) <= room ? remarks.join(', ') : duration(report.durationMs);
  return `${migrationCells(sign, report, layout, look)}  ${look.style.dim(text)}`;
}

/** A migration that ended early: it failed, or it was stopped on purpose. */
export function renderEnded(event: EventMap['migration:apply:error'], layout: RunLayout, look: Look): string {
  const stopped = event.error.code === 'INTERRUPTED';
  const [sign, word, paint] = stopped
    ? [look.symbol.pending, 'stopped', look.style.yellow]
    : [look.symbol.failed, 'failed', look.style.red];
  return `${migrationCells(paint(sign), event, layout, look)}  ${paint(word)}`;
}

/** The line that is drawn while a migration runs. */
export function renderRunning(
  running: Named & {
    readonly index: number;
    readonly total: number;
    readonly elapsedMs: number;
    readonly note: string;
    /** How far its long work has come, where the server tells. */
    readonly work?: EventMap['progress'] | null;
  },
  layout: RunLayout,
  look: Look,
): string {
  const frames = look.symbol.spinner;
  const frame = frames[Math.floor(running.elapsedMs / 100) % frames.length] ?? '';
  const head = migrationCells(look.style.cyan(frame), running, layout, look);
  const room = look.width - layout.version - layout.name - 9;
  if (running.work !== undefined && running.work !== null) {
    const elapsed = duration(running.elapsedMs);
    return `${head}  ${look.style.dim(`${elapsed}  ${renderBar(running.work, room - elapsed.length - 2, look)}`)}`;
  }
  const note = running.note === '' ? '' : `, ${running.note}`;
  const tail = `${duration(running.elapsedMs)} (${running.index + 1} of ${running.total}${note})`;
  return `${head}  ${look.style.dim(cut(tail, room, look.symbol.ellipsis))}`;
}

function migrationCells(sign: string, migration: Named, layout: RunLayout, look: Look): string {
  const version = padEnd(oneLine(migration.version), layout.version);
  const name = padEnd(cut(ownName(migration), layout.name, look.symbol.ellipsis), layout.name);
  return `  ${sign} ${look.style.dim(version)}  ${name}`;
}

export function renderRetry(event: EventMap['step:retry'], look: Look): string {
  const when = event.delayMs === 0 ? 'at once' : `in ${duration(event.delayMs)}`;
  const why =
    event.sqlstate === '57014' ? 'others waited for it for too long' : 'its locks were not to be had';
  const all = event.rolledBack === 'run' ? '; everything is rolled back' : '';
  const what = `${oneLine(event.version)} step ${event.step}: ${why} (${oneLine(event.sqlstate)})${all}`;
  return remark(look.symbol.again, `${what}; attempt ${event.attempt + 1} ${when}`, look);
}

/** Who holds the lock: `lockkeeper 0.1.0, user app from 10.0.0.5, process 4711, since 12:30:05`. */
export function describeHolder(holder: LockHolder | null): string {
  if (holder === null) return 'another run';
  return [
    holder.applicationName === null || holder.applicationName === ''
      ? 'another session'
      : oneLine(holder.applicationName),
    ...(holder.user === null ? [] : [`user ${oneLine(holder.user)}`]),
    ...(holder.clientAddress === null
      ? []
      : [`from ${oneLine(holder.clientAddress.replace(/\/(32|128)$/, ''))}`]),
    `server process ${holder.pid}`,
    ...(holder.since === null ? [] : [`since ${dateTimeSeconds(holder.since)}`]),
  ].join(', ');
}

export function renderLockWait(event: EventMap['lock:wait'], look: Look): string {
  const waited = event.waitedMs < 1000 ? '' : ` (${duration(event.waitedMs)} so far)`;
  const query = event.holder?.query ?? null;
  const first = remark(
    look.symbol.warning,
    `Waiting for the migration lock${waited}, held by ${describeHolder(event.holder)}`,
    look,
  );
  if (query === null || query === '') return first;
  const text = oneLine(query.trim().replaceAll(/\s+/g, ' '));
  return `${first}\n    ${look.style.dim(cut(text, Math.min(look.width - 4, 120), look.symbol.ellipsis))}`;
}

const decisions = {
  done: 'had been done',
  again: 'is run again',
  waiting: 'is still being run by the server; waiting for it',
} as const;

export function renderRecovery(event: EventMap['recovery:decision'], look: Look): string {
  const what = `Interrupted earlier: step ${event.step} of ${oneLine(event.version)} ${decisions[event.decision]}`;
  return remark(look.symbol.again, `${what}. ${oneLine(event.why)}`, look);
}

function remark(sign: string, text: string, look: Look): string {
  return indent(
    hanging(look.style.yellow(sign), (line) => line, text, look),
    2,
  );
}

export function renderNotice(event: EventMap['notice'], look: Look): string {
  const severity = oneLine(event.severity);
  const paint = severity === 'WARNING' ? look.style.yellow : look.style.dim;
  return `    ${paint(`${severity}:`)} ${look.style.dim(oneLine(event.message))}`;
}

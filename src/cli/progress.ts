import type { EventMap, EventName } from '../core/events.js';
import type { Direction, RunReport, Warning } from '../core/report.js';
import type { Lockkeeper } from '../app/lockkeeper.js';
import { followWork } from './follow-work.js';
import type { Look } from './look.js';
import type { Talk } from './talk.js';
import {
  layoutRun,
  renderDone,
  renderEnded,
  renderLockWait,
  renderNotice,
  renderRecovery,
  renderRetry,
  renderRunning,
  renderRunStart,
  type RunLayout,
} from './render/progress.js';
import { duration } from './render/format.js';
import { oneLine } from './render/text.js';
import { renderWarning } from './render/warning.js';

const lockReminderMs = 10_000;

/** What the listeners have seen so far. */
export interface Progress {
  /** Remarks of a report that no event has told yet. */
  readonly untold: (warnings: readonly Warning[]) => readonly Warning[];
  /** The report of the last run that failed, whatever error reached the caller. */
  readonly failedRun: () => RunReport | null;
  readonly stop: () => void;
}

interface State {
  layout: RunLayout;
  direction: Direction;
  failedRun: RunReport | null;
  note: string;
  work: EventMap['progress'] | null;
  lockToldMs: number | null;
  holderPid: number | null;
  readonly told: Set<string>;
}

export interface ProgressOptions {
  readonly talk: Talk;
  readonly look: Look;
  readonly verbose: boolean;
  /** False where the answer itself shows them. @default true */
  readonly warnings?: boolean;
}

/** Tells what happens beside a verb that only looks: the embedded server, warnings, waiting. Returns the end of it. */
export function followTalk(lockkeeper: Pick<Lockkeeper, 'on'>, options: ProgressOptions): () => void {
  const { on, stop } = listener(lockkeeper, options);
  const state = newState();
  followServer(on, options);
  followLock(on, state, options);
  followWarnings(on, state, options);
  return stop;
}

/** Tells what happens in a run as it happens. */
export function followProgress(lockkeeper: Pick<Lockkeeper, 'on'>, options: ProgressOptions): Progress {
  const state = newState();
  const { on, stop } = listener(lockkeeper, options);
  followServer(on, options);
  followLock(on, state, options);
  followRun(on, state, options);
  const note = (text: string): void => {
    state.note = text;
  };
  const work = (event: EventMap['progress']): void => {
    state.work = event;
  };
  followWork(on, { note, work }, options);
  followRemarks(on, options);
  if (options.warnings !== false) followWarnings(on, state, options);
  return {
    untold: (warnings) => warnings.filter((warning) => !state.told.has(keyOf(warning))),
    failedRun: () => state.failedRun,
    stop,
  };
}

function newState(): State {
  return {
    layout: { version: 0, name: 0 },
    direction: 'up',
    failedRun: null,
    note: '',
    work: null,
    lockToldMs: null,
    holderPid: null,
    told: new Set(),
  };
}

function listener(lockkeeper: Pick<Lockkeeper, 'on'>, { talk }: ProgressOptions) {
  const removers: (() => void)[] = [];
  const on: On = (name, listen) => {
    removers.push(lockkeeper.on(name, listen));
  };
  const stop = (): void => {
    for (const remove of removers.splice(0)) remove();
    talk.end();
  };
  return { on, stop };
}

type On = <Name extends EventName>(name: Name, listener: (event: EventMap[Name]) => void) => void;

function followServer(on: On, { talk, look, verbose }: ProgressOptions): void {
  on('server:create', ({ dir }) =>
    talk.say(look.style.dim(`Creating an embedded PostgreSQL in ${oneLine(dir)}`)),
  );
  on('server:start', ({ pid, port }) => {
    if (verbose) talk.say(look.style.dim(`Started the embedded PostgreSQL: process ${pid}, port ${port}`));
  });
}

function followLock(on: On, state: State, { talk, look }: ProgressOptions): void {
  on('lock:wait', (event) => {
    const pid = event.holder?.pid ?? null;
    const due = state.lockToldMs === null || event.waitedMs - state.lockToldMs >= lockReminderMs;
    if (!due && pid === state.holderPid) return;
    state.lockToldMs = event.waitedMs;
    state.holderPid = pid;
    talk.say(renderLockWait(event, look));
    talk.flush();
  });
  on('lock:acquired', ({ waitedMs }) => {
    if (state.lockToldMs !== null)
      talk.say(look.style.dim(`    The lock is ours after ${duration(waitedMs)}.`));
    state.lockToldMs = null;
  });
}

function followRun(on: On, state: State, { talk, look, verbose }: ProgressOptions): void {
  on('run:start', (event) => {
    state.layout = layoutRun(event.migrations, look);
    state.direction = event.direction;
    if (event.migrations.length > 0) talk.say(renderRunStart(event, look));
  });
  on('migration:apply:start', (event) => {
    const startedAt = performance.now();
    state.note = '';
    state.work = null;
    talk.show(() => {
      const { note, work } = state;
      const running = { ...event, elapsedMs: performance.now() - startedAt, note, work };
      return renderRunning(running, state.layout, look);
    });
  });
  on('step:start', ({ step, steps }) => {
    state.note = steps > 1 ? `step ${step} of ${steps}` : '';
    state.work = null;
  });
  on('step:success', ({ version, report }) => {
    if (verbose) {
      const how = report.transaction ? 'in a transaction' : 'alone';
      talk.say(
        look.style.dim(`    ${oneLine(version)} step ${report.step} ${how}: ${duration(report.durationMs)}`),
      );
    }
  });
  on('step:retry', (event) => {
    state.note = `attempt ${event.attempt + 1}`;
    state.work = null;
    talk.say(renderRetry(event, look));
  });
  on('migration:apply:success', ({ report }) => {
    talk.show(undefined);
    talk.say(renderDone(report, state.direction, state.layout, look));
  });
  on('migration:apply:error', (event) => {
    talk.show(undefined);
    talk.say(renderEnded(event, state.layout, look));
  });
  on('run:error', ({ report }) => {
    state.failedRun = report;
  });
}

function followRemarks(on: On, { talk, look }: ProgressOptions): void {
  on('recovery:decision', (event) => talk.say(renderRecovery(event, look)));
  on('notice', (event) => talk.say(renderNotice(event, look)));
}

function followWarnings(on: On, state: State, { talk, look }: ProgressOptions): void {
  on('warning', (warning) => {
    if (state.told.has(keyOf(warning))) return;
    state.told.add(keyOf(warning));
    talk.say(renderWarning(warning, look));
  });
}

function keyOf(warning: Warning): string {
  return `${warning.code}\n${warning.message}`;
}

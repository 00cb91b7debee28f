import { formatDuration } from '../core/duration.js';
import type { RunReport } from '../core/report.js';
import { joinWords } from '../core/text.js';
import type { AnyEvent } from './observer.js';

/** What an event says, in one sentence for people. */
export function sentenceOf(event: AnyEvent): string {
  switch (event.name) {
    case 'run:start':
      return `The run begins: ${count(event.payload.migrations.length)} to ${event.payload.direction === 'up' ? 'apply' : 'undo'}.`;
    case 'run:success':
      return `The run is done: ${done(event.payload.report)} in ${formatDuration(event.payload.report.durationMs)}.`;
    case 'run:error':
      return `The run failed, with ${done(event.payload.report)}: ${event.payload.error.message}`;
    case 'run:refused':
      return `Nothing was run: ${event.payload.error.message}`;
    case 'migration:apply:start':
      return `Migration ${event.payload.version} ${event.payload.name} begins.`;
    case 'migration:apply:success':
      return `Migration ${event.payload.version} ${event.payload.name} is done in ${formatDuration(event.payload.report.durationMs)}.`;
    case 'migration:apply:error':
      return `Migration ${event.payload.version} ${event.payload.name} failed: ${event.payload.error.message}`;
    case 'step:retry':
      return `Step ${event.payload.step} of ${event.payload.version} did not get its locks, and is tried again in ${formatDuration(event.payload.delayMs)}.`;
    case 'recovery:decision':
      return `Step ${event.payload.step} of ${event.payload.version}, left by an interrupted run: ${event.payload.decision}. ${event.payload.why}`;
    case 'step:start':
      return `Step ${event.payload.step} of ${event.payload.steps} of ${event.payload.version} begins.`;
    case 'step:success':
      return `Step ${event.payload.report.step} of ${event.payload.version} is done in ${formatDuration(event.payload.report.durationMs)}.`;
    case 'progress': {
      const { version, step, what, phase, done: reached, total, unit } = event.payload;
      const share = total === null ? `${reached} ${unit}` : `${reached} of ${total} ${unit}`;
      return `Step ${step} of ${version}: ${what}, ${phase}, ${share}.`;
    }
    case 'warning':
    case 'notice':
      return event.payload.message;
    default:
      return aroundSentence(event);
  }
}

/** Of what happens around a run, and not in it. */
function aroundSentence(event: AnyEvent): string {
  switch (event.name) {
    case 'lock:wait': {
      const { holder, waitedMs } = event.payload;
      return `Another run holds the lock${holder === null ? '' : ` (process ${holder.pid})`}; waiting for ${formatDuration(waitedMs)}.`;
    }
    case 'lock:acquired':
      return `The lock is held, after ${formatDuration(event.payload.waitedMs)}.`;
    case 'lock:blocked': {
      const pids = event.payload.blockers.map((blocker) => String(blocker.pid));
      return `Step ${event.payload.step} of ${event.payload.version} waits for ${event.payload.on}, which ${pids.length === 0 ? 'others have' : `process ${joinWords(pids)} has`}.`;
    }
    case 'lock:blocker-cancelled':
      return `Process ${event.payload.blocker.pid} stood in the way of ${event.payload.version}, and was told to stop.`;
    case 'server:create':
      return `The embedded PostgreSQL is created in ${event.payload.dir}.`;
    case 'server:start':
      return `The embedded PostgreSQL was started on port ${event.payload.port}.`;
    case 'run:stopping':
      return event.payload.how === 'finish'
        ? 'A stop was asked for; the running step ends first.'
        : 'A stop was asked for; the running statement is cancelled.';
    default:
      return event.name;
  }
}

const count = (migrations: number): string => `${migrations} migration${migrations === 1 ? '' : 's'}`;
const done = (report: RunReport): string =>
  `${count(report.applied.length)} ${report.direction === 'up' ? 'applied' : 'undone'}`;

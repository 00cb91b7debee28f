import type { EventMap, EventName } from '../core/events.js';
import type { Look } from './look.js';
import { renderBlocked, renderBlockerCancelled, renderWork } from './render/work.js';
import type { Talk } from './talk.js';

type On = <Name extends EventName>(name: Name, listener: (event: EventMap[Name]) => void) => void;

const blockedReminderMs = 10_000;
/** Where lines stay: one now and then, and a new phase sooner. */
const linesEveryMs = 5000;
const phasesEveryMs = 2000;

/** Tells who stands in the way, and how far long work has come: a bar where lines can be drawn again, else lines. */
export function followWork(
  on: On,
  show: { readonly work: (event: EventMap['progress']) => void; readonly note: (text: string) => void },
  { talk, look }: { readonly talk: Talk; readonly look: Look },
): void {
  let blockers = '';
  let toldBlockedAt = 0;
  let phase = '';
  let lineAt = 0;
  on('step:start', () => {
    blockers = '';
    phase = '';
    lineAt = performance.now();
  });
  on('lock:blocked', (event) => {
    const now = performance.now();
    const pids = event.blockers.map(({ pid, preparedName }) => preparedName ?? pid).join();
    show.note(`waiting for ${event.on}`);
    if (pids === blockers && now - toldBlockedAt < blockedReminderMs) return;
    blockers = pids;
    toldBlockedAt = now;
    talk.say(renderBlocked(event, look));
  });
  on('lock:blocker-cancelled', (event) => talk.say(renderBlockerCancelled(event, look)));
  on('progress', (event) => {
    if (talk.live) {
      show.work(event);
      return;
    }
    const now = performance.now();
    const present = `${event.relation} ${event.phase}`;
    if (now - lineAt < (present === phase ? linesEveryMs : phasesEveryMs)) return;
    phase = present;
    lineAt = now;
    talk.say(renderWork(event, look));
  });
}

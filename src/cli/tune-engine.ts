import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Size of V8's room for young objects from which on it does not grow any more. */
const youngBytes = 8 * 1024 * 1024;
const lookAgainMs = 20;

/**
 * Sets V8 up for a command: it lives for seconds, waits for the server most of the time, and keeps what it has read.
 *
 * The optimizing compiler begins later: by default a third of what `up` of 1,000 files computes is compiling code that
 * is never slow enough to pay for it. Long work is still optimized, some milliseconds later. And the room for young
 * objects ends growing at a quarter of its largest size: what is read lives as long as the command, so that a larger one
 * only holds more of what has died (22 MB at 5,000 migrations).
 *
 * V8 reports a flag that it does not know on stderr, so only versions are asked that were measured (Node 20, 22, 24).
 */
export function tuneEngine(v8Version: string): void {
  const major = Number(v8Version.split('.', 1)[0]);
  if (major === 11) setFlagsFromString('--interrupt-budget=600000');
  if (major >= 11 && major <= 13) limitYoungRoom();
}

/** The largest size itself is fixed once V8 has started, and how fast the room grows is not. */
function limitYoungRoom(): void {
  const timer = setInterval(() => {
    const room = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    if ((room?.space_size ?? 0) < youngBytes) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    clearInterval(timer);
  }, lookAgainMs).unref();
}

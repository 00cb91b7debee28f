import { setTimeout as sleep } from 'node:timers/promises';
import { interrupted } from './failure.js';

export interface WaitOptions {
  /** For the message when the caller stops: "Stopped while …". */
  readonly doing: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | null;
  /** First pause; it grows by half each time up to `maxPauseMs`. @default 2 */
  readonly pauseMs?: number;
  /** @default 50 */
  readonly maxPauseMs?: number;
}

/**
 * Asks again and again until there is an answer, and gives up after a time.
 * @returns the answer, or null when time is up.
 * @throws {INTERRUPTED} when the signal fires.
 */
export async function waitFor<Answer>(
  ask: () => Answer | null | Promise<Answer | null>,
  options: WaitOptions,
): Promise<Answer | null> {
  const end = performance.now() + options.timeoutMs;
  let pause = options.pauseMs ?? 2;
  for (;;) {
    if (options.signal?.aborted === true) throw interrupted(options.doing);
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() >= end) return null;
    await sleep(pause);
    pause = Math.min(pause * 1.5, options.maxPauseMs ?? 50);
  }
}

import type { Host, StopSignalName } from './host.js';

const signals: readonly StopSignalName[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'];
const exitInterrupted = 130;
const echoMs = 250;

export interface InterruptOptions {
  /** Somebody sits at a terminal. */
  readonly isTerminal: boolean;
  /** A running step is worth waiting for; without one the first signal cancels at once. */
  readonly runs: boolean;
  readonly say: (text: string) => void;
  readonly now: () => number;
}

export interface Interrupt {
  /** Stop after the running step. */
  readonly finish: AbortSignal;
  /** Cancel the running statement. */
  readonly cancel: AbortSignal;
  readonly dispose: () => void;
}

/** Turns signals into stages: first finish the step, then cancel its statement, then leave. */
export function watchSignals(
  host: Pick<Host, 'onSignal' | 'exit' | 'env'>,
  options: InterruptOptions,
): Interrupt {
  const finish = new AbortController();
  const cancel = new AbortController();
  const stages = stagesOf(finish, cancel, options);
  let [stage, lastAt] = [0, Number.NEGATIVE_INFINITY];
  const onSignal = (): void => {
    if (options.isTerminal && isEcho(host, options.now() - lastAt)) return;
    lastAt = options.now();
    const run = stages[stage];
    stage++;
    if (run === undefined) host.exit(exitInterrupted);
    else run();
  };
  const removers = signals.map((signal) => host.onSignal(signal, onSignal));
  return {
    finish: finish.signal,
    cancel: cancel.signal,
    dispose: () => {
      for (const remove of removers) remove();
    },
  };
}

function stagesOf(
  finish: AbortController,
  cancel: AbortController,
  { runs, say }: InterruptOptions,
): readonly (() => void)[] {
  const cancelNow = (): void => {
    finish.abort();
    cancel.abort();
  };
  if (!runs) return [cancelNow];
  return [
    () => {
      say('Stopping after the running step. Ctrl-C again cancels its statement and rolls it back.');
      finish.abort();
    },
    () => {
      say('Cancelling the running statement. Ctrl-C again leaves at once.');
      cancelNow();
    },
  ];
}

/**
 * A key pressed once arrives twice under npm: the terminal signals the whole process group, and npm passes its own
 * signal on. Only there are two signals within a moment one.
 */
function isEcho(host: Pick<Host, 'env'>, sinceLastMs: number): boolean {
  return host.env['npm_execpath'] !== undefined && sinceLastMs < echoMs;
}

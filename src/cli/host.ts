import type { Readable } from 'node:stream';
import type { Lockkeeper, LockkeeperOptions } from '../app/lockkeeper.js';

/** A stream that text is written to. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export type StopSignalName = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGBREAK';

/** The outside world of the program, handed in by `main.ts`. */
export interface Host {
  /** The words after the program. */
  readonly argv: readonly string[];
  /** The name it was called by. */
  readonly program: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  /** Opened only where something is asked, because opening it costs time. */
  readonly stdin: () => Readable & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  /** Sends what a user's own code prints to stderr, until the function that it returns is called. */
  readonly keepStdoutClean: () => () => void;
  readonly version: () => string;
  /** Adds a listener for a signal and returns the function that removes it. */
  readonly onSignal: (signal: StopSignalName, listener: () => void) => () => void;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
  readonly createLockkeeper: (options: LockkeeperOptions) => Promise<Lockkeeper>;
}

import { spawn } from 'node:child_process';
import type { Call } from './account.js';
import { interrupted } from './failure.js';

export interface RunOptions {
  readonly doing: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | null;
}

export interface Ran {
  /** Null when a signal ended it, the time limit included. */
  readonly status: number | null;
  /** What it printed, both streams in the order they came. */
  readonly output: string;
}

/**
 * Runs a program to its end.
 * @throws {INTERRUPTED} when the signal fires; the program is ended first.
 */
export async function run(call: Call, options: RunOptions): Promise<Ran> {
  const child = spawn(call.program, call.args, { ...call.options, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const end = (): void => void child.kill('SIGKILL');
  const timer = setTimeout(end, options.timeoutMs);
  options.signal?.addEventListener('abort', end, { once: true });
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (options.signal?.aborted === true) throw interrupted(options.doing);
    return { status, output: Buffer.concat(chunks).toString('utf8') };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', end);
  }
}

import { dirname, join } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';
import { callAs } from './account.js';
import { errnoOf } from './failure.js';
import type { Layout } from './layout.js';
import { readPostmaster } from './postmaster.js';
import { isAlive } from './process.js';
import { run } from './run.js';
import { waitFor } from './wait.js';

/** A fast shutdown ends with a checkpoint, which may have much to write. */
const fastMs = 60_000;
const immediateMs = 10_000;

interface Target {
  readonly pid: number;
  readonly bin: string;
}

/**
 * Ends the server: sessions are rolled back, and the data is left clean (fast shutdown); where that takes too long,
 * at once, and the next start recovers from the log (immediate shutdown). To be called under the lock.
 */
export async function endServer(layout: Layout, server: Target): Promise<void> {
  if (process.platform === 'win32') return endByPgCtl(layout, server);
  for (const [signal, timeoutMs] of [
    ['SIGINT', fastMs],
    ['SIGQUIT', immediateMs],
  ] as const) {
    if (!send(server.pid, signal)) return;
    if (await hasEnded(layout, server.pid, timeoutMs)) return;
  }
  throw notStopped(layout, server.pid, null);
}

/** False where there is no such process any more. */
function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false;
    throw error;
  }
}

async function hasEnded(layout: Layout, pid: number, timeoutMs: number): Promise<boolean> {
  const ended = await waitFor(() => (isAlive(pid) ? null : true), {
    doing: `stopping the server in ${layout.home}`,
    timeoutMs,
    signal: null,
  });
  return ended ?? false;
}

/** Windows has no such signals; pg_ctl speaks to the server through a named pipe of PostgreSQL's own. */
async function endByPgCtl(layout: Layout, server: Target): Promise<void> {
  const program = join(server.bin, 'pg_ctl.exe');
  const args = ['stop', '-D', layout.data, '-m', 'fast', '-w', '-t', String(fastMs / 1000)];
  const call = callAs({ user: null, mapped: { initdb: false, server: false } }, program, args);
  const { status, output } = await run(call, {
    doing: 'stopping the server',
    timeoutMs: fastMs + 5_000,
    signal: null,
  });
  if (status !== 0 && readPostmaster(layout) !== null) throw notStopped(layout, server.pid, output);
}

function notStopped(layout: Layout, pid: number, output: string | null): LockkeeperError {
  return new LockkeeperError('EMBEDDED_STOP_FAILED', {
    message: `The embedded server (process ${pid}) does not end.${output === null ? '' : ` ${output.trim()}`}`,
    hint: `End the process by hand; its log is "${layout.log}" in "${dirname(layout.log)}".`,
    details: { pid, dir: layout.home },
  });
}

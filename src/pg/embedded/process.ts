import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { errnoOf } from './failure.js';

/** Whether a process of that id runs. A zombie does not: it only waits for its parent, which in a container may never come. */
export function isAlive(pid: number): boolean {
  const stat = procStat(pid);
  if (stat !== null) return stat.state !== 'Z' && stat.state !== 'X';
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as another user.
    return errnoOf(error) === 'EPERM';
  }
}

/**
 * A text that no other process ever has, also after the pid was used again and after a reboot; null where the
 * system does not tell (only Linux does, cheaply).
 */
export function processIdentity(pid: number): string | null {
  const stat = procStat(pid);
  if (stat === null) return null;
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${stat.startTicks}`;
  } catch {
    return null;
  }
}

/** Whether the process is a PostgreSQL server, as far as its command line says. */
export function isPostgres(pid: number): boolean {
  return /postgres/i.test(commandLine(pid));
}

function commandLine(pid: number): string {
  if (process.platform === 'win32') {
    return run('tasklist', ['/FI', `PID eq ${pid}`, '/NH', '/FO', 'CSV']);
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '';
  } catch {
    // No /proc: macOS and the BSDs.
    return run('ps', ['-p', String(pid), '-o', 'comm=']);
  }
}

function run(program: string, args: readonly string[]): string {
  const result = spawnSync(program, args, { encoding: 'utf8', timeout: 5_000, windowsHide: true });
  return result.stdout ?? '';
}

/** proc_pid_stat(5): the name stands in parentheses and may hold anything, so the fields count from its end. */
function procStat(pid: number): { readonly state: string; readonly startTicks: string } | null {
  if (process.platform !== 'linux') return null;
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [state, startTicks] = [fields[0], fields[19]];
    return state === undefined || startTicks === undefined ? null : { state, startTicks };
  } catch {
    return null;
  }
}

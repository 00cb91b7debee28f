// Measures whole processes: from the start of the process to its exit, as a user waits for it.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const wrapper = fileURLToPath(new URL('measure.py', import.meta.url));
const pythonCode =
  'import os,sys; assert sys.version_info >= (3, 9) and hasattr(os, "wait4"); print(sys.executable)';

/**
 * Node does not tell what a child used, so a timer that can is looked for: python3 (wait4), else GNU time.
 * Without both, only wall time is measured, and the report says so.
 */
export function findTimer() {
  const python = spawnSync('python3', ['-S', '-E', '-c', pythonCode], { encoding: 'utf8' });
  if (python.status === 0) return { name: 'python3 wait4', wrap: wrapInPython(python.stdout.trim()) };
  if (existsSync('/usr/bin/time') && spawnSync('/usr/bin/time', ['-f', '%M', 'true']).status === 0) {
    return { name: 'GNU time', wrap: wrapInTime };
  }
  return { name: 'wall clock only', wrap: (_file, command, args) => [command, args] };
}

const wrapInPython = (python) => (file, command, args) => [
  python,
  ['-S', '-E', wrapper, file, command, ...args],
];

const wrapInTime = (file, command, args) => [
  '/usr/bin/time',
  ['-q', '-o', file, '-f', '{"cpuUser":%U,"cpuSystem":%S,"rss":%M}', command, ...args],
];

/** Variables that would change what a tool does or how fast it is. Everything else of the environment stays. */
const cleared = /^(PG[A-Z]+|DATABASE_URL.*|DB_.*|NODE_.*|LOCKKEEPER_.*|npm_.*|FORCE_COLOR|MIGRATION_.*)$/;

function environment(extra) {
  const kept = Object.entries(process.env).filter(([name]) => !cleared.test(name));
  return { ...Object.fromEntries(kept), NO_COLOR: '1', ...extra };
}

/** A function that runs one command and resolves to what it took. Output goes to a file, so that no pipe slows it. */
export function createMeasure(timer, work) {
  const file = join(work, 'measured.json');
  const outputFile = join(work, 'output.txt');
  // Where several loaders of TypeScript keep their cache: it goes away with the bench.
  const temporary = join(work, 'tmp');
  mkdirSync(temporary, { recursive: true });
  return async function measure({ command, args, cwd, env, limitMs = 240_000 }) {
    rmSync(file, { force: true });
    const [program, wrapped] = timer.wrap(file, command, args);
    const output = openSync(outputFile, 'w');
    const started = process.hrtime.bigint();
    const end = await runToEnd(program, wrapped, {
      cwd: cwd ?? work,
      env: environment({ TMPDIR: temporary, ...env }),
      stdio: ['ignore', output, output],
      limitMs,
    });
    const outerMs = Number(process.hrtime.bigint() - started) / 1e6;
    closeSync(output);
    const text = readFileSync(outputFile, 'utf8').slice(0, 400_000);
    return { ...figures(file, outerMs), code: end.code, timedOut: end.timedOut, output: end.error ?? text };
  };
}

function runToEnd(program, args, { limitMs, ...options }) {
  return new Promise((resolve) => {
    // A group of its own, so that a command that takes too long is ended together with what it started.
    const child = spawn(program, args, { ...options, detached: true });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child.pid);
    }, limitMs);
    child.on('error', (error) => {
      clearTimeout(timer);
      resolve({ code: -1, timedOut, error: String(error) });
    });
    // `exit`, not `close`: an embedded server that goes on running keeps the output open.
    child.on('exit', (code) => {
      clearTimeout(timer);
      resolve({ code, timedOut });
    });
  });
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function figures(file, outerMs) {
  const seen = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8').trim().split('\n').at(-1)) : {};
  const cpu = seen.cpu ?? (seen.cpuUser === undefined ? null : seen.cpuUser + seen.cpuSystem);
  return {
    wallMs: seen.wall === undefined ? outerMs : seen.wall * 1000,
    cpuMs: cpu === null ? null : cpu * 1000,
    rssMb: seen.rss === undefined ? null : (seen.rss * 1024) / 1e6,
  };
}

/** How many cores everything on the machine uses while nothing is measured; a shared machine makes the clock lie. */
export async function foreignLoad(forMs = 150) {
  const before = busyTicks();
  await sleep(forMs);
  const after = busyTicks();
  return after.total === before.total
    ? 0
    : ((after.busy - before.busy) / (after.total - before.total)) * cpus().length;
}

function busyTicks() {
  let busy = 0;
  let total = 0;
  for (const { times } of cpus()) {
    const all = times.user + times.nice + times.sys + times.idle + times.irq;
    busy += all - times.idle;
    total += all;
  }
  return { busy, total };
}

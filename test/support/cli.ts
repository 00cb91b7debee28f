import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { repository } from './project.js';

export interface CliOptions {
  readonly cwd: string;
  /** Added to a clean environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Sent to standard input, which is then closed. Without it, standard input is empty. */
  readonly input?: string;
}

export interface CliResult {
  /** Exit status; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that is still running. */
export interface RunningCli {
  readonly pid: number;
  readonly stdout: string;
  readonly stderr: string;
  kill(signal?: NodeJS.Signals): void;
  write(text: string): void;
  /** Resolves when the text was printed on either stream; rejects when the program ends, or does nothing for 30 s. */
  waitFor(text: string | RegExp): Promise<void>;
  readonly ended: Promise<CliResult>;
}

/** The program that `npm run build` made. */
export const program = join(repository, 'dist', 'cli', 'main.js');

/** Runs the built program as a user would, to its end. */
export async function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  const running = spawnCli(args, { input: '', ...options });
  return running.ended;
}

/** Starts the built program, to talk to it or to kill it. Standard input stays open unless `input` is given. */
export function spawnCli(args: readonly string[], options: CliOptions): RunningCli {
  if (!existsSync(program)) throw new Error('dist/cli/main.js is missing: run `npm run build` first.');
  // Through its first line (#!), as the link in node_modules/.bin does, so that flags for node in it count.
  const [command, first] = process.platform === 'win32' ? [process.execPath, [program]] : [program, []];
  const child = spawn(command, [...first, ...args], { cwd: options.cwd, env: cleanEnvironment(options.env) });
  if (options.input !== undefined) child.stdin.end(options.input);
  return track(child);
}

function track(child: ChildProcessWithoutNullStreams): RunningCli {
  const seen = { stdout: '', stderr: '', open: true };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (seen.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (seen.stderr += text));
  // A program that ended before it read its input is judged by its exit status.
  child.stdin.on('error', () => undefined);
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      seen.open = false;
      resolve({ code, signal, stdout: seen.stdout, stderr: seen.stderr });
    });
  });
  return {
    pid: child.pid ?? -1,
    get stdout() {
      return seen.stdout;
    },
    get stderr() {
      return seen.stderr;
    },
    kill: (signal = 'SIGKILL') => void child.kill(signal),
    write: (text) => void child.stdin.write(text),
    waitFor: (text) => waitForText(seen, text),
    ended,
  };
}

async function waitForText(seen: { stdout: string; stderr: string; open: boolean }, text: string | RegExp) {
  for (let attempt = 0; attempt < 1500; attempt++) {
    const printed = seen.stdout + seen.stderr;
    if (typeof text === 'string' ? printed.includes(text) : text.test(printed)) return;
    if (!seen.open) break;
    await sleep(20);
  }
  throw new Error(`${String(text)} was not printed. Printed so far:\n${seen.stdout}\n${seen.stderr}`);
}

const kept = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'USER', 'LOGNAME'];

/** Nothing of the machine's own settings may decide a test: no DATABASE_URL, no PG*, no NODE_ENV. */
export function cleanEnvironment(added: CliOptions['env'] = {}): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { NO_COLOR: '1' };
  for (const name of kept) if (process.env[name] !== undefined) environment[name] = process.env[name];
  environment['PATH'] = dirname(process.execPath) + delimiter + (process.env['PATH'] ?? '');
  for (const [name, value] of Object.entries(added)) {
    if (value === undefined) delete environment[name];
    else environment[name] = value;
  }
  return environment;
}

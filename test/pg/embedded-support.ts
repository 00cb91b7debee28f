import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import type { Context } from '../../src/core/context.js';
import { Events } from '../../src/core/events.js';
import { startServer, stopServer, type EmbeddedTarget } from '../../src/pg/embedded/index.js';
import type { ConnectionOptions } from '../../src/pg/options.js';

export const isRoot = process.getuid?.() === 0;

/** A user that the password database does not know, as in many containers. */
export const stranger = { uid: 51_234, gid: 51_234 };
export const nobody = { uid: 65_534, gid: 65_534 };

/** A project folder with an embedded server of its own. */
export interface Project {
  readonly root: string;
  readonly home: string;
  readonly target: EmbeddedTarget;
}

export interface ProjectOptions {
  readonly name?: string;
  readonly database?: string;
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly mode?: number;
}

const projects: Project[] = [];

export function createProject(options: ProjectOptions = {}): Project {
  const root = realpathSync(mkdtempSync(join(tmpdir(), options.name ?? 'lockkeeper-embedded-')));
  chmodSync(root, options.mode ?? 0o755);
  if (options.owner !== undefined) chownSync(root, options.owner.uid, options.owner.gid);
  return register(root, options.database ?? 'app');
}

let template: Promise<Project> | null = null;

/** A project whose server was made earlier and is stopped: a copy of one, which is quicker than initdb. */
export async function createMadeProject(): Promise<Project> {
  template ??= makeTemplate();
  const project = createProject();
  const { status } = spawnSync('cp', ['-a', join((await template).root, '.lockkeeper'), project.root]);
  if (status !== 0) throw new Error('The project could not be copied.');
  return project;
}

/** To be called after the last test of a file. */
export async function removeTemplate(): Promise<void> {
  if (template === null) return;
  rmSync((await template).root, { recursive: true, force: true });
}

async function makeTemplate(): Promise<Project> {
  const project = createProject();
  await startServer(project.target, createContext(project), { keep: true });
  await stopServer(project.target);
  projects.splice(projects.indexOf(project), 1);
  return project;
}

/** A project that is there already, to be cleaned up with the others. */
export function register(root: string, database = 'app'): Project {
  const home = join(root, '.lockkeeper', 'postgres-18');
  const target: EmbeddedTarget = {
    kind: 'embedded',
    dir: home,
    database,
    applicationName: 'embedded test',
    role: null,
    searchPath: null,
  };
  const project = { root, home, target };
  projects.push(project);
  return project;
}

/** Stops every server and deletes every project of the test. */
export async function removeProjects(): Promise<void> {
  for (const { root, home, target } of projects.splice(0)) {
    const location = join(home, 'location');
    const outside = existsSync(location) ? join(readFileSync(location, 'utf8').trim(), '..') : null;
    await stopServer(target);
    if (outside !== null) rmSync(outside, { recursive: true, force: true });
    rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

export interface Recorded extends Context {
  readonly seen: string[];
}

/** A context that writes down which events came. */
export function createContext(project: Project, finish = new AbortController().signal): Recorded {
  const events = new Events();
  const seen: string[] = [];
  events.on('server:create', () => seen.push('server:create'));
  events.on('server:start', () => seen.push('server:start'));
  const stop = { finish, cancel: new AbortController().signal };
  return { events, now: Date.now, root: project.root, stop, seen };
}

/** Runs one query over the connection that the launcher gave. */
export async function ask<Row extends object>(
  connection: ConnectionOptions,
  sql: string,
): Promise<readonly Row[]> {
  const client = await open(connection);
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

export async function open(connection: ConnectionOptions): Promise<Client> {
  const { host, port, database, user, password } = connection;
  const client = new Client({ host, port, database, user, password: password as string });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

export interface Line {
  readonly event?: string;
  readonly result?: unknown;
  readonly error?: { readonly code: string | null; readonly message: string; readonly hint: string | null };
}

export interface Step {
  readonly verb: 'ensureServer' | 'startServer' | 'stopServer' | 'programs';
  readonly target?: EmbeddedTarget;
  readonly options?: object;
  readonly found?: object;
}

export interface ChildOptions {
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** A process of its own that does one step. */
export interface Child {
  readonly process: ChildProcess;
  readonly lines: Line[];
  readonly ended: Promise<readonly Line[]>;
}

const script = fileURLToPath(new URL('embedded-child.mjs', import.meta.url));

export function startChild(step: Step, options: ChildOptions = {}): Child {
  const child = spawn(process.execPath, [script, JSON.stringify(step)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: options.cwd ?? '/',
    env: { ...process.env, ...options.env },
    ...options.user,
  });
  const lines: Line[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as Line));
  const ended = new Promise<readonly Line[]>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(lines));
  });
  return { process: child, lines, ended };
}

/** Runs the step to its end and gives its result, or throws what it printed. */
export async function runChild<Result>(step: Step, options: ChildOptions = {}): Promise<Result> {
  const lines = await startChild(step, options).ended;
  const last = lines.at(-1);
  if (last?.result === undefined) throw new Error(`The child gave no result: ${JSON.stringify(lines)}`);
  return last.result as Result;
}

/** Waits, for at most half a minute, until something is true. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 3_000; attempt++) {
    if (await isTrue()) return;
    await sleep(10);
  }
  throw new Error(`It did not happen within half a minute: ${what}.`);
}

/** The processes that serve a data folder, as the process list shows them. */
export function serverPid(project: Project): number {
  return Number(readFileSync(join(project.home, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
}

import { Readable } from 'node:stream';
import type { Lockkeeper, LockkeeperOptions } from '../../../src/app/lockkeeper.js';
import type { EventMap, EventName } from '../../../src/core/events.js';
import { Events } from '../../../src/core/events.js';
import { runProgram } from '../../../src/cli/program.js';
import type { StopSignalName } from '../../../src/cli/host.js';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What the library was created with. */
  readonly options: LockkeeperOptions | undefined;
  /** The verbs that were called, with their options. */
  readonly calls: readonly (readonly [string, unknown])[];
  readonly closed: boolean;
  readonly exits: readonly number[];
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Columns of a terminal on both streams; without it they are pipes. */
  readonly columns?: number;
  readonly program?: string;
  /** What the library's verbs do. */
  readonly verbs?: Readonly<Record<string, (options: unknown, library: Library) => unknown>>;
}

/** What a verb of the fake library may use. */
export interface Library {
  readonly options: LockkeeperOptions;
  readonly emit: <Name extends EventName>(name: Name, payload: EventMap[Name]) => void;
  readonly signal: (name: StopSignalName) => void;
}

/** Runs the program in this process against a library that answers as told. */
export async function run(line: string | readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const listeners = new Map<StopSignalName, Set<() => void>>();
  const exits: number[] = [];
  const calls: (readonly [string, unknown])[] = [];
  let created: LockkeeperOptions | undefined;
  let closed = false;
  const terminal = options.columns === undefined ? {} : { isTTY: true, columns: options.columns };
  const signal = (name: StopSignalName): void => {
    for (const listener of listeners.get(name) ?? []) listener();
  };
  const code = await runProgram({
    argv: typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line,
    program: options.program ?? 'lockkeeper',
    env: options.env ?? { LANG: 'C.UTF-8' },
    platform: 'linux',
    stdin: () => Readable.from([]),
    stdout: { ...terminal, write: (text) => (written.stdout += text) },
    stderr: { ...terminal, write: (text) => (written.stderr += text) },
    keepStdoutClean: () => () => undefined,
    version: () => '1.2.3',
    onSignal: (name, listener) => {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set.add(listener));
      return () => void set.delete(listener);
    },
    exit: (status) => void exits.push(status),
    createLockkeeper: (given) => {
      created = given;
      const events = new Events();
      const library: Library = {
        options: given,
        signal,
        emit: (name, payload) => events.emit(name, payload),
      };
      const call = (name: string) => (verbOptions: unknown) => {
        calls.push([name, verbOptions]);
        const verb = options.verbs?.[name];
        if (verb === undefined) return Promise.reject(new Error(`The verb ${name} was not expected.`));
        return Promise.resolve().then(() => verb(verbOptions, library));
      };
      const own = {
        on: events.on.bind(events),
        close: () => {
          closed = true;
          return Promise.resolve();
        },
        db: new Proxy({}, { get: (_, name) => call(`db.${String(name)}`) }),
      };
      const lockkeeper = new Proxy(own, {
        // A promise must not take it for one of its own.
        get: (target, name) =>
          name === 'then' ? undefined : (Reflect.get(target, name) ?? call(String(name))),
      });
      return Promise.resolve(lockkeeper as unknown as Lockkeeper);
    },
  });
  return { ...written, code, options: created, calls, closed, exits };
}

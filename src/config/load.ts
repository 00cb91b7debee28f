import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LockkeeperError, isLockkeeperError, type SourceLocation } from '../core/errors.js';
import { redactText } from '../core/redact.js';
import { findJsonError } from './json-position.js';
import type { ConfigContext } from './public.js';
import type { Variables } from './variables.js';

/** How a configuration file is to be loaded. */
export interface LoadOptions {
  readonly context: ConfigContext;
  readonly variables: Variables;
}

/**
 * What the file says, not yet checked: its default export, awaited, and called when it is a function.
 * @throws {CONFIG_NOT_LOADED}
 */
export async function loadConfigFile(file: string, options: LoadOptions): Promise<unknown> {
  if (extname(file) === '.json') return readJson(file, options.context.root);
  return await oneAtATime(() =>
    withVariables(options.variables, async () => {
      try {
        const exported: unknown = await importFile(file, options.context.root);
        return typeof exported === 'function' ? await callConfig(exported, options.context) : exported;
      } catch (cause) {
        throw isLockkeeperError(cause) ? cause : await notLoaded(file, options.context.root, cause);
      }
    }),
  );
}

async function callConfig(exported: CallableFunction, context: ConfigContext): Promise<unknown> {
  return await (exported as (context: ConfigContext) => unknown)(context);
}

function readJson(file: string, root: string): unknown {
  const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const index = findJsonError(text) ?? 0;
    const name = relative(root, file);
    const location = locate(text, index, name);
    throw new LockkeeperError('CONFIG_NOT_LOADED', {
      message: `${name} is not JSON: line ${location.line}, column ${location.column} is where it stops being understood.`,
      hint: 'JSON has no comments and no trailing commas, and takes double quotes only; a .ts or .js file is free of that.',
      location,
      cause,
    });
  }
}

function locate(text: string, index: number, file: string): SourceLocation {
  const before = text.slice(0, index).split(/\r\n|\n/);
  const lineText = text.split(/\r\n|\n/)[before.length - 1] ?? '';
  return {
    file,
    line: before.length,
    column: Array.from(before.at(-1) ?? '').length + 1,
    lineText,
    length: 1,
  };
}

/** How often each file was loaded by this process; a second time it has to be run anew, as its variables may be others. */
const loads = new Map<string, number>();

async function importFile(file: string, root: string): Promise<unknown> {
  if (/\.[mc]?ts$/.test(file) || wantsOwnNames(file)) return await importWithJiti(file, root);
  const count = loads.get(file) ?? 0;
  loads.set(file, count + 1);
  if (count > 0) delete createRequire(file).cache[file];
  return unwrap(await import(pathToFileURL(file).href + (count === 0 ? '' : `?${count}`)));
}

/** A JavaScript file of a project without a copy of its own (`npx lockkeeper`) cannot resolve our name natively. */
function wantsOwnNames(file: string): boolean {
  if (!/(['"])lockkeeper(?:\/[\w-]+)?\1/.test(readFileSync(file, 'utf8'))) return false;
  try {
    createRequire(file).resolve('lockkeeper/config');
    return false;
  } catch {
    // Not to be found from there; that is the answer.
    return true;
  }
}

async function importWithJiti(file: string, root: string): Promise<unknown> {
  const { createModuleLoader } = await import('./module-loader.js');
  return unwrap(await createModuleLoader(file, root).import(file));
}

function unwrap(module: unknown): unknown {
  let value = module;
  // CommonJS that was made from `export default` arrives wrapped twice.
  for (let depth = 0; depth < 2; depth++) {
    if (typeof value !== 'object' || value === null) break;
    if ('default' in value) value = value.default;
    else return isModule(value) ? undefined : value;
  }
  return value;
}

/** A module with named exports only, native or compiled. */
function isModule(value: object): boolean {
  return '__esModule' in value || Reflect.get(value, Symbol.toStringTag) === 'Module';
}

let queue: Promise<unknown> = Promise.resolve();

/** Two loads at once would see each other's variables on process.env. */
async function oneAtATime<Result>(task: () => Promise<Result>): Promise<Result> {
  const result = queue.then(task, task);
  queue = result.catch(() => undefined);
  return await result;
}

/** Runs `task` with the variables of the files on process.env, where nothing of that name is there, and takes them away again. */
async function withVariables<Result>(variables: Variables, task: () => Promise<Result>): Promise<Result> {
  const added = Object.entries(variables.all()).filter(([name]) => process.env[name] === undefined);
  for (const [name, value] of added) process.env[name] = value;
  try {
    return await task();
  } finally {
    for (const [name, value] of added) if (process.env[name] === value) delete process.env[name];
  }
}

async function notLoaded(file: string, root: string, cause: unknown): Promise<LockkeeperError> {
  const name = relative(root, file);
  const location = await locationOf(file, root, cause);
  const where = location === null ? '' : ` (line ${location.line})`;
  return new LockkeeperError('CONFIG_NOT_LOADED', {
    message: redactText(`${name} failed while it was loaded${where}: ${reasonOf(cause)}`),
    hint: hintFor(cause),
    ...(location === null ? {} : { location }),
    cause,
  });
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const line = cause.message.split('\n')[0]?.trim() ?? '';
  return cause.name === 'Error' ? line : `${cause.name}: ${line}`;
}

function hintFor(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException | null)?.code;
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') {
    return 'Install the missing package in this project, or correct the path of the import.';
  }
  return 'Correct the file. It is ordinary code, and runs whenever Lockkeeper starts.';
}

/** The first place in the file that the error's stack names. */
async function locationOf(file: string, root: string, cause: unknown): Promise<SourceLocation | null> {
  if (!(cause instanceof Error)) return null;
  const place =
    placeInStack(file, cause) ?? (cause instanceof SyntaxError ? await placeBySyntax(file, root) : null);
  if (place === null) return null;
  const lineText = readFileSync(file, 'utf8').split(/\r\n|\n/)[place.line - 1];
  return {
    file: relative(root, file),
    ...place,
    ...(lineText === undefined ? {} : { lineText: redactText(lineText) }),
  };
}

interface Place {
  readonly line: number;
  readonly column: number;
}

function placeInStack(file: string, cause: Error): Place | null {
  const text = `${cause.stack ?? ''}\n${cause.message}`;
  for (const path of [pathToFileURL(file).href, file]) {
    const at = text.indexOf(`${path}:`);
    const found = at < 0 ? null : /^:(\d+)(?::(\d+))?/.exec(text.slice(at + path.length));
    if (found === null) continue;
    // Babel, which tells of syntax errors in TypeScript, counts columns from 0.
    const base = cause.message.startsWith('ParseError') ? 1 : 0;
    return { line: Number(found[1]), column: Number(found[2] ?? 1) + base };
  }
  return null;
}

/** Node keeps the place of a syntax error in a module to itself; the TypeScript loader's parser tells it. */
async function placeBySyntax(file: string, root: string): Promise<Place | null> {
  const { findSyntaxError } = await import('./module-loader.js');
  return findSyntaxError(file, root);
}

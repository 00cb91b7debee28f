import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { isLockkeeperError, type LockkeeperError } from '../../src/core/errors.js';
import type { ConfigInput, ExplainedValue, ResolvedConfig } from '../../src/config/index.js';
import { resolveConfig } from '../../src/config/index.js';
import type { ConnectionOptions } from '../../src/pg/options.js';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new folder with these files; removed when the test file is done. */
export function project(files: Readonly<Record<string, string>> = {}): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'lockkeeper-config-')));
  folders.push(root);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

/** Resolves in a new project, with no variables but those given, and no password file of the person who tests. */
export async function resolveIn(
  files: Readonly<Record<string, string>>,
  input: ConfigInput = {},
): Promise<ResolvedConfig> {
  const variables = { PGPASSFILE: '/nowhere/.pgpass', ...input.variables };
  return await resolveConfig({ cwd: project(files), ...input, variables });
}

/** A configuration file that is written as an object. */
export function json(config: unknown): Record<string, string> {
  return { 'lockkeeper.config.json': JSON.stringify(config) };
}

/** The connection of a target that is a server. */
export function connectionOf(config: ResolvedConfig): ConnectionOptions {
  if (config.target.kind !== 'server') throw new Error('The target is the embedded server.');
  return config.target.connection;
}

/** `user:password@host:port/database` of the target, or the embedded server's database. */
export function shortTarget(config: ResolvedConfig): string {
  if (config.target.kind === 'embedded') return `embedded/${config.target.database}`;
  const { user, password, host, port, database } = config.target.connection;
  return `${user}:${String(password)}@${host}:${port}/${database}`;
}

export function row(config: ResolvedConfig, key: string): ExplainedValue | undefined {
  return config.explained.find((value) => value.key === key);
}

/** The failure of something that must fail. */
export async function failureOf(promise: Promise<unknown>): Promise<LockkeeperError> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(isLockkeeperError(error), String(error)).toBe(true);
  return error as LockkeeperError;
}

/** The messages of all problems of a configuration that must be refused. */
export async function problemsOf(promise: Promise<unknown>): Promise<string[]> {
  const error = await failureOf(promise);
  expect(error.code).toBe('CONFIG_INVALID');
  return error.problems.length === 0 ? [error.message] : error.problems.map((item) => item.message);
}

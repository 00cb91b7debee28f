import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LockkeeperError } from '../core/errors.js';
import { redactText } from '../core/redact.js';
import { quoteIdent } from '../sql/quote.js';
import type { ConnectionOptions } from './options.js';

/** What is left out. */
export interface DumpExclusions {
  readonly schemas: readonly string[];
  readonly tables: readonly (readonly [schema: string, table: string])[];
}

/**
 * The schema as SQL text, by the pg_dump on the PATH: without owners and privileges, which are the database's own.
 * @throws {PROGRAM_MISSING} where there is no pg_dump, or only one that is older than the server.
 * {QUERY_FAILED} with what pg_dump says.
 */
export async function dumpSchema(
  connection: ConnectionOptions,
  { serverMajor, without }: { readonly serverMajor: number; readonly without: DumpExclusions },
): Promise<string> {
  const { stdout } = await runProgram('pg_dump', ['--version'], {});
  const major = Number(/ (\d+)/.exec(stdout)?.[1] ?? 0);
  if (major < serverMajor) throw tooOld(major, serverMajor);
  const args = ['--schema-only', '--no-owner', '--no-privileges', '--no-password'];
  const excluded = [
    ...without.schemas.map((schema) => `--exclude-schema=${pattern([schema])}`),
    ...without.tables.map((table) => `--exclude-table=${pattern(table)}`),
  ];
  const dumped = await withTlsFiles(connection, async (files) =>
    runProgram('pg_dump', [...args, ...excluded], { ...(await environmentOf(connection)), ...files }),
  );
  if (dumped.code === 0) return dumped.stdout;
  throw new LockkeeperError('QUERY_FAILED', {
    message: `pg_dump ended with ${dumped.code ?? 'a signal'}: ${redactText(dumped.stderr.trim())}`,
    hint: 'Run pg_dump --schema-only on this database by hand to see what it lacks.',
  });
}

/** A pattern of pg_dump that means exactly this name (manual, psql, "Patterns"). */
function pattern(name: readonly string[]): string {
  return name.map(quoteIdent).join('.');
}

/** libpq takes everything from variables, so that no secret stands in a list of processes. */
async function environmentOf(connection: ConnectionOptions): Promise<Record<string, string>> {
  const { host, port, user, database, ssl } = connection;
  const password =
    typeof connection.password === 'function' ? await connection.password() : connection.password;
  return {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
    PGSSLMODE: sslMode(ssl),
    ...(password === null ? {} : { PGPASSWORD: password }),
  };
}

/** libpq reads certificates from files only; they are there for as long as the program runs, for this user alone. */
async function withTlsFiles<Value>(
  { ssl }: ConnectionOptions,
  work: (variables: Readonly<Record<string, string>>) => Promise<Value>,
): Promise<Value> {
  if (ssl === false) return await work({});
  const dir = mkdtempSync(join(tmpdir(), 'lockkeeper-tls-'));
  try {
    const files = { PGSSLROOTCERT: ssl.ca, PGSSLCERT: ssl.cert, PGSSLKEY: ssl.key };
    // From 16 on, `system` means the authorities of the machine (manual, libpq, "sslrootcert").
    const variables: Record<string, string> = ssl.rejectUnauthorized ? { PGSSLROOTCERT: 'system' } : {};
    for (const [name, text] of Object.entries(files)) {
      if (text === null) continue;
      const path = join(dir, name);
      writeFileSync(path, text, { mode: 0o600 });
      variables[name] = path;
    }
    return await work(variables);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function sslMode(ssl: ConnectionOptions['ssl']): string {
  if (ssl === false) return 'disable';
  if (!ssl.rejectUnauthorized) return 'require';
  return ssl.checkName ? 'verify-full' : 'verify-ca';
}

interface ProgramRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function runProgram(
  program: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<ProgramRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    child.on('error', (cause) => reject(missing(program, cause)));
    child.on('close', (code) =>
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(errors).toString() }),
    );
  });
}

function missing(program: string, cause: Error): LockkeeperError {
  return new LockkeeperError('PROGRAM_MISSING', {
    message: `${program} cannot be started: ${cause.message}.`,
    hint: 'Install the client programs of PostgreSQL, and put them on the PATH.',
    cause,
  });
}

function tooOld(major: number, serverMajor: number): LockkeeperError {
  return new LockkeeperError('PROGRAM_MISSING', {
    message: `The pg_dump on the PATH is of PostgreSQL ${major}, and the server is ${serverMajor}: it would refuse.`,
    hint: `Install the client programs of PostgreSQL ${serverMajor} or newer, and put them on the PATH.`,
  });
}

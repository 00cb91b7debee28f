import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cleanEnvironment } from '../../support/cli.js';
import { findProgram } from '../programs.js';

/** The newest psql of the machine; null where there is none. */
export const psql: string | null = findProgram('psql');

/** Its major version; 0 where there is none. */
export const psqlMajor: number =
  psql === null ? 0 : Number(/\d+/.exec(execFileSync(psql, ['--version'], { encoding: 'utf8' }))?.[0]);

export interface PsqlOutcome {
  readonly ok: boolean;
  /** What it said on standard error. */
  readonly said: string;
}

/** Runs a file with psql, which stops at the first error. Nothing on standard input, no start-up file, no editor. */
export async function runPsql(
  url: string,
  path: string,
  how: { readonly single: boolean; readonly schema: string; readonly cwd: string },
): Promise<PsqlOutcome> {
  const flags = [
    '-X',
    '-q',
    '-v',
    'ON_ERROR_STOP=1',
    '-v',
    'VERBOSITY=verbose',
    ...(how.single ? ['-1'] : []),
  ];
  const child = spawn(psql ?? 'psql', [...flags, '-d', url, '-f', path], {
    cwd: how.cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 20_000,
    env: cleanEnvironment({
      PGOPTIONS: `-c search_path=${how.schema} -c statement_timeout=10s`,
      PGCLIENTENCODING: 'UTF8',
      EDITOR: 'false',
      LC_ALL: 'C.UTF-8',
    }),
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { ok: code === 0, said: said.slice(0, 2000) };
}

import { spawnSync } from 'node:child_process';
import { servers, type TestServer } from './database.js';

const version = spawnSync('pg_dump', ['--version'], { encoding: 'utf8' }).stdout ?? '';
const major = Number(/ (\d+)/.exec(version)?.[1] ?? 0);

/** Servers that the pg_dump of this machine can dump: those that are not newer than it. */
export const dumpableServers: readonly TestServer[] = servers.filter((server) => server.major <= major);

/** The schema of a database as pg_dump writes it, without what Lockkeeper keeps there, and without comments. */
export function dumpSchema(url: string, more: readonly string[] = []): string {
  const args = ['--schema-only', '--no-owner', '--exclude-schema=lockkeeper', ...more, url];
  const { status, stdout, stderr } = spawnSync('pg_dump', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`pg_dump: ${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !/^(?:--|\\(?:un)?restrict )/.test(line))
    .join('\n');
}

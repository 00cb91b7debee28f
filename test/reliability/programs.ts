import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A program of PostgreSQL's, the newest that the machine has; null where there is none. */
export function findProgram(name: 'psql' | 'pgbench'): string | null {
  const base = '/usr/lib/postgresql';
  const majors = existsSync(base) ? readdirSync(base).sort((a, b) => Number(b) - Number(a)) : [];
  const candidates = [...majors.map((major) => join(base, major, 'bin', name)), `/usr/bin/${name}`];
  return candidates.find(existsSync) ?? null;
}

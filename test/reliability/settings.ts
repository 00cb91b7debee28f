import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { repository } from '../support/project.js';
import { servers, type TestServer } from '../support/database.js';

// `npm run reliability` sets these; in the ordinary test run each harness does its small number of rounds.

/** Fixed unless given, so that a failure can be looked at again. */
export const seed = Number(process.env['LOCKKEEPER_TEST_SEED'] ?? 20_261_121);

/** How many rounds to do: as many as asked for, or the few that an ordinary test run has time for. */
export function rounds(few: number): number {
  return Number(process.env['LOCKKEEPER_TEST_ROUNDS'] ?? few);
}

/** Whether this is a long run, whose figures are to be kept. */
export const full = process.env['LOCKKEEPER_TEST_ROUNDS'] !== undefined;

/** The servers asked for; all where none was named. */
export const chosenServers: readonly TestServer[] = servers.filter(({ major }) => {
  const only = process.env['LOCKKEEPER_TEST_MAJOR'];
  return only === undefined || Number(only) === major;
});

/** For how long a test may take. */
export const patienceMs = full ? 1_800_000 : 120_000;

const longestMs = Number(process.env['LOCKKEEPER_TEST_MINUTES'] ?? 9) * 60_000;
const began = Date.now();

/**
 * Whether a long run should begin no new round: it tells what it did until then, and another seed can go on. `share`
 * is the part of the time that may be used up by then.
 */
export function timeIsUp(share = 1): boolean {
  return full && Date.now() - began > longestMs * share;
}

// Asked at the start, because that is what is loaded and run; a long run may see commits come.
const commit = full ? commitOf(repository) : '';

function commitOf(cwd: string): string {
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd, encoding: 'utf8' }).trim();
}

export type Figures = Readonly<Record<string, number | string>>;

/** Prints what was counted, and keeps it where `npm run reliability` looks for it. */
export function tell(harness: string, server: TestServer, figures: Figures): void {
  const line = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  process.stdout.write(`${harness} on PostgreSQL ${server.major}, seed ${seed}: ${line.join(', ')}\n`);
  const path = process.env['LOCKKEEPER_TEST_FIGURES'];
  if (path === undefined) return;
  const date = new Date().toISOString().slice(0, 10);
  const row = {
    harness,
    major: server.major,
    date,
    commit,
    node: process.version,
    seed,
    figures,
  };
  appendFileSync(path, `${JSON.stringify(row)}\n`);
}

import { describe, expect, it } from 'vitest';
import { isLockkeeperError } from '../../src/core/errors.js';
import type { RunReport } from '../../src/core/report.js';
import { invalidIndexes, servers } from '../support/database.js';
import { createLockkeeper } from '../../src/app/create-lockkeeper.js';
import { withPlace, type Place } from './place.js';
import { rules, stated } from './majors/rules.js';
import { full, patienceMs, tell } from './settings.js';

/** What a run on an emptied database came to, in words that are the same wherever the same happened. */
async function outcomeOf(
  { database, project }: Place,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  await database.query(
    'drop schema if exists lockkeeper cascade; drop schema public cascade; create schema public',
  );
  for (const name of project.list('migrations')) project.delete(`migrations/${name}`);
  for (const [name, text] of Object.entries(files)) project.write(`migrations/${name}`, text);
  const lockkeeper = await createLockkeeper({
    cwd: project.dir,
    url: database.url,
    variables: {},
    lockRetries: 0,
  });
  const said = await lockkeeper.up().then(
    (report) => inWords(report as RunReport),
    (error: unknown) => {
      if (!isLockkeeperError(error)) throw error;
      const states = [error, ...error.problems].map(({ code, details }) => [code, details['sqlstate']].filter(Boolean).join(' ')); // prettier-ignore
      return `refused: ${[...new Set(states.filter((state) => state !== 'MIGRATIONS_UNUSABLE'))].join(', ')}`;
    },
  );
  const invalid = await invalidIndexes(database);
  return invalid.length === 0 ? said : `${said}, invalid: ${invalid.join(', ')}`;
}

async function outcomesIn(place: Place): Promise<readonly string[]> {
  const outcomes: string[] = [];
  for (const files of Object.values(rules)) outcomes.push(await outcomeOf(place, files));
  return outcomes;
}

const inWords = (report: RunReport): string =>
  `applied, steps ${report.applied.map(({ steps }) => steps.length).join(' and ')}`;

/** What is stated of the majors at hand, where they lie on both sides of the change. */
function statedHere(): readonly (readonly string[])[] {
  return stated
    .filter(({ since }) => new Set(servers.map(({ major }) => major < since)).size > 1)
    .map(({ rule, since, before, from }) => [
      rule,
      ...servers.map(({ major }) => (major < since ? before : from)),
    ]);
}

describe('every rule, on all majors', () => {
  it('has the same outcome, or one whose difference is stated', { timeout: patienceMs }, async () => {
    const found = await Promise.all(servers.map((server) => withPlace(server, {}, outcomesIn)));
    const rows = Object.keys(rules).map((rule, index) => ({
      rule,
      outcomes: found.map((list) => list[index] ?? ''),
    }));
    const different = rows.filter(({ outcomes }) => new Set(outcomes).size > 1);
    expect(different.map(({ rule, outcomes }) => [rule, ...outcomes])).toEqual(statedHere());
    expect(rows.filter(({ outcomes }) => outcomes.some((outcome) => outcome.includes('invalid')))).toEqual(
      [],
    );
    if (!full) return;
    for (const [index, server] of servers.entries()) {
      tell(
        'majors',
        server,
        Object.fromEntries(rows.map(({ rule, outcomes }) => [rule, outcomes[index] ?? ''])),
      );
    }
  });
});

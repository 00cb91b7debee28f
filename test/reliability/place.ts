import { assertNothingLeft, createDatabase, tempProject, type TestServer } from '../support/database.js';
import type { Place } from '../execute/support.js';
import { timeIsUp } from './settings.js';

export type { Place } from '../execute/support.js';

/**
 * Lends a database and a project with these migrations. Both go at the end of the round, and not only of the test as
 * a workspace's do: a harness has hundreds of rounds.
 */
export async function withPlace<Result>(
  server: TestServer,
  files: Readonly<Record<string, string>>,
  use: (place: Place) => Promise<Result>,
): Promise<Result> {
  const database = await createDatabase(server);
  const project = tempProject();
  try {
    for (const [name, text] of Object.entries(files)) project.write(`migrations/${name}`, text);
    const result = await use({ database, project });
    await assertNothingLeft(database);
    return result;
  } finally {
    await database.drop();
    project.remove();
  }
}

/** Versions in the history, in the order of application; none where there is no history yet. */
export async function appliedIn({ database }: Place): Promise<readonly string[]> {
  const there = await database.query(
    `select 1 where to_regclass('lockkeeper.schema_migrations') is not null`,
  );
  if (there.length === 0) return [];
  const rows = await database.query<{ version: string }>(
    'select version from lockkeeper.schema_migrations order by seq',
  );
  return rows.map(({ version }) => version);
}

/** Does this many things, a few at a time, as long as there is time; the first in any case. */
export async function severalAtOnce(
  times: number,
  together: number,
  work: (number: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const line = async (): Promise<void> => {
    while (next < times && (next === 0 || !timeIsUp())) await work(next++);
  };
  await Promise.all(Array.from({ length: together }, line));
}

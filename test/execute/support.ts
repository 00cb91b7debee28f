import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { expect } from 'vitest';
import { runCli, spawnCli, type CliResult, type RunningCli, type TestDatabase } from '../support/database.js';
import type { Workspace } from '../app/workspace.js';

/** Where a command runs: in a project, on a database. */
export type Place = Pick<Workspace, 'database' | 'project'>;

/** What the command line is told beside the verb. */
export interface CommandOptions {
  /** Connects elsewhere than to the workspace's database, e.g. through a proxy. */
  readonly url?: string;
}

/** Starts the built program on a workspace, to be watched, signalled or killed. */
export function start(workspace: Place, args: readonly string[], options: CommandOptions = {}): RunningCli {
  return spawnCli(args, {
    cwd: workspace.project.dir,
    env: { DATABASE_URL: options.url ?? workspace.database.url },
    input: '',
  });
}

/** Runs the built program on a workspace to its end. */
export async function command(
  workspace: Place,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CliResult> {
  return runCli(args, {
    cwd: workspace.project.dir,
    env: { DATABASE_URL: options.url ?? workspace.database.url },
  });
}

/** Runs `up` and holds that it ends with 0. */
export async function upFinishes(workspace: Place, ...flags: readonly string[]): Promise<void> {
  const result = await command(workspace, ['up', ...flags]);
  expect({ code: result.code, stderr: result.code === 0 ? '' : result.stderr }).toEqual({
    code: 0,
    stderr: '',
  });
}

/** The document that a command with --json printed. */
export function documentOf(result: CliResult): Record<string, unknown> {
  try {
    return JSON.parse(result.stdout) as Record<string, unknown>;
  } catch (error) {
    throw new Error(`No document (exit ${result.code}):\n${result.stdout}\n${result.stderr}`, {
      cause: error,
    });
  }
}

/** The code of the error in such a document; null where it tells of none. */
export function errorCodeOf(result: CliResult): string | null {
  return (documentOf(result)['error'] as { code: string } | undefined)?.code ?? null;
}

/** Asks again and again, for at most 20 seconds, until there is an answer that is not null. */
export async function eventually<Value>(what: string, ask: () => Promise<Value | null>): Promise<Value> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const answer = await ask();
    if (answer !== null) return answer;
    await sleep(20);
  }
  throw new Error(`It did not happen within 20 s: ${what}`);
}

/**
 * Process id of the worker, as soon as its session is seen running such a statement. With the program that runs it,
 * its end before that is an error.
 */
export async function workerAt(database: TestDatabase, query: string, running?: RunningCli): Promise<number> {
  let ended: CliResult | null = null;
  void running?.ended.then((result) => (ended = result));
  return eventually(`a session of ours runs ${query}`, async () => {
    const rows = await database.query<{ pid: number }>(
      `select pid from pg_stat_activity
       where datname = current_database() and application_name ilike 'lockkeeper%' and state = 'active'
         and query ilike '%' || $1 || '%'`,
      [query],
    );
    if (ended !== null) throw new Error(`The program ended before ${query}: ${JSON.stringify(ended)}`);
    return rows[0]?.pid ?? null;
  });
}

/** Waits until a backend waits for a lock or an older snapshot. */
export async function waitsForLock(database: TestDatabase, pid: number): Promise<void> {
  await eventually(`backend ${pid} waits for a lock`, async () => {
    const rows = await database.query(
      `select 1 from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'`,
      [pid],
    );
    return rows.length > 0 ? true : null;
  });
}

/** Waits until a backend is gone. */
export async function backendGone(database: TestDatabase, pid: number): Promise<void> {
  await eventually(`backend ${pid} is gone`, async () => {
    const rows = await database.query('select 1 from pg_stat_activity where pid = $1', [pid]);
    return rows.length === 0 ? true : null;
  });
}

export async function isAlive(database: TestDatabase, pid: number): Promise<boolean> {
  return (await database.query('select 1 from pg_stat_activity where pid = $1', [pid])).length > 0;
}

/** Processes that hold a migration lock in this database. */
export async function lockHolders(database: TestDatabase): Promise<readonly number[]> {
  const rows = await database.query<{ pid: number }>(
    `select pid from pg_locks where locktype = 'advisory' and objsubid = 2 and granted
       and database = (select oid from pg_database where datname = current_database())`,
  );
  return rows.map((row) => row.pid);
}

/** An old snapshot, for which every CREATE INDEX CONCURRENTLY has to wait; with `table`, also a lock on it. */
export async function holdSnapshot(database: TestDatabase, table: string | null = null): Promise<Snapshot> {
  const client = await database.connect();
  await client.query('begin isolation level repeatable read');
  await client.query(table === null ? 'select 1' : `select from ${table} limit 1`);
  return { client, release: async () => void (await client.query('rollback')) };
}

export interface Snapshot {
  readonly client: Client;
  release(): Promise<void>;
}

/** How often each migration wrote into its ledger; anything but 1 is a migration lost or applied twice. */
export async function ledger(database: TestDatabase): Promise<Readonly<Record<string, number>>> {
  const rows = await database.query<{ what: string; times: number }>(
    'select what, count(*)::int as times from public.ledger group by what order by what',
  );
  return Object.fromEntries(rows.map((row) => [row.what, row.times]));
}

/** Everything of a schema that migrations make, as text: equal schemas give equal texts. */
export async function catalogOf(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ line: string }>(/* sql */ `
    with ours as (select oid, nspname from pg_namespace
                  where nspname <> 'lockkeeper' and nspname <> 'information_schema' and nspname !~ '^pg_')
    select format('%s %s.%s', c.relkind, n.nspname, c.relname) as line
    from pg_class c join ours n on n.oid = c.relnamespace
    union all
    select format('column %s.%s.%s %s %s', n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull)
    from pg_attribute a join pg_class c on c.oid = a.attrelid join ours n on n.oid = c.relnamespace
    where a.attnum > 0 and not a.attisdropped
    union all
    select format('index %s valid %s ready %s live %s', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready, i.indislive)
    from pg_index i join pg_class c on c.oid = i.indexrelid join ours n on n.oid = c.relnamespace
    union all
    select format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    from pg_constraint where connamespace in (select oid from ours)
    union all
    select format('enum %s: %s', enumtypid::regtype, string_agg(enumlabel, ', ' order by enumsortorder))
    from pg_enum group by enumtypid
    union all
    select format('function %s', oid::regprocedure) from pg_proc where pronamespace in (select oid from ours)
    order by 1`);
  return rows.map((row) => row.line);
}

/** Steps that the journal has as begun or done in a migration that is not finished. */
export async function openSteps(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ line: string }>(
    `select format('%s step %s %s %s', migration_version, step, action, status) as line
     from lockkeeper.migration_execution_log where open order by id`,
  );
  return rows.map((row) => row.line);
}

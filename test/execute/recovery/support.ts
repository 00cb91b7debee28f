import { expect } from 'vitest';
import type { Lockkeeper, LockkeeperOptions } from '../../../src/app/lockkeeper.js';
import type { EventMap } from '../../../src/core/events.js';
import type { RunReport } from '../../../src/core/report.js';
import type { TestDatabase, TestServer } from '../../support/database.js';
import { createWorkspace, failure, record, type Workspace } from '../../app/workspace.js';
import { eventually, openSteps, workerAt } from '../support.js';

/** A workspace whose database holds this already. */
export async function withData(
  server: TestServer,
  data: string,
  files: Readonly<Record<string, string>>,
): Promise<Workspace> {
  const workspace = await createWorkspace(files, { server });
  await workspace.database.query(data);
  return workspace;
}

/** A session that stands in the way, until it is told not to. */
export async function holding(database: TestDatabase, sql: string): Promise<() => Promise<void>> {
  const client = await database.connect();
  await client.query(`begin; ${sql}`);
  return async () => void (await client.query('rollback'));
}

export interface Break {
  /** What the running statement of the worker has in its text. */
  readonly at: string;
  /** Asked until it gives a row: the moment at which the worker dies. */
  readonly when: string;
  readonly options?: LockkeeperOptions;
}

/** Ends a run in the middle of a statement, at a moment that a query tells: the server ends its session. */
export async function breakWhen(workspace: Workspace, { at, when, options = {} }: Break): Promise<void> {
  const { database } = workspace;
  const lockkeeper = await workspace.open({ lockTimeout: '60s', ...options });
  const running = failure(lockkeeper.up());
  const worker = await workerAt(database, at);
  await eventually(when, async () => ((await database.query(when)).length > 0 ? true : null));
  await database.query('select pg_terminate_backend($1)', [worker]);
  expect((await running).code).toBe('CONNECTION_LOST');
}

/** That the worker waits for a lock, in this phase of an index build where one is named. */
export const waiting = (phase?: string): string =>
  phase === undefined
    ? `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and application_name ilike 'lockkeeper%'`
    : `select 1 from pg_stat_progress_create_index where datname = current_database() and phase = '${phase}'`;

export interface Resumed {
  readonly decisions: readonly string[];
  readonly warnings: readonly EventMap['warning'][];
  readonly report: RunReport;
}

/** The run after the crash: it has to finish, and to leave nothing open. */
export async function resume(workspace: Workspace, options?: LockkeeperOptions): Promise<Resumed> {
  const lockkeeper: Lockkeeper = await workspace.open(options);
  const decisions = record(lockkeeper, 'recovery:decision');
  const warnings = record(lockkeeper, 'warning');
  const report = (await lockkeeper.up()) as RunReport;
  expect(await openSteps(workspace.database)).toEqual([]);
  return { decisions: decisions.map(({ decision }) => decision), warnings, report };
}

/** SQL for what a session knows of itself, as the journal keeps it. */
const identity = `
  select pid, extract(epoch from backend_start)::text as "backendStart",
         (select oid::int8::float8 from pg_database where datname = current_database()) as "databaseOid",
         (select system_identifier::text from pg_control_system()) as "systemIdentifier"
  from pg_stat_activity where pid = pg_backend_pid()`;

/**
 * Writes what a run leaves that dies inside of a statement whose crash cannot be timed: the row that says that the
 * step was begun, by a session that is gone.
 */
export async function begun(
  workspace: Workspace,
  version: string,
  preState: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { database } = workspace;
  // The first run makes the tables; what it is to find is written before it.
  if (
    (await database.query(`select 1 where to_regclass('lockkeeper.database_info') is not null`)).length === 0
  )
    await (await workspace.open()).up({ to: '0' });
  const gone = await database.connect();
  const [row] = (await gone.query(identity)).rows as object[];
  await gone.end();
  await database.query(
    `insert into lockkeeper.migration_execution_log
       (run_id, source, migration_version, step, action, status, pre_state, open)
     values (gen_random_uuid(), 'migrations', $1, 1, 'apply', 'started', $2, true)`,
    [version, JSON.stringify({ ...row, ...preState })],
  );
}

/** Every index of the database that is no system catalog's, with `!` before an invalid one. */
export async function indexNames(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ name: string }>(
    `select case when i.indisvalid then '' else '!' end || regexp_replace(c.relname, '_[0-9]{4,}_', '_N_') as name
     from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
     where c.oid >= 16384 and c.relnamespace <> to_regnamespace('lockkeeper')
       and not exists (select from pg_class o where o.reltoastrelid = t.oid and o.relnamespace = to_regnamespace('lockkeeper'))
     order by 1`,
  );
  return rows.map((row) => row.name);
}

export async function oidOf(database: TestDatabase, relation: string): Promise<string> {
  const rows = await database.query<{ oid: string }>('select $1::regclass::oid::text as oid', [relation]);
  return rows[0]?.oid ?? '';
}

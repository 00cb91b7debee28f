import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import type { LockkeeperError } from '../core/errors.js';
import type { Warning } from '../core/report.js';
import { type MigrationFormat, migrationKey } from '../migration/migration.js';
import { readBackfills, versionOfBackfills } from '../history/index.js';
import { compareState, type MigrationState, type UnfinishedMigration } from '../plan/state.js';
import type { FailedItem, StatusReport } from './lockkeeper.js';
import { checkEnvironments, runsIn } from './check-environments.js';
import { viewed } from './foreign.js';
import { beginListing, findChanged, readProject, throwProblems, withoutForeign } from './migrations.js';
import { type Prepared, prepareToRead } from './prepare-read.js';
import { databaseName, withDatabase } from './session.js';

/** What is applied, pending, and not as it should be. Reads only; creates nothing in the database. */
export async function status(config: ResolvedConfig, context: Context): Promise<StatusReport> {
  const listing = await beginListing(config);
  return await withDatabase(config, context, async (opened) => {
    const read = await prepareToRead(config, opened);
    const project = await listing.finished;
    throwProblems(project.problems);
    const prepared = await viewed(project, read);
    for (const warning of prepared.warnings)
      if (!isAboutSettings(warning)) context.events.emit('warning', warning);
    const state = compareState(project.files, prepared.history);
    const { session } = opened;
    const changed = await findChanged(project, state, { session, tables: prepared.tables, context });
    const reading = await readProject(project, withoutForeign(project, state.pending), context);
    // Not pending here and nowhere else: the list below does not show it.
    const environments = checkEnvironments(reading.migrations, config.environment);
    for (const warning of [...environments.problems.map(asWarning), ...environments.warnings])
      context.events.emit('warning', warning);
    const readable = new Map(reading.migrations.map((migration) => [migration.path, migration]));
    const pending = state.pending.filter((file) => {
      const migration = readable.get(file.path);
      return migration === undefined || runsIn(migration, config.environment.name);
    });
    return {
      environment: config.environment.name,
      database: databaseName(config),
      applied: state.applied.map(({ row }) => ({
        version: row.version,
        name: row.name,
        appliedAt: row.appliedAt,
        executionTimeMs: row.executionTimeMs,
        batch: row.batch,
        format: row.format as MigrationFormat,
        release: row.release,
        tags: row.tags,
      })),
      pending: pending.map((file) => ({
        version: file.version,
        name: file.name,
        format: file.format,
        risk: readable.get(file.path)?.metadata.risk ?? null,
      })),
      missing: state.missing.map(({ version, name }) => ({ version, name })),
      changed,
      outOfOrder: state.outOfOrder.map(({ version, name }) => ({ version, name })),
      failed: await failedItems(state, prepared),
    };
  });
}

/** What a setting of another tool's does not do is told when something runs; status is called all day. */
const isAboutSettings = ({ code }: Warning): boolean => code === 'setting-unsupported';

function asWarning({ message, hint }: LockkeeperError): Warning {
  return { code: 'environment-unknown', message, ...(hint === undefined ? {} : { hint }) };
}

/** How far a backfill has come is read only where a migration is unfinished. */
async function failedItems(state: MigrationState, prepared: Prepared): Promise<readonly FailedItem[]> {
  if (state.unfinished.length === 0) return [];
  const { opened, tables, installation } = prepared;
  const { percentOf } = await import('./backfill.js'); // not before: most calls of status never need it
  const known = installation.schemaVersion >= versionOfBackfills;
  const rows = known ? await readBackfills(opened.session, tables) : [];
  return state.unfinished.map((unfinished) => {
    const item = failedItem(unfinished, state);
    const row = rows.find(
      (one) => one.open && migrationKey(one) === migrationKey(unfinished) && one.action === unfinished.action,
    );
    if (row === undefined) return item;
    const { table, done, total, key, cursor, pausedAt } = row;
    return { ...item, backfill: { table, done, total, percent: percentOf(row), key, cursor, pausedAt } };
  });
}

function failedItem(unfinished: UnfinishedMigration, state: MigrationState): FailedItem {
  const file = state.pending.find((candidate) => candidate.version === unfinished.version);
  const applied = state.applied.find(({ row }) => row.version === unfinished.version);
  return {
    version: unfinished.version,
    name: file?.name ?? applied?.row.name ?? '',
    direction: unfinished.action === 'apply' ? 'up' : 'down',
    completedSteps: unfinished.steps.filter((step) => step.status === 'completed').length,
  };
}

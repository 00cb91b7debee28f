import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import type { RunReport } from '../core/report.js';
import { companions, emptyHistory, type HistoryTables } from '../history/index.js';
import { MessageRefused, type Session } from '../pg/index.js';
import { compareState } from '../plan/state.js';
import { quoteIdent } from '../sql/quote.js';
import { checkProject } from './check-project.js';
import { type Ask, assertNotProtected, confirmDanger } from './confirm.js';
import { objectsQuery } from './fresh-objects.js';
import type { ConfirmOptions, ResetReport } from './lockkeeper.js';
import { listProject, throwProblems } from './migrations.js';
import { assertSessionLock } from './pooled.js';
import { prepareToRun } from './prepare.js';
import { assertEnvironment, type Prepared } from './prepare-read.js';
import { databaseName, withDatabase } from './session.js';
import { up } from './up.js';

/** One object to drop: what people read, and the statement. */
interface DropTarget {
  readonly name: string;
  readonly statement: string;
}

/** Objects that go in one transaction; each locks several relations, and the lock table is small. */
const dropsPerTransaction = 50;

/**
 * Drops every object that is not the system's or an extension's, whether or not a migration made it, and applies
 * everything. Extensions stay: another role may have had to install them.
 * @throws {PROTECTED_ENVIRONMENT} {ENVIRONMENT_MISMATCH} {CONFIRMATION_MISSING}
 */
export async function fresh(
  config: ResolvedConfig,
  context: Context,
  request: { readonly options: ConfirmOptions; readonly ask: Ask | undefined },
): Promise<ResetReport> {
  assertNotProtected(config, 'fresh');
  const removed = await withDatabase(config, context, async (opened) => {
    const { session } = opened;
    const prepared = await prepareToRun(config, context, opened);
    assertSessionLock(prepared, 'fresh');
    assertEnvironment(config, prepared.installation, 'fresh');
    await assertApplicable(config, context, prepared);
    const targets = await findTargets(session, config);
    await confirmDanger(
      config,
      {
        verb: 'fresh',
        message: `Drop all ${targets.length} objects of ${databaseName(config)}, with their data, and apply every migration?`,
        plan: targets.map((target) => target.name),
      },
      { ...request.options, ask: request.ask },
    );
    await dropAll(session, targets);
    await dropHistory(session, prepared.tables);
    return targets.map((target) => target.name);
  });
  return { removed, up: (await up(config, context, {})) as RunReport };
}

/** Nothing is dropped for migrations that could not be applied. */
async function assertApplicable(config: ResolvedConfig, context: Context, prepared: Prepared): Promise<void> {
  const project = await listProject(config);
  const state = compareState(project.files, emptyHistory);
  const { session } = prepared.opened;
  const { environment } = config;
  const { problems } = await checkProject(project, { state, session, context, environment, gone: [] });
  throwProblems(problems);
}

async function findTargets(session: Session, config: ResolvedConfig): Promise<readonly DropTarget[]> {
  const { schema, table } = config.history;
  const ours = [table, ...Object.values(companions)];
  return await session.query<DropTarget & Record<string, unknown>>(objectsQuery, [schema, ours]);
}

/** Our tables go last. Their schema goes with them, unless it is public, or the home of an extension. */
async function dropHistory(session: Session, tables: HistoryTables): Promise<void> {
  const rows = await session.query<{ shared: boolean }>(
    `select $1 = 'public' or exists (select from pg_extension e join pg_namespace n on n.oid = e.extnamespace
                                     where n.nspname = $1) as shared`,
    [tables.schema],
  );
  const { migrations, log, info, lease, backfills, errors } = tables;
  const ours = [migrations, log, info, lease, backfills, errors];
  await session.send(
    rows[0]?.shared === false
      ? `drop schema if exists ${quoteIdent(tables.schema)} cascade`
      : `drop table if exists ${ours.join(', ')} cascade`,
  );
}

/** CASCADE takes what depends on an object with it, so later targets may be gone: IF EXISTS. */
async function dropAll(session: Session, targets: readonly DropTarget[]): Promise<void> {
  for (let start = 0; start < targets.length; start += dropsPerTransaction) {
    const part = targets.slice(start, start + dropsPerTransaction);
    try {
      await session.send(['begin', ...part.map((target) => target.statement), 'commit'].join(';\n'));
    } catch (error) {
      if (session.lost === null) await session.send('rollback');
      if (!(error instanceof MessageRefused)) throw error;
      const failed = part[error.completed - 1];
      throw new LockkeeperError('QUERY_FAILED', {
        message: `${failed?.name ?? 'An object'} could not be dropped: ${error.server.message}.`,
        hint: error.server.hint ?? 'Drop it by hand as its owner, and run the command again.',
        details: { object: failed?.name, sqlstate: error.server.code },
        cause: error,
      });
    }
  }
}

import { formatDuration } from '../core/duration.js';
import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import type { Warning } from '../core/report.js';
import { executePlan } from '../execute/index.js';
import { type Migration, migrationKey } from '../migration/migration.js';
import { checkDependencies } from '../migration/order.js';
import { assertLocksFit } from '../plan/lock-capacity.js';
import { orderByDependencies } from '../plan/order.js';
import type { Plan } from '../plan/plan.js';
import { assertSelection, explainNothing, type ExactSelection, selectUp } from '../plan/select.js';
import { compareState, type MigrationState } from '../plan/state.js';
import type { Session } from '../pg/index.js';
import type { RunHook } from '../source/index.js';
import { aroundRun, hookNote } from './around-run.js';
import { checkEnvironments, runsIn } from './check-environments.js';
import { findSyntaxProblems, scriptsOf } from './check-syntax.js';
import { type Ask, confirmDanger } from './confirm.js';
import { renderDryRun } from './dry-run.js';
import type { UpOptions, UpReport } from './lockkeeper.js';
import {
  beginListing,
  findChanged,
  historyProblems,
  type ProjectFiles,
  readProject,
  throwProblems,
} from './migrations.js';
import { planRun } from './plan-run.js';
import { assertPoolable } from './pooled.js';
import { createRun, prepareToRun } from './prepare.js';
import { type Prepared, prepareToRead } from './prepare-read.js';
import { followed, viewed } from './foreign.js';
import { previewLock } from './run-lock.js';
import { closeDatabase, openDatabase } from './session.js';

/** `exactly` is for `redo`: these were applied before, in this order, so that the policy of order is not asked again. */
export type UpWork = UpOptions & Pick<ExactSelection, 'exactly'> & { readonly ask?: Ask | undefined };

/** Applies what is pending. Everything that can be known to be wrong is found before the first statement runs. */
export async function up(config: ResolvedConfig, context: Context, options: UpWork): Promise<UpReport> {
  assertSelection(options);
  const listing = await beginListing(config);
  const opened = await openDatabase(config, context);
  try {
    const begun =
      options.dryRun === true
        ? await prepareToRead(config, opened)
        : await prepareToRun(config, context, opened);
    const project = await listing.finished;
    const prepared =
      begun.lock === null
        ? await viewed(project, begun)
        : await followed(config, context, { project, prepared: { ...begun, lock: begun.lock } });
    const { plan, hooks } = await planUp(config, context, { options, project, prepared });
    await assertPoolable(config, prepared, plan);
    for (const warning of plan.warnings) context.events.emit('warning', warning);
    if (options.dryRun !== true && plan.migrations.length > 0) await confirmCancelling(config, options);
    const lock = prepared.lock ?? (await previewLock(config, prepared));
    const run = createRun(config, context, { ...prepared, lock, direction: 'up' });
    return options.dryRun === true
      ? renderDryRun(run, plan)
      : await aroundRun(run, hooks, () => executePlan(run, plan));
  } finally {
    await closeDatabase(opened);
  }
}

/** Other people's sessions are ended in a protected environment only when somebody has said so by its name. */
async function confirmCancelling(config: ResolvedConfig, options: UpWork): Promise<void> {
  const { environment, run } = config;
  if (!environment.protected || run.cancelBlockersAfterMs === 0) return;
  const after = formatDuration(run.cancelBlockersAfterMs);
  const message = `Sessions that stand in the way for ${after} will be cancelled, or ended where they are idle in a transaction, in ${environment.name}. Go on?`;
  await confirmDanger(config, { verb: 'up', message, plan: [] }, { ...options, ask: options.ask });
}

interface UpRequest {
  readonly options: UpWork;
  readonly project: ProjectFiles;
  readonly prepared: Prepared;
}

interface PlannedUp {
  readonly plan: Plan;
  readonly hooks: readonly RunHook[];
}

async function planUp(config: ResolvedConfig, context: Context, request: UpRequest): Promise<PlannedUp> {
  const { options, project, prepared } = request;
  const { session } = prepared.opened;
  const state = compareState(project.files, prepared.history);
  const changed = await findChanged(project, state, { session, tables: prepared.tables, context });
  const reading = await readProject(project, state.pending, context);
  const hooks = reading.hooks ?? [];
  const syntax = await findSyntaxProblems(session, [
    ...reading.migrations.flatMap(scriptsOf),
    ...hooks.map(({ script }) => script),
  ]);
  const environments = checkEnvironments(reading.migrations, config.environment);
  const found = [
    ...project.problems,
    ...historyProblems(state, changed),
    ...reading.problems,
    ...environments.problems,
    ...checkDependencies(reading.migrations, [...project.files, ...state.missing]),
    ...syntax,
  ];
  const planOf = (migrations: readonly Migration[]): ReturnType<typeof planRun> =>
    planRun({
      direction: 'up',
      candidates: migrations.map((migration) => ({
        migration,
        script: migration.up,
        stored: false,
      })),
      state,
      session,
      singleTransaction: options.singleTransaction === true,
    });
  const isHere = (migration: Migration): boolean => runsIn(migration, config.environment.name);
  const here = reading.migrations.filter(isHere);
  const elsewhere = reading.migrations.filter((migration) => !isHere(migration));
  // One report for everything: what cannot be cut into steps is told together with the rest.
  if (found.length > 0) throwProblems([...found, ...(await planOf(here)).problems]);
  assertNothingHalfUndone(state);
  const ordered = orderByDependencies(here);
  const chosen = selectUp(ordered, { applied: prepared.history.applied, elsewhere }, options);
  const nothing = explainNothing(chosen, prepared.history.applied, options);
  const { plan, problems } = await planOf(chosen);
  throwProblems(problems);
  if (plan.migrations.some(({ steps }) => steps.some(({ kind }) => kind === 'backfill')))
    throwProblems(await (await backfillChecks()).findBackfillProblems(session, plan));
  if (plan.singleTransaction) await assertSingleTransaction(session, chosen);
  const warnings = [
    ...prepared.warnings,
    ...reading.warnings,
    ...environments.warnings,
    ...(options.exactly === undefined ? outOfOrderWarnings(config, state, chosen) : []),
    ...plan.warnings,
    ...(nothing === null ? [] : [nothing]),
    ...(options.dryRun === true ? hooks.map(hookNote) : []),
  ];
  return { plan: { ...plan, warnings }, hooks };
}

/** Loaded only where a plan holds a backfill. */
const backfillChecks = () => import('../execute/backfill/preflight.js');

function assertNothingHalfUndone(state: MigrationState): void {
  const half = state.unfinished.find((open) => open.action === 'rollback');
  if (half === undefined) return;
  throw new LockkeeperError('RECOVERY_UNDECIDED', {
    message: `The rollback of migration ${half.version} was interrupted, and a part of it is committed.`,
    hint: state.applied.some(({ row }) => migrationKey(row) === migrationKey(half))
      ? `Finish it first: lockkeeper down --only ${half.version}.`
      : `Look at the database, and settle it: lockkeeper mark ${half.version} --applied or --pending --why "…".`,
    details: { version: half.version },
  });
}

async function assertSingleTransaction(session: Session, chosen: readonly Migration[]): Promise<void> {
  const rows = await session.query<{ per_transaction: number; slots: number }>(/* sql */ `
    select current_setting('max_locks_per_transaction')::int as per_transaction,
           current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int
             + current_setting('autovacuum_max_workers')::int + current_setting('max_worker_processes')::int
             + current_setting('max_wal_senders')::int + 1 as slots`);
  const row = rows[0];
  if (row === undefined) return;
  assertLocksFit(chosen, { maxLocksPerTransaction: row.per_transaction, slots: row.slots });
}

/**
 * A migration that was merged late is pending like any other; what happens to it is the project's policy.
 * @throws {OUT_OF_ORDER_REFUSED}
 */
function outOfOrderWarnings(
  config: ResolvedConfig,
  state: MigrationState,
  chosen: readonly Migration[],
): readonly Warning[] {
  if (config.outOfOrder === 'allow') return [];
  const running = new Set(chosen.map((migration) => migration.path));
  const late = state.outOfOrder.filter((file) => running.has(file.path));
  if (late.length === 0) return [];
  const names = late.map(({ version, name }) => `${version} ${name}`).join(', ');
  if (config.outOfOrder === 'warn') {
    return [
      {
        code: 'out-of-order',
        message: `Older than what is applied already, and run now: ${names}.`,
        hint: 'Set outOfOrder to allow or refuse to settle it for good.',
      },
    ];
  }
  throw new LockkeeperError('OUT_OF_ORDER_REFUSED', {
    message: `Pending, and older than what is applied: ${names}.`,
    hint: 'Give the files newer versions, or allow it: outOfOrder: "warn" in the configuration of this environment.',
    details: { versions: late.map((file) => file.version) },
  });
}

import { LockkeeperError } from '../core/errors.js';
import type { Direction, Warning } from '../core/report.js';
import { type Migration, type Script, type SqlScript, migrationKey } from '../migration/migration.js';
import type { SavedRows } from '../migration/backfill.js';
import type { Step } from '../migration/step.js';
import { foldName } from '../sql/object-name.js';
import type { Statement } from '../sql/statement.js';
import type { Session } from '../pg/index.js';
import { findKeptSettings } from '../plan/kept-session.js';
import { type Batches, readBatches } from '../plan/batches.js';
import { isPlain } from '../plan/plain.js';
import type { Plan, PlannedMigration } from '../plan/plan.js';
import type { MigrationState } from '../plan/state.js';
import { planSteps } from '../plan/steps.js';

/** One migration on its way into a plan. */
export interface Candidate {
  readonly migration: Migration;
  readonly script: Script | null;
  /** The script comes from the history table, because the file is gone. */
  readonly stored: boolean;
}

export interface PlanRequest {
  readonly direction: Direction;
  readonly candidates: readonly Candidate[];
  readonly state: MigrationState;
  readonly session: Session;
  readonly singleTransaction: boolean;
  /** Old values that backfills have kept, by migration; the way back begins with them. */
  readonly saved?: ReadonlyMap<string, readonly SavedRows[]>;
}

/** Cuts every script into steps. Mistakes of all migrations are collected; the plan is good only without any. */
export async function planRun(
  request: PlanRequest,
): Promise<{ readonly plan: Plan; readonly problems: readonly LockkeeperError[] }> {
  const { direction, candidates, state, singleTransaction } = request;
  const partitioned = await findPartitioned(request);
  const batches = await readBatches(
    candidates.map(({ script }) => script),
    { singleTransaction },
  );
  const problems: LockkeeperError[] = [...batches.problems];
  const warnings: Warning[] = [];
  const action = direction === 'up' ? 'apply' : 'rollback';
  const migrations = candidates.map(({ migration, script }): PlannedMigration => {
    const plain = script === null || isPlain(script);
    const cut = cutScript(migration, script, { request, partitioned, plain, batches });
    problems.push(...cut.problems);
    warnings.push(...cut.warnings);
    const isLast = migration === candidates.at(-1)?.migration;
    if (singleTransaction && !isLast && cut.commitAfter !== null)
      problems.push(needsCommit(migration, cut.commitAfter));
    const unfinished = state.unfinished.find(
      (open) => migrationKey(open) === migrationKey(migration) && open.action === action,
    );
    return {
      migration,
      script: script ?? emptyScript(migration),
      plain,
      steps: withRestores(cut.steps, request.saved?.get(migrationKey(migration))),
      open: unfinished?.steps ?? [],
      notResumable: cut.notResumable,
      flushes: isLast || (script?.kind === 'code' && script.ownConnection),
    };
  });
  warnings.push(...findKeptSettings(migrations));
  return { plan: { direction, migrations, warnings, singleTransaction }, problems };
}

interface Cut {
  readonly steps: readonly Step[];
  readonly problems: readonly LockkeeperError[];
  readonly warnings: readonly Warning[];
  readonly notResumable: string | null;
  readonly commitAfter: Statement | null;
}

function cutScript(
  migration: Migration,
  script: Script | null,
  about: {
    readonly request: PlanRequest;
    readonly partitioned: ReadonlySet<string>;
    readonly plain: boolean;
    readonly batches: Batches;
  },
): Cut {
  const { transaction: modeUp, transactionDown } = migration.metadata;
  const mode = about.request.direction === 'up' ? modeUp : (transactionDown ?? modeUp);
  const none = { problems: [], warnings: [], notResumable: null, commitAfter: null };
  if (script === null) return { ...none, steps: [] };
  if (script.kind === 'code') {
    const transaction = mode !== 'none';
    const step: Step = { kind: 'code', number: 1, hash: migration.checksum, transaction };
    const refused = about.request.singleTransaction && !transaction;
    return { ...none, steps: [step], problems: refused ? [codeWithoutTransaction(migration)] : [] };
  }
  return planSteps(script, {
    mode,
    plain: about.plain,
    serverMajor: about.request.session.info.major,
    singleTransaction: about.request.singleTransaction,
    batches: about.batches.shapes,
    relationKind: (relation) =>
      about.partitioned.has(relation) || about.partitioned.has(lastPart(relation)) ? 'partitioned' : 'plain',
  });
}

/** The values go back first, the last that were kept before all others: what the author wrote may drop their columns. */
function withRestores(steps: readonly Step[], saved: readonly SavedRows[] | undefined): readonly Step[] {
  if (saved === undefined || saved.length === 0) return steps;
  const restores = saved
    .toSorted((a, b) => b.ofStep - a.ofStep)
    .map((rows, index): Step => ({ kind: 'restore', number: index + 1, hash: rows.savedTable, saved: rows }));
  return [...restores, ...steps.map((step) => renumbered(step, step.number + restores.length))];
}

/** The hash is a getter of the class, which a copy would lose. */
function renumbered(step: Step, number: number): Step {
  return { ...step, number, hash: step.hash };
}

/** A value added to an enum cannot be used before a commit (55P04), also not by a later migration. */
function needsCommit(migration: Migration, statement: Statement): LockkeeperError {
  return new LockkeeperError('SINGLE_TRANSACTION_IMPOSSIBLE', {
    message: `Migration ${migration.version} ends with ${statement.traits.label}, which needs a commit before the next migration.`,
    hint: 'Run without --single-transaction, or make it the last migration of the run.',
    details: { version: migration.version },
  });
}

function codeWithoutTransaction({ version }: Migration): LockkeeperError {
  return new LockkeeperError('SINGLE_TRANSACTION_IMPOSSIBLE', {
    message: `The run cannot be one transaction: migration ${version} is code that asks for no transaction.`,
    hint: 'Run without --single-transaction, or leave this migration out of the run.',
    details: { version },
  });
}

const emptyScript = (migration: Migration): SqlScript => ({
  kind: 'sql',
  text: '',
  statements: [],
  file: migration.path,
  lineOffset: 0,
});

/** `"App".orders` → `orders`: a file may write one name in several ways. */
const lastPart = (name: string): string => foldName(name).split('.').at(-1) ?? name;

/**
 * Partitioned tables, and indexes on them, that this very run makes. The name alone is compared: a plain table of the
 * same name that is taken for one of them runs outside a transaction, which it may as well.
 */
function willBePartitioned(
  candidates: readonly Candidate[],
  known: ReadonlySet<string>,
): ReadonlySet<string> {
  const names = new Set([...known].flatMap((name) => [name, lastPart(name)]));
  for (const { script } of candidates) {
    for (const { traits, start, end } of script?.kind === 'sql' ? script.statements : []) {
      const [, kind, name] = /^(table|index) ([^]+)$/.exec(traits.creates ?? '') ?? [];
      if (kind === undefined || name === undefined) continue;
      const parent = traits.relation === null ? false : names.has(lastPart(traits.relation));
      const divided = /\bpartition\s+by\b/i.test((script as SqlScript).text.slice(start, end));
      if (kind === 'table' ? divided : parent) names.add(lastPart(name));
    }
  }
  return names;
}

/** REINDEX TABLE and CLUSTER t read the same for plain and partitioned relations; only the catalog tells (ENGINE B10). */
async function findPartitioned(request: PlanRequest): Promise<ReadonlySet<string>> {
  const names = request.candidates
    .flatMap(({ script }) => (script?.kind === 'sql' ? script.statements : []))
    .filter(({ traits }) => traits.inTransaction === 'relkind' && traits.relation !== null)
    .map(({ traits }) => traits.relation as string);
  if (names.length === 0) return new Set();
  const rows = await request.session.query<{ name: string }>(
    `select name from unnest($1::text[]) name join pg_class c on c.oid = to_regclass(name) where c.relkind in ('p', 'I')`,
    [names],
  );
  return willBePartitioned(request.candidates, new Set(rows.map((row) => row.name)));
}

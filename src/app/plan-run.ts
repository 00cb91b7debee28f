import { LockkeeperError } from '../core/errors.js';
import type { Direction, Warning } from '../core/report.js';
import type { AppliedMigration } from '../history/index.js';
import type { Migration, Script, SqlScript } from '../migration/migration.js';
import type { Step } from '../migration/step.js';
import type { Statement } from '../sql/statement.js';
import type { Session } from '../pg/index.js';
import type { Plan, PlannedMigration } from '../plan/plan.js';
import { migrationKey, type MigrationState } from '../plan/state.js';
import { planSteps } from '../plan/steps.js';

/** One migration on its way into a plan. */
export interface Candidate {
  readonly migration: Migration;
  readonly script: Script | null;
  readonly row: AppliedMigration | null;
  /** The script comes from the history table, because the file is gone. */
  readonly stored: boolean;
}

export interface PlanRequest {
  readonly direction: Direction;
  readonly candidates: readonly Candidate[];
  readonly state: MigrationState;
  readonly session: Session;
  readonly singleTransaction: boolean;
}

/** Cuts every script into steps. Mistakes of all migrations are collected; the plan is good only without any. */
export async function planRun(
  request: PlanRequest,
): Promise<{ readonly plan: Plan; readonly problems: readonly LockkeeperError[] }> {
  const { direction, candidates, state, singleTransaction } = request;
  const partitioned = await findPartitioned(request);
  const problems: LockkeeperError[] = [];
  const warnings: Warning[] = [];
  const action = direction === 'up' ? 'apply' : 'rollback';
  const migrations = candidates.map(({ migration, script, row }): PlannedMigration => {
    const cut = cutScript(migration, script, { request, partitioned });
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
      steps: cut.steps,
      open: unfinished?.steps ?? [],
      row,
      notResumable: cut.notResumable,
    };
  });
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
  about: { readonly request: PlanRequest; readonly partitioned: ReadonlySet<string> },
): Cut {
  const { transaction: modeUp, transactionDown } = migration.metadata;
  const mode = about.request.direction === 'up' ? modeUp : (transactionDown ?? modeUp);
  const none = { problems: [], warnings: [], notResumable: null, commitAfter: null };
  if (script === null) return { ...none, steps: [] };
  if (script.kind === 'code') {
    const transaction = mode !== 'none';
    const step: Step = { kind: 'code', number: 1, hash: migration.checksum, transaction };
    return { ...none, steps: [step] };
  }
  return planSteps(script, {
    mode,
    serverMajor: about.request.session.info.major,
    singleTransaction: about.request.singleTransaction,
    relationKind: (relation) => (about.partitioned.has(relation) ? 'partitioned' : 'plain'),
  });
}

/** A value added to an enum cannot be used before a commit (55P04), also not by a later migration. */
function needsCommit(migration: Migration, statement: Statement): LockkeeperError {
  return new LockkeeperError('SINGLE_TRANSACTION_IMPOSSIBLE', {
    message: `Migration ${migration.version} ends with ${statement.traits.label}, which needs a commit before the next migration.`,
    hint: 'Run without --single-transaction, or make it the last migration of the run.',
    details: { version: migration.version },
  });
}

const emptyScript = (migration: Migration): SqlScript => ({
  kind: 'sql',
  text: '',
  statements: [],
  file: migration.path,
  lineOffset: 0,
});

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
  return new Set(rows.map((row) => row.name));
}

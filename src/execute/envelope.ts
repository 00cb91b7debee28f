import { sha256 } from '../core/hash.js';
import type { Direction } from '../core/report.js';
import {
  claimApply,
  claimRollback,
  claimStep,
  claimUndo,
  closeApply,
  closeRollback,
  completeStep,
  executeClaim,
  executeFinish,
  finishApply,
  finishRollback,
  type HistoryRow,
  type HistoryTables,
  type JournalStep,
  linkForeign,
  type Preparation,
  prepareLinks,
  setMark,
  unlinkForeign,
} from '../history/index.js';
import type { Migration, SqlScript } from '../migration/migration.js';
import type { Step, TransactionStep } from '../migration/step.js';
import { isAtomic, type PlannedMigration } from '../plan/plan.js';
import { commitMode } from './durability.js';
import { lockShareOfStep } from './lock-share.js';
import { buildMessages, ours, type Part, theirs, validation } from './parts.js';
import type { Run } from './run.js';

/** One step of one migration on its way through a run. */
export interface StepRun {
  readonly planned: PlannedMigration;
  readonly step: Step;
  /** SET statements of earlier steps that have to hold in this one: all after a resume, roles otherwise. */
  readonly replay: readonly Part[];
  /** All migrations share one transaction, which is begun and committed outside. */
  readonly insideSingleTransaction: boolean;
  /** Set where the step is one of several messages under way. */
  readonly chain?: Chain;
}

/** What ties a message to its neighbours, for `LookAhead`. */
export interface Chain {
  /** The statements that the session holds prepared, or is to prepare at the end of the message. */
  readonly prepared: Preparation;
  /** The mark that has to stand; null for the first of the chain, which prepares what the others execute. */
  readonly after: string | null;
  /** The mark that the message leaves when it commits. */
  readonly mark: string;
}

const isLast = (run: StepRun): boolean => run.step.number === run.planned.steps.length;

/**
 * A transactional step as one unit: BEGIN, claim, the user's statements, our role again, the rest of the history,
 * COMMIT (ENGINE A6), and after the last step the session as it was (B12).
 */
export function transactionParts(
  run: Run,
  stepRun: StepRun & { readonly step: TransactionStep },
): readonly Part[] {
  const { planned, step } = stepRun;
  const script = planned.script as SqlScript;
  return [
    ...opening(run, stepRun, step.begin),
    ...step.statements.map((statement) => theirs(script, statement)),
    ...closing(run, stepRun),
    ...chainHead(stepRun.chain),
  ];
}

/** What the first message of a chain leaves for the others. */
function chainHead(chain: Chain | undefined): readonly Part[] {
  if (chain === undefined || chain.after !== null) return [];
  return [
    ours(setMark(chain.mark), 'SET'),
    ...prepareLinks(chain.prepared).map((text) => ours(text, 'PREPARE')),
  ];
}

/** Everything before the user's own statements. */
export function opening(run: Run, stepRun: StepRun, beginOptions: string | null): readonly Part[] {
  const { planned, step } = stepRun;
  const before = step.number === 1 && run.direction === 'up' ? planned.migration.validateBefore : null;
  return [
    ...(stepRun.insideSingleTransaction
      ? []
      : [
          ...run.frame.begin(stepName(planned, step), beginOptions),
          ...commitMode(run, planned),
          ...lockShareOfStep(run, planned, step),
        ]),
    claim(run, stepRun),
    ...validationParts(before),
    ...stepRun.replay,
  ];
}

/** Everything after them. */
export function closing(run: Run, stepRun: StepRun): readonly Part[] {
  const { planned } = stepRun;
  const last = isLast(stepRun);
  // A plain script cannot have touched the session, so there is nothing to put back.
  const plain = planned.plain && stepRun.replay.length === 0;
  const after = last && run.direction === 'up' ? planned.migration.validateAfter : null;
  return [
    // The history is written by our role, whatever SET ROLE the file has left behind (42501 otherwise).
    ...(plain ? [] : [run.frame.ourRole]),
    ...validationParts(after),
    ...finish(run, stepRun, last),
    ...(stepRun.insideSingleTransaction ? [] : committing(run)),
    ...(last && !plain ? hygieneAfter(run, planned.migration) : []),
  ];
}

/** For those who watch the server; see `Frame.begin`. */
const stepName = ({ migration }: PlannedMigration, step: Step): string =>
  `${migration.version}:${step.number}`;

/** The end of a transaction. */
export function committing(run: Run): readonly Part[] {
  return [...run.frame.renewal, ours('commit', 'COMMIT')];
}

function claim(run: Run, stepRun: StepRun): Part {
  const { planned, chain } = stepRun;
  const { migration } = planned;
  const answer = run.direction === 'up' ? 'INSERT 0 1' : 'SELECT 1';
  if (chain !== undefined && chain.after !== null)
    return ours(executeClaim(chain.prepared, historyRow(migration), chain.after), answer);
  if (!isAtomic(planned)) {
    const text = claimStep(run.tables, journalStep(run, stepRun, null), run.stamp, run.guard);
    return ours(text, 'INSERT 0 1');
  }
  return run.direction === 'up'
    ? ours(claimApply(run.tables, historyRow(migration), run.stamp, run.guard), answer)
    : ours(claimBack(run, stepRun), answer);
}

function claimBack({ tables, guard }: Run, { planned: { migration }, step }: StepRun): string {
  return step.kind === 'code' ? claimUndo(tables, migration, guard) : claimRollback(tables, migration, guard);
}

function finish(run: Run, stepRun: StepRun, last: boolean): readonly Part[] {
  const { planned, chain } = stepRun;
  if (chain !== undefined && chain.after !== null)
    return [
      ours(executeFinish(chain.prepared, planned.migration, chain.mark), 'INSERT 0 1'),
      ...foreignRows(run, planned),
    ];
  if (isAtomic(planned)) {
    const text =
      run.direction === 'up'
        ? finishApply(run.tables, planned.migration, run.stamp)
        : finishRollback(run.tables, planned.migration, run.stamp);
    return [ours(text, 'INSERT 0 1'), ...foreignRows(run, planned)];
  }
  const done = ours(completeStep(run.tables, journalStep(run, stepRun, null)), 'UPDATE 1');
  // Under a lease the claim of this step holds the row already; and a transaction with a snapshot from before a
  // heartbeat could not lock it again (40001).
  const guard = run.lease === null ? run.guard : '1';
  return last ? [done, ...closeMigration(run, planned, guard)] : [done];
}

/** The statements that turn finished steps into history. They belong in one transaction. */
export function closeMigration(run: Run, planned: PlannedMigration, guard: string): readonly Part[] {
  const { migration } = planned;
  const statements =
    run.direction === 'up'
      ? closeApply(run.tables, historyRow(migration), run.stamp, guard)
      : closeRollback(run.tables, migration, run.stamp, guard);
  return [...statements.map((text) => ours(text)), ...foreignRows(run, planned)];
}

function foreignRows({ foreign, direction, tables }: Run, planned: PlannedMigration): readonly Part[] {
  const { migration, open } = planned;
  const about = { migration, direction, settles: open.length > 0 };
  return foreignStatements({ foreign }, tables, about).map((text) => ours(text));
}

/** What the other tool is told of a migration that stopped partly applied. */
export function foreignUnfinished({ foreign, direction }: Run, migration: Migration): readonly string[] {
  if (direction === 'down' || !foreign.has(migration.source)) return [];
  return migration.foreign?.unfinished?.() ?? [];
}

/** What the history of another tool is told, in the transaction that writes ours. */
export function foreignStatements(
  { foreign }: Pick<Run, 'foreign'>,
  tables: HistoryTables,
  {
    migration,
    direction,
    settles = false,
  }: {
    readonly migration: Migration;
    readonly direction: Direction;
    /** It was begun before, and the other tool may have been told. */
    readonly settles?: boolean;
  },
): readonly string[] {
  const run = foreign.get(migration.source);
  if (run === undefined || migration.foreign === undefined) return [];
  const { applied, undone, settled } = migration.foreign;
  const before = settles ? (settled?.() ?? []) : [];
  return direction === 'up'
    ? [...before, ...applied(run), linkForeign(tables, migration, migration.foreignKey ?? migration.version)]
    : [...before, ...undone(run), unlinkForeign(tables, migration)];
}

/**
 * The session as it was before the migration (ENGINE B12); or, where the tool that it was written for leaves settings
 * to the migrations behind it, only our own budgets again.
 */
export function hygieneAfter({ frame, options }: Run, { keepsSession }: Migration): readonly Part[] {
  if (keepsSession !== true) return frame.hygiene;
  const { lockTimeoutMs, statementTimeoutMs } = options;
  return [
    ours(`set lock_timeout = ${lockTimeoutMs}; set statement_timeout = ${statementTimeoutMs}`, null, 2),
  ];
}

/** Closes a migration whose last step was no transaction: validation and history in a transaction of their own. */
export function closingTransaction(run: Run, planned: PlannedMigration): readonly Part[] {
  const after = run.direction === 'up' ? planned.migration.validateAfter : null;
  return [
    ...run.frame.begin(planned.migration.version),
    ...validationParts(after),
    ...closeMigration(run, planned, run.guard),
    ...committing(run),
    ...hygieneAfter(run, planned.migration),
  ];
}

/** Queries that must return no row; none where the migration has no such section. */
export function validationParts(script: SqlScript | null): readonly Part[] {
  if (script === null) return [];
  return script.statements.map((statement) => validation(script, statement));
}

export function journalStep(
  run: Run,
  stepRun: Pick<StepRun, 'planned' | 'step'>,
  preState: string | null,
): JournalStep {
  return {
    key: stepRun.planned.migration,
    action: run.direction === 'up' ? 'apply' : 'rollback',
    step: stepRun.step.number,
    hash: stepRun.step.hash,
    preState,
    repeatedChecksum: stepRun.planned.migration.repeatable ? stepRun.planned.migration.checksum : null,
  };
}

export function historyRow(migration: Migration): HistoryRow {
  const { metadata, down } = migration;
  const stored = down !== null && down.kind === 'sql' ? down.text : null;
  return {
    source: migration.source,
    version: migration.version,
    name: migration.name,
    release: metadata.release,
    description: metadata.description,
    author: metadata.author,
    format: migration.format,
    checksum: migration.checksum,
    tokenChecksum: migration.tokenChecksum,
    depends: metadata.depends,
    rollbackAvailable: down !== null,
    downScript: stored,
    downScriptHash: stored === null ? null : sha256(stored),
    repeatable: migration.repeatable,
  };
}

/** The messages around a code migration: what is known of it before it runs. */
export function codeFrame(run: Run, stepRun: StepRun): readonly string[] {
  return [...buildMessages(opening(run, stepRun, null)), ...buildMessages(closing(run, stepRun))].map(
    (message) => message.text,
  );
}

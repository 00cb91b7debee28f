import type { SqlScript } from '../migration/migration.js';
import type { Migration } from '../migration/migration.js';
import type { Step, TransactionStep } from '../migration/step.js';
import type { PlannedMigration } from '../plan/plan.js';
import { commitMode } from './durability.js';
import { claim, closeMigration, finish } from './history-parts.js';
import { lockShareOfStep } from './lock-share.js';
import { buildMessages, ours, type Part, theirs, validation } from './parts.js';
import type { Run } from './run.js';
import type { Chain, StepRun } from './step-run.js';
import { prepareLinks, setMark } from '../history/index.js';

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

/** The messages around a code migration: what is known of it before it runs. */
export function codeFrame(run: Run, stepRun: StepRun): readonly string[] {
  return [...buildMessages(opening(run, stepRun, null)), ...buildMessages(closing(run, stepRun))].map(
    (message) => message.text,
  );
}

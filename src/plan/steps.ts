import type { LockkeeperError } from '../core/errors.js';
import type { Warning } from '../core/report.js';
import type { TransactionMode } from '../migration/metadata.js';
import type { SqlScript } from '../migration/migration.js';
import type { Step } from '../migration/step.js';
import { refusalOf } from '../sql/refusal.js';
import type { BatchShape } from '../sql/batchable.js';
import type { Statement } from '../sql/statement.js';
import { liftBegin, liftSetTransaction, refuseIdleSetTransaction } from './steps/begin-options.js';
import { readSections, type Section } from './steps/blocks.js';
import { aloneDraft, type Draft, finishSteps, transactionDraft } from './steps/draft.js';
import { groupStatements, openValue } from './steps/group.js';
import { checkSingleTransaction } from './steps/single-transaction.js';
import { checkLastValue, checkSplits } from './steps/split-state.js';
import { ScriptProblems } from './steps/problems.js';
import { findResumeObstacle } from './steps/resume.js';
import { readResumeDirectives } from './steps/resume-directive.js';

export interface StepOptions {
  readonly mode: TransactionMode;
  readonly serverMajor: number;
  /** `isPlain` of the script: there is nothing to split, refuse or warn of. @default false */
  readonly plain?: boolean;
  /** The whole run shares one transaction; whatever cannot is refused. @default false */
  readonly singleTransaction?: boolean;
  /**
   * Kind of a relation, by its name as written. REINDEX and CLUSTER run in a transaction unless their relation is
   * partitioned. @default every relation is a plain one
   */
  readonly relationKind?: (relation: string) => 'partitioned' | 'plain';
  /** The statements that run in batches, taken apart. @default none */
  readonly batches?: ReadonlyMap<Statement, BatchShape>;
}

/** How a script runs, or why it cannot. */
export interface StepPlan {
  /** Empty where there are problems. */
  readonly steps: readonly Step[];
  /** They point into the script's file. */
  readonly problems: readonly LockkeeperError[];
  readonly warnings: readonly Warning[];
  /** Whether a run that died between two steps can go on in a new session. */
  readonly resumable: boolean;
  /** Why it cannot, naming the line; null where it can. */
  readonly notResumable: string | null;
  /** ALTER TYPE … ADD VALUE in the last step, after which nothing may share its transaction; null for none. */
  readonly commitAfter: Statement | null;
}

/**
 * Cuts an SQL script into steps. Statements share a transaction wherever PostgreSQL allows it; those that it refuses
 * inside one travel alone; BEGIN and COMMIT of the file are understood and never sent. Pure: nothing is executed.
 */
export function planSteps(script: SqlScript, options: StepOptions): StepPlan {
  if (options.plain === true && options.mode === 'auto') return oneStep(script);
  const problems = new ScriptProblems(script);
  refuseSessionCommands(script.statements, problems);
  const drafts = draftSteps(readSections(script.statements, problems), options, problems);
  checkSplits(script, drafts, problems);
  checkLastValue(script, drafts, problems);
  if (options.singleTransaction === true) checkSingleTransaction(drafts, options.serverMajor, problems);
  const obstacle = findResumeObstacle(script, drafts, problems);
  const needless = readResumeDirectives(script, drafts, problems);
  const last = drafts.at(-1);
  return {
    steps: problems.list.length > 0 ? [] : finishSteps(script, drafts, options.batches),
    problems: problems.list,
    warnings: [...needless, ...warningsOf(script, obstacle, problems)],
    resumable: obstacle === null,
    notResumable: obstacle,
    commitAfter: last === undefined ? null : openValue(last.statements, options.serverMajor),
  };
}

function oneStep(script: SqlScript): StepPlan {
  const draft = transactionDraft([...script.statements]);
  return { ...nothingToSay, steps: script.statements.length === 0 ? [] : finishSteps(script, [draft]) };
}

const nothingToSay = { problems: [], warnings: [], resumable: true, notResumable: null, commitAfter: null };

function draftSteps(sections: readonly Section[], options: StepOptions, problems: ScriptProblems): Draft[] {
  const isAlone = (statement: Statement): boolean =>
    options.batches?.has(statement) === true || refusesTransaction(statement);
  const refusesTransaction = ({ traits }: Statement): boolean =>
    traits.inTransaction === 'no' ||
    (traits.inTransaction === 'relkind' &&
      traits.relation !== null &&
      options.relationKind?.(traits.relation) === 'partitioned');
  const grouped = options.mode === 'auto' && sections.every(({ block }) => !block);
  return sections.flatMap((section) => {
    if (section.block) return draftBlock(section, isAlone, problems);
    if (!grouped) return draftAutocommit(section.statements, options, { isAlone, problems });
    const splitValidation = options.singleTransaction !== true;
    const { serverMajor } = options;
    return groupStatements(section.statements, { problems, isAlone, splitValidation, serverMajor });
  });
}

/** A BEGIN … COMMIT of the file is one transaction, because its author said so. */
function draftBlock(
  section: Section,
  isAlone: (statement: Statement) => boolean,
  problems: ScriptProblems,
): Draft[] {
  const draft: Draft = { ...transactionDraft(), block: true };
  liftBegin(draft, section, problems);
  for (const statement of section.statements) {
    if (statement.traits.control === 'set-transaction') liftSetTransaction(draft, statement, problems);
    else draft.statements.push(statement);
    if (!isAlone(statement) || section.begin === null) continue;
    problems.add('SINGLE_TRANSACTION_IMPOSSIBLE', statement, {
      message: `${statement.traits.label} cannot run inside the transaction of ${problems.place(section.begin)} (25001).`,
      hint: 'Move it before the BEGIN or after the COMMIT, or remove both: Lockkeeper then splits the file itself.',
    });
  }
  return draft.statements.length > 0 ? [draft] : [];
}

/**
 * Every statement commits by itself, as psql has it without BEGIN. Also in the mode `none` a statement that means the
 * same in a transaction of its own gets one: its journal row is committed with it, so a crash leaves nothing undecided.
 */
function draftAutocommit(
  statements: readonly Statement[],
  { mode, singleTransaction }: StepOptions,
  rules: { readonly isAlone: (statement: Statement) => boolean; readonly problems: ScriptProblems },
): Draft[] {
  const drafts: Draft[] = [];
  for (const statement of statements) {
    if (statement.traits.control === 'set-transaction') refuseIdleSetTransaction(statement, rules.problems);
    else if (rules.isAlone(statement)) drafts.push(aloneDraft(statement));
    else if (mode === 'none' && (singleTransaction === true || needsNoTransaction(statement)))
      drafts.push(aloneDraft(statement));
    else drafts.push(transactionDraft([statement]));
  }
  return drafts;
}

/**
 * Statements that may do something else inside a transaction: CALL and DO may commit by themselves; a query may call a
 * function that refuses to run there (pg_create_logical_replication_slot after a write, functions of extensions);
 * ANALYZE of many tables keeps its locks to the end; and of commands that are not known, nothing is known.
 */
function needsNoTransaction({ traits }: Statement): boolean {
  return traits.inTransaction === 'opaque' || !traits.certain || freeLabels.has(traits.label);
}

const freeLabels: ReadonlySet<string> = new Set([
  'SELECT',
  'VALUES',
  'TABLE',
  'EXECUTE',
  'EXPLAIN',
  'ANALYZE',
  'ANALYSE',
]);

function refuseSessionCommands(statements: readonly Statement[], problems: ScriptProblems): void {
  for (const statement of statements) {
    const { refused, label } = statement.traits;
    if (refused === null) continue;
    const { code, hint } = refusalOf(refused);
    problems.add(code, statement, { message: `${label} is refused. ${refused}`, hint });
  }
}

function warningsOf(script: SqlScript, obstacle: string | null, problems: ScriptProblems): Warning[] {
  const warnings: Warning[] = [];
  const timeout = script.statements.find(({ traits }) => traits.setsTimeout);
  if (timeout !== undefined) {
    warnings.push({
      code: 'timeout-in-file',
      message: `${script.file}: ${problems.place(timeout)} takes the place of Lockkeeper's own timeout from there on.`,
      hint: 'Remove it to keep the lock budget of the run.',
    });
  }
  if (obstacle !== null) {
    warnings.push({
      code: 'not-resumable',
      message: `${script.file}: a run that dies between the steps cannot go on by itself. ${obstacle}`,
      hint: 'Use what the session holds within one step, or split the migration there.',
    });
  }
  return warnings;
}

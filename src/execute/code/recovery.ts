import { isLockkeeperError, LockkeeperError } from '../../core/errors.js';
import { completeStep, failStep, type OpenStep } from '../../history/index.js';
import type { AloneStep } from '../../migration/step.js';
import { journalStep } from '../history-parts.js';
import type { StepRun } from '../step-run.js';
import { ourRole, ours } from '../parts.js';
import { settleStep } from '../recovery/settle.js';
import type { InterruptedStep } from '../recovery/undecided.js';
import type { Run } from '../run.js';
import { sendParts } from '../send-parts.js';
import { aloneScript } from './alone.js';
import type { Committed } from './replay.js';
import { isCommittedPiece, listStatements, type NextStatement, type SentStatement } from './sent.js';

/**
 * Finds out what an interrupted run of a code migration has committed. The function is called again only where the
 * journal can answer everything that it asked so far; otherwise a person is told what there is.
 * @throws {RECOVERY_UNDECIDED}
 */
export async function readCommitted(run: Run, stepRun: StepRun): Promise<Committed | null> {
  const { planned } = stepRun;
  const file = planned.script.kind === 'code' ? planned.script.file : planned.migration.path;
  const { version } = planned.migration;
  const statements: SentStatement[] = [];
  let nextStep = 1;
  let next: NextStatement | null = null;
  for (const open of [...planned.open].sort((a, b) => a.step - b.step)) {
    if (isCommittedPiece(open.preState) && open.status === 'completed') {
      statements.push(...open.preState.statements);
      ({ next } = open.preState);
    } else if (next !== null && open.hash === next.hash) {
      const done =
        open.status === 'completed' || (await settleAlone(run, stepRun, { open, next, statements }));
      if (!done) break;
      statements.push(aloneStatement(next));
      next = null;
    } else {
      throw unknownOutcome(open, { statements, file, version });
    }
    nextStep = open.step + 1;
  }
  if (nextStep === 1) return null;
  const obstacle = obstacleTo(statements);
  if (obstacle !== null) throw notReplayable({ statements, file, version }, obstacle);
  return { statements, nextStep, version, file };
}

function aloneStatement(next: NextStatement): SentStatement {
  return { ...next, session: null, answer: [['tag', next.tag]] };
}

/** The statement that had no transaction was under way when the run ended: the catalog tells what became of it. */
async function settleAlone(
  run: Run,
  stepRun: StepRun,
  about: {
    readonly open: OpenStep;
    readonly next: NextStatement;
    readonly statements: readonly SentStatement[];
  },
): Promise<boolean> {
  const { open, next, statements } = about;
  const script = aloneScript(next.text, stepRun);
  const [statement] = script.statements;
  if (statement === undefined) return false;
  const step: AloneStep = {
    kind: 'alone',
    number: open.step,
    hash: open.hash ?? '',
    statement,
    resume: null,
  };
  const replay = statements.filter(({ session }) => session === 'set').map(({ text }) => ours(text));
  const settlement = await settleStep(run, { open, step, script }, replay);
  run.context.events.emit('recovery:decision', {
    version: open.version,
    step: open.step,
    decision: settlement,
    why: settlement === 'done' ? 'What the step makes is in place.' : 'The step left nothing; it runs again.',
  });
  const journal = journalStep(run, { planned: stepRun.planned, step }, null);
  const done = settlement === 'done';
  await sendParts(run.session, [
    ourRole,
    ours(
      done ? completeStep(run.tables, journal) : failStep(run.tables, journal, 'Interrupted; run again.'),
      'UPDATE 1',
    ),
  ]);
  return done;
}

interface Known {
  readonly statements: readonly Pick<SentStatement, 'text' | 'line'>[];
  readonly file: string;
  readonly version: string;
}

function obstacleTo(statements: readonly SentStatement[]): string | null {
  const lost = statements.find(({ session }) => session === 'lost');
  if (lost !== undefined)
    return `what ${describe(lost)} left in its session (a temporary table, a prepared statement, the state of a sequence) went with that session`;
  const open = statements.find(({ answer, hash }) => answer === null || hash === null);
  if (open !== undefined) return `the answer to ${describe(open)} is not in the journal`;
  return null;
}

const describe = ({ text, line }: Pick<SentStatement, 'text' | 'line'>): string =>
  `"${text.trim().replace(/\s+/g, ' ').slice(0, 60)}"${line === null ? '' : ` on line ${line}`}`;

function notReplayable({ statements, file, version }: Known, obstacle: string): LockkeeperError {
  return new LockkeeperError('RECOVERY_UNDECIDED', {
    message: `Migration ${version} was interrupted behind a commit, and its function cannot be called again by itself: ${obstacle}. Committed is:\n${listStatements(statements, file)}`,
    hint: wayOut(version),
    details: { version, committed: statements.length },
  });
}

function unknownOutcome(open: OpenStep, { statements, file, version }: Known): LockkeeperError {
  const known = statements.length === 0 ? '' : ` Committed is:\n${listStatements(statements, file)}`;
  return new LockkeeperError('RECOVERY_UNDECIDED', {
    message: `Step ${open.step} of migration ${version} was interrupted, and PostgreSQL does not record whether it took effect (the function of the migration).${known}`,
    hint: wayOut(version),
    details: { version, step: open.step },
  });
}

const wayOut = (version: string): string =>
  `Look at the database. When the whole migration is in place, or you have done the rest: lockkeeper mark ${version} --applied --why "…"; when you have undone it: --pending, and the next up calls the function again.`;

/** What is kept of a function that runs without a transaction. */
export interface FunctionProgress {
  readonly kind: 'none';
  readonly pid: number;
  readonly backendStart: string;
  /** Statements that have succeeded. */
  readonly done?: number;
  /** The last of them. */
  readonly last?: readonly Pick<SentStatement, 'text' | 'line'>[];
  /** The one that was sent next. */
  readonly running?: Pick<SentStatement, 'text' | 'line'> | null;
}

/**
 * A function without a transaction was interrupted: what it had done is told, and a person settles it.
 * @throws {RECOVERY_UNDECIDED} always, once the old session is gone.
 */
export async function stopAtInterruptedFunction(run: Run, interrupted: InterruptedStep): Promise<never> {
  const { open, script } = interrupted;
  const progress = open.preState as FunctionProgress | null;
  try {
    await settleStep(run, interrupted, []);
  } catch (error) {
    const known =
      progress?.done !== undefined && isLockkeeperError(error) && error.details['pid'] === undefined;
    if (!known || error.code !== 'RECOVERY_UNDECIDED') throw error;
    throw interruptedFunction(interrupted, progress);
  }
  const file = script.kind === 'code' ? script.file : '';
  throw unknownOutcome(open, { statements: [], file, version: open.version });
}

function interruptedFunction({ open, script }: InterruptedStep, progress: FunctionProgress): LockkeeperError {
  const { version, step } = open;
  const file = script.kind === 'code' ? script.file : '';
  const { done = 0, last = [], running = null } = progress;
  const list = last.length === 0 ? '.' : `:\n${listStatements(last, file)}`;
  const latest = done > last.length && last.length > 0 ? `; the last ${last.length} are` : '';
  const next =
    running === null
      ? ''
      : `\nWhether the next one took effect is not known:\n${listStatements([running], file)}`;
  return new LockkeeperError('RECOVERY_UNDECIDED', {
    message: `Migration ${version} runs without a transaction and was interrupted. ${done} statement(s) of its function are done and stay${latest}${list}${next}`,
    hint: `Look at the database and say what you found. Everything is in place, or you have done the rest: lockkeeper repair ${version} --step ${step} --done --why "…". Nothing is left of it, or the function may run again from the top: lockkeeper repair ${version} --step ${step} --again --why "…".`,
    details: { version, step, done },
  });
}

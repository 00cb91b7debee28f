import {
  claimStep,
  closeSteps,
  completeCodeStep,
  completeStep,
  failStep,
  forgetAnswers,
  forgetClaim,
  type JournalStep,
  leaveStepOpen,
  type Preparation,
  restoreRow,
} from '../../history/index.js';
import { sqlstate } from '../../pg/index.js';
import { isAtomic } from '../../plan/plan.js';
import { quoteLiteral } from '../../sql/quote.js';
import { hygieneAfter, closing, committing, opening, validationParts } from '../envelope.js';
import { closeMigration, journalStep } from '../history-parts.js';
import type { StepRun } from '../step-run.js';
import type { BeginAhead } from '../begin-ahead.js';
import { waitingAgain } from '../durability.js';
import { ourRole, ours, type Part } from '../parts.js';
import type { Run } from '../run.js';
import { PartRefused, sendParts, UnexpectedTag } from '../send-parts.js';
import type { CommittedPiece } from './sent.js';
import { readSettings, roleParts, timeoutParts } from './session-settings.js';

export type TransactionState = 'failed' | 'ended';

/** The function may have swallowed an error that broke the transaction; and whatever it called may have ended it. */
export class NotIntact extends Error {
  readonly state: TransactionState;
  constructor(state: TransactionState, cause: unknown) {
    super(`The transaction has ${state}.`, { cause });
    this.state = state;
  }
}

/**
 * The transaction in which a function of the user's runs. As a rule there is one, from the claim to the history row;
 * a statement that no transaction can hold ends it before the function has ended, and another begins behind it.
 */
export class CodeTransaction {
  readonly #run: Run;
  readonly #stepRun: StepRun;
  /** Step that the open transaction is, or that the next one will be. */
  #number: number;
  /** Something of the migration is committed, so that its steps are journalled one by one. */
  #split: boolean;
  #id: string | null = null;
  /** The function's own settings, for what runs behind a commit. */
  #settings: readonly Part[] = [];
  #role: readonly Part[] = [];
  /** On the way back: the row of the history that the claim has taken away, as JSON. */
  #undone: string | null = null;
  /** What the session holds prepared for the claim and the finish. */
  #prepared: Preparation | null = null;
  readonly #ahead: BeginAhead | null;

  /** `from` is 1, or the number of the first step that an interrupted run has not completed. */
  constructor(
    run: Run,
    stepRun: StepRun,
    { from, ahead }: { readonly from: number; readonly ahead: BeginAhead | null },
  ) {
    this.#ahead = ahead;
    this.#run = run;
    this.#stepRun = stepRun;
    this.#number = from;
    this.#split = from > 1;
  }

  get number(): number {
    return this.#number;
  }

  get isOpen(): boolean {
    return this.#id !== null;
  }

  /** Something of the migration is committed already. */
  get isSplit(): boolean {
    return this.#split;
  }

  /** The role that the function has taken on, for a statement outside of the transaction. */
  get role(): readonly Part[] {
    return this.#role;
  }

  async begin(): Promise<void> {
    const run = this.#run;
    const begun = this.#number > 1 ? null : (this.#ahead?.take(this.#stepRun.planned) ?? null);
    this.#prepared = begun?.prepared ?? null;
    if (begun !== null) {
      this.#noteBegin(begun.answer);
      return;
    }
    const claim = [
      ...run.frame.begin(`${this.#stepRun.planned.migration.version}:${this.#number}`),
      ours(claimStep(run.tables, this.#journal(null), run.stamp, run.guard), 'INSERT 0 1'),
    ];
    const parts = this.#split ? [...claim, ...this.#settings] : opening(run, this.#stepRun, null);
    // The claim of a history row answers it by itself.
    const asks = this.#split || !isAtomic(this.#stepRun.planned);
    this.#noteBegin(await sendParts(run.session, asks ? [...parts, whichTransaction] : parts));
  }

  /** The answer to a claim: the transaction, and on the way back the row that was taken away. */
  #noteBegin(answer: string | null): void {
    const [id = null, ...row] = answer?.split(' ') ?? [];
    this.#id = id;
    if (row.length > 0) this.#undone = row.join(' ');
  }

  /** Takes back what the open transaction holds, and begins it again. */
  async restart(): Promise<void> {
    this.#id = null;
    await this.#run.session.send('rollback');
    await this.begin();
  }

  /** Commits what there is, for the statement that has to run alone behind it; that one gets the next number. */
  async commit(piece: Pick<CommittedPiece, 'statements' | 'next'>): Promise<void> {
    const { session, tables, stamp, guard } = this.#run;
    const { pid, backendStart } = await session.identity();
    const before = await readSettings(this.#run);
    const content: CommittedPiece = { kind: 'code-piece', pid, backendStart, ...piece };
    const journal = this.#journal(JSON.stringify(content));
    const claimed = !this.#split && isAtomic(this.#stepRun.planned);
    await sendParts(session, [
      ourRole,
      // The claim was the row of the history; a migration that is partly done has a step in the journal instead.
      ...(claimed
        ? [
            this.#undone === null
              ? ours(forgetClaim(tables, journal.key, stamp), 'DELETE 1')
              : ours(restoreRow(tables, this.#undone), 'INSERT 0 1'),
            ours(claimStep(tables, this.#journal(null), stamp, guard), 'INSERT 0 1'),
          ]
        : []),
      ours(completeCodeStep(tables, journal), 'UPDATE 1'),
      waitingAgain,
      ours('commit', 'COMMIT'),
    ]);
    this.#id = null;
    this.#split = true;
    this.#number += 1;
    const ourOwn = await readSettings(this.#run);
    this.#role = roleParts(before, ourOwn);
    this.#settings = [...this.#role, ...timeoutParts(before)];
  }

  /** The statement behind the commit is done, or given up; the next transaction is another step. */
  nextStep(): void {
    this.#number += 1;
  }

  /**
   * Writes the history and commits. The session is as it was before the migration. `plain`: nothing that the function
   * has sent could touch the session.
   * @throws {NotIntact} first of all, and `abandon` is what is left to do then.
   */
  async close({ plain }: { readonly plain: boolean }): Promise<void> {
    const run = this.#run;
    const { planned } = this.#stepRun;
    const parts = this.#ending(plain);
    try {
      // A validation is looked at before the COMMIT, so it divides the message.
      if (this.#ahead === null || planned.migration.validateAfter !== null)
        await sendParts(run.session, parts);
      else
        await this.#ahead.around(planned, { parts, plain, prepared: this.#prepared }, (next) =>
          opening(run, next, null),
        );
    } catch (error) {
      const state = stateAt(error, parts[0]);
      if (state !== null) throw new NotIntact(state, error);
      await run.session.rollBack();
      throw error;
    }
  }

  /** The first part finds out whether the transaction is still the one that was begun. */
  #ending(plain: boolean): readonly Part[] {
    const id = this.#id ?? '';
    const stepRun = { ...this.#stepRun, planned: { ...this.#stepRun.planned, plain } };
    const prepared = plain && !this.#split ? this.#prepared : null;
    if (prepared !== null && stepRun.planned.migration.validateAfter === null)
      return closing(this.#run, { ...stepRun, call: { prepared, id } });
    return [stillTheSame(id), ...(this.#split ? this.#closingSplit() : closing(this.#run, stepRun))];
  }

  #closingSplit(): readonly Part[] {
    const run = this.#run;
    const { planned } = this.#stepRun;
    const journal = this.#journal(null);
    return [
      ourRole,
      ...validationParts(run.direction === 'up' ? planned.migration.validateAfter : null),
      ours(completeStep(run.tables, journal), 'UPDATE 1'),
      ours(forgetAnswers(run.tables, journal)),
      ...closeMigration(run, planned, run.guard),
      ...committing(run),
      ...hygieneAfter(run, planned.migration),
    ];
  }

  /**
   * Rolls back. Where the transaction had been ended by something that was not seen, its first part, the claim with
   * it, is committed or gone, and what came after it may stay: then the history must not say that the migration is
   * applied, and nobody knows what is; so the step is left open for a person to settle.
   */
  async abandon(): Promise<void> {
    const { session, tables, stamp } = this.#run;
    const id = this.#id;
    this.#id = null;
    if (session.lost !== null || id === null) {
      await session.rollBack();
      return;
    }
    const outcome = await outcomeOf(this.#run, id);
    if (session.transactionStatus !== 'I') await session.send('rollback');
    if (outcome === 'rolled back by us') return;
    const { pid, backendStart } = await session.identity();
    const journal = this.#journal(JSON.stringify({ kind: 'none', pid, backendStart }));
    const unknown = 'Its transaction was ended by something inside.';
    await sendParts(session, [
      ourRole,
      ours('begin', 'BEGIN'),
      ours(
        this.#undone === null ? forgetClaim(tables, journal.key, stamp) : restoreRow(tables, this.#undone),
      ),
      ours(this.#split ? failStep(tables, journal, unknown) : closeSteps(tables, journal.key)),
      ours(leaveStepOpen(tables, journal, stamp), 'INSERT 0 1'),
      ours('commit', 'COMMIT'),
    ]);
  }

  #journal(preState: string | null): JournalStep {
    const { planned, step } = this.#stepRun;
    return journalStep(this.#run, { planned, step: { ...step, number: this.#number } }, preState);
  }
}

/** Still the transaction that was begun: then our ROLLBACK takes everything back. */
async function outcomeOf({ session }: Run, id: string): Promise<'rolled back by us' | 'unknown'> {
  try {
    const now = await session.query<{ xid: string | null }>(
      'select pg_current_xact_id_if_assigned()::text as xid',
    );
    return now[0]?.xid === id ? 'rolled back by us' : 'unknown';
  } catch (error) {
    if ((error as { code?: string }).code !== sqlstate.inFailedSqlTransaction) throw error;
  }
  // In a failed transaction nothing can be asked; after the ROLLBACK the server knows what became of ours.
  await session.send('rollback');
  const rows = await session.query<{ status: string | null }>('select pg_xact_status($1::xid8) as status', [
    id,
  ]);
  return rows[0]?.status === 'aborted' ? 'rolled back by us' : 'unknown';
}

const whichTransaction = ours('select pg_catalog.pg_current_xact_id()', 'SELECT 1');

/** Raises 22012 in any other transaction, and 25P02 in a failed one. */
const stillTheSame = (id: string): Part =>
  ours(`select 1 / (pg_catalog.pg_current_xact_id()::text = ${quoteLiteral(id)})::int`, 'SELECT 1');

/** What the probe found; null where something else failed. */
function stateAt(error: unknown, probe: Part | undefined): TransactionState | null {
  // A prepared finish that finds no claim: something has rolled it back.
  if (error instanceof UnexpectedTag && error.part === probe) return 'ended';
  if (!(error instanceof PartRefused) || error.part !== probe) return null;
  if (error.server.code === sqlstate.inFailedSqlTransaction) return 'failed';
  return error.server.code === sqlstate.divisionByZero ? 'ended' : null;
}

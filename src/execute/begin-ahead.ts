import { prepareCalls, type Preparation } from '../history/index.js';
import type { CodeStep } from '../migration/step.js';
import type { PlannedMigration } from '../plan/plan.js';
import type { StepRun } from './step-run.js';
import { ours, type Part } from './parts.js';
import type { Run } from './run.js';
import { PartRefused, sendParts } from './send-parts.js';

/** The transaction of a function that has been begun before its turn. */
export interface Begun {
  /** What its opening was answered. */
  readonly answer: string;
  /** What the session holds prepared for it. */
  readonly prepared: Preparation | null;
}

/** The end of a function's transaction, as one message. */
export interface Ending {
  readonly parts: readonly Part[];
  /** What is prepared is still there behind it. Only what is plain cannot have taken it away. */
  readonly plain: boolean;
  /** What the session held prepared for it. */
  readonly prepared: Preparation | null;
}

/**
 * Begins the transaction of the next function while the one before is being committed, so that the two take one round
 * trip. BEGIN and claim are a message of their own: behind a failure it does nothing (25P02), or begins a transaction
 * that is rolled back. The function is called only when both are answered.
 *
 * What stands around each function is prepared behind the first plain one, and executed as long as they are plain.
 */
export class BeginAhead {
  readonly #run: Run;
  readonly #next: (planned: PlannedMigration) => PlannedMigration | undefined;
  /** Each preparation of the session has a name of its own. */
  #preparations = 0;
  #begun: (Begun & { readonly planned: PlannedMigration }) | null = null;

  /** `next` gives the migration behind one; none where all share one transaction. */
  constructor(run: Run, next: (planned: PlannedMigration) => PlannedMigration | undefined) {
    this.#run = run;
    this.#next = next;
  }

  /** Commits by `end`, and begins what `opening` gives for the migration behind. @throws what `end` throws. */
  async around(
    planned: PlannedMigration,
    end: Ending,
    opening: (next: StepRun) => readonly Part[],
  ): Promise<void> {
    const { session } = this.#run;
    const next = this.#behind(planned);
    const prepared = next !== null && end.plain ? (end.prepared ?? this.#preparation()) : null;
    const preparing = prepared === null || prepared === end.prepared ? [] : prepareCalls(prepared);
    const [ending, beginning] = session.together(() => [
      sendParts(session, end.parts),
      next === null
        ? null
        : sendParts(session, [
            ...preparing.map((text) => ours(text, 'PREPARE')),
            ...opening(prepared === null ? next : { ...next, call: { prepared, id: null } }),
          ]),
    ]);
    beginning?.catch(() => {}); // looked at below, when the end is known
    try {
      await ending;
    } catch (error) {
      if (beginning !== null) await this.#takeBack(beginning);
      throw error;
    }
    if (next !== null && beginning !== null) await this.#keep(next.planned, { beginning, prepared });
  }

  /** The transaction of this migration; null where it is still to be begun. */
  take(planned: PlannedMigration): Begun | null {
    const begun = this.#begun?.planned === planned ? this.#begun : null;
    if (begun !== null) this.#begun = null;
    return begun;
  }

  /** For a migration that does not run after all. */
  async drop(): Promise<void> {
    if (this.#begun === null) return;
    this.#begun = null;
    await this.#run.session.rollBack();
  }

  async #keep(
    planned: PlannedMigration,
    next: { readonly beginning: Promise<string | null>; readonly prepared: Preparation | null },
  ): Promise<void> {
    const { beginning, prepared } = next;
    try {
      this.#begun = { planned, answer: (await beginning) ?? '', prepared };
    } catch {
      // It is begun once more in its turn, and says then what is wrong.
      await this.#run.session.rollBack();
    }
  }

  /** A failed transaction of the migration before is left as it is: what became of it is still to be asked. */
  async #takeBack(beginning: Promise<unknown>): Promise<void> {
    try {
      await beginning;
    } catch (error) {
      if (error instanceof PartRefused && error.part.expect === 'BEGIN') return;
    }
    await this.#run.session.rollBack();
  }

  #preparation(): Preparation {
    const { tables, stamp, direction, guard, foreign } = this.#run;
    this.#preparations += 1;
    return { tables, stamp, direction, guard, number: this.#preparations, foreign: foreign.size > 0 };
  }

  /** The migration behind this one, where it is one function in one transaction and nothing speaks against it yet. */
  #behind(planned: PlannedMigration): StepRun | null {
    const { context, lease } = this.#run;
    const { finish, cancel } = context.stop;
    // A transaction through a pooler is not to wait for anything.
    if (finish.aborted || cancel.aborted || lease !== null) return null;
    const next = this.#next(planned);
    const step = next === undefined ? null : soleFunction(next);
    if (next === undefined || step === null) return null;
    return { planned: next, step, replay: [], insideSingleTransaction: false };
  }
}

function soleFunction({ migration, steps, open }: PlannedMigration): CodeStep | null {
  const [step] = steps;
  if (step?.kind !== 'code' || !step.transaction || steps.length > 1 || open.length > 0) return null;
  return migration.validateBefore === null && !migration.repeatable ? step : null;
}

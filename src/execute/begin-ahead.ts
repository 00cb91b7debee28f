import type { CodeStep } from '../migration/step.js';
import type { PlannedMigration } from '../plan/plan.js';
import type { StepRun } from './envelope.js';
import type { Part } from './parts.js';
import type { Run } from './run.js';
import { PartRefused, sendParts } from './send-parts.js';

/**
 * Begins the transaction of the next function while the one before is being committed, so that the two take one round
 * trip. BEGIN and claim are a message of their own: behind a failure it does nothing (25P02), or begins a transaction
 * that is rolled back. The function is called only when both are answered.
 */
export class BeginAhead {
  readonly #run: Run;
  readonly #next: (planned: PlannedMigration) => PlannedMigration | undefined;
  #begun: { readonly planned: PlannedMigration; readonly id: string } | null = null;

  /** `next` gives the migration behind one; none where all share one transaction. */
  constructor(run: Run, next: (planned: PlannedMigration) => PlannedMigration | undefined) {
    this.#run = run;
    this.#next = next;
  }

  /** Commits by `end`, which is one message, and begins what `opening` gives for the migration behind. @throws what `end` throws. */
  async around(
    planned: PlannedMigration,
    end: readonly Part[],
    opening: (next: StepRun) => readonly Part[],
  ): Promise<void> {
    const { session } = this.#run;
    const next = this.#behind(planned);
    const [ending, beginning] = session.together(() => [
      sendParts(session, end),
      next === null ? null : sendParts(session, opening(next)),
    ]);
    beginning?.catch(() => {}); // looked at below, when the end is known
    try {
      await ending;
    } catch (error) {
      if (beginning !== null) await this.#takeBack(beginning);
      throw error;
    }
    if (next !== null && beginning !== null) await this.#keep(next.planned, beginning);
  }

  /** What the opening of this migration was answered; null where it is still to be begun. */
  take(planned: PlannedMigration): string | null {
    const id = this.#begun?.planned === planned ? this.#begun.id : null;
    if (id !== null) this.#begun = null;
    return id;
  }

  /** For a migration that does not run after all. */
  async drop(): Promise<void> {
    if (this.#begun === null) return;
    this.#begun = null;
    await this.#run.session.rollBack();
  }

  async #keep(planned: PlannedMigration, beginning: Promise<string | null>): Promise<void> {
    try {
      this.#begun = { planned, id: (await beginning) ?? '' };
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

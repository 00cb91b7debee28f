import type { TransactionStep } from '../migration/step.js';
import { isAtomic, type Plan, type PlannedMigration } from '../plan/plan.js';
import { BeginAhead } from './begin-ahead.js';
import { transactionParts } from './envelope.js';
import type { Chain, StepRun } from './step-run.js';
import type { Run } from './run.js';
import { sendParts } from './send-parts.js';

type PlainStepRun = StepRun & { readonly step: TransactionStep };

/**
 * Sends the message of the next migration while the present one still runs, so that the server never waits for us.
 *
 * Only between two migrations that are plain: one transaction each, quick, and without a way to touch the session. If
 * the first one fails, its transaction is aborted and the second message bounces off it (25P02); where the first left
 * no transaction behind (a deferred constraint at COMMIT), the claim of the second raises, because it asks for a mark
 * that the first sets after its COMMIT. So nothing is ever run behind a failure. A stop that is asked for meanwhile
 * comes one plain migration later.
 */
export class LookAhead {
  readonly #run: Run;
  readonly #plan: Plan;
  readonly #position: ReadonlyMap<PlannedMigration, number>;
  /** Statements of a chain are prepared anew with each: hygiene between two chains throws them away. */
  #chains = 0;
  #flight: { readonly planned: PlannedMigration; readonly outcome: Promise<unknown> } | null = null;

  /** The same for functions, of which only the transaction can be begun before their turn. */
  readonly functions: BeginAhead;

  constructor(run: Run, plan: Plan) {
    this.#run = run;
    this.#plan = plan;
    this.#position = new Map(plan.migrations.map((planned, index) => [planned, index]));
    this.functions = new BeginAhead(run, (planned) =>
      plan.singleTransaction ? undefined : this.#behind(planned),
    );
  }

  /** Whether this migration's message is under way already; then it runs, whatever else is decided. */
  holds(planned: PlannedMigration): boolean {
    return this.#flight?.planned === planned;
  }

  /** Runs a plain step, and sends the one behind it. @throws what `sendParts` throws. */
  async send(stepRun: PlainStepRun, isFirstTry: boolean): Promise<void> {
    const taken = this.#take(stepRun.planned);
    const next = isFirstTry ? this.#next(stepRun.planned) : null;
    if (taken === null) this.#chains += 1;
    // A message that was sent ahead left its mark by itself.
    const outcome =
      taken ?? this.#send(stepRun, next === null ? undefined : this.#link(null, stepRun.planned));
    if (next !== null) {
      const behind = this.#send(next, this.#link(stepRun.planned, next.planned));
      behind.catch(() => {}); // whoever takes the message gets its error; until then nobody waits for it
      this.#flight = { planned: next.planned, outcome: behind };
    }
    await outcome;
  }

  /** Waits for what was sent behind a failure: it has bounced, and the session can be used again. */
  async settle(): Promise<void> {
    await this.#flight?.outcome.catch(() => {}); // it says only that it bounced
    this.#flight = null;
  }

  #take(planned: PlannedMigration): Promise<unknown> | null {
    if (!this.holds(planned)) return null;
    const outcome = this.#flight?.outcome ?? null;
    this.#flight = null;
    return outcome;
  }

  #behind(planned: PlannedMigration): PlannedMigration | undefined {
    return this.#plan.migrations[(this.#position.get(planned) ?? -1) + 1];
  }

  /** The migration behind this one, when it may be sent ahead. */
  #next(planned: PlannedMigration): PlainStepRun | null {
    const { finish, cancel } = this.#run.context.stop;
    if (finish.aborted || cancel.aborted) return null;
    const next = this.#behind(planned);
    if (next === undefined) return null;
    const [step] = next.steps;
    if (step === undefined || !isQuick(next, step)) return null;
    return { planned: next, step, replay: [], insideSingleTransaction: this.#plan.singleTransaction };
  }

  /** Never throws at once: what is wrong with one message must not leave another without its listener. */
  async #send(stepRun: PlainStepRun, chain: Chain | undefined): Promise<unknown> {
    const parts = transactionParts(this.#run, chain === undefined ? stepRun : { ...stepRun, chain });
    return await sendParts(this.#run.session, parts);
  }

  #link(after: PlannedMigration | null, planned: PlannedMigration): Chain {
    const { tables, stamp, direction, guard } = this.#run;
    return {
      prepared: { tables, stamp, direction, guard, number: this.#chains, foreign: false },
      after: after === null ? null : this.#mark(after),
      mark: this.#mark(planned),
    };
  }

  #mark(planned: PlannedMigration): string {
    return `${this.#run.stamp.runId}:${this.#position.get(planned) ?? -1}`;
  }
}

/** A migration that may be chained to another: one plain transaction and nothing to look at in between. */
export function isQuick(
  planned: PlannedMigration,
  step: PlannedMigration['steps'][number],
): step is TransactionStep {
  const { validateBefore, validateAfter, repeatable } = planned.migration;
  return (
    !repeatable &&
    step.kind === 'transaction' &&
    step.begin === null &&
    isAtomic(planned) &&
    validateBefore === null &&
    validateAfter === null &&
    planned.plain
  );
}

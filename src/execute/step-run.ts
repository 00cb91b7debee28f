import type { Preparation } from '../history/index.js';
import type { Step } from '../migration/step.js';
import type { PlannedMigration } from '../plan/plan.js';
import type { Part } from './parts.js';

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
  /** Set where the step is a function behind another one. */
  readonly call?: PreparedCall;
}

/** What the session holds prepared for a function, for `BeginAhead`. */
export interface PreparedCall {
  readonly prepared: Preparation;
  /** The transaction that the function runs in; null before it has begun. */
  readonly id: string | null;
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

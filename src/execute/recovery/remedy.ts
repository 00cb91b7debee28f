import type { Session, SessionIdentity } from '../../pg/index.js';
import type { Statement } from '../../sql/statement.js';
import type { Part } from '../parts.js';
import type { Run } from '../run.js';

/** What became of a step: it took effect, or it left nothing and has to run (again). */
export type Settlement = 'done' | 'again';

/** A statement outside of any transaction, with its text as it stands in the file. */
export interface LoneStatement {
  readonly text: string;
  readonly statement: Statement;
}

/** What the journal keeps of the state before such a statement: which backend of which database, and what it found. */
export interface PreState extends SessionIdentity {
  /** Which remedy wrote it; `none` where there is none for the statement. */
  readonly kind: string;
}

/** What a remedy has to go by. */
export interface Question<State> extends LoneStatement {
  readonly version: string;
  readonly step: number;
  readonly before: PreState & State;
  /** How long the removal of an invalid index may wait for a lock; 0 = as long as it takes. */
  readonly lockTimeoutMs: number;
  /** What set the session for the statement, to be set again where its text is to be understood. */
  readonly replay: readonly Part[];
}

/**
 * How one kind of statement is settled after a crash: from what stood before it and what stands now (ENGINE D16).
 * What is not in the catalog has no remedy, and is asked.
 */
export interface Remedy<State extends object> {
  readonly kind: string;
  /** Reads what `settle` has to compare with, before the statement runs, under the settings that it will run under. */
  capture(session: Session, lone: LoneStatement): Promise<State>;
  /**
   * Decides, and removes or finishes what the statement left. Never touches what it did not make.
   * @throws {RECOVERY_UNDECIDED} where the catalog does not tell, or somebody else is at work on it.
   */
  settle(run: Run, question: Question<State>): Promise<Settlement>;
  /** A failed statement of this kind leaves something behind, so it is settled at once. */
  readonly leavesRemains: boolean;
  /** Looks after a success, which does not always mean that what was asked for is there. @throws {MIGRATION_FAILED} */
  check?(run: Run, question: Question<State>): Promise<void>;
}

import type { Place } from './place.js';
import type { PreconditionSet } from './precondition.js';

/** SQL that a change, or a rollback, comes to. */
export interface ChangeSql {
  readonly text: string;
  readonly place: Place;
}

/** One changeset, whatever syntax it was written in. */
export interface Changeset {
  readonly id: string;
  readonly author: string;
  /** FILENAME of its row: with id and author what Liquibase knows it by. */
  readonly filename: string;
  readonly place: Place;
  readonly runOnChange: boolean;
  readonly runAlways: boolean;
  readonly runInTransaction: boolean;
  readonly failOnError: boolean | null;
  /** As Liquibase writes them into its table; null where there are none. */
  readonly contexts: string | null;
  readonly labels: string | null;
  readonly comments: string;
  /** What it does, in the words of DESCRIPTION. */
  readonly description: string;
  /** False where contexts, labels, dbms or `ignore` keep it from running here. */
  readonly runsHere: boolean;
  readonly preconditions: PreconditionSet | null;
  readonly up: readonly ChangeSql[];
  /** Null where there is no way back. */
  readonly down: readonly ChangeSql[] | null;
  /** `9:<md5>`; null where Liquibase's own cannot be had, and then it fills it in at its next run. */
  readonly checksum: string | null;
  /** Tag that it gives to the history. */
  readonly tag: string | null;
  /** Everything that a change of makes it another changeset: hashed for our own history. */
  readonly content: string;
}

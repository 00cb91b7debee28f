import type { BackfillWork } from './backfill.js';
import type { MigrationDatabase, SqlFragment } from './database.js';
import type { Risk, TransactionMode } from './metadata.js';

/** A function of a code migration, waited for when it gives a promise. It is called once (see `retry`), with `db` on the session and in the transaction of the run. */
export type MigrationFunction = (db: MigrationDatabase) => unknown;

/** SQL text, a fragment of the `sql` tag, a function, or what `backfill` gives. */
export type MigrationWorkItem = string | SqlFragment | MigrationFunction | BackfillWork;

/** What `up` and `down` may be: one item, or a list that runs in order. */
export type MigrationWork = MigrationWorkItem | readonly MigrationWorkItem[];

/** SQL whose queries must return no row. */
export type ValidationWork = string | SqlFragment | readonly (string | SqlFragment)[];

/** What an author may say about a migration in TypeScript; the same facts as the comment directives of an SQL file. */
export interface MigrationMeta {
  /** One sentence for people. @default the name in the file name */
  readonly description?: string;
  readonly author?: string;
  /** How dangerous the author thinks it is; `plan` and `lint` may think otherwise. */
  readonly risk?: Risk;
  /** Versions, names, or `version_name` of migrations that have to be applied before. */
  readonly dependsOn?: string | readonly string[];
  /** Labels that `--tags` selects by. */
  readonly tags?: string | readonly string[];
  /** `'30s'`, `'5 minutes'`, or milliseconds. */
  readonly estimatedDuration?: string | number;
  /** @default false */
  readonly requiresDowntime?: boolean;
  readonly affectedTables?: string | readonly string[];
  readonly reviewedBy?: string | readonly string[];
  /**
   * `auto`: statements share a transaction wherever PostgreSQL allows it · `none` (or `false`): none at all ·
   * `per-statement`: each in its own. @default 'auto'
   */
  readonly transaction?: TransactionMode | boolean;
  /**
   * The function may be called again, in a new transaction, when a lock was not to be had: it does nothing outside of
   * the database that must not happen twice. @default false
   */
  readonly retry?: boolean;
  /** Why there is no way back. */
  readonly irreversible?: string;
  /** A release label that `--to` accepts. */
  readonly release?: string;
  /** Environments it runs in. @default all */
  readonly environments?: string | readonly string[];
  /** Lint rules to silence, each with its reason. */
  readonly lintIgnore?: readonly { readonly rule: string; readonly reason: string }[];
}

/** A migration written in TypeScript or JavaScript. */
export interface MigrationDefinition extends MigrationMeta {
  /** The way up. */
  readonly up: MigrationWork;
  /** The way back. Without it the migration cannot be undone. */
  readonly down?: MigrationWork;
  /** Queries that must return no row, before and after the way up. */
  readonly validate?: { readonly before?: ValidationWork; readonly after?: ValidationWork };
}

/**
 * Types a migration; it returns what it is given.
 *
 * @example
 * ```ts
 * import { defineMigration, sql } from 'lockkeeper';
 *
 * export default defineMigration({
 *   description: 'Users sign in with their e-mail address',
 *   up: 'create table users (id bigint generated always as identity primary key, email text not null unique)',
 *   down: 'drop table users',
 * });
 * ```
 */
export function defineMigration(definition: MigrationDefinition): MigrationDefinition {
  return definition;
}

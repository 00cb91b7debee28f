import type { Metadata } from './metadata.js';
import type { Backfill } from './backfill.js';
import type { MigrationDatabase } from './database.js';
import type { Statement } from '../sql/statement.js';
import type { ForeignRecord } from './foreign-record.js';

/** Tools whose migrations run here as they are. */
export const foreignFormats = [
  'knex',
  'node-pg-migrate',
  'prisma',
  'drizzle',
  'flyway',
  'liquibase',
  'db-migrate',
  'dbmate',
  'golang-migrate',
  'goose',
  'sql-migrate',
  'diesel',
  'graphile-migrate',
  'kysely',
] as const;

export type ForeignFormat = (typeof foreignFormats)[number];

export type MigrationFormat = 'sql' | 'typescript' | ForeignFormat;

/** What a folder listing and a hash of the bytes tell; nothing was parsed or imported yet. */
export interface MigrationFile {
  /** Name of the source it came from; with `version` the key of its history row. */
  readonly source: string;
  /** As written in the file name: `20240101093000`, `0001`, `2017-09-23-182408`; `R__name` for a repeatable one. */
  readonly version: string;
  /** Without version and extension: `create_users`. */
  readonly name: string;
  readonly format: MigrationFormat;
  /** A repeatable migration runs after all others, and again whenever its content changes. */
  readonly repeatable: boolean;
  /** Absolute path of the file that holds the way up. */
  readonly path: string;
  /** Absolute path of the file that holds the way down, where it is a file of its own. */
  readonly downPath: string | null;
  /** What another tool knows it by in its own history; missing in native sources. */
  readonly foreignKey?: string;
  /** A repeatable one that runs again where it stands among the others, as its tool has it. */
  readonly keepsPlace?: boolean | undefined;
  /** What its tool leaves out here, by a setting of the run; it counts where it is applied, and is never pending. */
  readonly excluded?: true | undefined;
  /** Milliseconds since 1970, where its tool keeps the time beside a version that is none; orders several folders. */
  readonly writtenAt?: number;
  /** sha256 (hex) over the raw bytes: of `path`, then a NUL byte and those of `downPath` where there is one. */
  readonly checksum: string;
}

/** Behind all others, whatever its version. */
export const runsLast = ({ repeatable, keepsPlace }: MigrationFile): boolean =>
  repeatable && keepsPlace !== true;

/** One text for what a migration is known by. */
export const migrationKey = (key: { readonly source: string; readonly version: string }): string =>
  `${key.source}\0${key.version}`;

/** A migration that was read: parsed, or imported. */
export interface Migration extends MigrationFile {
  readonly metadata: Metadata;
  readonly up: Script;
  readonly down: Script | null;
  /** Queries that must return no row before, and after, the way up. */
  readonly validateBefore: SqlScript | null;
  readonly validateAfter: SqlScript | null;
  /**
   * `v1:<sha256 of the tokens of up and validation>:<sha256 of the tokens of down, or nothing>`: the same for two
   * texts that differ in comments, blank space and line ends only. Code migrations carry the raw checksum here.
   */
  readonly tokenChecksum: string;
  /** What it sets for the session holds in later migrations of the run too, as it does with the tool it was written for. */
  readonly keepsSession?: boolean;
  /** What another tool writes into its own history when this was applied; missing in native sources. */
  readonly foreign?: ForeignRecord;
}

export type Script = SqlScript | CodeScript;

/** SQL text that was lexed and split. */
export interface SqlScript {
  readonly kind: 'sql';
  readonly text: string;
  readonly statements: readonly Statement[];
  /** Path as shown to people, and how many lines of that file stand before the first line of `text`. */
  readonly file: string;
  readonly lineOffset: number;
  /** Statements that run in batches; missing where there are none. */
  readonly backfills?: ReadonlyMap<Statement, Backfill>;
}

/** A function of the user's. What it will send is not known before it runs. */
export interface CodeScript {
  readonly kind: 'code';
  readonly run: (db: MigrationDatabase) => Promise<void> | void;
  readonly file: string;
  /** True where the function takes no `db` and so opens connections of its own, outside our transaction. */
  readonly ownConnection: boolean;
}

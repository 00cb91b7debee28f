import type { Warning } from '../core/report.js';
import type { ForeignHistory } from '../migration/foreign.js';
import type { ForeignFormat, MigrationFile } from '../migration/migration.js';
import type { SourceListing, SourceProject } from './list.js';
import type { FormatSettings, SourceOptions } from './options.js';
import type { SourceReading } from './reading.js';

/**
 * Everything that is particular to one tool: where its files are, in which order they run, what is in them, and how its
 * history is written. A folder beside this file holds one each.
 */
export interface Format {
  readonly name: ForeignFormat;
  /** As its makers write it. */
  readonly title: string;
  /**
   * Reads the tool's own configuration. Loads none of the tool's code; a configuration that is code is run.
   * @throws {CONFIG_NOT_LOADED} {CONFIG_INVALID}
   */
  configure(this: void, request: FormatRequest): Promise<FormatConfiguration>;
  /** Opens a folder; nothing is read before `list` or `read`. */
  open(this: void, options: SourceOptions, project: SourceProject): FormatSource;
}

/** What a format may ask to find its configuration. */
export interface FormatRequest {
  /** Project folder, absolute. */
  readonly root: string;
  /** Canonical name of the environment: `development`. */
  readonly environment: string;
  /** What lockkeeper.config says of this source beside `dir`, `name` and `format`; unknown keys are refused. */
  readonly given: FormatSettings;
  /** Absolute; null where lockkeeper.config names no folder. */
  readonly dir: string | null;
  /** The environment's variables, those of .env files included. */
  readonly variable: (name: string) => string | undefined;
  /** Loads a file that is code or JSON: its default export, or its exports. @throws {CONFIG_NOT_LOADED} */
  readonly load: (path: string) => Promise<unknown>;
}

export interface FormatConfiguration {
  /** The file that was read, absolute; null where there is none. */
  readonly file: string | null;
  /** Folder of the migrations, absolute; the first where the tool has several (the others are in `settings`). */
  readonly dir: string;
  readonly settings: FormatSettings;
  /** Where the tool says the database is; null where it says nothing. */
  readonly connection: FormatConnection | null;
  /** Keys that are there and not honoured, by name. */
  readonly warnings: readonly Warning[];
}

/** A url, or its parts. */
export interface FormatConnection {
  readonly url?: string;
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
  readonly user?: string;
  readonly password?: string;
  readonly ssl?: boolean;
  readonly searchPath?: readonly string[];
}

/** One folder of another tool's migrations. */
export interface FormatSource {
  /** @throws {MIGRATIONS_DIR_MISSING} when there is no such folder. */
  list(this: void): SourceListing;
  /** Reads these files, and no others. Code of the user's and of the tool is loaded here for the first time. */
  read(this: void, files: readonly MigrationFile[]): Promise<SourceReading>;
  readonly history: ForeignHistory;
  /** True where `read` loads code, which `status` never does. */
  readonly isCode: boolean;
  /** A new migration in the tool's own form; missing where the tool's files cannot be made one by one. */
  readonly create?: (request: NewFileRequest) => readonly NewFile[];
}

export interface NewFileRequest {
  /** As the user gave it, in snake_case: `create_users`. */
  readonly name: string;
  readonly now: Date;
  /** SQL for the way up and back, from the template that was chosen. */
  readonly up: string;
  readonly down: string | null;
  readonly existing: readonly MigrationFile[];
}

export interface NewFile {
  /** Absolute. */
  readonly path: string;
  readonly content: string;
  /** The file is there already, and this is what it holds from now on: a journal with one more entry. */
  readonly replaces?: boolean;
}

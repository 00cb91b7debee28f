/** Exit statuses of the command line; part of its contract. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 130;

interface Entry {
  /** 1 the answer is no · 2 usage, configuration or files · 3 database · 4 locked · 5 policy · 130 interrupted. */
  readonly exit: ExitCode;
  /** One sentence for the catalogue page. */
  readonly summary: string;
}

/** Every error code, by area. `docs/errors.md` is checked against this list. */
export const errorCatalogue = {
  // Usage and configuration
  USAGE_INVALID: { exit: 2, summary: 'A command, flag or argument is unknown or contradicts another.' },
  CONFIG_INVALID: { exit: 2, summary: 'The configuration has a key or a value that is not accepted.' },
  CONFIG_NOT_LOADED: {
    exit: 2,
    summary: 'The configuration file is missing, unreadable or failed while it ran.',
  },
  PROGRAM_MISSING: {
    exit: 2,
    summary: 'A program of PostgreSQL that is needed is not installed, or too old.',
  },
  PACKAGE_MISSING: {
    exit: 2,
    summary: 'Migrations of another tool need a package that the project has not installed.',
  },
  ENVIRONMENT_UNKNOWN: { exit: 2, summary: 'The environment asked for is not defined.' },

  // Migration files
  MIGRATIONS_UNUSABLE: { exit: 2, summary: 'One or more migration files cannot be used; each is listed.' },
  MIGRATIONS_DIR_MISSING: { exit: 2, summary: 'The migrations folder does not exist.' },
  MIGRATION_UNREADABLE: { exit: 2, summary: 'A migration file cannot be read, or is not valid UTF-8.' },
  MIGRATION_EMPTY: { exit: 2, summary: 'A migration holds no statement.' },
  MIGRATION_NAME_INVALID: {
    exit: 2,
    summary: 'A file in the migrations folder has no version or a bad name.',
  },
  MIGRATION_DUPLICATE: { exit: 2, summary: 'Two files claim the same version.' },
  MIGRATION_CHANGED: { exit: 2, summary: 'A migration was changed after it was applied.' },
  MIGRATION_MISSING: { exit: 2, summary: 'A migration was applied, and its file is gone.' },
  MIGRATION_METADATA_INVALID: { exit: 2, summary: 'A metadata directive is unknown or has a bad value.' },
  MIGRATION_DEPENDENCY_UNKNOWN: { exit: 2, summary: 'A migration depends on one that does not exist.' },
  MIGRATION_DEPENDENCY_CYCLE: { exit: 2, summary: 'Migrations depend on each other in a circle.' },
  MIGRATION_DEPENDENCY_PENDING: {
    exit: 2,
    summary: 'A selected migration depends on one that is not applied.',
  },
  MIGRATION_NEEDED: { exit: 2, summary: 'Another applied migration depends on the one to be undone.' },
  MIGRATION_NOT_FOUND: { exit: 2, summary: 'No migration has the version, name, release or tag given.' },
  MIGRATION_IRREVERSIBLE: { exit: 2, summary: 'A migration has no way back.' },
  MIGRATION_LOAD_FAILED: { exit: 2, summary: 'A TypeScript or JavaScript migration failed to load.' },
  MIGRATION_SHAPE_INVALID: { exit: 2, summary: 'A TypeScript migration exports nothing that can be run.' },
  MIGRATION_MARKERS_INVALID: {
    exit: 2,
    summary: 'The -- migrate: markers of a file are repeated, misplaced or unknown.',
  },
  MIGRATION_MARKERS_MISSING: {
    exit: 2,
    summary: 'A file without markers creates and then drops the same object.',
  },
  MIGRATION_PLACEHOLDER_MISSING: {
    exit: 2,
    summary: "A placeholder of another tool's migration has no value.",
  },
  MIGRATION_CHAIN_BROKEN: {
    exit: 2,
    summary: 'A committed migration is not the one, or not at the place, that its hash says.',
  },
  FOREIGN_STEP_REFUSED: {
    exit: 2,
    summary:
      "A migration of another tool holds a step that is not SQL, or not PostgreSQL's; it is never run.",
  },
  FOREIGN_FILE_INVALID: {
    exit: 2,
    summary: 'A file of another tool is not in the form that the tool wants.',
  },
  FOREIGN_PRECONDITION_FAILED: {
    exit: 3,
    summary: 'What a migration of another tool says has to hold before it runs does not hold.',
  },
  FOREIGN_HISTORY_UNKNOWN: {
    exit: 2,
    summary: 'The database holds a history of another tool that was not taken over yet.',
  },
  FOREIGN_HISTORY_FAILED: {
    exit: 2,
    summary: 'The history of another tool has a migration that was begun and not finished.',
  },
  FOREIGN_HISTORY_MOVED: {
    exit: 3,
    summary: 'The other tool has changed its history in a way that is not followed without being asked.',
  },
  FOREIGN_LOCK_HELD: { exit: 4, summary: 'The other tool whose history is kept holds its own lock.' },
  SQL_SYNTAX: { exit: 2, summary: 'A migration holds SQL that PostgreSQL cannot parse.' },
  SQL_REFUSED: { exit: 2, summary: 'A statement that PostgreSQL refuses wherever it runs.' },
  SQL_UNTERMINATED: { exit: 2, summary: 'A string, comment, dollar quote or COPY block has no end.' },
  PSQL_COMMAND_REFUSED: {
    exit: 2,
    summary: 'A migration holds a psql command; no such command is ever run.',
  },
  TRANSACTION_CONTROL_REFUSED: { exit: 2, summary: 'A transaction command in a file cannot be unwrapped.' },
  SESSION_COMMAND_REFUSED: { exit: 2, summary: 'A statement would break the session that keeps the lock.' },
  SPLIT_LOSES_STATE: { exit: 2, summary: 'A file has to be split where transaction-scoped state is open.' },
  SINGLE_TRANSACTION_IMPOSSIBLE: {
    exit: 2,
    summary: 'A statement of the plan cannot run in one transaction.',
  },
  BACKFILL_IMPOSSIBLE: { exit: 2, summary: 'A statement or a table cannot be worked through in batches.' },
  CONVERT_IMPOSSIBLE: {
    exit: 2,
    summary: 'A migration cannot be written as SQL, or what was written makes another schema.',
  },
  TEMPLATE_INVALID: { exit: 2, summary: 'A template, or a column given to it, is not understood.' },
  FILE_EXISTS: { exit: 2, summary: 'A file that would be written exists already.' },

  // The database
  DATABASE_UNREACHABLE: { exit: 3, summary: 'No server answers at the address given.' },
  DATABASE_AUTHENTICATION: { exit: 3, summary: 'The server refused the user or the password.' },
  DATABASE_MISSING: { exit: 3, summary: 'The server has no database of that name.' },
  DATABASE_PERMISSION: { exit: 3, summary: 'The user may not connect, or may not take the configured role.' },
  DATABASE_TLS: { exit: 3, summary: 'The encrypted connection could not be established or verified.' },
  DATABASE_READ_ONLY: { exit: 3, summary: 'The database is a replica or read-only.' },
  DATABASE_UNSUPPORTED: { exit: 3, summary: 'The server is too old or not PostgreSQL enough.' },
  DATABASE_POOLED: { exit: 3, summary: 'The connection goes through a pooler that breaks sessions.' },
  CONNECTION_LOST: { exit: 3, summary: 'The connection to the server ended during a run.' },
  QUERY_FAILED: { exit: 3, summary: 'A query of ours was refused by the server.' },
  QUERY_ROW_COUNT: { exit: 3, summary: 'A query gave another number of rows than asked for.' },
  HISTORY_UNREADABLE: { exit: 3, summary: 'The history exists but this role cannot see all of it.' },
  HISTORY_NEWER: { exit: 3, summary: 'The database was prepared by a newer Lockkeeper.' },
  HISTORY_INSTALL_FAILED: { exit: 3, summary: 'The history tables could not be created.' },
  LOCK_TABLE_FULL: { exit: 2, summary: 'The plan would take more locks than the server can hold.' },

  // A run
  MIGRATION_FAILED: { exit: 3, summary: 'A migration failed; what was applied stays applied.' },
  VALIDATION_FAILED: { exit: 3, summary: 'A validation query of a migration returned rows.' },
  LOCK_BUDGET_EXCEEDED: { exit: 3, summary: 'A migration could not get its locks within the budget.' },
  TRANSACTION_ENDED: { exit: 3, summary: 'A statement ended the transaction that it ran in.' },
  BACKFILL_ROW_REFUSED: { exit: 3, summary: 'A row stopped a backfill, and no more rows may be put aside.' },
  BACKFILL_PAUSED: { exit: 1, summary: 'A backfill is paused, so its migration is not finished.' },
  RECOVERY_UNDECIDED: {
    exit: 3,
    summary: 'An interrupted step has an outcome that PostgreSQL does not record.',
  },
  STEP_NOT_INTERRUPTED: { exit: 2, summary: 'The step to be settled was not interrupted.' },
  RECOVERY_CHANGED: { exit: 2, summary: 'A partly applied migration was edited before it was finished.' },
  LOCK_HELD: { exit: 4, summary: 'Another run holds the migration lock.' },
  LOCK_LOST: { exit: 3, summary: 'The migration lock was lost during the run.' },
  LEASE_LOST: {
    exit: 4,
    summary: 'Another run took over the lease of this one, which had given no sign of life.',
  },
  LOCK_NOT_RELEASED: { exit: 3, summary: 'The run that holds the migration lock could not be ended.' },
  OUT_OF_ORDER_REFUSED: { exit: 5, summary: 'A pending migration is older than an applied one.' },
  PROTECTED_ENVIRONMENT: { exit: 5, summary: 'The verb is not allowed in a protected environment.' },
  ENVIRONMENT_MISMATCH: { exit: 5, summary: 'The database belongs to another environment.' },
  CONFIRMATION_MISSING: { exit: 5, summary: 'A dangerous verb was not confirmed.' },
  INTERRUPTED: { exit: 130, summary: 'The run was stopped by a signal.' },

  // The embedded server
  EMBEDDED_UNAVAILABLE: { exit: 3, summary: 'No PostgreSQL binaries for this platform are installed.' },
  EMBEDDED_START_FAILED: { exit: 3, summary: 'The embedded server could not be created or started.' },
  EMBEDDED_STOP_FAILED: { exit: 3, summary: 'The embedded server does not end.' },

  INTERNAL: { exit: 3, summary: 'Something happened that should not; a report is welcome.' },
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof errorCatalogue;

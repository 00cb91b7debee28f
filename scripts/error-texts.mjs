// The long texts of docs/errors.md, by area: what a code means, why it happens, and the way out.
// `scripts/build-docs.mjs` joins them with the catalogue; test/catalogue.test.ts fails when one is missing.

export const areas = [
  {
    title: 'Usage and configuration',
    codes: {
      USAGE_INVALID: {
        means: 'A command, a flag or an argument is not known, lacks its value, or contradicts another one.',
        why: 'Nothing was guessed and nothing was run: a flag that is misread could migrate the wrong database. `--steps` with `--to`, or `--all` with `--only`, ask for two different things.',
        way: 'The message names the nearest known word. `lockkeeper <verb> --help` lists the flags of a verb. In the library, `details.option` names the option.',
      },
      CONFIG_INVALID: {
        means:
          'The configuration has a key that does not exist, or a value of another kind than its key takes. Contradicting connection variables are reported here too.',
        why: 'An unknown key is usually a misspelt one, and ignoring it would silently use the default instead.',
        way: 'The message names the key, the value and what is accepted. `lockkeeper config --explain` shows every value in force and where it came from. Durations are written as `500ms`, `2s`, `5m`, `1h` or as a number of milliseconds.',
      },
      CONFIG_NOT_LOADED: {
        means:
          'The configuration file does not exist at the path given, cannot be read, or threw an error while it ran.',
        why: 'A configuration in TypeScript or JavaScript is a program. It may import a package that is not installed, or read a file that is not there.',
        way: 'Read the error below the message; it is the one that the file threw. Check `--config` and `--cwd`. The file has to export the configuration as its default export, best through `defineConfig` of `lockkeeper/config`.',
      },
      PROGRAM_MISSING: {
        means: 'A client program of PostgreSQL (`pg_dump`) is not on the PATH, or older than the server.',
        why: '`pg_dump` refuses servers that are newer than itself, because it would not know all that they hold.',
        way: "Install the client programs of the server's major version, and put them on the PATH.",
      },
      PACKAGE_MISSING: {
        means: 'Migrations that another tool runs call a library, and the project has no copy of it.',
        why: 'Code migrations run through the very version of the library that they were written for. Lockkeeper brings none along.',
        way: 'Install the package that the message names, in the project.',
      },
      ENVIRONMENT_UNKNOWN: {
        means: 'The environment that was asked for is not defined in the configuration.',
        why: 'With a configuration that lists its environments, an unlisted name is most likely a typing mistake, and must not fall back to another database.',
        way: 'Use one of the names in the message, or add the environment to `environments` in the configuration. The name comes from `--env`, then `LOCKKEEPER_ENV`, then `NODE_ENV`. `dev`, `testing` and `prod` mean `development`, `test` and `production`.',
      },
    },
  },
  {
    title: 'Migration files',
    codes: {
      MIGRATIONS_UNUSABLE: {
        means:
          'One or more migration files cannot be used. Each is listed with a code, a place and a way out of its own.',
        why: 'All files are read and checked before the first statement runs, so that a mistake in the seventh file is found while the database is still untouched.',
        way: 'Mend the files in the list. `lockkeeper verify` checks them again without running anything.',
      },
      MIGRATIONS_DIR_MISSING: {
        means: 'The migrations folder does not exist.',
        why: 'An absent folder would look like "nothing to do", which is rarely what was meant: the working directory or the configured path is usually another one.',
        way: 'Run `lockkeeper init` in a new project. In an existing one, check `--cwd`, and `migrations` in the configuration (or `MIGRATION_DIRECTORY`).',
      },
      MIGRATION_UNREADABLE: {
        means:
          'A migration file cannot be read: no permission, not a regular file, not UTF-8, or a NUL byte in it.',
        why: 'Text in another encoding would reach the database with other characters than the author saw. PostgreSQL text cannot hold NUL.',
        way: 'Save the file as UTF-8, or give the user that runs Lockkeeper the right to read it.',
      },
      MIGRATION_EMPTY: {
        means: 'A migration holds no statement: the file is empty, or has only comments.',
        why: 'Recording it as applied would hide that its content never arrived, for instance after a failed merge or a file that was never saved.',
        way: 'Write the statements, or delete the file. A migration that is meant to do nothing can hold `select 1;`.',
      },
      MIGRATION_NAME_INVALID: {
        means:
          'A file in the migrations folder has no version at the front of its name, or a name that cannot be read without doubt.',
        why: 'The version decides the order and is the key in the history. A file that is skipped in silence would never run.',
        way: 'Rename it to `<version>_<name>.sql` or `.ts`, as `lockkeeper new` does. Move files that are no migrations to another folder.',
      },
      MIGRATION_DUPLICATE: {
        means: 'Two files have the same version. Both are named.',
        why: 'The version is the key in the history; only one of the two could ever be recorded. It happens when two branches take the same number.',
        way: 'Give the one that is not applied anywhere yet a newer version.',
      },
      MIGRATION_CHANGED: {
        means: 'A file differs from what was applied. Comments, blank space and line ends do not count.',
        why: 'Databases that ran the old text and databases that run the new one would differ from here on.',
        way: 'Undo the edit, and put the change into a new migration. In an environment that is not protected, `lockkeeper redo` undoes it and applies the new content. When the new content is right as it is, and its effect is in the database already, `lockkeeper repair <version> --why "…"` accepts it.',
      },
      MIGRATION_MISSING: {
        means: 'The history names a migration as applied, and no file has its version.',
        why: 'The file was deleted or renamed, or the database was migrated from a branch that is not checked out here.',
        way: 'Bring the file back from version control. When it is gone for good, `lockkeeper mark <version> --pending --why "…"` takes it out of the history; the database itself stays as it is.',
      },
      MIGRATION_METADATA_INVALID: {
        means:
          'A directive such as `-- risk:` or `-- transaction:` has a value that is not accepted, or the metadata of a TypeScript migration has a wrong key or value.',
        why: 'Directives change how a file is run. A misread one could put a statement into a transaction that must not have one.',
        way: 'The message names the accepted values and the line. Directives stand at the top of the file, before the first statement.',
      },
      MIGRATION_DEPENDENCY_UNKNOWN: {
        means: 'A migration says that it depends on a version or name that no file has.',
        why: 'The order cannot be kept when one of its parts is not known.',
        way: 'Correct the `-- depends:` line (or `dependsOn`), or bring the missing file back.',
      },
      MIGRATION_DEPENDENCY_CYCLE: {
        means: 'Migrations depend on each other in a circle; the message shows it.',
        why: 'None of them could be the first.',
        way: 'Remove one of the dependencies. Where two changes really need each other, they belong into one migration.',
      },
      MIGRATION_DEPENDENCY_PENDING: {
        means: 'The migration that was selected needs another one that is not applied and was not selected.',
        why: '`--only`, `--tags` and `environments` choose single migrations; they do not silently run more than what was asked for.',
        way: 'Apply the other one first, or run `lockkeeper up` without the selection.',
      },
      MIGRATION_NEEDED: {
        means: 'The migration to be undone is needed by another one that stays applied.',
        why: 'Undoing it would pull the ground from under the other one.',
        way: 'Undo the dependent migration first; the message names it. `lockkeeper down --to <version>` undoes in the right order.',
      },
      MIGRATION_NOT_FOUND: {
        means: 'No migration has the version, name, release or tag that was given.',
        why: 'A target that is not known cannot be reached, and the nearest one is not good enough to run.',
        way: '`lockkeeper status` lists what there is. A version may be shortened only where it stays clear which one is meant.',
      },
      MIGRATION_IRREVERSIBLE: {
        means: 'A migration has no way back: no down script, or it says `-- irreversible:` with a reason.',
        why: 'What was deleted or merged cannot be made again by a script. It is looked at before anything is undone, so the database is as it was.',
        way: 'Undo only what is newer: `lockkeeper down --to <version>`. Write a down script where one is possible; otherwise go forward with a new migration, or restore a backup.',
      },
      MIGRATION_LOAD_FAILED: {
        means:
          'A TypeScript or JavaScript migration threw an error while it was imported, or cannot be compiled.',
        why: 'Importing a file runs its top level. A missing package, a wrong import path or a syntax error ends up here, before anything was sent to the database.',
        way: 'Read the error below the message. Keep the top level of a migration free of work; put it into `up`.',
      },
      MIGRATION_SHAPE_INVALID: {
        means: 'A TypeScript or JavaScript migration was imported and exports nothing that can be run.',
        why: 'Lockkeeper looks for a default export made by `defineMigration`, for functions or SQL named `up` and `down`, or for an object with an `up` method.',
        way: 'Export one of these. `lockkeeper new <name> --format ts` writes a file of the right shape.',
      },
      MIGRATION_MARKERS_MISSING: {
        means: 'A file without `-- migrate:up` and `-- migrate:down` creates an object and then drops it.',
        why: 'It is most likely an up and a down script in one file with only a comment between them. Run as it is, it would leave nothing behind and be recorded as applied.',
        way: 'Put `-- migrate:up` before the first part and `-- migrate:down` before the second. When the drop is meant, put `-- migrate:up` at the top of the file.',
      },
      MIGRATION_MARKERS_INVALID: {
        means:
          'The section markers of a file contradict each other: one stands twice, a down section comes without an up section, or an option behind a marker is not known.',
        why: 'It is not clear which statements belong to the way up and which to the way back.',
        way: 'Write `-- migrate:up` once, then `-- migrate:down` once. `-- migrate:validate-before` and `-- migrate:validate-after` may stand beside them.',
      },
      MIGRATION_PLACEHOLDER_MISSING: {
        means:
          "A migration of another tool holds a placeholder, such as Flyway's `${name}`, that nothing gives a value.",
        why: 'The text is not complete without it, and an empty value could name another object.',
        way: "Set it in that tool's configuration, or under `placeholders` of that folder in the configuration of Lockkeeper. The error names it and its line.",
      },
      MIGRATION_CHAIN_BROKEN: {
        means:
          'A file in `committed` of graphile-migrate was changed after it was committed, has no hash, or names another migration before it.',
        why: 'The hashes chain the files together, so that everybody has the same history. graphile-migrate refuses such a folder, too.',
        way: 'Undo the change and write a new migration. A change that is meant is declared with a line `--! AllowInvalidHash` below the other headers.',
      },
      FOREIGN_STEP_REFUSED: {
        means:
          'A migration of another tool holds a step that is not SQL (a Java or Go migration, a shell command), or a change type that is not known.',
        why: 'Leaving it out would record a migration as applied that never was, and running a program out of a migrations folder is not ours to do.',
        way: 'Write the step as SQL, or let the other tool apply this one migration and run the command again.',
      },
      FOREIGN_FILE_INVALID: {
        means:
          'A file of another tool says something that the tool itself would not understand: a mark in the wrong form, an include that leads nowhere, a file that is no changelog.',
        why: 'What it means would be a guess, and what comes behind it may depend on it.',
        way: 'Correct the file; the message names the line and the form that is wanted.',
      },
      FOREIGN_PRECONDITION_FAILED: {
        means:
          'A precondition of a changeset, or of a changelog, does not hold, and it says HALT or CONTINUE.',
        why: 'The author said what has to be true before the changeset runs. With CONTINUE the other tool would leave it pending and go on behind it; a run of Lockkeeper leaves nothing out.',
        way: 'Make the precondition hold; or give it `onFail: MARK_RAN`; or settle the changeset with `lockkeeper mark`.',
      },
      FOREIGN_HISTORY_UNKNOWN: {
        means: 'The database holds the history of another tool, and none of it was taken over.',
        why: 'Everything in it would look pending, and run a second time.',
        way: '`lockkeeper adopt` shows what is there and takes it over after asking. `keepForeignHistory: false` leaves the other history alone.',
      },
      FOREIGN_HISTORY_FAILED: {
        means: 'The other tool began a migration and did not finish it; its history says so.',
        why: 'What of it is in the database is known to nobody but the person who looks. The other tool refuses to go on, too.',
        way: 'Look at the database and settle it with the other tool (`prisma migrate resolve`, `flyway repair`), then run the command again.',
      },
      FOREIGN_HISTORY_MOVED: {
        means:
          'The history of the other tool says that it has undone migrations (in a protected environment), or it changed while a step of this run had to let go of the lock.',
        why: 'A history table that was emptied by accident looks the same as a rollback, and following it would run everything again.',
        way: '`lockkeeper adopt` shows what the other tool says, and follows it after asking. When only the run was interrupted, the same command goes on.',
      },
      FOREIGN_LOCK_HELD: {
        means: 'The other tool, whose history is kept, is at work: its own lock is taken.',
        why: 'Two tools at once could apply the same migration twice.',
        way: 'Wait until it ends, or give `--lock-wait` more time. A lock that a crash of the other tool left behind is released with that tool (`knex migrate:unlock`, `liquibase release-locks`).',
      },
      SQL_SYNTAX: {
        means: 'A statement is not SQL that PostgreSQL can parse. The place is underlined.',
        why: "The text is checked with PostgreSQL's own grammar before anything runs.",
        way: 'Correct the statement at the place shown. A missing `;` or quote is often in the line before.',
      },
      SQL_REFUSED: {
        means:
          'A statement is right by its grammar, and PostgreSQL would refuse it in every database: an index on the time of day.',
        why: 'It is found before the first statement runs, or before a function sends it, instead of half way.',
        way: 'The message says why. Compare with the time in the query, and index the plain column.',
      },
      SQL_UNTERMINATED: {
        means:
          'A string, quoted identifier, comment, dollar quote or block of COPY data begins and never ends. The place is where it begins.',
        why: 'Everything behind it belongs to it, so it is not known where the next statement would start. Comments nest in PostgreSQL: each `/*` wants a `*/`. A dollar quote ends only with the same tag: `$body$ … $body$`. COPY data end with a line `\\.`.',
        way: 'Close it.',
      },
      PSQL_COMMAND_REFUSED: {
        means: 'A file holds a command of psql, such as `\\connect`, `\\i` or `\\!`.',
        why: 'These are commands of the program psql and not SQL; some start a shell or change the database. None of them is ever run. Only `\\restrict` and `\\unrestrict`, which pg_dump writes, are skipped, and `\\.` ends COPY data.',
        way: 'Remove the line. For `\\i`, put the SQL of the other file into a migration; for `\\copy`, use `copy … from stdin` with the data below it.',
      },
      TRANSACTION_CONTROL_REFUSED: {
        means:
          'A file holds a ROLLBACK, a PREPARE TRANSACTION, an AND CHAIN, or a BEGIN and COMMIT that cannot be unwrapped.',
        why: 'A migration and its history row are written in one transaction. A statement that ends it in the middle would let the history say something that is not true.',
        way: 'Remove the transaction commands: statements share a transaction by themselves. Use `-- transaction: per-statement` when each statement should have one of its own, or `-- transaction: none` for none. SAVEPOINT, RELEASE and ROLLBACK TO may stay.',
      },
      SESSION_COMMAND_REFUSED: {
        means:
          'A statement would break the session that runs the migrations and keeps the lock: DISCARD ALL, pg_advisory_unlock_all(), standard_conforming_strings = off, or a default of read-only transactions.',
        why: 'Without the lock a second run could start beside this one. With standard_conforming_strings off, text is split in another way than it was checked. In read-only transactions nothing can be written into the journal.',
        way: 'Remove the statement. The session is cleaned between migrations anyway.',
      },
      SPLIT_LOSES_STATE: {
        means:
          'A statement that needs to run outside a transaction stands where the transaction before it still has something that would be lost: a SET LOCAL, a LOCK TABLE, a cursor, a savepoint, deferred constraints, or a temporary table with ON COMMIT. Both lines are named. Or lastval() stands where nothing before it in its own transaction has set it.',
        why: 'The file has to be committed before that statement, and PostgreSQL forgets these things at the commit. What follows would run under other conditions than the author had in mind. And the rows of the history are numbered by a sequence of their own, which is what lastval() would then give.',
        way: 'Move the statement into a migration of its own, or to a place before or after the part that needs the state.',
      },
      SINGLE_TRANSACTION_IMPOSSIBLE: {
        means:
          '`--single-transaction` was asked for, and the plan has a statement that PostgreSQL does not run in one, or a new enum value that is used before it is committed.',
        why: 'CREATE INDEX CONCURRENTLY, VACUUM and their like refuse to run inside a transaction; a value added by ALTER TYPE … ADD VALUE can only be used after a commit.',
        way: 'Run without `--single-transaction`: the file is split into steps by itself, and an interrupted run is finished by the next one. Or write the statement in a form that may run in a transaction.',
      },
      BACKFILL_IMPOSSIBLE: {
        means:
          'A statement that is to run in batches cannot, or its table cannot be walked through: RETURNING, a LIMIT, a WITH that writes, a view, no key and no WHERE, or a SET of the key itself.',
        why: 'In batches such a statement would do something else than in one piece, or do it twice. A table without a key is walked along the place of its rows, and rows that are changed move; only a WHERE that no longer holds tells those that are done.',
        way: 'The message names the part that stands in the way. Remove it, name another unique key with `key`, or leave the backfill out and let the statement run in one piece.',
      },
      CONVERT_IMPOSSIBLE: {
        means:
          '`convert` met a function whose work is no SQL text (it opens connections of its own, sends rows through a stream of its own, or changes them by a transform), or the files it made give another schema than the old ones.',
        why: 'A file that only looks like the old migration would be worse than none. Nothing was written.',
        way: 'Convert the others by naming them, and keep this one as it is; or write its SQL by hand. `--dry-run` shows the files.',
      },
      TEMPLATE_INVALID: {
        means: 'The template asked for does not exist, or a `--column` is not understood.',
        why: 'An unknown column type is refused, because the nearest type is not the type that was meant.',
        way: 'The message lists the templates, or the nearest type names. A column is `name:type[:notnull][:unique][:default=…][:references=table.column]`.',
      },
      FILE_EXISTS: {
        means: 'A file that would be written is there already.',
        why: 'Files of yours are never overwritten.',
        way: 'Choose another name, or move the file away first.',
      },
    },
  },
  {
    title: 'The database',
    codes: {
      DATABASE_UNREACHABLE: {
        means:
          'No server answered at the address: the host is not known, the connection was refused, or nothing came back in time.',
        why: 'The server is not running, listens on another address or port, or a firewall is between.',
        way: '`lockkeeper config --explain` shows host and port, and which variable or file they came from. `lockkeeper doctor` tries the connection step by step.',
      },
      DATABASE_AUTHENTICATION: {
        means:
          'The server was reached and refused the user, the password, or the host that the connection came from.',
        why: 'SQLSTATE 28P01 is a wrong password, 28000 a role or host that `pg_hba.conf` does not let in.',
        way: 'Check the user and where the password comes from with `lockkeeper config --explain`. In a URL, characters such as `@`, `/` and `#` in a password have to be percent-encoded.',
      },
      DATABASE_MISSING: {
        means: 'The server has no database of the name given (SQLSTATE 3D000).',
        why: 'Lockkeeper does not create databases on a server that is not its own: it would hide a misspelt name.',
        way: 'Create it with `createdb <name>`, or correct the URL.',
      },
      DATABASE_PERMISSION: {
        means:
          'The server knows the user and its password, and refuses something at the login: the database itself (SQLSTATE 42501), or the `role` of the configuration, which does not exist (22023) or may not be taken (42501).',
        why: 'The role is taken before anything else, so that everything belongs to it from the first table on.',
        way: 'Correct the `role`, or let an administrator run the GRANT that the message shows.',
      },
      DATABASE_TLS: {
        means:
          'The encrypted connection could not be set up: the server does not offer TLS, or its certificate could not be verified.',
        why: 'Certificates are verified unless you say otherwise by name. A certificate that is signed by the company itself is not known to this machine.',
        way: 'Give the certificate of the authority: `sslrootcert=…` in the URL, or `ssl: { ca }` in the configuration. `sslmode=disable` turns encryption off, for a server on the same machine.',
      },
      DATABASE_READ_ONLY: {
        means:
          'The database accepts no writes: it is a standby, or the role or database is set to read-only transactions.',
        why: 'It is looked at before the lock is taken, because such a server grants the lock and refuses the first write only.',
        way: 'Connect to the primary. Otherwise look at `show default_transaction_read_only`.',
      },
      DATABASE_UNSUPPORTED: {
        means:
          'The server is older than PostgreSQL 14, or a product that speaks its protocol and lacks what a run needs.',
        why: 'Older majors get no fixes any more, and lack settings by which a run notices that its client is gone.',
        way: 'Use PostgreSQL 14 or newer.',
      },
      DATABASE_POOLED: {
        means:
          'The connection goes through a pooler in transaction mode, and a statement of the plan needs a session of its own.',
        why: 'Such a pooler gives every transaction another server session. A statement that no transaction can hold, a setting that is to last, a function that may do anything: what they leave behind would meet somebody else, and what they need would be gone.',
        way: 'Give the address of the server itself for migrations: `directUrl` in the environment, or the variable `DIRECT_URL`. Session mode works too. When there is no such pooler, say `pooled: false`. Often the file can do without: `set local` for `set`, `on commit drop` for a temporary table.',
      },
      CONNECTION_LOST: {
        means:
          'The connection ended during a run: the server was stopped or restarted, somebody ended the session, or the network broke.',
        why: 'The lock lived on that session, so the run stops at once instead of going on without it. A step in a transaction was rolled back by the server, or was committed together with its history row.',
        way: 'Run `lockkeeper up` again. It waits for the old session to end, looks at what really happened, and finishes the rest.',
      },
      QUERY_FAILED: {
        means:
          "One of Lockkeeper's own queries was refused by the server. The SQLSTATE and the server's message are in the details.",
        why: 'Something in the database is different from what it should be: tables of the history that were changed by hand, or an event trigger that refuses DDL.',
        way: "Read the server's message. `lockkeeper doctor` looks at the history tables.",
      },
      QUERY_ROW_COUNT: {
        means: '`db.one` in a migration or seed got no row, or more than one.',
        why: 'The code that follows relies on exactly one.',
        way: 'Use `db.query` where another number of rows is right, or make the condition stricter.',
      },
      HISTORY_UNREADABLE: {
        means:
          'The history tables exist, and not all of their rows can be seen: no USAGE on the schema, no SELECT, row-level security, one of the tables is gone, or the schema keeps another history under another table name.',
        why: 'A history that looks empty would make every migration look pending, and all of them would run again.',
        way: 'Run as the owner of the history tables, grant the rights that the message names, or turn row-level security off on these tables. A table that is gone has to come from a backup. Check `history.schema` and `history.table` too: one schema holds one history, so a second one needs a schema of its own.',
      },
      HISTORY_NEWER: {
        means: 'The history tables were made or changed by a newer version of Lockkeeper than this one.',
        why: 'An older program does not know what the newer columns mean and could write rows that are wrong for the newer one.',
        way: 'Update the package to the version that the message names, or newer.',
      },
      HISTORY_INSTALL_FAILED: {
        means: 'The schema or the tables of the history could not be created or brought up to date.',
        why: 'The role lacks CREATE on the database or the schema, or an event trigger refuses DDL, or `history.schema` is a schema in which a table of yours has the name of one that Lockkeeper needs; the message names it.',
        way: 'Grant the right: `grant create on database <name> to <role>`. Or create the schema as an administrator and make the role its owner: `create schema lockkeeper authorization <role>`. A table of yours is never touched: rename it, or give Lockkeeper a schema of its own; where its history is there already, the message has the statements that move it.',
      },
      LOCK_TABLE_FULL: {
        means:
          'In one transaction, the plan would take more locks than the server has room for. The figure is in the message.',
        why: 'A transaction holds a lock on every table and index that it creates until it ends. The room is `max_locks_per_transaction` × (`max_connections` + `max_prepared_transactions`), shared by all sessions; beyond it the server fails with "out of shared memory".',
        way: 'Run without `--single-transaction`, or split the migration, or raise `max_locks_per_transaction` and restart the server.',
      },
    },
  },
  {
    title: 'A run',
    codes: {
      MIGRATION_FAILED: {
        means:
          'A statement of a migration was refused by the server, or a code migration threw an error. The statement is shown with file, line and column.',
        why: "The server's own message, detail, hint and SQLSTATE say why. What was applied before stays applied; the failed step was rolled back.",
        way: 'Mend the migration and run `lockkeeper up` again. The report (`error.report` in the library, `--json` on the command line) says what was applied, what failed and what was not run.',
      },
      VALIDATION_FAILED: {
        means: 'A query in `validate-before` or `validate-after` returned rows.',
        why: 'Such a query looks for what must not be there. Before: the data are not ready for the migration. After: the migration did not do what it promises.',
        way: 'Look at the rows in the message. Mend the data, the migration, or the query.',
      },
      LOCK_BUDGET_EXCEEDED: {
        means:
          'A migration could not get its locks in time, or kept others waiting for too long while it waited, in as many tries as are allowed.',
        why: 'A statement that waits for a strong lock makes everybody else wait behind it. So each try is short, is rolled back when it does not succeed, and lets the others pass before the next one.',
        way: 'The message says who was in the way. Wait for that session or end it (`--cancel-blockers-after 10s`), run at a quieter time, or give more room: `--lock-timeout 5s`, `--lock-retries 30`. See [Waiting for locks](lock-waits.md).',
      },
      TRANSACTION_ENDED: {
        means:
          'A statement ended the transaction that it ran in, so the migration and its history row could not be committed together.',
        why: 'A COMMIT or ROLLBACK was reached by a way that could not be seen beforehand, for instance in a code migration through `db.client`, or an error was caught and ignored inside the transaction.',
        way: 'Remove it, or use `transaction: none`. Inside a transaction use a savepoint where an error is expected.',
      },
      BACKFILL_ROW_REFUSED: {
        means:
          'One row made its batch of a backfill fail: a constraint, a value that does not fit, a trigger that raised, or an error of `transform`.',
        why: 'The failing batch was halved until the row was found. Rows are put aside (into `migration_errors`) only as far as `maxErrors` allows, and its default is 0.',
        way: 'Mend the row that the message names and run the same command again: it goes on behind the last good batch. Or set `maxErrors` (in SQL `max-errors`), and look into `migration_errors` afterwards.',
      },
      BACKFILL_PAUSED: {
        means: 'A backfill was paused by `lockkeeper backfill pause`, so its migration is not finished.',
        why: 'The run ended after a complete batch, as asked. It does not end with 0, because what comes after the migration, a deployment for example, must not go on as if everything were applied.',
        way: '`lockkeeper backfill resume`, then the same command again: it goes on behind the last batch.',
      },
      RECOVERY_UNDECIDED: {
        means:
          'An earlier run was interrupted, and what became of one of its steps is not known yet, or has to be finished in its own direction first.',
        why: 'PostgreSQL does not record the outcome of every statement, for instance of a CALL of a procedure that commits. An old session may also still be at work on the step. Whether it is finished is never guessed: running it twice may do harm.',
        way: 'Follow the message: wait for the session that it names, or finish the migration with `up`, or its rollback with `down --only`. Where the outcome is not recorded, look at the database and tell what you found: `lockkeeper repair <version> --step <number> --done --why "…"`, or `--again`; [After a crash](after-a-crash.md) says more. The author of a migration can answer beforehand with `-- resume: again` or `-- resume-check:`.',
      },
      STEP_NOT_INTERRUPTED: {
        means: '`repair --step` was told what became of a step that is not interrupted.',
        why: 'Only a step that was begun and not finished has an outcome that a person can settle. Others are done, or were never begun, or failed and left nothing.',
        way: 'The message names the steps that are interrupted. Where there is none, run `lockkeeper up` to go on. To settle a whole migration: `lockkeeper mark`.',
      },
      RECOVERY_CHANGED: {
        means: 'A migration was partly applied, and its file was edited before the rest was run.',
        why: 'The steps that are committed came from the old text. Going on with the new one would make a third version that nobody wrote.',
        way: 'Bring the old text back and run `lockkeeper up`, then put the change into a new migration. Statements after the failed step may be edited.',
      },
      LOCK_HELD: {
        means: 'Another run holds the migration lock of this database and did not end in the time given.',
        why: 'Two runs at once would apply the same migration twice. The message says who holds the lock, since when and from where.',
        way: 'Wait for it, or wait longer with `--lock-wait 5m`. The lock belongs to a session: when its process is dead, the server notices within seconds and lets it go. `lockkeeper lock status` shows what it does; as a last resort `lockkeeper lock release` ends it.',
      },
      LOCK_NOT_RELEASED: {
        means: '`lock release` could not end the run that holds the lock, or the lease.',
        why: "Only a superuser, a member of the other's role, or a member of pg_signal_backend may end a session. A session that rolls back much work needs time for it; a step that is at work keeps its lease.",
        way: 'Use the role that runs the migrations, or let an administrator run `grant pg_signal_backend to <role>`. Look again with `lockkeeper lock status`, and repeat it.',
      },
      LOCK_LOST: {
        means: 'The run found that its session no longer holds the migration lock.',
        why: 'Code in a migration let it go, for instance by pg_advisory_unlock_all() in a function. Without the lock another run could be at work.',
        way: 'Remove that call, and run `lockkeeper up` again; it looks at what was done and goes on.',
      },
      LEASE_LOST: {
        means:
          'The run had given no sign of life for longer than `leaseTimeout`, and another one took over its lease; or somebody ended it by hand.',
        why: 'Behind a transaction pooler a lease stands for the lock. A process that is paused, or whose machine sleeps, cannot know how long it was away; so every step asks whether the lease is still its own, and a step of a run that lost it takes no effect.',
        way: 'Run the command again: it waits for the other run, and goes on behind what that has applied.',
      },
      OUT_OF_ORDER_REFUSED: {
        means:
          'A migration that is not applied is older than one that is, and the policy of this environment refuses to run it.',
        why: 'It was merged late. On databases that are made from nothing it runs before the newer one, here it would run after it, and the result may differ.',
        way: 'Give the file a newer version, or allow it: `outOfOrder: "allow"` or `"warn"` in the environment. Protected environments refuse unless told otherwise.',
      },
      PROTECTED_ENVIRONMENT: {
        means: 'The verb would destroy data and is not allowed in a protected environment.',
        why: '`reset` and `fresh` remove everything. Production is protected unless the configuration says otherwise.',
        way: 'Check `--env` and the URL. If you really mean it, set `protected: false` in that environment, for everybody to see.',
      },
      ENVIRONMENT_MISMATCH: {
        means:
          'The database says that it belongs to another environment than the one this run was started as.',
        why: 'The first run writes into the database which environment it is. A run started as development against the production database is most likely a wrong DATABASE_URL.',
        way: '`lockkeeper config --explain` shows where the URL came from. Start with the right `--env`, or with the right URL.',
      },
      CONFIRMATION_MISSING: {
        means: 'A verb that destroys something was not confirmed.',
        why: 'There was no terminal to ask at, or the answer was no. In a protected environment `--yes` is not enough: the name of the environment has to be given.',
        way: 'Run it at a terminal, or confirm beforehand: `--yes`, and in a protected environment `--confirm <name>`.',
      },
      INTERRUPTED: {
        means: 'The run was stopped by Ctrl-C, SIGTERM or an AbortSignal.',
        why: 'The first signal lets the running step finish. The second one cancels its statement and rolls the step back.',
        way: 'Run `lockkeeper up` again; it goes on where the run stopped.',
      },
    },
  },
  {
    title: 'The embedded server',
    codes: {
      EMBEDDED_UNAVAILABLE: {
        means: 'No url is configured, and the PostgreSQL binaries for this platform are not installed.',
        why: 'They come as an optional package, which is left out by `--omit=optional`, by a lock file made on another platform, and where there is none (Alpine and other systems with musl).',
        way: 'Install again with optional dependencies: `npm install --include=optional`. Or use a server of your own: set `DATABASE_URL`.',
      },
      EMBEDDED_START_FAILED: {
        means:
          'The embedded server could not be created or started. The last lines of its log are in the message.',
        why: 'The data folder belongs to another user or another version, the disk is full, or a process that is no PostgreSQL of ours holds its files.',
        way: '`lockkeeper db status` shows the folder and its log. When the data may go, stop the server with `lockkeeper db stop`, delete the folder, and start again.',
      },
      EMBEDDED_STOP_FAILED: {
        means: 'The embedded server did not stop in time, or could not be signalled.',
        why: 'It belongs to another user, or a session does not end: the server waits for the statement that runs in it.',
        way: 'Look at the process that the message names. End the sessions first, then run `lockkeeper db stop` again, as the user who started it.',
      },
    },
  },
  {
    title: 'Everything else',
    codes: {
      INTERNAL: {
        means: 'Something happened that the program does not expect to be possible.',
        why: 'It is a mistake in Lockkeeper.',
        way: 'Report it with the message, what you ran and the versions that `lockkeeper doctor` prints. What was applied is in the history; the next `lockkeeper up` goes on from there.',
      },
    },
  },
];

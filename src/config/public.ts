import type { ForeignFormat } from '../migration/migration.js';
import type { OutOfOrder } from '../plan/options.js';

/** Milliseconds, or a text such as `250ms`, `2s`, `5 min`, `1h`. */
export type Duration = string | number;

/** libpq's words, and `no-verify`. See `ssl` for what each one means here. */
export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full' | 'no-verify';

/** Details of an encrypted connection. That it is given means that the connection is encrypted. */
export interface SslConfig {
  /**
   * `false` accepts any certificate, and so any server that can put itself in between. Only this, or
   * `sslmode=no-verify`, switches the check off. @default true
   */
  readonly rejectUnauthorized?: boolean | undefined;
  /** Certificate authority: PEM text, or the path of a PEM file. @default the authorities that Node trusts */
  readonly ca?: string | Uint8Array | undefined;
  /** Client certificate: PEM text, or the path of a PEM file. @default none */
  readonly cert?: string | Uint8Array | undefined;
  /** Private key of the client certificate, not encrypted: PEM text, or the path of a PEM file. @default none */
  readonly key?: string | Uint8Array | undefined;
  /** Name that the server's certificate must carry. @default the host */
  readonly servername?: string | undefined;
}

/**
 * Pool settings, accepted so that one object can be shared with an application. Lockkeeper works on a single session per
 * run, and honours none of them in this version.
 */
export interface PoolConfig {
  /** Connections kept open. */
  readonly min?: number | undefined;
  /** Connections at most. */
  readonly max?: number | undefined;
  /** Milliseconds to wait for a free connection. */
  readonly acquireTimeoutMillis?: number | undefined;
  /** Milliseconds to wait for a new connection; `connectTimeout` is what Lockkeeper goes by. */
  readonly createTimeoutMillis?: number | undefined;
  /** Milliseconds to wait for a connection to close. */
  readonly destroyTimeoutMillis?: number | undefined;
  /** Milliseconds after which an unused connection is closed. */
  readonly idleTimeoutMillis?: number | undefined;
  /** Milliseconds between two looks for unused connections. */
  readonly reapIntervalMillis?: number | undefined;
  /** Milliseconds between two attempts to connect. */
  readonly createRetryIntervalMillis?: number | undefined;
}

/**
 * Where the database is. Either `url`, or `host`, `port`, `database`, `user` and `password`.
 *
 * The first of these that says it wins: the flag `--url`; `DATABASE_URL_<ENV>`; `<ENV>_DB_HOST` (or `_NAME`) with
 * `_PORT`, `_USER`, `_PASSWORD`; `DATABASE_URL`; `DB_HOST` (or `DB_NAME`) and its kin; the environment's section; the
 * top level; libpq's `PGHOST` (or `PGDATABASE`); the embedded server. Single parts are taken from the strongest place
 * that has them, as long as none of them is a url. libpq's variables `PGPORT PGUSER PGPASSWORD PGSSLMODE PGSSLROOTCERT
 * PGSSLCERT PGSSLKEY PGAPPNAME PGCONNECT_TIMEOUT PGCHANNELBINDING PGOPTIONS` (of the last, role and search_path) fill in
 * what is still missing, then the password file (`PGPASSFILE`, `~/.pgpass`). `DIRECT_URL` goes with `DATABASE_URL`, and
 * `DIRECT_URL_<ENV>` with `DATABASE_URL_<ENV>`. `PGSERVICE` is not read. `DATABASE_REPLICA_URLS` is shown by
 * `config --explain`, and never migrated: replicas follow the primary. `MIGRATION_DIRECTORY`, `MIGRATION_TABLE_NAME`
 * (`table` or `schema.table`) and `SEED_DIRECTORY` come before `migrations`, `history` and `seeds`.
 */
export interface ConnectionConfig {
  /**
   * `postgres://user:password@host:5432/database`, or `embedded` for the PostgreSQL that Lockkeeper brings along.
   * `undefined` and an empty text mean that nothing was said, so `url: process.env.DATABASE_URL` is safe to write: an
   * environment that is protected, or called production or staging, is never led to the embedded server by it.
   * Parameters of libpq are understood where they mean something here; one that is not is reported, not ignored.
   * @default 'embedded' in development, in test, and in environments of your own that mention no url
   */
  readonly url?: string | undefined;
  /**
   * A way to the same database round a connection pooler; used instead of `url` for migrations. It belongs to the `url`
   * beside it: when another source names the database (a flag, another variable), it is left alone. @default none
   */
  readonly directUrl?: string | undefined;
  /**
   * `true`: `url` leads through a pooler that gives every transaction another session; `false`: the session stays ours.
   * @default found out by asking the server
   */
  readonly pooled?: boolean | undefined;
  /** Host name, address, or folder of a Unix socket. @default 'localhost' */
  readonly host?: string | undefined;
  /** Port of the server. @default 5432 */
  readonly port?: number | string | undefined;
  /** Name of the database, also on the embedded server. @default the user's name; the environment's name if embedded */
  readonly database?: string | undefined;
  /** Role to log in as. @default the name of the operating system's user */
  readonly user?: string | undefined;
  /**
   * The password, or a function that fetches one when a connection is opened (a token of a cloud provider, a vault).
   * Also fills in what a url leaves out. @default the matching line of ~/.pgpass, else none
   */
  readonly password?: string | (() => string | Promise<string>) | undefined;
  /**
   * Encryption. Nothing said: none for this machine (localhost, 127.0.0.1, ::1, Unix sockets), and for every other host
   * an encrypted connection with a verified certificate; there is no silent step down to plain text. `true` and
   * `require` mean verified too. `false` and `disable`: none. `allow` and `prefer` count as nothing said, because their
   * promise is to go on without encryption. `verify-ca` checks who signed and not the name. `no-verify`, and
   * `{ rejectUnauthorized: false }`, encrypt without knowing to whom; `lockkeeper doctor` and `config --explain` say so.
   * @default by host, as told above
   */
  readonly ssl?: boolean | SslMode | SslConfig | undefined;
  /** Role to SET after login, so that what migrations create belongs to it. @default none */
  readonly role?: string | undefined;
  /** search_path of the session: a list, or a text with commas. @default the server's */
  readonly searchPath?: string | readonly string[] | undefined;
  /** What the server shows in pg_stat_activity. @default 'lockkeeper' */
  readonly applicationName?: string | undefined;
  /** How long to wait for a connection; `0` = for ever. @default '10s' */
  readonly connectTimeout?: Duration | undefined;
  /** Pool settings of an application that shares this object; none of them is used here. @default none */
  readonly pool?: PoolConfig | undefined;
}

/** One folder of migrations. */
export interface MigrationsConfig {
  /**
   * Relative to the project folder. May be left out where `format` names another tool. @default what that tool's own
   * configuration says
   */
  readonly dir?: string | undefined;
  /**
   * What the files are. `native` covers SQL (with dbmate's markers, as golang-migrate's pairs, or plain) and
   * TypeScript. `sql` and `typescript` run the same files, and say what `lockkeeper new` writes. @default 'native'
   */
  readonly format?: 'native' | 'sql' | 'typescript' | ForeignFormat | undefined;
  /** Of another tool's migrations: its own history table is written beside ours. @default true */
  readonly keepForeignHistory?: boolean | undefined;
  /**
   * What migrations of this folder need beside what they say themselves: by version, the versions that have to be applied
   * before, of this folder or another: `{ '0001_orders': ['20250310081500_init'] }`.
   * @default nothing
   */
  readonly dependsOn?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Key of its rows in the history; do not change it later. @default `dir` as written, relative to the project folder */
  readonly name?: string | undefined;
  /** Settings of another tool's format, in that tool's words; its page under docs/moving-from/ lists them. */
  readonly [setting: string]: unknown;
}

/** Where the history is kept. */
export interface HistoryConfig {
  /** Schema of Lockkeeper's own tables. @default 'lockkeeper' */
  readonly schema?: string | undefined;
  /** Name of the history table. @default 'schema_migrations' */
  readonly table?: string | undefined;
}

export interface SeedsConfig {
  /** Relative to the project folder. @default 'seeds' */
  readonly dir?: string | undefined;
}

/** Lines for machines beside, or instead of, the talk for people. */
export interface LogConfig {
  /** `json`: one JSON object a line for every event. `text`: none, only the talk of the command line. @default 'json' */
  readonly format?: 'json' | 'text' | undefined;
  /**
   * File that lines are added to, relative to the project folder. Without one they go to standard error, instead of the
   * talk; the library hands them to `writeLog`. @default standard error
   */
  readonly file?: string | undefined;
}

/** A file for the textfile collector of node_exporter. */
export interface MetricsConfig {
  /** Relative to the project folder; its name has to end in `.prom` for node_exporter to read it. */
  readonly file: string;
  /** How often it is written anew while a run lasts. @default '15s' */
  readonly every?: Duration | undefined;
}

/** One receiver of messages about runs. */
export interface WebhookConfig {
  /**
   * Where messages are posted to: https with a verified certificate, or http on this machine. `undefined` and an empty text
   * switch the webhook off, so `url: process.env.RELEASE_HOOK` is safe to write.
   */
  readonly url?: string | undefined;
  /**
   * Key that messages are signed with. A key that is written here and empty is an error, because messages would go
   * unsigned. @default the variable LOCKKEEPER_WEBHOOK_SECRET, else no signature
   */
  readonly secret?: string | undefined;
  /** What is told: a run begins (`start`), ends (`success`, `failure`), or one migration takes long (`slow`). @default all four */
  readonly on?: readonly ('start' | 'success' | 'failure' | 'slow')[] | undefined;
  /** A migration that takes longer is told of as `slow`, while it runs. @default '5m' */
  readonly slowAfter?: Duration | undefined;
  /** `slack`: a message with a `text`, as Slack, Mattermost and others take it. @default 'json' */
  readonly format?: 'json' | 'slack' | undefined;
  /** How long one attempt may take. @default '5s' */
  readonly timeout?: Duration | undefined;
  /** How long the end of a run waits, at most, for messages that are still on their way. @default '10s' */
  readonly flush?: Duration | undefined;
  /** Certificate authority of a receiver of your own: PEM text, or the path of a PEM file. @default those that Node trusts */
  readonly ca?: string | undefined;
}

/** What may be said for all environments, and again for one of them, which then wins. */
export interface SettingsConfig extends ConnectionConfig {
  /** Folder of migrations, or several. @default 'migrations' */
  readonly migrations?: string | MigrationsConfig | readonly (string | MigrationsConfig)[] | undefined;
  /** Folder of seeds. @default 'seeds' */
  readonly seeds?: string | SeedsConfig | undefined;
  /** Folder of the project's own templates for `lockkeeper new`. @default 'lockkeeper/templates' */
  readonly templates?: string | undefined;
  /** Where the history is kept. @default the table schema_migrations in the schema lockkeeper */
  readonly history?: HistoryConfig | undefined;
  /**
   * How long a statement may wait for a lock, and a transaction wait while others wait for it, before its step is rolled
   * back and tried again; `0` = for ever. @default '2s'
   */
  readonly lockTimeout?: Duration | undefined;
  /** How long a statement may run; `0` = without end. @default '0' */
  readonly statementTimeout?: Duration | undefined;
  /** How long to wait for another run to end; `0` = not at all. @default '30s' */
  readonly lockWait?: Duration | undefined;
  /** How often a step that did not get its locks is tried again. @default 10 */
  readonly lockRetries?: number | undefined;
  /** Total time for one CREATE INDEX CONCURRENTLY or the like; `0` = without end. @default '0' */
  readonly concurrentDeadline?: Duration | undefined;
  /** How long another session may stand in a step's way before it is cancelled; `0` = never. @default '0' */
  readonly cancelBlockersAfter?: Duration | undefined;
  /** Whether a second connection watches steps that take their time: locks, who has them, progress. @default true */
  readonly observer?: boolean | undefined;
  /**
   * Behind a transaction pooler: how long a run may give no sign of life before another one takes over; from `'300ms'`
   * on. @default '15s'
   */
  readonly leaseTimeout?: Duration | undefined;
  /** Whether each migration waits at its COMMIT for disk and replicas; the last of a run always does. @default false */
  readonly synchronousCommit?: boolean | undefined;
  /** What to do with a pending migration that is older than an applied one. @default 'warn'; 'refuse' where protected */
  readonly outOfOrder?: OutOfOrder | undefined;
  /** JSON lines about what runs do. @default none */
  readonly log?: LogConfig | undefined;
  /** A file in Prometheus' text format about what runs do. @default none */
  readonly metrics?: MetricsConfig | undefined;
  /** Who is told when a run begins, ends or takes long. @default none */
  readonly webhooks?: readonly WebhookConfig[] | undefined;
  /**
   * Spans and metrics through the `@opentelemetry/api` of the project. @default true where a program has registered an
   * OpenTelemetry SDK in the process
   */
  readonly openTelemetry?: boolean | undefined;
}

/** One environment. What it does not say comes from the top level of the configuration. */
export interface EnvironmentConfig extends SettingsConfig {
  /** Destructive verbs refuse or ask. @default true for production, false for others */
  readonly protected?: boolean | undefined;
}

/** The whole of `lockkeeper.config.ts`; every key may be left out. */
export interface LockkeeperConfig extends SettingsConfig {
  /** For editors that know JSON schemas; not read. */
  readonly $schema?: string | undefined;
  /** By name. `dev`, `testing`, `stage` and `prod` mean development, test, staging and production. */
  readonly environments?: Readonly<Record<string, EnvironmentConfig>> | undefined;
}

/** What a configuration written as a function is given. */
export interface ConfigContext {
  /** Canonical name of the chosen environment. */
  readonly environment: string;
  /** Project folder, absolute. */
  readonly root: string;
}

/** A configuration, or a function that makes one. */
export type ConfigExport =
  | LockkeeperConfig
  | Promise<LockkeeperConfig>
  | ((context: ConfigContext) => LockkeeperConfig | Promise<LockkeeperConfig>);

/**
 * Types a configuration file; gives back what it was given.
 *
 * The file is `lockkeeper.config.ts` (or .mts .cts .js .mjs .cjs .json) in the folder where Lockkeeper is started (`-C`
 * changes it), or the one named by `--config`; its folder is the project folder. Parent folders are not searched.
 * Variables of `.env.<environment>` and `.env` are on `process.env` while the file is being loaded, where nothing of
 * that name was there before, and are taken away again after it: read them at once, not in a callback.
 *
 * @example
 * import { defineConfig } from 'lockkeeper/config';
 *
 * export default defineConfig({
 *   migrations: 'migrations',
 *   environments: {
 *     development: { url: 'embedded' },
 *     production: { url: process.env.DATABASE_URL },
 *   },
 * });
 */
export function defineConfig<Config extends ConfigExport>(config: Config): Config {
  return config;
}

/** What Flyway's configuration is made of here: one value a key, lists and maps as such. */
export type RawValue = string | readonly string[] | Readonly<Record<string, string>>;
export type RawSettings = ReadonlyMap<string, RawValue>;

/** Keys that are read. */
const honoured = [
  'url', 'user', 'password', 'locations', 'callbackLocations', 'table', 'tablespace', 'schemas', 'defaultSchema', 'createSchemas',
  'sqlMigrationPrefix', 'undoSqlMigrationPrefix', 'repeatableSqlMigrationPrefix', 'baselineMigrationPrefix',
  'sqlMigrationSeparator', 'sqlMigrationSuffixes', 'encoding', 'executeInTransaction', 'placeholderReplacement',
  'placeholderPrefix', 'placeholderSuffix', 'placeholderSeparator', 'placeholders', 'installedBy', 'environment',
  'licenseKey',
] as const; // prettier-ignore

/** Keys about Flyway's own program, which change nothing for a database of PostgreSQL. */
const indifferent = new Set([
  'driver', 'connectRetries', 'connectRetriesInterval', 'lockRetryCount', 'outputType', 'outputProgress', 'outputLogsInJson',
  'outputQueryResults', 'color', 'loggers', 'reportEnabled', 'reportFilename', 'jarDirs', 'workingDirectory', 'batch', 'stream',
  'communityDBSupportEnabled', 'edition', 'configFiles', 'configFileEncoding', 'configurations', 'cleanDisabled', 'cleanOnValidationError',
  'failOnMissingLocations', 'powershellExecutable', 'kerberosConfigFile', 'provisioner', 'displayName', 'name', 'databaseType',
  'postgresql.transactional.lock', 'plugins', 'check', 'redgateCompare', 'email', 'token',
]); // prettier-ignore

/** Why a key has no effect here, or what has it instead. */
const reasons: Readonly<Record<string, string>> = {
  baselineOnMigrate: 'a database with tables and no history is taken over by "lockkeeper adopt --baseline"',
  baselineVersion: 'it is a setting of the command "baseline"; "lockkeeper adopt --baseline" has its own',
  baselineDescription: 'it is a setting of the command "baseline"; "lockkeeper adopt --baseline" has its own',
  group:
    'each migration has transactions of its own; "lockkeeper up --single-transaction" runs all of them in one',
  mixed:
    'statements that cannot run in a transaction always run outside of one, and the others of that file inside',
  outOfOrder: 'the key "outOfOrder" in the configuration of Lockkeeper decides it',
  target: '"lockkeeper up --to" says how far to go',
  failOnMissingTarget: '"lockkeeper up --to" always refuses a version that is not there',
  cherryPick: '"lockkeeper up --only" runs single migrations',
  validateOnMigrate: 'what changed since it was applied is found before every run',
  validateMigrationNaming: 'a name that begins like a migration and is none is always refused',
  ignoreMigrationPatterns: 'missing and changed migrations are always told',
  skipExecutingMigrations: '"lockkeeper mark" writes the history without running anything',
  dryRunOutput: '"lockkeeper up --dry-run" shows what would run',
  initSql: 'it would run at every connection; a beforeEachMigrate.sql runs before every migration',
  callbacks: 'callbacks that are Java classes are never run',
  skipDefaultCallbacks: 'callbacks that are SQL files are run where the page about Flyway says so',
  resolvers: 'resolvers that are Java classes are never loaded',
  skipDefaultResolvers: 'SQL files are what is run',
  errorOverrides: 'errors and warnings are shown as the server sends them',
  detectEncoding: 'files are read in the configured encoding, UTF-8 by default',
  jdbcProperties: 'they are for the driver of Java',
};

/** Keys without which a migration may do something else than under Flyway. */
const weighty = new Set(['initSql', 'callbacks', 'resolvers', 'skipExecutingMigrations', 'errorOverrides']);

/** `flyway.baseline-on-migrate`, as Spring Boot writes it, is `baselineOnMigrate`. */
export function settingName(key: string): string {
  const name = key.replace(/^flyway\./, '');
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** `FLYWAY_BASELINE_ON_MIGRATE` is `baselineOnMigrate`. */
export const variableName = (key: string): string =>
  `FLYWAY_${key.replaceAll(/([A-Z])/g, '_$1').toUpperCase()}`;

/** The keys whose variables are asked for. */
export const variableKeys: readonly string[] = [
  ...honoured.filter((key) => key !== 'placeholders'),
  ...Object.keys(reasons).filter((key) => key !== 'jdbcProperties'),
];

export const isWeighty = (key: string): boolean => weighty.has(key);

/** Why a key does nothing; null where it does what it says, or is about the program only. */
export function whyIgnored(key: string): string | null {
  if (honoured.some((known) => known === key) || indifferent.has(key)) return null;
  return reasons[key] ?? 'it is not known';
}

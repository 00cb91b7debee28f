import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Warning } from '../../core/report.js';
import type { FormatConfiguration, FormatConnection, FormatRequest } from '../format.js';
import { readGivenTexts } from '../given.js';
import { shownPath } from '../shown-path.js';
import { normalPath } from './path.js';
import { splitList } from './expression.js';
import { readJdbcUrl } from './jdbc-url.js';
import { parseProperties } from './properties.js';
import { defaultTables, type LiquibaseSettings } from './settings.js';

const givenKeys = [
  'changelogFile',
  'searchPath',
  'contexts',
  'labels',
  'defaultSchemaName',
  'liquibaseSchemaName',
  'databaseChangelogTableName',
  'databaseChangelogLockTableName',
] as const;

/** What is read from liquibase.properties, variables and lockkeeper.config, by one name each. */
const honoured = [
  'changelogfile',
  'url',
  'username',
  'password',
  'searchpath',
  'contexts',
  'contextfilter',
  'labels',
  'labelfilter',
  'defaultschemaname',
  'liquibaseschemaname',
  'databasechangelogtablename',
  'databasechangeloglocktablename',
] as const;

type Honoured = (typeof honoured)[number];

/** Keys that say nothing about what runs: drivers, logs, what other commands of Liquibase need. */
const harmless =
  /^(?:driver|classpath|loglevel|logfile|logformat|logchannels|hub.*|liquibasehub.*|pro.*|licensekey|liquibaseprolicensekey|showbanner|headless|strict|reference.*|outputfile|outputdefaultschema|outputdefaultcatalog|includeschema|includecatalog|includetablespace|difftypes|reports?.*|monitorperformance|analytics.*|showsummary.*|changelogsyncsql|promptfornonlocaldatabase|changeexeclistener.*|duplicatefilemode|overwriteoutputfile|shouldrun|mirrorconsolemessagestolog|sqlloglevel|sqlshowsqlwarnings|databasechangeloglockwaittime|changelogparsemode|author|schemas|fileencoding|outputfileencoding|checks.*|reportpath|reportenabled|reportname|defaultsfile)$/;

/** `liquibase.command.changelogFile`, `changelog-file` and `changeLogFile` are one key. */
const plainKey = (key: string): string =>
  key
    .toLowerCase()
    .replace(/^(?:global:\s*)?/, '')
    .replace(/^liquibase\.(?=.)/, '')
    .replace(/^command\./, '')
    .replaceAll(/[-_.]/g, '');

/** Reads liquibase.properties and the variables that Liquibase reads. */
export function configureLiquibase(request: FormatRequest): Promise<FormatConfiguration> {
  const { root, given, variable, dir } = request;
  const texts = readGivenTexts(given, givenKeys, 'liquibase');
  const file = findDefaultsFile(root, dir, variable);
  const properties = file === null ? new Map<string, string>() : parseProperties(readFileSync(file, 'utf8'));
  const said = readSaid(properties, variable, texts);
  const base = file === null ? (dir ?? root) : dirname(file);
  const searchPath = splitList(said.get('searchpath') ?? null).map((folder) => resolve(base, folder));
  const roots = searchPath.length > 0 ? searchPath : uniqueFolders([base, root]);
  const changelog = said.get('changelogfile') ?? findChangelog(roots) ?? '';
  const url = readJdbcUrl(said.get('url') ?? null);
  const defaultSchema = said.get('defaultschemaname') ?? null;
  const settings: LiquibaseSettings = {
    searchPath: roots,
    changelog: normalPath(changelog),
    contexts: splitList(said.get('contextfilter') ?? said.get('contexts') ?? null),
    labels: said.get('labelfilter') ?? said.get('labels') ?? null,
    defaultSchema,
    historySchema:
      said.get('liquibaseschemaname') ?? defaultSchema ?? url?.schema ?? defaultTables.historySchema,
    historyTable: said.get('databasechangelogtablename') ?? defaultTables.historyTable,
    lockTable: said.get('databasechangeloglocktablename') ?? defaultTables.lockTable,
    parameters: parametersOf(properties),
  };
  return Promise.resolve({
    file,
    dir: dir ?? dirname(resolve(roots[0] ?? root, settings.changelog)),
    settings: { ...settings },
    connection: connectionOf(url, said, defaultSchema),
    warnings: file === null ? [] : notHonoured(properties, shownPath(file, root)),
  });
}

function findDefaultsFile(
  root: string,
  dir: string | null,
  variable: FormatRequest['variable'],
): string | null {
  const named = variable('LIQUIBASE_DEFAULTS_FILE');
  const places = [...(named === undefined ? [] : [resolve(root, named)]), join(root, 'liquibase.properties')];
  if (dir !== null) places.push(join(dir, 'liquibase.properties'));
  return places.find((path) => existsSync(path)) ?? null;
}

/** Weakest first: the file, then variables, then lockkeeper.config. */
function readSaid(
  properties: ReadonlyMap<string, string>,
  variable: FormatRequest['variable'],
  texts: Readonly<Partial<Record<string, string>>>,
): ReadonlyMap<Honoured, string> {
  const said = new Map<Honoured, string>();
  const keep = (key: string, value: string | undefined): void => {
    const name = honoured.find((one) => one === plainKey(key));
    if (name !== undefined && value !== undefined && value.trim() !== '') said.set(name, value.trim());
  };
  for (const [key, value] of properties) keep(key, value);
  for (const [name, key] of variableNames) keep(key, variable(name));
  for (const [key, value] of Object.entries(texts)) keep(key, value);
  return said;
}

const variableNames: readonly (readonly [string, Honoured])[] = [
  ['LIQUIBASE_SEARCH_PATH', 'searchpath'],
  ['LIQUIBASE_LIQUIBASE_SCHEMA_NAME', 'liquibaseschemaname'],
  ['LIQUIBASE_DATABASE_CHANGELOG_TABLE_NAME', 'databasechangelogtablename'],
  ['LIQUIBASE_DATABASE_CHANGELOG_LOCK_TABLE_NAME', 'databasechangeloglocktablename'],
  ['LIQUIBASE_DATABASECHANGELOG_TABLE_NAME', 'databasechangelogtablename'],
  ['LIQUIBASE_DATABASECHANGELOGLOCK_TABLE_NAME', 'databasechangeloglocktablename'],
  ['LIQUIBASE_COMMAND_CHANGELOG_FILE', 'changelogfile'],
  ['LIQUIBASE_COMMAND_URL', 'url'],
  ['LIQUIBASE_COMMAND_USERNAME', 'username'],
  ['LIQUIBASE_COMMAND_PASSWORD', 'password'],
  ['LIQUIBASE_COMMAND_CONTEXTS', 'contexts'],
  ['LIQUIBASE_COMMAND_CONTEXT_FILTER', 'contextfilter'],
  ['LIQUIBASE_COMMAND_LABELS', 'labels'],
  ['LIQUIBASE_COMMAND_LABEL_FILTER', 'labelfilter'],
  ['LIQUIBASE_COMMAND_DEFAULT_SCHEMA_NAME', 'defaultschemaname'],
];

/** The names under which a changelog is usually kept. */
function findChangelog(roots: readonly string[]): string | null {
  const stems = [
    'changelog',
    'db.changelog-master',
    'changelog-master',
    'db.changelog',
    'master',
    'changelog.postgresql',
  ];
  const names = stems.flatMap((stem) =>
    ['xml', 'yaml', 'yml', 'json', 'sql'].map((kind) => `${stem}.${kind}`),
  );
  return names.find((name) => roots.some((folder) => existsSync(join(folder, name)))) ?? null;
}

const uniqueFolders = (folders: readonly string[]): readonly string[] => [...new Set(folders)];

function parametersOf(properties: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [key, value] of properties)
    if (key.startsWith('parameter.')) found[key.slice('parameter.'.length)] = value;
  return found;
}

function connectionOf(
  url: ReturnType<typeof readJdbcUrl>,
  said: ReadonlyMap<Honoured, string>,
  defaultSchema: string | null,
): FormatConnection | null {
  if (url === null) return null;
  const user = said.get('username') ?? url.connection.user;
  const password = said.get('password') ?? url.connection.password;
  const schema = defaultSchema ?? url.schema;
  return {
    ...url.connection,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(schema === null ? {} : { searchPath: [schema] }),
  };
}

function notHonoured(properties: ReadonlyMap<string, string>, shown: string): readonly Warning[] {
  return [...properties.keys()]
    .filter((key) => !key.startsWith('parameter.'))
    .filter((key) => !honoured.some((name) => name === plainKey(key)) && !harmless.test(plainKey(key)))
    .map((key) => ({
      code: 'setting-unsupported',
      message: `${shown}: "${key}" has no effect here.`,
    }));
}

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';
import type { Warning } from '../../core/report.js';
import type { FormatConfiguration, FormatRequest } from '../format.js';
import { shownPath } from '../shown-path.js';
import { readFlywayFile, type FlywayFile } from './config-file.js';
import { connectionOf } from './jdbc-url.js';
import {
  isWeighty,
  type RawSettings,
  type RawValue,
  variableKeys,
  variableName,
  whyIgnored,
} from './keys.js';
import { resolveLocations } from './locations.js';
import { SettingsReader } from './settings-reader.js';
import type { FlywaySettings } from './settings.js';

/** Where Flyway looks in a project folder; a later one wins. */
const fileNames = ['flyway.conf', 'flyway.toml', 'flyway.user.toml'];

/** Keys that lockkeeper.config may give beside Flyway's own. */
const ownKeys = new Set(['configFiles', 'undoneAs']);

/** Reads flyway.conf and flyway.toml, FLYWAY_* and what lockkeeper.config says, and makes settings of them. */
export function configureFlyway(request: FormatRequest): Promise<FormatConfiguration> {
  const { given, root, dir } = request;
  const paths = findFiles(request);
  const files = paths.map((path) => readFlywayFile(path, request));
  const variables = readVariables(request.variable);
  const environment = chooseEnvironment(files, variables, request);
  const layers = [
    ...files.map(({ settings }) => settings),
    ...files.flatMap(({ environments }) => environments.get(environment) ?? []),
    variables,
    readGiven(given),
  ];
  const reader = new SettingsReader(mergeLayers(layers));
  const connection = connectionOf(reader);
  const locations = resolveLocations(reader.list('locations'), { root, dir });
  const settings = settingsOf(reader, { locations, root, environment, connection });
  return Promise.resolve({
    file: paths.at(-1) ?? null,
    dir: locations[0] ?? join(root, 'sql'),
    settings: { ...settings, ...undoneAs(given['undoneAs'], reader) },
    connection,
    warnings: warningsOf(
      layers.slice(0, -1),
      paths.map((path) => shownPath(path, root)),
    ),
  });
}

function findFiles({ root, given, variable }: FormatRequest): readonly string[] {
  const said = given['configFiles'] ?? variable('FLYWAY_CONFIG_FILES');
  const names = Array.isArray(said) ? said.map(String) : typeof said === 'string' ? said.split(',') : null;
  if (names !== null) return names.map((name) => resolve(root, name.trim()));
  return fileNames.map((name) => join(root, name)).filter((path) => existsSync(path));
}

/** Named by the user, else the one that is called like the environment of this run, else what the file says. */
function chooseEnvironment(
  files: readonly FlywayFile[],
  variables: RawSettings,
  { given, environment }: FormatRequest,
): string {
  const said = given['environment'] ?? variables.get('environment');
  if (typeof said === 'string') return said;
  if (files.some(({ environments }) => environments.has(environment))) return environment;
  const chosen = files.map(({ settings }) => settings.get('environment')).findLast((name) => name);
  return typeof chosen === 'string' ? chosen : 'default';
}

function readVariables(variable: FormatRequest['variable']): RawSettings {
  const settings = new Map<string, RawValue>();
  for (const key of variableKeys) {
    const value = variable(variableName(key));
    if (value !== undefined) settings.set(key, value);
  }
  return settings;
}

function readGiven(given: FormatRequest['given']): RawSettings {
  const settings = new Map<string, RawValue>();
  for (const [key, value] of Object.entries(given)) {
    if (ownKeys.has(key)) continue;
    if (whyIgnored(key) !== null) throw refusedKey(key);
    if (Array.isArray(value)) settings.set(key, value.map(String));
    else if (typeof value === 'object' && value !== null) settings.set(key, value as Record<string, string>);
    else settings.set(key, String(value));
  }
  return settings;
}

function refusedKey(key: string): LockkeeperError {
  return new LockkeeperError('CONFIG_INVALID', {
    message: `"migrations": "${key}" is not a key that the format "flyway" honours: ${whyIgnored(key)}.`,
    hint: 'Remove it from the configuration of Lockkeeper.',
    details: { key },
  });
}

/** The later layer wins; placeholders of all layers count. */
function mergeLayers(layers: readonly RawSettings[]): RawSettings {
  const merged = new Map<string, RawValue>();
  for (const [key, value] of layers.flatMap((layer) => [...layer])) {
    const before = merged.get(key);
    const isMap = key === 'placeholders' && typeof before === 'object' && typeof value === 'object';
    merged.set(key, isMap ? { ...(before as object), ...(value as object) } : value);
  }
  return merged;
}

interface SettingsContext {
  readonly locations: readonly string[];
  readonly root: string;
  readonly environment: string;
  readonly connection: FormatConfiguration['connection'];
}

function settingsOf(reader: SettingsReader, context: SettingsContext): FlywaySettings {
  const schemas = reader.list('schemas');
  const defaultSchema = reader.text('defaultSchema') ?? schemas[0] ?? null;
  const wanted =
    defaultSchema === null || schemas.includes(defaultSchema) ? schemas : [defaultSchema, ...schemas];
  const table = reader.text('table') ?? 'flyway_schema_history';
  const marks = {
    prefix: reader.text('placeholderPrefix') ?? '${',
    suffix: reader.text('placeholderSuffix') ?? '}',
    separator: reader.text('placeholderSeparator') ?? ':',
  };
  return {
    locations: context.locations,
    table,
    tablespace: reader.text('tablespace'),
    defaultSchema,
    createdSchemas: reader.flag('createSchemas', true) ? wanted : [],
    prefixes: {
      versioned: reader.text('sqlMigrationPrefix') ?? 'V',
      undo: reader.text('undoSqlMigrationPrefix') ?? 'U',
      repeatable: reader.text('repeatableSqlMigrationPrefix') ?? 'R',
      baseline: reader.text('baselineMigrationPrefix') ?? 'B',
    },
    separator: reader.text('sqlMigrationSeparator') ?? '__',
    suffixes: reader.text('sqlMigrationSuffixes') === null ? ['.sql'] : reader.list('sqlMigrationSuffixes'),
    encoding: reader.text('encoding') ?? 'UTF-8',
    executeInTransaction: reader.flag('executeInTransaction', true),
    placeholderReplacement: reader.flag('placeholderReplacement', true),
    placeholderMarks: marks,
    placeholders: placeholdersOf(reader, { ...context, table, defaultSchema, separator: marks.separator }),
    installedBy: reader.text('installedBy'),
    undoneAs: 'auto',
  };
}

/** The user's, and those of Flyway's own that are known without asking the database. */
function placeholdersOf(
  reader: SettingsReader,
  known: SettingsContext & Pick<FlywaySettings, 'table' | 'defaultSchema'> & { readonly separator: string },
): Readonly<Record<string, string>> {
  const own: Readonly<Record<string, string | null | undefined>> = {
    defaultSchema: known.defaultSchema,
    user: known.connection?.user,
    database: known.connection?.database,
    workingDirectory: known.root,
    table: known.table,
    environment: known.environment,
  };
  const placeholders: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) {
    if (value !== null && value !== undefined) placeholders[`flyway${known.separator}${name}`.toLowerCase()] = value; // prettier-ignore
  }
  for (const [name, value] of Object.entries(reader.map('placeholders'))) {
    placeholders[name.toLowerCase()] = value;
  }
  return placeholders;
}

/** A licence key says that the edition at hand knows `flyway undo`. */
function undoneAs(given: unknown, reader: SettingsReader): Partial<FlywaySettings> {
  if (given === 'UNDO_SQL' || given === 'DELETE' || given === 'auto') return { undoneAs: given };
  if (given === undefined) return reader.text('licenseKey') === null ? {} : { undoneAs: 'UNDO_SQL' };
  throw new LockkeeperError('CONFIG_INVALID', {
    message: `"migrations": "undoneAs" is ${JSON.stringify(given)}. Accepted: "auto", "UNDO_SQL", "DELETE".`,
    hint: 'Correct it in the configuration of Lockkeeper.',
  });
}

function warningsOf(layers: readonly RawSettings[], files: readonly string[]): readonly Warning[] {
  const keys = new Set(layers.flatMap((layer) => [...layer.keys()]));
  const where = files.length === 0 ? "Flyway's variables" : files.join(', ');
  return [...keys].flatMap((key) => {
    const name = key.split('.', 1)[0] ?? key;
    const why = whyIgnored(name);
    if (why === null) return [];
    const code = isWeighty(name) ? 'setting-unsupported' : 'setting-ignored';
    return [{ code, message: `${where}: Flyway's "${key}" has no effect here: ${why}.` }];
  });
}

import { readFileSync } from 'node:fs';
import { LockkeeperError } from '../../core/errors.js';
import type { FormatRequest } from '../format.js';
import { parseToml, TomlError, type TomlTable, type TomlValue } from '../toml.js';
import { shownPath } from '../shown-path.js';
import { type RawSettings, type RawValue, settingName } from './keys.js';
import { parseProperties } from './properties.js';

/** One configuration file of Flyway's, taken apart. */
export interface FlywayFile {
  /** By name without `flyway.` in front of it. */
  readonly settings: RawSettings;
  /** What `[environments.<name>]` says, by name; only TOML has them. */
  readonly environments: ReadonlyMap<string, RawSettings>;
}

/** @throws {CONFIG_NOT_LOADED} {CONFIG_INVALID} */
export function readFlywayFile(path: string, { root, variable }: FormatRequest): FlywayFile {
  const shown = shownPath(path, root);
  const text = readConfig(path, shown);
  if (!path.endsWith('.toml')) return { settings: readConf(text, variable), environments: new Map() };
  const top = readToml(text, shown);
  const environments = Object.entries(tableOf(top['environments'])).map(
    ([name, table]) => [name, flatten(tableOf(table))] as const,
  );
  return { settings: flatten(tableOf(top['flyway'])), environments: new Map(environments) };
}

function readConfig(path: string, shown: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new LockkeeperError('CONFIG_NOT_LOADED', {
      message: `Flyway's configuration "${shown}" cannot be read: ${(cause as Error).message}.`,
      hint: 'Correct where it is looked for: configFiles, or FLYWAY_CONFIG_FILES.',
      cause,
    });
  }
}

function readToml(text: string, file: string): TomlTable {
  try {
    return parseToml(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    throw new LockkeeperError('CONFIG_INVALID', {
      message: `"${file}" is no TOML: ${cause.message}`,
      hint: 'Correct that line.',
      location: { file, line: cause.line, column: 1 },
    });
  }
}

/** `${NAME}` in a .conf file is a variable; one that is not set is empty. */
function readConf(text: string, variable: FormatRequest['variable']): RawSettings {
  const expanded = text.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => variable(name) ?? '');
  const settings = new Map<string, RawValue>();
  const placeholders: Record<string, string> = {};
  for (const [key, value] of parseProperties(expanded)) {
    const name = settingName(key);
    if (name.startsWith('placeholders.')) placeholders[name.slice('placeholders.'.length)] = value;
    else settings.set(name, value);
  }
  if (Object.keys(placeholders).length > 0) settings.set('placeholders', placeholders);
  return settings;
}

const isTable = (value: TomlValue | undefined): value is TomlTable =>
  typeof value === 'object' && !Array.isArray(value);

const tableOf = (value: TomlValue | undefined): TomlTable => (isTable(value) ? value : {});

/** Inner tables become keys with dots, as a .conf file has them; `flyway` inside an environment is its own settings. */
function flatten(table: TomlTable): RawSettings {
  const settings = new Map<string, RawValue>();
  for (const [key, value] of Object.entries(table)) {
    const name = settingName(key);
    if (name === 'placeholders') settings.set(name, textsOf(tableOf(value)));
    else if (isTable(value)) {
      for (const [inner, each] of flatten(value)) {
        settings.set(name === 'flyway' || name === 'jdbcProperties' ? own(name, inner) : `${name}.${inner}`, each); // prettier-ignore
      }
    } else settings.set(name, Array.isArray(value) ? value.map(textOf) : textOf(value));
  }
  return settings;
}

const own = (name: string, inner: string): string => (name === 'flyway' ? inner : name);

const textsOf = (table: TomlTable): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(table).map(([key, value]) => [key, textOf(value)]));

const textOf = (value: TomlValue): string =>
  typeof value === 'object' ? JSON.stringify(value) : String(value);

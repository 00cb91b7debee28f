import type { ConnectionSettings } from './connection-settings.js';
import { mergeSettings } from './connection-url.js';
import { environmentAliases } from '../core/environment-names.js';
import { problem, type Problems } from './problems.js';
import type { Origin } from './resolved.js';
import { readHost, readParameter, readPort } from './url-parameters.js';
import type { Variables } from './variables.js';

export type SettingKey = keyof ConnectionSettings;

/** Settings of one source, and where each of them was said. */
export interface SettingsLayer {
  readonly settings: ConnectionSettings;
  readonly origin: Origin;
  /** Where the settings of one layer come from several variables. */
  readonly origins?: Partial<Record<SettingKey, Origin>>;
  /** Whether a host or a database is named, be it wrongly. */
  readonly identifies?: boolean;
  /** Mistakes in it, which matter only where the layer is used: DB_PORT may well be another program's variable. */
  readonly problems?: Problems;
}

/** `PRODUCTION`, `PROD`: how an environment is written within the name of a variable. */
export function variableNames(environment: string): readonly string[] {
  return environmentAliases(environment).map((name) => name.toUpperCase().replaceAll(/[^A-Z\d]/g, '_'));
}

const groupMembers = [
  ['HOST', 'host'],
  ['PORT', 'port'],
  ['NAME', 'database'],
  ['USER', 'user'],
  ['PASSWORD', 'password'],
] as const;

/** `DB_HOST` and its kin, with a prefix (`TEST_`) or without. */
export function readVariableGroup(prefix: string, variables: Variables): SettingsLayer {
  const found = groupMembers.flatMap(([suffix, key]) => {
    const variable = variables.get(`${prefix}DB_${suffix}`);
    return variable === null ? [] : [{ key, variable, reading: readMember(key, variable.value) }];
  });
  return combine(found);
}

function readMember(key: (typeof groupMembers)[number][1], value: string): ReturnType<typeof readParameter> {
  if (key === 'host') return readHost(value);
  return key === 'port' ? readPort(value) : { [key]: value };
}

/**
 * libpq's variables (PostgreSQL manual, "Environment Variables"), by the connection parameter each stands for.
 * PGSERVICE and service files are not read.
 */
const libpqVariables = {
  PGHOST: 'host',
  PGPORT: 'port',
  PGDATABASE: 'dbname',
  PGUSER: 'user',
  PGPASSWORD: 'password',
  PGSSLMODE: 'sslmode',
  PGSSLROOTCERT: 'sslrootcert',
  PGSSLCERT: 'sslcert',
  PGSSLKEY: 'sslkey',
  PGAPPNAME: 'application_name',
  PGCONNECT_TIMEOUT: 'connect_timeout',
  PGOPTIONS: 'options',
  PGCHANNELBINDING: 'channel_binding',
} as const;

/** What libpq's variables say. */
export function readLibpqVariables(variables: Variables): SettingsLayer {
  const found = Object.entries(libpqVariables).flatMap(([name, parameter]) => {
    const variable = variables.get(name);
    return variable === null
      ? []
      : [{ key: parameter, variable, reading: readParameter(parameter, variable.value) }];
  });
  return combine(found);
}

interface Found {
  readonly key: string;
  readonly variable: { readonly name: string; readonly origin: Origin };
  readonly reading: ReturnType<typeof readParameter>;
}

function combine(found: readonly Found[]): SettingsLayer {
  const problems: Problems = [];
  let settings: ConnectionSettings = {};
  const origins: Partial<Record<SettingKey, Origin>> = {};
  for (const { variable, reading } of found) {
    if ('refused' in reading) {
      const message = `The variable ${variable.name} is refused: ${reading.refused.replace(/[.?]$/, '')}.`;
      problems.push(problem({ message, details: { variable: variable.name } }));
      continue;
    }
    settings = mergeSettings(settings, reading);
    for (const key of Object.keys(reading) as SettingKey[]) origins[key] ??= variable.origin;
  }
  const identifies = found.some(({ key }) => ['host', 'database', 'dbname'].includes(key));
  return {
    settings,
    origins,
    identifies,
    problems,
    origin: found[0]?.variable.origin ?? { kind: 'default' },
  };
}

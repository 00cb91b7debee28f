import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';
import { type RawSettings, withCamelCase } from '../setting-keys.js';

/** Short forms of the tool's command line. */
const shortFlags: Readonly<Record<string, string>> = {
  m: 'migrationsDir',
  t: 'migrationsTable',
  s: 'schema',
  f: 'configFile',
  d: 'databaseUrlVar',
  j: 'migrationFileLanguage',
};

/** Flags of the command line that say something about the project, and not about one run. */
const ofProject = new Set([
  ...Object.values(shortFlags),
  'createSchema',
  'migrationsSchema',
  'createMigrationsSchema',
  'useGlob',
  'ignorePattern',
  'decamelize',
  'tsconfigPaths',
  'configValue',
  'migrationFilenameFormat',
  'lockValue',
]);

const switches = new Set(['createSchema', 'createMigrationsSchema', 'useGlob', 'decamelize']);

/**
 * What package.json says: its key "node-pg-migrate", and below that the flags with which its scripts call the tool,
 * because that is where most projects name their folder and table. @throws {CONFIG_NOT_LOADED}
 */
export function readPackageSettings(root: string): RawSettings {
  const path = join(root, 'package.json');
  if (!existsSync(path)) return {};
  const content = parse(readFileSync(path, 'utf8'));
  const own = content['node-pg-migrate'];
  const scripts = Object.values((content['scripts'] ?? {}) as RawSettings).filter(
    (script): script is string => typeof script === 'string',
  );
  // The first script that says something of a setting is the one that counts.
  const flags = scripts.toReversed().map(flagsOf);
  const key = typeof own === 'object' && own !== null ? withCamelCase(own as RawSettings) : {};
  return Object.assign({}, ...flags, key) as RawSettings;
}

function parse(text: string): RawSettings {
  try {
    return JSON.parse(text) as RawSettings;
  } catch (cause) {
    throw new LockkeeperError('CONFIG_NOT_LOADED', {
      message: `package.json is not JSON: ${(cause as Error).message}.`,
      hint: 'Correct it; what it says of node-pg-migrate is read from there.',
      cause,
    });
  }
}

/** The flags behind `node-pg-migrate` in one script. */
function flagsOf(script: string): RawSettings {
  const command = /(?:^|[\s/])node-pg-migrate(?:\s+(.*))?$/s.exec(script)?.[1];
  if (command === undefined) return {};
  const words = (command.split(/&&|\|\||[;|]/)[0] ?? '').match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
  const flags: Record<string, unknown> = {};
  for (let index = 0; index < words.length; index += 1) {
    const flag = /^--?([a-zA-Z-]+)(?:=(.*))?$/s.exec(words[index] ?? '');
    if (flag === null) continue;
    const name = flagName(flag[1] ?? '');
    if (!ofProject.has(name)) continue;
    const next = words[index + 1];
    const value = flag[2] ?? (switches.has(name) || next?.startsWith('-') === true ? undefined : next);
    flags[name] = switches.has(name) ? value !== 'false' : unquote(value ?? '');
  }
  return flags;
}

function flagName(flag: string): string {
  return shortFlags[flag] ?? Object.keys(withCamelCase({ [flag]: true }))[0] ?? flag;
}

function unquote(word: string): string {
  return /^(["']).*\1$/s.test(word) ? word.slice(1, -1) : word;
}

import { readFileSync } from 'node:fs';
import { canonicalEnvironment, standardEnvironments } from '../core/environment-names.js';
import type { EnvironmentInfo } from '../config/resolved.js';
import { LockkeeperError, type SourceLocation } from '../core/errors.js';
import type { Warning } from '../core/report.js';
import { didYouMean, joinWords, nearest } from '../core/text.js';
import type { Migration } from '../migration/migration.js';

export interface EnvironmentsCheck {
  readonly problems: readonly LockkeeperError[];
  readonly warnings: readonly Warning[];
}

/**
 * A migration whose `environments` name none that exists runs nowhere, without a word. A name close to a known one is
 * a typing mistake and refused; any other may be known elsewhere (NODE_ENV may say anything) and is told.
 */
export function checkEnvironments(
  migrations: readonly Migration[],
  environment: EnvironmentInfo,
): EnvironmentsCheck {
  const problems: LockkeeperError[] = [];
  const warnings: Warning[] = [];
  const known = [...new Set([...environment.known, environment.name, ...standardEnvironments])];
  for (const migration of migrations) {
    for (const written of migration.metadata.environments) {
      if (known.includes(canonicalEnvironment(written))) continue;
      if (nearest(written, known) === null) warnings.push(unknown(migration, written, known));
      else problems.push(misspelt(migration, written, known));
    }
  }
  return { problems, warnings };
}

const neverRuns = ({ version, name }: Migration, written: string): string =>
  `Migration ${version} ${name} is for the environment "${written}", which is not known`;

function misspelt(migration: Migration, written: string, known: readonly string[]): LockkeeperError {
  return new LockkeeperError('MIGRATION_METADATA_INVALID', {
    message: `${neverRuns(migration, written)}: it would never run there.${didYouMean(written, known)}`,
    hint: `Write one of ${joinWords(known, 'or')}; or define "${written}" under "environments" in the configuration.`,
    location: placeOf(migration),
    details: { version: migration.version, environment: written, known },
  });
}

function unknown(migration: Migration, written: string, known: readonly string[]): Warning {
  return {
    code: 'environment-unknown',
    message: `${neverRuns(migration, written)} here. Known: ${joinWords(known)}.`,
    hint: `Define "${written}" under "environments" in the configuration, or correct the name.`,
  };
}

/** Read only where something is wrong: the line of the directive, or the first one. */
function placeOf({ path, up }: Migration): SourceLocation {
  const lines = readFileSync(path, 'utf8').split(/\r\n|\n/);
  const index = lines.findIndex((line) => /^\s*(?:--|\/\/|\*)?\s*env(?:ironments?)?\s*:/i.test(line));
  const lineText = lines[Math.max(index, 0)] ?? '';
  return { file: up.file, line: Math.max(index, 0) + 1, column: 1, lineText };
}

/** Names are forgiving here, too: `dev` is development. */
export function runsIn(migration: Migration, environment: string): boolean {
  const { environments } = migration.metadata;
  return environments.length === 0 || environments.map(canonicalEnvironment).includes(environment);
}

import { LockkeeperError } from '../core/errors.js';
import { didYouMean, joinWords } from '../core/text.js';
import { canonicalEnvironment, standardEnvironments } from '../core/environment-names.js';
import type { Explanation } from './explain.js';
import type { ConfigInput } from './input.js';
import type { EnvironmentConfig, LockkeeperConfig } from './public.js';
import type { EnvironmentInfo, Origin } from './resolved.js';
import { problem, type Problems } from './problems.js';
import type { Variables } from './variables.js';

/** Which environment was asked for, and how. */
export interface ChosenEnvironment {
  readonly name: string;
  /** As the user wrote it. */
  readonly written: string;
  readonly origin: Origin;
}

/** By flag, else LOCKKEEPER_ENV, else NODE_ENV, else development. */
export function chooseEnvironment(
  input: ConfigInput,
  variables: Variables,
  explanation: Explanation,
): ChosenEnvironment {
  const candidates = [
    input.env === undefined ? null : environmentCandidate(input.env, { kind: 'flag', option: 'env' }),
    ...['LOCKKEEPER_ENV', 'NODE_ENV'].map((name) => {
      const variable = variables.get(name);
      return variable === null ? null : environmentCandidate(variable.value, variable.origin);
    }),
    environmentCandidate('development', { kind: 'default' }),
  ];
  const chosen = explanation.choose('environment', candidates);
  const written = chosen?.value ?? 'development';
  const origin: Origin = chosen?.origin ?? { kind: 'default' };
  // The name becomes part of file names (.env.<name>) and of variables.
  if (!/^[\w-][\w.-]*$/.test(written.trim())) {
    throw new LockkeeperError('ENVIRONMENT_UNKNOWN', {
      message: `${JSON.stringify(written)} cannot be the name of an environment: letters, digits, "_", "-" and "." may be used.`,
      hint: 'Name the environment, e.g. development, test, staging or production, or leave it out.',
      details: { environment: written, ...describeOrigin(origin) },
    });
  }
  return { name: canonicalEnvironment(written), written, origin };
}

function environmentCandidate(
  value: string,
  origin: Origin,
): { value: string; text: string; origin: Origin } {
  return { value, text: canonicalEnvironment(value), origin };
}

function describeOrigin(origin: Origin): Record<string, string> {
  if (origin.kind === 'flag') return { option: origin.option };
  return origin.kind === 'variable' ? { variable: origin.variable } : {};
}

/** The chosen environment, its section of the configuration, and what is known of the others. */
export interface EnvironmentChoice {
  readonly info: EnvironmentInfo;
  /** Null where the configuration does not define it. */
  readonly section: EnvironmentConfig | null;
  /** The key of that section as the user wrote it. */
  readonly sectionKey: string | null;
}

/** Finds the section of an environment. @throws {ENVIRONMENT_UNKNOWN} */
export function findEnvironment(
  chosen: ChosenEnvironment,
  config: LockkeeperConfig | null,
  problems: Problems,
): EnvironmentChoice {
  const sections = new Map<string, { key: string; section: EnvironmentConfig }>();
  for (const [key, section] of Object.entries(config?.environments ?? {})) {
    const name = canonicalEnvironment(key);
    const earlier = sections.get(name);
    if (earlier === undefined) sections.set(name, { key, section });
    else problems.push(sameEnvironment(name, earlier.key, key));
  }
  const known = [...sections.keys()];
  const name = sections.has(chosen.name)
    ? chosen.name
    : (known.find((other) => other.toLowerCase() === chosen.name.toLowerCase()) ?? chosen.name);
  const found = sections.get(name) ?? null;
  const asked = chosen.origin.kind === 'flag' || chosenByOwnVariable(chosen.origin);
  if (found === null && asked && !standardEnvironments.includes(name))
    throw unknownEnvironment(chosen, known);
  return {
    info: { name, protected: found?.section.protected ?? name === 'production', known },
    section: found?.section ?? null,
    sectionKey: found?.key ?? null,
  };
}

/** NODE_ENV is said to many programs, and may hold a word that means nothing to this one. */
function chosenByOwnVariable(origin: Origin): boolean {
  return origin.kind === 'variable' && origin.variable === 'LOCKKEEPER_ENV';
}

function sameEnvironment(name: string, first: string, second: string): LockkeeperError {
  return problem({
    message: `"environments.${first}" and "environments.${second}" are the same environment, ${name}.`,
    hint: 'Keep one of them.',
    details: { key: `environments.${second}` },
  });
}

function unknownEnvironment(chosen: ChosenEnvironment, known: readonly string[]): LockkeeperError {
  const names = [...new Set([...known, ...standardEnvironments])];
  const defined =
    known.length === 0
      ? 'The configuration defines no environments.'
      : `The configuration defines ${joinWords(known)}.`;
  return new LockkeeperError('ENVIRONMENT_UNKNOWN', {
    message: `The environment "${chosen.written}" is not defined. ${defined}${didYouMean(chosen.written, names)}`,
    hint: `Use one of ${joinWords(names, 'or')}, or define it under "environments" in the configuration.`,
    details: { environment: chosen.written, known, ...describeOrigin(chosen.origin) },
  });
}

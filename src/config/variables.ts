import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { LockkeeperError } from '../core/errors.js';
import { environmentAliases } from '../core/environment-names.js';
import type { Origin } from './resolved.js';

export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly origin: Origin;
}

interface VariableLayer {
  readonly file: string | null;
  readonly values: Readonly<Record<string, string | undefined>>;
}

/** Environment variables: those of the process, then `.env.<environment>`, then `.env`. Nothing is written to any of them. */
export class Variables {
  readonly #layers: readonly VariableLayer[];

  constructor(layers: readonly VariableLayer[]) {
    this.#layers = layers;
  }

  /** Null when it is not set. One that is set to nothing counts as not set, and hides those in the files all the same. */
  get(name: string): Variable | null {
    for (const layer of this.#layers) {
      const value = Object.hasOwn(layer.values, name) ? layer.values[name] : undefined;
      if (value === undefined) continue;
      const file = layer.file === null ? {} : { file: layer.file };
      return value === '' ? null : { name, value, origin: { kind: 'variable', variable: name, ...file } };
    }
    return null;
  }

  /** The first of these that is set. */
  first(names: readonly string[]): Variable | null {
    for (const name of names) {
      const found = this.get(name);
      if (found !== null) return found;
    }
    return null;
  }

  /** Everything there is, the strongest value of each name. */
  all(): Record<string, string> {
    const all: Record<string, string> = {};
    for (const layer of this.#layers.toReversed()) {
      for (const [name, value] of Object.entries(layer.values)) if (value !== undefined) all[name] = value;
    }
    return all;
  }

  /** With one more file under the process's own variables and above the files read before. */
  withFiles(layers: readonly VariableLayer[]): Variables {
    const [own, ...files] = this.#layers;
    return new Variables([...(own === undefined ? [] : [own]), ...layers, ...files]);
  }
}

/** The variables of the process, and of the project's `.env`. */
export function readVariables(
  root: string,
  own: Readonly<Record<string, string | undefined>> = process.env,
): Variables {
  return new Variables([{ file: null, values: own }, ...readEnvFile(root, '.env')]);
}

/** Adds `.env.<environment>`; where files for two spellings of it exist (`.env.prod`), the canonical one wins. */
export function withEnvironmentFile(variables: Variables, root: string, environment: string): Variables {
  const names = environmentAliases(environment);
  return variables.withFiles(names.flatMap((name) => readEnvFile(root, `.env.${name}`)));
}

function readEnvFile(root: string, file: string): VariableLayer[] {
  if (!existsSync(join(root, file))) return [];
  let text: string;
  try {
    text = readFileSync(join(root, file), 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    // A folder called .env is a Python environment, and none of ours.
    if (code === 'EISDIR') return [];
    throw new LockkeeperError('CONFIG_NOT_LOADED', {
      message: `${file} exists and cannot be read: ${(cause as Error).message}.`,
      hint: 'Make it readable for this user, or remove it.',
      details: { file },
      cause,
    });
  }
  return [{ file, values: parseEnv(text.replace(/^\uFEFF/, '')) }];
}

import { readFileSync } from 'node:fs';
import { LockkeeperError } from '../../core/errors.js';
import type { Warning } from '../../core/report.js';
import { parseProperties } from './properties.js';

/** What `V1__x.sql.conf` beside a script says of it; null where it says nothing. */
export interface ScriptConfig {
  readonly executeInTransaction: boolean | null;
  readonly placeholderReplacement: boolean | null;
  readonly encoding: string | null;
  readonly warnings: readonly Warning[];
}

const nothing: ScriptConfig = { executeInTransaction: null, placeholderReplacement: null, encoding: null, warnings: [] }; // prettier-ignore

/** @throws {CONFIG_INVALID} {FOREIGN_STEP_REFUSED} */
export function readScriptConfig(path: string, shown: string): ScriptConfig {
  const text = readIfThere(`${path}.conf`);
  if (text === null) return nothing;
  const file = `${shown}.conf`;
  const properties = new Map(parseProperties(text));
  const flag = (key: string): boolean | null => {
    const value = properties.get(key)?.toLowerCase();
    properties.delete(key);
    if (value === undefined) return null;
    if (value === 'true' || value === 'false') return value === 'true';
    throw new LockkeeperError('CONFIG_INVALID', {
      message: `${file}: "${key}" is "${value}". Accepted: true, false.`,
      hint: 'Correct it in that file.',
    });
  };
  const encoding = properties.get('encoding') ?? null;
  const should = properties.get('shouldExecute');
  if (should !== undefined && should.trim() !== 'true') {
    throw new LockkeeperError('FOREIGN_STEP_REFUSED', {
      message: `${file}: "shouldExecute" is "${should}". Lockkeeper does not evaluate expressions of Flyway's, and cannot know whether the migration is to run.`,
      hint: 'Remove the setting; "-- environments: …" in a native migration says where it runs.',
    });
  }
  const config = { executeInTransaction: flag('executeInTransaction'), placeholderReplacement: flag('placeholderReplacement'), encoding }; // prettier-ignore
  properties.delete('encoding');
  properties.delete('shouldExecute');
  const warnings = [...properties.keys()].map((key) => ({
    code: 'setting-ignored',
    message: `${file}: the setting "${key}" is not known and is ignored.`,
  }));
  return { ...config, warnings };
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

import { readFileSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import type { Warning } from '../core/report.js';
import type { TransactionMode } from '../migration/metadata.js';

/** What Diesel's `metadata.toml` beside `up.sql` says. */
export interface DieselSettings {
  readonly transaction: TransactionMode | null;
  readonly warnings: readonly Warning[];
}

const nothing: DieselSettings = { transaction: null, warnings: [] };

/** Reads `metadata.toml` of a folder migration. `run_in_transaction` is its only setting; others are told. */
export function readDieselSettings(path: string, shown: string): DieselSettings {
  if (basename(path) !== 'up.sql') return nothing;
  const text = readIfThere(join(dirname(path), 'metadata.toml'));
  if (text === null) return nothing;
  const inTransaction = /^\s*run_in_transaction\s*=\s*(true|false)\s*(?:#.*)?$/m.exec(text)?.[1];
  const others = [...text.matchAll(/^\s*([\w.-]+)\s*=/gm)]
    .map((match) => match[1] ?? '')
    .filter((key) => key !== 'run_in_transaction');
  const file = posix.join(posix.dirname(shown), 'metadata.toml');
  return {
    transaction: inTransaction === 'false' ? 'none' : null,
    warnings: others.map((key) => ({
      code: 'setting-ignored',
      message: `${file}: the setting "${key}" is not known and is ignored.`,
      hint: 'Only run_in_transaction is read from metadata.toml.',
    })),
  };
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

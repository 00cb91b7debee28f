import type { MigrationFormat } from '../migration/migration.js';

/** What the name of a file in a migrations folder says about it. */
export interface FileKind {
  readonly format: MigrationFormat;
  /** The name without extensions: what pairs `X.up.sql` with `X.down.sql`. */
  readonly stem: string;
  /** `whole` may hold both ways; `up` and `down` are halves of a pair. */
  readonly half: 'whole' | 'up' | 'down';
}

const formats: Readonly<Record<string, MigrationFormat | undefined>> = {
  sql: 'sql',
  ts: 'typescript',
  mts: 'typescript',
  cts: 'typescript',
  js: 'typescript',
  mjs: 'typescript',
  cjs: 'typescript',
};

/**
 * Null for what is no migration: dotfiles, other extensions, type declarations, tests, and code files that begin
 * with `_` (modules that several migrations share).
 */
export function parseFileKind(fileName: string): FileKind | null {
  if (fileName.startsWith('.')) return null;
  const dot = fileName.lastIndexOf('.');
  const extension = fileName.slice(dot + 1);
  const format = formats[extension] ?? formats[extension.toLowerCase()];
  if (dot < 1 || format === undefined) return null;
  const stem = fileName.slice(0, dot);
  if (format === 'typescript') {
    const shared = stem.startsWith('_') || /\.(?:d|test|spec)$/.test(stem);
    return shared ? null : { format, stem, half: 'whole' };
  }
  if (stem.endsWith('.up')) return { format, stem: stem.slice(0, -3), half: 'up' };
  if (stem.endsWith('.down')) return { format, stem: stem.slice(0, -5), half: 'down' };
  return { format, stem, half: 'whole' };
}

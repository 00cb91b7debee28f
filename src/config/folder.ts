import { relative, sep } from 'node:path';
import type { ForeignFormat } from '../migration/migration.js';
import type { FormatSettings, SourceOptions } from '../source/options.js';
import type { SettingsRequest } from './settings.js';

export interface FoldersRequest extends SettingsRequest {
  readonly root: string;
  /** What the folder of a flag is relative to; everything else is relative to the project folder. */
  readonly cwd: string;
}

/** One folder of migrations, as somebody named it. */
export interface Folder {
  /** Absolute; null where another tool's own configuration says it. */
  readonly dir: string | null;
  readonly name: string | null;
  /** Null where nothing was said: then it is looked whose files they are. */
  readonly format: 'native' | ForeignFormat | null;
  readonly writes?: 'sql' | 'ts';
  /** Keys of another tool's format; see its `configure`. */
  readonly given?: FormatSettings;
  readonly keepForeignHistory?: boolean;
  readonly dependsOn?: NonNullable<SourceOptions['dependsOn']>;
}

export function nativeSource(
  { dir, name, writes, dependsOn }: Folder & { readonly dir: string },
  root: string,
): SourceOptions {
  return {
    name: name ?? projectPath(dir, root),
    dir,
    format: 'native',
    ...(writes === undefined ? {} : { writes }),
    ...(dependsOn === undefined ? {} : { dependsOn }),
  };
}

/** For `config --explain`. */
export function showFolder({ dir, format }: Folder, root: string): string {
  const tool = format === null || format === 'native' ? '' : format;
  if (dir === null) return `the folder of ${tool}`;
  return projectPath(dir, root) + (tool === '' ? '' : ` (${tool})`);
}

/** Relative to the project folder, with slashes on every system, because it is kept in the history. */
export function projectPath(dir: string, root: string): string {
  return relative(root, dir).split(sep).join('/') || '.';
}

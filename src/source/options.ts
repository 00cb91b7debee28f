import type { ForeignFormat } from '../migration/migration.js';

/** Plain data. */
export type FormatSettings = Readonly<Record<string, unknown>>;

/** One folder of migrations. */
export interface SourceOptions {
  /** Key of its history rows; the folder's path relative to the project unless the user names it. */
  readonly name: string;
  /** Absolute path. */
  readonly dir: string;
  /** `native`: SQL (dbmate's markers, golang-migrate's pairs, plain) and TypeScript, mixed. Else another tool's. */
  readonly format: 'native' | ForeignFormat;
  /** What the other tool's configuration says, in its own words; see the `Format` that wrote it. */
  readonly settings?: FormatSettings;
  /** The other tool's history is written beside ours. @default true */
  readonly keepForeignHistory?: boolean;
  /** What its migrations need beside what they say themselves, by the words that name them. */
  readonly dependsOn?: Readonly<Record<string, readonly string[]>>;
  /** What `new` writes here; without it, what the newest migration is written in. */
  readonly writes?: 'sql' | 'ts';
}

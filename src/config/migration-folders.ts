import type { Warning } from '../core/report.js';
import type { SourceOptions } from '../source/options.js';
import type { Candidate } from './explain.js';
import type { ToolConnection } from './tool-connection.js';

/** Where migrations lie, and what other tools' own configurations add to that. */
export interface MigrationFolders {
  /** In the order in which they were given. */
  readonly sources: readonly SourceOptions[];
  readonly tools: readonly ToolConnection[];
  readonly warnings: readonly Warning[];
  /** What decided, strongest first, for `config --explain`. */
  readonly candidates: readonly Candidate<unknown>[];
}

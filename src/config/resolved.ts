import type { Warning } from '../core/report.js';
import type { RunOptions } from '../execute/options.js';
import type { HistoryOptions } from '../history/options.js';
import type { Target } from '../pg/options.js';
import type { ObserveOptions } from '../observe/options.js';
import type { OutOfOrder } from '../plan/options.js';
import type { SourceOptions } from '../source/options.js';

/** Where a value came from, weakest first. */
export type Origin =
  | { readonly kind: 'default' }
  /** Another tool's own configuration, by the name of the tool. */
  | { readonly kind: 'tool'; readonly tool: string; readonly file?: string }
  | { readonly kind: 'config'; readonly file: string }
  | { readonly kind: 'environment-section'; readonly file: string; readonly environment: string }
  | { readonly kind: 'variable'; readonly variable: string; readonly file?: string }
  | { readonly kind: 'flag'; readonly option: string };

/** One line of `config --explain`; `value` is already redacted. */
export interface ExplainedValue {
  readonly key: string;
  readonly value: string;
  readonly origin: Origin;
  /** What lost against it, strongest first. */
  readonly overrides: readonly { readonly value: string; readonly origin: Origin }[];
}

/** The configuration of one environment, checked and complete. Everything below `config/` sees only its slice. */
export interface ResolvedConfig {
  /** Project folder, absolute. */
  readonly root: string;
  /** Absolute path of the configuration file; null when there is none. */
  readonly file: string | null;
  readonly environment: EnvironmentInfo;
  /** Everything that is set, in the process and in `.env` files. Holds secrets. */
  readonly variables: Readonly<Record<string, string>>;
  readonly target: Target;
  readonly sources: readonly SourceOptions[];
  /** Absolute path of the seeds folder. */
  readonly seedsDir: string;
  /** Absolute path of a project's own `new` templates; null when there are none. */
  readonly templatesDir: string | null;
  readonly history: HistoryOptions;
  readonly run: RunOptions;
  readonly outOfOrder: OutOfOrder;
  /** Who listens to runs; null where nothing is configured, so that nothing of it is loaded. */
  readonly observe: ObserveOptions | null;
  /** What other tools' configurations say and nobody honours; told by every verb that opens the database. */
  readonly warnings: readonly Warning[];
  readonly explained: readonly ExplainedValue[];
}

export interface EnvironmentInfo {
  /** Canonical name: `dev` is `development`, `prod` is `production`, `testing` is `test`. */
  readonly name: string;
  /** Destructive verbs refuse or ask. True for production unless said otherwise. */
  readonly protected: boolean;
  /** Every environment that the configuration defines, for messages. */
  readonly known: readonly string[];
}

export type Risk = 'low' | 'medium' | 'high';

/** How a migration's statements are put into transactions. */
export type TransactionMode =
  /** Statements share a transaction wherever PostgreSQL allows it. */
  | 'auto'
  /** No transaction at all: each statement travels alone and autocommits. */
  | 'none'
  /** Each statement in a transaction of its own, as psql -f does. */
  | 'per-statement';

/** What an author says about a migration, from directives or from a TypeScript object. */
export interface Metadata {
  readonly description: string | null;
  readonly author: string | null;
  readonly risk: Risk | null;
  /** Versions or names that have to be applied before. */
  readonly depends: readonly string[];
  readonly tags: readonly string[];
  readonly estimatedDurationMs: number | null;
  readonly requiresDowntime: boolean;
  readonly affectedTables: readonly string[];
  readonly reviewedBy: readonly string[];
  readonly transaction: TransactionMode;
  /** The same for the way down, where it differs (`-- migrate:down transaction:false`); null = as `transaction`. */
  readonly transactionDown: TransactionMode | null;
  /** Why there is no way back; null where nothing was said. */
  readonly irreversible: string | null;
  /** A release label that `--to` accepts. */
  readonly release: string | null;
  /** Environments it runs in; empty = all. */
  readonly environments: readonly string[];
  /** Lint rules that are silenced, with the reason. */
  readonly lintIgnore: readonly { readonly rule: string; readonly reason: string }[];
  readonly repeatable: boolean;
  /** The function of a code migration may be called several times in one run. */
  readonly retry: boolean;
}

export const emptyMetadata: Metadata = {
  description: null,
  author: null,
  risk: null,
  depends: [],
  tags: [],
  estimatedDurationMs: null,
  requiresDowntime: false,
  affectedTables: [],
  reviewedBy: [],
  transaction: 'auto',
  transactionDown: null,
  irreversible: null,
  release: null,
  environments: [],
  lintIgnore: [],
  repeatable: false,
  retry: false,
};

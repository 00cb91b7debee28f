import { LockkeeperError } from '../core/errors.js';
import { quoteQualified } from '../sql/quote.js';
import type { HistoryOptions } from './options.js';

/** The quoted, qualified names of our tables; made once, used by every query of this room. */
export interface HistoryTables {
  readonly schema: string;
  /** Unquoted name of the history table, for catalog queries and the lock key. */
  readonly name: string;
  readonly migrations: string;
  readonly log: string;
  readonly info: string;
  readonly lease: string;
  readonly backfills: string;
  readonly errors: string;
  /** The last two are made when the history of another tool is kept, and not before. */
  readonly foreignMigrations: string;
  readonly foreignLocks: string;
}

/** Names of the tables beside the history, which it cannot take. */
export const companions = {
  log: 'migration_execution_log',
  info: 'database_info',
  lease: 'lease',
  backfills: 'backfills',
  errors: 'migration_errors',
  foreignMigrations: 'foreign_migrations',
  foreignLocks: 'foreign_locks',
} as const;

/** @throws {CONFIG_INVALID} where the history is to have the name of another table of ours. */
export function historyTables(options: HistoryOptions): HistoryTables {
  if (Object.values<string>(companions).includes(options.table)) {
    throw new LockkeeperError('CONFIG_INVALID', {
      message: `history.table is "${options.table}", which is the name of another table of Lockkeeper's.`,
      hint: 'Choose another name, or leave it out: the default is schema_migrations.',
      details: { key: 'history.table' },
    });
  }
  return {
    schema: options.schema,
    name: options.table,
    migrations: quoteQualified(options.schema, options.table),
    log: quoteQualified(options.schema, companions.log),
    info: quoteQualified(options.schema, companions.info),
    lease: quoteQualified(options.schema, companions.lease),
    backfills: quoteQualified(options.schema, companions.backfills),
    errors: quoteQualified(options.schema, companions.errors),
    foreignMigrations: quoteQualified(options.schema, companions.foreignMigrations),
    foreignLocks: quoteQualified(options.schema, companions.foreignLocks),
  };
}

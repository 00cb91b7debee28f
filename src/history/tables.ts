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
}

export function historyTables(options: HistoryOptions): HistoryTables {
  return {
    schema: options.schema,
    name: options.table,
    migrations: quoteQualified(options.schema, options.table),
    log: quoteQualified(options.schema, 'migration_execution_log'),
    info: quoteQualified(options.schema, 'database_info'),
  };
}

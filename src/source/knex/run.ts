import type { MigrationDatabase } from '../../migration/database.js';
import type { TransactionMode } from '../../migration/metadata.js';
import { quoteIdent } from '../../sql/quote.js';
import { knexForTransactions, knexOver, withinTransaction } from './instance.js';
import type { KnexSettings } from './settings.js';

/** Calls a function of a Knex migration: with a transaction of Knex's, or with Knex itself where it wants none. */
export async function run(
  { client }: MigrationDatabase,
  work: CallableFunction,
  { settings, transaction }: { readonly settings: KnexSettings; readonly transaction: TransactionMode },
): Promise<void> {
  const path = searchPathOf(settings);
  if (path !== null) await client.query(`set search_path to ${path}`);
  if (transaction === 'none') await work(knexOver(client, settings));
  else await withinTransaction(knexForTransactions(client, settings), client, (trx) => work(trx));
}

/** Knex sets it on each of its connections. */
function searchPathOf({ config: { searchPath } }: KnexSettings): string | null {
  const names: readonly unknown[] = Array.isArray(searchPath) ? searchPath : [searchPath];
  const schemas = names.filter((name) => typeof name === 'string' && name !== '') as readonly string[];
  return schemas.length === 0 ? null : schemas.map(quoteIdent).join(', ');
}

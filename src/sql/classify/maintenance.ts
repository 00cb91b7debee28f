import type { StatementTraits } from '../statement.js';
import type { TokenList } from '../token-list.js';
import { nameAt } from './name.js';
import { optionValue } from './option.js';
import { traits } from './traits.js';

/** VACUUM never runs in a transaction block (25001). */
export function classifyVacuum(tokens: TokenList): StatementTraits {
  let at = tokens.sign(1, '(') ? tokens.afterParenthesis(1) : 1;
  while (/^(FULL|FREEZE|VERBOSE|ANALY[SZ]E)$/.test(tokens.word(at))) at++;
  return traits('VACUUM', { inTransaction: 'no', relation: nameAt(tokens, at)?.written ?? null });
}

/**
 * REINDEX: CONCURRENTLY as a word or as an option, and whole schemas and databases, never run in a transaction block;
 * a table or an index only when it is partitioned.
 */
export function classifyReindex(tokens: TokenList): StatementTraits {
  const options = tokens.sign(1, '(') ? tokens.afterParenthesis(1) : 1;
  const kind = tokens.word(options);
  const word = tokens.is(options + 1, 'CONCURRENTLY');
  const concurrently = word || (options > 1 && optionValue(tokens, 1, 'CONCURRENTLY') === true);
  const label = `REINDEX ${kind}${concurrently ? ' CONCURRENTLY' : ''}`;
  const single = kind === 'TABLE' || kind === 'INDEX';
  return traits(label, {
    inTransaction: single && !concurrently ? 'relkind' : 'no',
    waitsForSnapshots: concurrently,
    relation: single ? (nameAt(tokens, options + (word ? 2 : 1))?.written ?? null) : null,
  });
}

/** CLUSTER without a table runs over all of them, in transactions of its own. */
export function classifyCluster(tokens: TokenList): StatementTraits {
  let at = tokens.sign(1, '(') ? tokens.afterParenthesis(1) : 1;
  if (tokens.is(at, 'VERBOSE')) at++;
  const first = nameAt(tokens, at);
  if (first === null) return traits('CLUSTER', { inTransaction: 'no' });
  // The older form CLUSTER index ON table names the index first.
  const table = tokens.is(first.next, 'ON') ? nameAt(tokens, first.next + 1) : first;
  return traits('CLUSTER', { inTransaction: 'relkind', relation: table?.written ?? null });
}

import type { StatementTraits } from '../statement.js';
import type { TokenList } from '../token-list.js';
import { callTraits } from './call.js';
import { isCopyFromStdin } from '../copy-data.js';
import { nameAt } from './name.js';
import { traits } from './traits.js';

/** Commands that read, write or do neither, but mean nothing to transactions and sessions. */
const plain = new Set(
  (
    'ANALYZE ANALYSE CHECKPOINT CLOSE COMMENT COPY DEALLOCATE FETCH GRANT IMPORT LISTEN LOAD LOCK MOVE NOTIFY REASSIGN ' +
    'REFRESH REVOKE SECURITY SHOW TRUNCATE UNLISTEN EXECUTE'
  ).split(' '),
);

/** Statements that the planner works on. The server looks up what they name as soon as it parses them. */
export function classifyQuery(tokens: TokenList): StatementTraits {
  const first = tokens.word(0);
  if (first === '' && !tokens.sign(0, '(')) return traits(tokens.raw(0), { certain: false });
  const main = first === 'WITH' ? mainVerb(tokens) : 0;
  const label = first === '' ? 'SELECT' : tokens.word(main);
  return traits(label, {
    optimizable: true,
    relation: target(tokens, main),
    ...(label === 'SELECT' ? selectInto(tokens, main) : {}),
    ...callTraits(tokens),
  });
}

export function classifyUtility(tokens: TokenList): StatementTraits {
  const first = tokens.word(0);
  switch (first) {
    case 'DO':
      return traits('DO', { inTransaction: 'opaque' });
    case 'CALL':
      return traits('CALL', { inTransaction: 'opaque', optimizable: true, ...callTraits(tokens) });
    case 'DECLARE':
      return classifyDeclare(tokens);
    case 'EXPLAIN':
      return traits('EXPLAIN', { optimizable: true, ...callTraits(tokens) });
    case 'LOCK':
      return traits('LOCK TABLE', { transactionState: 'LOCK TABLE', relation: target(tokens, 0) });
    case 'COPY':
      return classifyCopy(tokens);
    case 'LOAD':
      return traits('LOAD', { sessionState: 'set' });
    case 'REFRESH':
      return traits('REFRESH MATERIALIZED VIEW', { relation: target(tokens, 2) });
    case 'EXECUTE':
      return traits('EXECUTE', callTraits(tokens));
    default:
      return traits(first, { certain: plain.has(first), relation: target(tokens, 0) });
  }
}

/** A cursor lives in its transaction; WITH HOLD in the session, where no replay can bring it back. */
function classifyDeclare(tokens: TokenList): StatementTraits {
  const hold = tokens.find(1, ['WITH', 'HOLD']) > 0;
  const state = hold
    ? { sessionState: 'prepare' as const }
    : { transactionState: `DECLARE ${tokens.raw(1)} CURSOR` };
  return traits('DECLARE', { optimizable: true, ...callTraits(tokens), ...state });
}

function classifyCopy(tokens: TokenList): StatementTraits {
  const query = tokens.sign(1, '(');
  return traits(isCopyFromStdin(tokens) ? 'COPY FROM STDIN' : 'COPY', {
    relation: query ? null : target(tokens, 0),
    ...(query ? callTraits(tokens) : {}),
  });
}

/** Index of the verb that a WITH leads to. */
function mainVerb(tokens: TokenList): number {
  for (const verb of ['INSERT', 'UPDATE', 'DELETE', 'MERGE', 'SELECT', 'VALUES', 'TABLE']) {
    const at = tokens.find(1, [verb]);
    if (at > 0) return at;
  }
  return 0;
}

/** The relation after the verb and the small words that may stand between. */
function target(tokens: TokenList, verb: number): string | null {
  const word = tokens.word(verb);
  if (!/^(INSERT|UPDATE|DELETE|MERGE|TRUNCATE|LOCK|COPY|VIEW|TABLE|ANALY[SZ]E)$/.test(word)) return null;
  let at = verb + 1;
  if (tokens.sign(at, '(')) at = tokens.afterParenthesis(at);
  while (/^(INTO|FROM|TABLE|ONLY|CONCURRENTLY|BINARY|VERBOSE)$/.test(tokens.word(at))) at++;
  return nameAt(tokens, at)?.written ?? null;
}

/** SELECT … INTO makes a table. */
function selectInto(tokens: TokenList, from: number): Partial<StatementTraits> {
  let at = tokens.find(from, ['INTO']) + 1;
  if (at === 0) return {};
  const temp = tokens.is(at, 'TEMP') || tokens.is(at, 'TEMPORARY');
  while (/^(LOCAL|GLOBAL|TEMP|TEMPORARY|UNLOGGED|TABLE)$/.test(tokens.word(at))) at++;
  const name = nameAt(tokens, at);
  if (name === null) return {};
  return {
    relation: name.written,
    creates: `table ${name.folded}`,
    sessionState: temp ? 'temp' : null,
  };
}

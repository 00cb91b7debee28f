import type { StatementTraits } from '../statement.js';
import type { TokenList } from '../token-list.js';
import { traits } from './traits.js';

/** BEGIN and START TRANSACTION, with the modes they name. */
export function classifyBegin(tokens: TokenList): StatementTraits {
  const start = tokens.is(0, 'START');
  const from = tokens.is(1, 'WORK') || tokens.is(1, 'TRANSACTION') ? 2 : 1;
  return traits(start ? 'START TRANSACTION' : 'BEGIN', {
    control: 'begin',
    transactionOptions: transactionModes(tokens, from),
  });
}

/** COMMIT and END, and their forms that cannot be unwrapped. */
export function classifyCommit(tokens: TokenList): StatementTraits {
  if (tokens.is(1, 'PREPARED')) {
    return traits('COMMIT PREPARED', { control: 'commit-prepared', inTransaction: 'no' });
  }
  if (chains(tokens)) return traits('COMMIT AND CHAIN', { control: 'chain' });
  return traits('COMMIT', { control: 'commit' });
}

/** ROLLBACK and ABORT; ROLLBACK TO only goes back to a savepoint. */
export function classifyRollback(tokens: TokenList): StatementTraits {
  if (tokens.is(1, 'PREPARED')) {
    return traits('ROLLBACK PREPARED', { control: 'commit-prepared', inTransaction: 'no' });
  }
  const after = tokens.is(1, 'WORK') || tokens.is(1, 'TRANSACTION') ? 2 : 1;
  if (tokens.is(after, 'TO')) return traits('ROLLBACK TO SAVEPOINT', { control: 'savepoint' });
  if (chains(tokens)) return traits('ROLLBACK AND CHAIN', { control: 'chain' });
  return traits('ROLLBACK', { control: 'rollback' });
}

export function classifySavepoint(tokens: TokenList): StatementTraits {
  if (tokens.is(0, 'RELEASE')) return traits('RELEASE SAVEPOINT', { control: 'savepoint' });
  return traits('SAVEPOINT', { control: 'savepoint', transactionState: `SAVEPOINT ${tokens.raw(1)}` });
}

/** PREPARE TRANSACTION ends the transaction; PREPARE name AS … makes a statement of the session. */
export function classifyPrepare(tokens: TokenList): StatementTraits {
  if (tokens.is(1, 'TRANSACTION') && tokens.isString(2))
    return traits('PREPARE TRANSACTION', { control: 'prepare' });
  return traits('PREPARE', { sessionState: 'prepare' });
}

/** SET [LOCAL|SESSION] TRANSACTION …. A snapshot cannot be named in BEGIN, so it leaves no options. */
export function classifySetTransaction(tokens: TokenList, from: number): StatementTraits {
  const snapshot = tokens.is(from, 'SNAPSHOT');
  return traits('SET TRANSACTION', {
    control: 'set-transaction',
    transactionOptions: snapshot ? null : transactionModes(tokens, from),
  });
}

/** The rest of the statement in capitals, one blank between words, commas kept. */
function transactionModes(tokens: TokenList, from: number): string | null {
  let modes = '';
  for (let index = from; index < tokens.count; index++) {
    modes += tokens.sign(index, ',') ? ',' : ` ${tokens.raw(index).toUpperCase()}`;
  }
  return modes === '' ? null : modes.trimStart();
}

function chains(tokens: TokenList): boolean {
  const and = tokens.find(1, ['AND']);
  return and > 0 && tokens.is(and + 1, 'CHAIN');
}

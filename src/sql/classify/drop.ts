import type { StatementTraits } from '../statement.js';
import type { TokenList } from '../token-list.js';
import { nameAt } from './name.js';
import { afterIfExists, kindName, objectKindAt } from './object.js';
import { traits } from './traits.js';

export function classifyDrop(tokens: TokenList): StatementTraits {
  const { kind, next, known } = objectKindAt(tokens, 1);
  const concurrently = kind === 'INDEX' && tokens.is(next, 'CONCURRENTLY');
  const alone = kind === 'DATABASE' || kind === 'TABLESPACE' || kind === 'SUBSCRIPTION';
  const name = nameAt(tokens, afterIfExists(tokens, concurrently ? next + 1 : next));
  return traits(`DROP ${kind}${concurrently ? ' CONCURRENTLY' : ''}`, {
    certain: known,
    inTransaction: concurrently || alone ? 'no' : 'yes',
    waitsForSnapshots: concurrently,
    relation: name?.written ?? null,
    drops: droppedAt(tokens)[0] ?? null,
  });
}

/** Everything that a DROP names, each in the form of the trait `drops`. Empty for any other statement. */
export function droppedAt(tokens: TokenList): string[] {
  if (!tokens.is(0, 'DROP')) return [];
  const { kind, next } = objectKindAt(tokens, 1);
  let at = afterIfExists(tokens, tokens.is(next, 'CONCURRENTLY') ? next + 1 : next);
  const dropped: string[] = [];
  for (let name = nameAt(tokens, at); name !== null; name = nameAt(tokens, at)) {
    const after = tokens.sign(name.next, '(') ? tokens.afterParenthesis(name.next) : name.next;
    const table = tokens.is(after, 'ON') ? nameAt(tokens, after + 1) : null;
    dropped.push(`${kindName(kind)} ${name.folded}${table === null ? '' : ` on ${table.folded}`}`);
    if (!tokens.sign(after, ',')) break;
    at = after + 1;
  }
  return dropped;
}

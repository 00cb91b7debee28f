import { droppedAt } from './classify/drop.js';
import { nameAt } from './classify/name.js';
import { END, Lexer } from './lexer.js';
import type { Statement } from './statement.js';
import { withTokenList, type TokenList } from './token-list.js';

/** A possibly qualified name as PostgreSQL folds it: `Public."Users"` is `public."Users"`. */
export function foldName(written: string): string {
  return withTokens(written, 0, written.length, (tokens) => nameAt(tokens, 0)?.folded ?? written);
}

/** All that a DROP names, each in the form of the traits `creates` and `drops`; empty for any other statement. */
export function droppedObjects(text: string, statement: Statement): readonly string[] {
  if (statement.traits.drops === null) return [];
  return withTokens(text, statement.start, statement.end, droppedAt);
}

function withTokens<Result>(
  text: string,
  from: number,
  to: number,
  use: (tokens: TokenList) => Result,
): Result {
  return withTokenList(text, (tokens) => {
    const lexer = new Lexer(text, from, to);
    for (let kind = lexer.next(); kind !== END; kind = lexer.next())
      tokens.push(kind, lexer.start, lexer.end);
    return use(tokens);
  });
}

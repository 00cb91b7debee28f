import { droppedAt } from './classify/drop.js';
import { nameAt } from './classify/name.js';
import type { Statement } from './statement.js';
import { withTokens } from './token-list.js';

/** A possibly qualified name as PostgreSQL folds it: `Public."Users"` is `public."Users"`. */
export function foldName(written: string): string {
  return withTokens(
    written,
    { start: 0, end: written.length },
    (tokens) => nameAt(tokens, 0)?.folded ?? written,
  );
}

/** All that a DROP names, each in the form of the traits `creates` and `drops`; empty for any other statement. */
export function droppedObjects(text: string, statement: Statement): readonly string[] {
  if (statement.traits.drops === null) return [];
  return withTokens(text, statement, droppedAt);
}

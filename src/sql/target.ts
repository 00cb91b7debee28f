import { nameAt } from './classify/name.js';
import { withTokens } from './token-list.js';

/** What a REINDEX rebuilds: everything below a table, an index, a schema or the database at hand. */
export interface ReindexTarget {
  readonly kind: 'index' | 'table' | 'schema' | 'database';
  /** As written, in one piece; null where the database is not named (16 and newer take that). */
  readonly name: string | null;
}

/** Reads the target of a REINDEX; null for REINDEX SYSTEM, and for a text that is no REINDEX. */
export function readReindexTarget(text: string): ReindexTarget | null {
  return withTokens(text, { start: 0, end: text.length }, (tokens) => {
    if (!tokens.is(0, 'REINDEX')) return null;
    const at = tokens.sign(1, '(') ? tokens.afterParenthesis(1) : 1;
    const kind = tokens.word(at).toLowerCase();
    if (kind !== 'index' && kind !== 'table' && kind !== 'schema' && kind !== 'database') return null;
    const name = nameAt(tokens, tokens.is(at + 1, 'CONCURRENTLY') ? at + 2 : at + 1);
    return { kind, name: name?.written ?? null };
  });
}

/** The partition in `ALTER TABLE parent DETACH PARTITION child …`, as written; null where none is named. */
export function readDetachedPartition(text: string): string | null {
  return withTokens(text, { start: 0, end: text.length }, (tokens) => {
    const at = tokens.find(1, ['DETACH', 'PARTITION']);
    return at < 0 ? null : (nameAt(tokens, at + 2)?.written ?? null);
  });
}

import type { SqlScript } from '../../migration/migration.js';
import type { Statement } from '../../sql/statement.js';
import type { Draft } from './draft.js';
import { openSessionState } from './open-state.js';
import type { ScriptProblems } from './problems.js';

/**
 * What keeps a new session from going on after a crash between two steps; null for nothing. SET and RESET are replayed,
 * but rows of a temporary table, prepared statements and currval() are gone with the session.
 */
export function findResumeObstacle(
  script: SqlScript,
  drafts: readonly Draft[],
  problems: ScriptProblems,
): string | null {
  let open: readonly Statement[] = [];
  for (const [index, draft] of drafts.entries()) {
    const [opener] = open;
    if (opener !== undefined) return `What ${problems.place(opener)} makes lives in the session only.`;
    const reader = index > 0 && draft.statements.find(({ traits }) => traits.readsSequenceState);
    if (reader)
      return `${problems.place(reader)} reads currval() or lastval(), which an earlier step may have set.`;
    open = openSessionState(script, open, draft.statements);
  }
  return null;
}

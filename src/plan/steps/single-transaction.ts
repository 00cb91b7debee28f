import { type Draft, firstOf } from './draft.js';
import { openValue } from './group.js';
import type { ScriptProblems } from './problems.js';

/** Refuses whatever cannot share the one transaction of the run, at the line that cannot. */
export function checkSingleTransaction(
  drafts: readonly Draft[],
  serverMajor: number,
  problems: ScriptProblems,
): void {
  drafts.forEach((draft, index) => {
    const first = firstOf(draft);
    if (first === undefined) return;
    const reason = reasonAgainst(draft, drafts[index - 1], serverMajor, problems);
    if (reason === null) return;
    problems.add('SINGLE_TRANSACTION_IMPOSSIBLE', draft.begin === null ? first : (draft.lifted ?? first), {
      message: `The run cannot be one transaction: ${reason}`,
      hint: 'Run without --single-transaction, or leave this migration out of the run.',
    });
  });
}

function reasonAgainst(
  draft: Draft,
  previous: Draft | undefined,
  serverMajor: number,
  problems: ScriptProblems,
): string | null {
  const [first] = draft.statements;
  if (first === undefined) return null;
  const { label, inTransaction } = first.traits;
  if (draft.kind === 'alone') {
    return inTransaction === 'yes' || inTransaction === 'opaque'
      ? `the migration asks for no transaction around ${label}.`
      : `${label} is refused inside a transaction (25001).`;
  }
  if (draft.begin !== null) return `the migration asks for a transaction that is ${draft.begin}.`;
  // What follows a statement that travels alone was refused with it.
  if (previous === undefined || previous.kind === 'alone') return null;
  const value = openValue(previous.statements, serverMajor);
  if (value !== null) return `${problems.place(value)} has to be committed before ${label}.`;
  return `the migration ends a transaction before ${label}.`;
}

import type { SqlScript } from '../../migration/migration.js';
import type { Statement } from '../../sql/statement.js';
import { type Draft, firstOf } from './draft.js';
import { openTransactionState } from './open-state.js';
import type { ScriptProblems } from './problems.js';

/**
 * Refuses a split where state that ends with the transaction is still open: what follows would run without the lock,
 * the setting or the savepoint that its author counts on, and nothing would say so.
 */
export function checkSplits(script: SqlScript, drafts: readonly Draft[], problems: ScriptProblems): void {
  drafts.forEach((draft, index) => {
    const next = drafts[index + 1];
    const follower = next === undefined ? undefined : firstOf(next);
    if (follower === undefined || draft.block) return;
    for (const opener of openTransactionState(script, draft.statements)) {
      refuse(opener, opener.traits.transactionState ?? opener.traits.label, follower, problems);
    }
    if (draft.lifted !== null) refuse(draft.lifted, draft.lifted.traits.label, follower, problems);
  });
}

function refuse(opener: Statement, state: string, follower: Statement, problems: ScriptProblems): void {
  problems.add('SPLIT_LOSES_STATE', opener, {
    message: `${problems.place(opener, state)} ends with its transaction, and a new one has to begin at ${problems.place(follower)}.`,
    hint: 'Split the migration in two there, or use something that outlives the transaction (SET in place of SET LOCAL).',
  });
}

/**
 * Refuses a lastval() that no statement of its own transaction has set: the rows of the history are numbered by a
 * sequence too, and are written in the same session between the steps.
 */
export function checkLastValue(script: SqlScript, drafts: readonly Draft[], problems: ScriptProblems): void {
  for (const { statements } of drafts) {
    const reader = statements.findIndex(
      ({ traits, start, end }) =>
        traits.readsSequenceState && callsLastval.test(script.text.slice(start, end)),
    );
    const statement = statements[reader];
    if (statement === undefined || statements.slice(0, reader).some(maySetSequence)) continue;
    problems.add('SPLIT_LOSES_STATE', statement, {
      message: `${problems.place(statement)} reads lastval(), which begins anew with each step: Lockkeeper numbers its own rows in between.`,
      hint: "Name the sequence (currval('…')), or put the statement into the transaction that takes the value.",
    });
  }
}

const callsLastval = /\blastval\b/i;

const maySetSequence = ({ traits }: Statement): boolean =>
  traits.optimizable || traits.inTransaction === 'opaque' || traits.label === 'EXECUTE';

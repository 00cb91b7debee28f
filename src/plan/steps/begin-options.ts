import type { Statement } from '../../sql/statement.js';
import { isSetting, type Section } from './blocks.js';
import type { Draft } from './draft.js';
import type { ScriptProblems } from './problems.js';

/**
 * Moves what BEGIN and SET TRANSACTION ask for into our own BEGIN: our first statement writes the history, and after
 * any query SET TRANSACTION is refused (25001).
 */
export function liftBegin(draft: Draft, section: Section, problems: ScriptProblems): void {
  if (section.begin === null) return;
  draft.lifted = section.begin;
  addOptions(draft, section.begin, problems);
}

/** Lifts a SET TRANSACTION that stands before every query of its transaction; refuses any other. */
export function liftSetTransaction(draft: Draft, statement: Statement, problems: ScriptProblems): void {
  if (statement.traits.transactionOptions === null) {
    problems.add('TRANSACTION_CONTROL_REFUSED', statement, {
      message:
        'SET TRANSACTION SNAPSHOT is refused: it has to come first, and the history is written before it.',
      hint: 'Remove the statement; a migration cannot take another session’s snapshot.',
    });
  } else if (draft.statements.every(isSettingOfAnyScope)) {
    draft.lifted ??= statement;
    addOptions(draft, statement, problems);
  } else {
    problems.add('TRANSACTION_CONTROL_REFUSED', statement, {
      message:
        'SET TRANSACTION stands after other statements of its transaction, where PostgreSQL refuses it (25001).',
      hint: 'Make it the first statement of the file, or of its BEGIN … COMMIT.',
    });
  }
}

/** A SET TRANSACTION in autocommit sets the mode of nothing. */
export function refuseIdleSetTransaction(statement: Statement, problems: ScriptProblems): void {
  problems.add('TRANSACTION_CONTROL_REFUSED', statement, {
    message:
      'SET TRANSACTION stands outside a transaction, where each statement commits by itself and it does nothing.',
    hint: 'Move it behind the BEGIN that it is meant for, or remove it.',
  });
}

function addOptions(draft: Draft, statement: Statement, problems: ScriptProblems): void {
  const options = statement.traits.transactionOptions;
  if (options === null) return;
  if (options.includes('READ ONLY')) {
    problems.add('TRANSACTION_CONTROL_REFUSED', statement, {
      message: 'A migration cannot run READ ONLY: its transaction writes the history (25006).',
      hint: 'Remove READ ONLY. Queries that only look belong into "-- migrate:validate-before" or "-after".',
    });
    return;
  }
  draft.begin = draft.begin === null ? options : `${draft.begin}, ${options}`;
}

function isSettingOfAnyScope(statement: Statement): boolean {
  return isSetting(statement) || statement.traits.transactionState?.startsWith('SET LOCAL') === true;
}

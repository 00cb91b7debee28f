import { hash } from 'node:crypto';
import type { SqlScript } from '../../migration/migration.js';
import type { Step } from '../../migration/step.js';
import type { Statement } from '../../sql/statement.js';
import { statementTokenText } from '../../sql/token-text.js';

/** A step on its way: what it holds, and where in the file it comes from. */
export interface Draft {
  readonly kind: 'transaction' | 'alone';
  readonly statements: Statement[];
  /** Options for our BEGIN. */
  begin: string | null;
  /** The statement that asked for them and was lifted out of the file: BEGIN or SET TRANSACTION. */
  lifted: Statement | null;
  /** True for a BEGIN … COMMIT of the file's own: its author ends the transaction, so nothing is lost at its end. */
  readonly block: boolean;
}

export function transactionDraft(statements: Statement[] = []): Draft {
  return { kind: 'transaction', statements, begin: null, lifted: null, block: false };
}

export function aloneDraft(statement: Statement): Draft {
  return { kind: 'alone', statements: [statement], begin: null, lifted: null, block: false };
}

/** The statement that a person finds at the beginning of the step. */
export function firstOf(draft: Draft): Statement | undefined {
  return draft.block ? (draft.lifted ?? draft.statements[0]) : draft.statements[0];
}

/**
 * Makes steps of drafts. The hash is worked out when it is first asked for: migrations of one transaction are never
 * journalled and need none.
 */
export function finishSteps(script: SqlScript, drafts: readonly Draft[]): Step[] {
  return drafts.map((draft, index) => finishStep(script, draft, index + 1));
}

function finishStep(script: SqlScript, draft: Draft, number: number): Step {
  const { statements, begin } = draft;
  const [statement] = statements;
  let known: string | null = null;
  const readHash = () => (known ??= hashOf(script.text, draft));
  if (draft.kind === 'alone' && statement !== undefined) {
    return {
      kind: 'alone',
      number,
      statement,
      get hash() {
        return readHash();
      },
    };
  }
  return {
    kind: 'transaction',
    number,
    statements,
    begin,
    get hash() {
      return readHash();
    },
  };
}

function hashOf(text: string, draft: Draft): string {
  const begin = draft.begin === null ? '' : `BEGIN ${draft.begin} ;\n`;
  return hash('sha256', begin + draft.statements.map((one) => statementTokenText(text, one)).join(''), 'hex');
}

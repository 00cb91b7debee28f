import { foldName } from '../../sql/object-name.js';
import type { Statement } from '../../sql/statement.js';
import { liftSetTransaction } from './begin-options.js';
import { aloneDraft, type Draft, transactionDraft } from './draft.js';
import type { ScriptProblems } from './problems.js';

export interface GroupRules {
  readonly problems: ScriptProblems;
  /** False where VALIDATE may stay beside its NOT VALID, because the run has but one transaction. */
  readonly splitValidation: boolean;
  readonly serverMajor: number;
  readonly isAlone: (statement: Statement) => boolean;
}

/** Puts statements into as few transactions as PostgreSQL and lock times allow, in the order of the file. */
export function groupStatements(statements: readonly Statement[], rules: GroupRules): Draft[] {
  const drafts: Draft[] = [];
  let draft = transactionDraft();
  const close = (): void => {
    if (draft.statements.length > 0) drafts.push(draft);
    draft = transactionDraft();
  };
  for (const statement of statements) {
    if (statement.traits.control === 'set-transaction') {
      liftSetTransaction(draft, statement, rules.problems);
    } else if (rules.isAlone(statement)) {
      close();
      drafts.push(aloneDraft(statement));
    } else {
      if (mustCommitBefore(statement, draft, rules)) close();
      draft.statements.push(statement);
    }
  }
  close();
  return drafts;
}

function mustCommitBefore(statement: Statement, draft: Draft, rules: GroupRules): boolean {
  const valueAdded = !statement.traits.commitAfter && openValue(draft.statements, rules.serverMajor) !== null;
  return valueAdded || (rules.splitValidation && validatesOwn(statement, draft.statements));
}

/**
 * The ALTER TYPE … ADD VALUE that has to be committed before anything else of this transaction, if there is one: the
 * new value may not be used before (55P04), and use hides in defaults and function bodies. From 17 on, values of a
 * type that the same transaction created may be used at once.
 */
export function openValue<Some extends Pick<Statement, 'traits'>>(
  statements: readonly Some[],
  serverMajor: number,
): Some | null {
  const added = statements.filter(({ traits }) => traits.commitAfter);
  if (serverMajor < 17) return added[0] ?? null;
  return added.find((one) => !createdAmong(statements, 'type', one.traits.relation)) ?? null;
}

/**
 * VALIDATE CONSTRAINT reads the whole table, and in the transaction of its NOT VALID it would do so under the strong
 * lock of the latter. A table that the same transaction made is seen by nobody else.
 */
function validatesOwn(statement: Statement, earlier: readonly Statement[]): boolean {
  if (!statement.traits.validates) return false;
  const relation = statement.traits.relation;
  return earlier.some(
    ({ traits }) =>
      traits.addsNotValid && sameName(traits.relation, relation) && !createdAmong(earlier, 'table', relation),
  );
}

function createdAmong(
  statements: readonly Pick<Statement, 'traits'>[],
  kind: string,
  name: string | null,
): boolean {
  if (name === null) return false;
  const object = `${kind} ${foldName(name)}`;
  return statements.some(({ traits }) => traits.creates === object);
}

function sameName(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && foldName(a) === foldName(b);
}

import { hash } from 'node:crypto';
import type { SqlScript } from '../../migration/migration.js';
import type { Backfill } from '../../migration/backfill.js';
import type { AloneStep, BackfillStep, ResumeRule, Step, TransactionStep } from '../../migration/step.js';
import type { BatchShape } from '../../sql/batchable.js';
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
  /** What the directive above a statement that travels alone says; see `resume-directive.ts`. */
  resume: ResumeRule | null;
}

export function transactionDraft(statements: Statement[] = []): Draft {
  return { kind: 'transaction', statements, begin: null, lifted: null, block: false, resume: null };
}

export function aloneDraft(statement: Statement): Draft {
  return { kind: 'alone', statements: [statement], begin: null, lifted: null, block: false, resume: null };
}

/** The statement that a person finds at the beginning of the step. */
export function firstOf(draft: Draft): Statement | undefined {
  return draft.block ? (draft.lifted ?? draft.statements[0]) : draft.statements[0];
}

/**
 * Makes steps of drafts. The hash is worked out when it is first asked for: migrations of one transaction are never
 * journalled and need none.
 */
export function finishSteps(
  script: SqlScript,
  drafts: readonly Draft[],
  batches?: ReadonlyMap<Statement, BatchShape>,
): Step[] {
  return drafts.map((draft, index) => {
    const [statement] = draft.statements;
    const shape = statement === undefined ? undefined : batches?.get(statement);
    const backfill = statement === undefined ? undefined : script.backfills?.get(statement);
    if (statement === undefined || shape === undefined || backfill === undefined)
      return finishStep(script, draft, index + 1);
    return new CutBackfill(script, draft, { number: index + 1, statement, backfill, shape });
  });
}

function finishStep(script: SqlScript, draft: Draft, number: number): Step {
  const [statement] = draft.statements;
  return draft.kind === 'alone' && statement !== undefined
    ? new CutAlone(script, draft, { number, statement })
    : new CutTransaction(script, draft, number);
}

/** What both kinds of step share. A class, because thousands of objects with getters of their own cost megabytes. */
abstract class CutStep {
  readonly number: number;
  readonly #text: string;
  readonly #draft: Draft;
  #hash: string | null = null;

  constructor(script: SqlScript, draft: Draft, number: number) {
    this.#text = script.text;
    this.#draft = draft;
    this.number = number;
  }

  get hash(): string {
    this.#hash ??= hashOf(this.#text, this.#draft);
    return this.#hash;
  }
}

class CutTransaction extends CutStep implements TransactionStep {
  readonly kind = 'transaction';
  readonly statements: readonly Statement[];
  readonly begin: string | null;

  constructor(script: SqlScript, draft: Draft, number: number) {
    super(script, draft, number);
    this.statements = draft.statements;
    this.begin = draft.begin;
  }
}

class CutAlone extends CutStep implements AloneStep {
  readonly kind = 'alone';
  readonly statement: Statement;
  readonly resume: ResumeRule | null;

  constructor(
    script: SqlScript,
    draft: Draft,
    cut: { readonly number: number; readonly statement: Statement },
  ) {
    super(script, draft, cut.number);
    this.statement = cut.statement;
    this.resume = draft.resume;
  }
}

class CutBackfill extends CutStep implements BackfillStep {
  readonly kind = 'backfill';
  readonly statement: Statement;
  readonly backfill: Backfill;
  readonly shape: BatchShape;

  constructor(
    script: SqlScript,
    draft: Draft,
    cut: Pick<BackfillStep, 'number' | 'statement' | 'backfill' | 'shape'>,
  ) {
    super(script, draft, cut.number);
    this.statement = cut.statement;
    this.backfill = cut.backfill;
    this.shape = cut.shape;
  }
}

function hashOf(text: string, draft: Draft): string {
  const begin = draft.begin === null ? '' : `BEGIN ${draft.begin} ;\n`;
  return hash('sha256', begin + draft.statements.map((one) => statementTokenText(text, one)).join(''), 'hex');
}

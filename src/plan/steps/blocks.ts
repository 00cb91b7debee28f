import type { Statement } from '../../sql/statement.js';
import type { ScriptProblems } from './problems.js';

/** Statements outside any BEGIN … COMMIT of the file, or one such block without its two ends. */
export interface Section {
  readonly block: boolean;
  readonly statements: Statement[];
  /** The BEGIN that was dropped. */
  readonly begin: Statement | null;
}

const transactionHint =
  'Remove the statement; Lockkeeper puts the migration into a transaction and ends it together with its history.';

/**
 * Takes the transaction commands out of a script. BEGIN and COMMIT in pairs are understood; whatever would end the
 * transaction in another way would make the history say what is not so, and is refused by line.
 */
export function readSections(statements: readonly Statement[], problems: ScriptProblems): Section[] {
  const sections: Section[] = [];
  let open: Section | null = null;
  let free: Section | null = null;
  for (const statement of statements) {
    const { control } = statement.traits;
    if (control === 'begin') {
      if (open === null) open = { block: true, statements: [], begin: statement };
      else refuseNested(statement, open, problems);
    } else if (control === 'commit') {
      if (open === null) refuseCommit(statement, problems);
      else sections.push(open);
      open = null;
      free = null;
    } else if (control === null || control === 'savepoint' || control === 'set-transaction') {
      if (open === null && free === null)
        sections.push((free = { block: false, statements: [], begin: null }));
      (open ?? free)?.statements.push(statement);
    } else {
      refuseControl(statement, problems);
      if (control === 'rollback') open = null;
    }
  }
  if (open !== null) refuseUnclosed(open, problems);
  return joinSettings(sections.filter((section) => section.statements.length > 0));
}

/** SETs beside a block mean the same inside it, and a file that is one block but for them stays one step. */
function joinSettings(sections: readonly Section[]): Section[] {
  const joined: Section[] = [];
  let settings: Statement[] = [];
  sections.forEach((section, index) => {
    const onlySets = !section.block && section.statements.every(isSetting);
    if (onlySets && sections[index + 1]?.block === true) {
      settings = section.statements;
      return;
    }
    const previous = joined.at(-1);
    if (onlySets && previous?.block === true) previous.statements.push(...section.statements);
    else joined.push({ ...section, statements: [...settings, ...section.statements] });
    settings = [];
  });
  return joined;
}

/** SET and RESET of the session: no snapshot is taken, and a COMMIT keeps what they set. */
export function isSetting({ traits }: Statement): boolean {
  return traits.sessionState === 'set' && !traits.optimizable;
}

function refuseNested(statement: Statement, open: Section, problems: ScriptProblems): void {
  const outer = open.begin === null ? 'one' : problems.place(open.begin);
  problems.add('TRANSACTION_CONTROL_REFUSED', statement, {
    message: `${statement.traits.label} stands inside the transaction of ${outer}; PostgreSQL has no nested ones.`,
    hint: 'Remove one of the two, or end the first transaction with COMMIT before it. SAVEPOINT may stay.',
  });
}

function refuseCommit(statement: Statement, problems: ScriptProblems): void {
  problems.add('TRANSACTION_CONTROL_REFUSED', statement, {
    message: `${statement.traits.label} ends a transaction that the file does not begin.`,
    hint: `${transactionHint} Or write the BEGIN that belongs to it.`,
  });
}

function refuseUnclosed(open: Section, problems: ScriptProblems): void {
  if (open.begin === null) return;
  problems.add('TRANSACTION_CONTROL_REFUSED', open.begin, {
    message: `${open.begin.traits.label} begins a transaction that the file does not end.`,
    hint: `${transactionHint} Or write the COMMIT that belongs to it.`,
  });
}

function refuseControl(statement: Statement, problems: ScriptProblems): void {
  problems.add('TRANSACTION_CONTROL_REFUSED', statement, {
    message: `${statement.traits.label} is refused: ${reasonAgainst(statement)}`,
    hint: transactionHint,
  });
}

function reasonAgainst({ traits }: Statement): string {
  switch (traits.control) {
    case 'rollback':
      return 'it would take back the work of the migration, whose history then says that it was applied.';
    case 'chain':
      return 'it begins a transaction that Lockkeeper neither began nor can end together with its history.';
    case 'prepare':
      return 'the transaction would wait for a COMMIT PREPARED with all its locks, and the history with it.';
    default:
      return 'it ends a prepared transaction that is not part of this migration.';
  }
}

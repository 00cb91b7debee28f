import type { SqlScript } from '../../migration/migration.js';
import { END, Lexer, WORD } from '../../sql/lexer.js';
import { droppedObjects } from '../../sql/object-name.js';
import type { Statement } from '../../sql/statement.js';

/** Statements of one transaction whose effect ends with it, and was not ended by a later one. */
export function openTransactionState(script: SqlScript, statements: readonly Statement[]): Statement[] {
  let open: Statement[] = [];
  for (const statement of statements) {
    open = afterClosing(script, open, statement);
    if (statement.traits.transactionState !== null) open.push(statement);
  }
  return open;
}

/**
 * Statements whose effect lives in the session, where no resume can bring it back: temporary tables that were not
 * dropped, prepared statements, held cursors. `before` are those still open when these statements begin.
 */
export function openSessionState(
  script: SqlScript,
  before: readonly Statement[],
  statements: readonly Statement[],
): Statement[] {
  let open = [...before];
  for (const statement of statements) {
    open = afterClosing(script, open, statement);
    const { sessionState } = statement.traits;
    if (sessionState === 'temp' || sessionState === 'prepare') open.push(statement);
  }
  return open;
}

function afterClosing(script: SqlScript, open: Statement[], statement: Statement): Statement[] {
  if (open.length === 0) return open;
  const { label, drops, transactionState } = statement.traits;
  switch (label) {
    case 'RELEASE SAVEPOINT':
      return beforeSavepoint(script, open, statement);
    case 'ROLLBACK TO SAVEPOINT':
      return beforeSavepoint(script, open, statement, true);
    case 'CLOSE':
      return withoutNamed(script, open, statement, 'DECLARE');
    case 'DEALLOCATE':
      return withoutNamed(script, open, statement, 'PREPARE');
    case 'SET CONSTRAINTS':
      // SET CONSTRAINTS ALL IMMEDIATE ends what an earlier DEFERRED began.
      return transactionState === null && wordsOf(script, statement)[2] === 'all'
        ? open.filter((one) => one.traits.label !== label)
        : open;
    default:
      return drops === null ? open : withoutDropped(script, open, statement);
  }
}

function withoutDropped(script: SqlScript, open: Statement[], drop: Statement): Statement[] {
  const dropped = droppedObjects(script.text, drop);
  return open.filter(({ traits }) => traits.creates === null || !dropped.includes(traits.creates));
}

/** RELEASE and ROLLBACK TO end every savepoint made after theirs; ROLLBACK TO keeps its own. */
function beforeSavepoint(
  script: SqlScript,
  open: Statement[],
  statement: Statement,
  keep = false,
): Statement[] {
  const name = wordsOf(script, statement).at(-1);
  const at = open.findLastIndex(
    (one) => one.traits.label === 'SAVEPOINT' && wordsOf(script, one).at(-1) === name,
  );
  if (at < 0) return open;
  return open.filter(
    (one, index) => one.traits.label !== 'SAVEPOINT' || index < at || (keep && index === at),
  );
}

/** What CLOSE and DEALLOCATE name last stands second in DECLARE and PREPARE. */
function withoutNamed(
  script: SqlScript,
  open: Statement[],
  statement: Statement,
  label: string,
): Statement[] {
  const name = wordsOf(script, statement).at(-1);
  return open.filter(
    (one) => one.traits.label !== label || (name !== 'all' && wordsOf(script, one)[1] !== name),
  );
}

function wordsOf(script: SqlScript, statement: Statement): string[] {
  const lexer = new Lexer(script.text, statement.start, statement.end);
  const words: string[] = [];
  for (let kind = lexer.next(); kind !== END; kind = lexer.next()) {
    const raw = script.text.slice(lexer.start, lexer.end);
    words.push(kind === WORD ? raw.toLowerCase() : raw.replace(/^"([a-z_][a-z0-9_$]*)"$/, '$1'));
  }
  return words;
}

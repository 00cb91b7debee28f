import type { LockkeeperError } from '../core/errors.js';
import type { Script, SqlScript } from '../migration/migration.js';
import type { BatchShape } from '../sql/batchable.js';
import { inFile, problemAt } from '../sql/position.js';
import type { Statement } from '../sql/statement.js';

/** The statements of some scripts that run in batches, taken apart; what cannot is a problem at its line. */
export interface Batches {
  readonly shapes: ReadonlyMap<Statement, BatchShape>;
  readonly problems: readonly LockkeeperError[];
}

const none: Batches = { shapes: new Map(), problems: [] };

/** Reads every backfill with PostgreSQL's own grammar. The parser is loaded only where there is one. */
export async function readBatches(
  scripts: readonly (Script | null)[],
  options: { readonly singleTransaction: boolean },
): Promise<Batches> {
  const holding = scripts.filter(
    (script): script is SqlScript => script?.kind === 'sql' && script.backfills !== undefined,
  );
  if (holding.length === 0) return none;
  const [{ loadParser }, { readBatchable, isRefusal }] = await Promise.all([
    import('../sql/parse.js'),
    import('../sql/batchable.js'),
  ]);
  const parser = await loadParser();
  const shapes = new Map<Statement, BatchShape>();
  const problems: LockkeeperError[] = [];
  for (const script of holding) {
    for (const statement of script.backfills?.keys() ?? []) {
      const read = options.singleTransaction
        ? oneTransaction
        : readAt(script.text.slice(statement.start, statement.end), (text) => readBatchable(text, parser));
      if (isRefusal(read)) problems.push(problemOf(script, statement, read));
      else shapes.set(statement, read);
    }
  }
  return { shapes, problems };
}

interface Refusal {
  readonly message: string;
  readonly hint: string;
  readonly offset: number;
}

const oneTransaction: Refusal = {
  message: 'A backfill commits each of its batches, so it cannot be a part of one transaction.',
  hint: 'Run without --single-transaction, or leave this migration out of the run.',
  offset: 0,
};

function readAt<Read>(text: string, read: (text: string) => Read): Read | Refusal {
  try {
    return read(text);
  } catch (error) {
    return {
      message: `The statement of a backfill has to be read with PostgreSQL's grammar, which failed: ${error instanceof Error ? error.message : String(error)}.`,
      hint: 'Mend the statement; nothing was run.',
      offset: 0,
    };
  }
}

function problemOf(script: SqlScript, statement: Statement, refusal: Refusal): LockkeeperError {
  const code = refusal === oneTransaction ? 'SINGLE_TRANSACTION_IMPOSSIBLE' : 'BACKFILL_IMPOSSIBLE';
  const problem = problemAt(code, script.text, {
    offset: statement.start + refusal.offset,
    length: statement.end - statement.start - refusal.offset,
    message: refusal.message,
    hint: refusal.hint,
    details: { statement: statement.traits.label },
  });
  return inFile(problem, script.file, script.lineOffset);
}

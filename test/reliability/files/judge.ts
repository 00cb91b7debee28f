import type { LockkeeperError } from '../../../src/core/errors.js';
import type { Outcome } from './contestant.js';
import { psqlMajor, type PsqlOutcome } from './oracle.js';
import type { Style } from './piece.js';

/** What one file came to, on both sides. */
export interface Comparison {
  readonly style: Style;
  readonly text: string;
  readonly serverMajor: number;
  readonly psql: PsqlOutcome;
  readonly ours: Outcome;
  readonly before: string;
  readonly afterPsql: string;
  readonly afterOurs: string;
}

export type Verdict =
  /** Lockkeeper runs what psql cannot, for a reason that is known. */
  | { readonly kind: 'explained'; readonly code: string }
  | { readonly kind: 'same'; readonly as: 'applied' | 'failed' }
  /** psql ran the file and Lockkeeper says why it does not. */
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'different'; readonly why: string };

/** Refusals that are promised in the documentation, each with its line and a way out. */
const refusals: ReadonlySet<string> = new Set([
  'MIGRATION_UNREADABLE',
  'MIGRATION_EMPTY',
  'MIGRATION_MARKERS_INVALID',
  'MIGRATION_MARKERS_MISSING',
  'MIGRATION_METADATA_INVALID',
  'SQL_UNTERMINATED',
  'PSQL_COMMAND_REFUSED',
  'TRANSACTION_CONTROL_REFUSED',
  'SESSION_COMMAND_REFUSED',
  'SPLIT_LOSES_STATE',
  'SINGLE_TRANSACTION_IMPOSSIBLE',
]);

/**
 * What statements that share a transaction are refused by PostgreSQL where each alone is not; the error names
 * `-- transaction:` as the way out.
 */
const grouping: ReadonlySet<string> = new Set(['55006', '2D000']);

export function judge(comparison: Comparison): Verdict {
  const { psql, ours, before, afterPsql, afterOurs } = comparison;
  if (ours.crash !== null) return different(`not an error of ours: ${ours.crash}`);
  if (ours.history !== (ours.ok ? 1 : 0)) return different(`${ours.history} rows in the history`);
  if (ours.ok && psql.ok) {
    return afterPsql === afterOurs ? { kind: 'same', as: 'applied' } : different('the databases differ');
  }
  if (ours.ok) return explain(comparison, `psql fails: ${psql.said}`);
  const nothingLeft = afterOurs === before;
  if (ours.completedSteps === 0 && !nothingLeft) return different('it failed at once and left something');
  if (psql.ok) return judgeRefusal(comparison);
  // CALL and DO with a COMMIT of their own fail in the transaction that we give each statement.
  const ran = ours.problems.every(
    ({ code, details }) => code === 'MIGRATION_FAILED' && details['sqlstate'] !== '2D000',
  );
  if (comparison.style === 'each' && ran && afterPsql !== afterOurs)
    return explain(comparison, 'what failed left other things');
  return { kind: 'same', as: 'failed' };
}

/** What Lockkeeper runs and psql does not, each for a reason that is known and written down. */
const explanations: readonly (readonly [string, (comparison: Comparison) => boolean])[] = [
  // Every statement of `per-statement` has a transaction, so that SAVEPOINT, LOCK and DECLARE are allowed.
  ['a transaction around each statement', (c) => c.style !== 'one' && c.psql.said.includes('25P01')],
  [
    '\\. without a line end at the end of the file',
    (c) => c.psql.said.includes('22P04') && c.text.endsWith('\\.'),
  ],
  // psql reads line by line, and so takes the second piece of E'…' for a string with plain backslashes.
  ['a continued escape string', ({ text }) => /e'[^']*'[^']*\n[^']*'[^']*\\'/i.test(text)],
  // From 18 on psql keeps the line that ends the data to itself; the server takes one that it gets for data.
  [
    'COPY by a psql before 18 for a server after it',
    ({ psql, serverMajor }) => psqlMajor < 18 && serverMajor >= 18 && /22P02.*\\\.|22P04/.test(psql.said),
  ],
  ['a vertical tab at the end of a statement', ({ text }) => /;\s*\v|\v\s*;/.test(text)],
];

/** A difference, unless its reason is known. */
function explain(comparison: Comparison, why: string): Verdict {
  const found = explanations.find(([, holds]) => holds(comparison));
  return found === undefined ? different(why) : { kind: 'explained', code: found[0] };
}

function judgeRefusal({ ours, style }: Comparison): Verdict {
  for (const problem of ours.problems) {
    const why = complaint(problem, style);
    if (why !== null) return different(why);
  }
  return { kind: 'refused', code: [...new Set(ours.problems.map(nameOf))].sort().join(' + ') };
}

function complaint(problem: LockkeeperError, style: Style): string | null {
  const text = `${problem.code}: ${problem.message} Hint: ${problem.hint}`;
  const state = problem.details['sqlstate'];
  const beforeData = problem.code === 'SQL_SYNTAX' && problem.message.includes('between a COPY');
  const known = beforeData || refusals.has(problem.code) || (style !== 'one' && grouping.has(String(state)));
  if (!known) return `psql runs it, ours says ${text} (${String(state)})`;
  if (problem.hint === undefined) return `a refusal without a way out: ${text}`;
  return null;
}

function nameOf(problem: LockkeeperError): string {
  const state = problem.details['sqlstate'];
  return typeof state === 'string' ? `${problem.code} ${state}` : problem.code;
}

function different(why: string): Verdict {
  return { kind: 'different', why };
}

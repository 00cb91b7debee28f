import { LockkeeperError } from '../../core/errors.js';
import type { MigrationDatabase } from '../../migration/database.js';
import type { Place } from './place.js';

export type OnFail = 'HALT' | 'CONTINUE' | 'MARK_RAN' | 'WARN';

/** What has to hold before a changeset runs, or before any of a changelog does. */
export interface PreconditionSet {
  readonly place: Place;
  readonly onFail: OnFail;
  readonly onError: OnFail;
  readonly onFailMessage: string | null;
  readonly onErrorMessage: string | null;
  readonly check: Check;
}

export type Check =
  | { readonly kind: 'and' | 'or' | 'not'; readonly checks: readonly Check[] }
  /** Known without a server. */
  | { readonly kind: 'known'; readonly holds: boolean; readonly what: string }
  /** One value has to be `expected`, as text. */
  | { readonly kind: 'query'; readonly sql: string; readonly expected: string; readonly what: string };

/** Why a check fails; null where it holds. */
async function failureOf(check: Check, db: MigrationDatabase): Promise<string | null> {
  switch (check.kind) {
    case 'known':
      return check.holds ? null : check.what;
    case 'query':
      return await failedQuery(check, db);
    case 'not':
      for (const one of check.checks)
        if ((await failureOf(one, db)) === null) return `not (${describe(one)})`;
      return null;
    case 'and':
      for (const one of check.checks) {
        const failure = await failureOf(one, db);
        if (failure !== null) return failure;
      }
      return null;
    case 'or': {
      const failures: string[] = [];
      for (const one of check.checks) {
        const failure = await failureOf(one, db);
        if (failure === null) return null;
        failures.push(failure);
      }
      return failures.join('; ');
    }
    default:
      return check satisfies never;
  }
}

async function failedQuery(
  { sql, expected, what }: Extract<Check, { kind: 'query' }>,
  db: MigrationDatabase,
): Promise<string | null> {
  const { rows } = await db.query(sql);
  const value: unknown = Object.values(rows[0] ?? {})[0];
  const found = asText(value);
  if (found === expected) return null;
  return expected === 't'
    ? what
    : `${what}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`;
}

/** As the JDBC driver gives a value of any type as text. */
function asText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') return value ? 't' : 'f';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function describe(check: Check): string {
  if (check.kind === 'known' || check.kind === 'query') return check.what;
  return check.checks.map(describe).join(` ${check.kind === 'not' ? 'and' : check.kind} `);
}

/** Whether it asks the server for nothing. */
export function isKnown(check: Check): boolean {
  if (check.kind === 'query') return false;
  return check.kind === 'known' || check.checks.every(isKnown);
}

/** Whether one that asks for nothing holds. */
export function holdsWithout(check: Check): boolean {
  switch (check.kind) {
    case 'known':
      return check.holds;
    case 'and':
      return check.checks.every(holdsWithout);
    case 'or':
      return check.checks.some(holdsWithout);
    case 'not':
      return !check.checks.some(holdsWithout);
    default:
      return false;
  }
}

/** What becomes of a changeset whose preconditions were looked at. */
export type Verdict = 'run' | 'mark-ran';

/**
 * Looks at the preconditions in the transaction of the changeset.
 * @throws {FOREIGN_PRECONDITION_FAILED} where they say HALT, and for CONTINUE: Liquibase would go on behind the changeset and
 * try it again next time, and a run of ours leaves nothing out.
 */
export async function judge(
  set: PreconditionSet,
  db: MigrationDatabase,
  { inTransaction }: { readonly inTransaction: boolean },
): Promise<Verdict> {
  let failure: string | null;
  let kind: 'failed' | 'errored' = 'failed';
  try {
    const unguarded = set.onError === 'HALT' || !inTransaction;
    failure = unguarded ? await failureOf(set.check, db) : await guarded(set.check, db);
  } catch (error) {
    if (set.onError === 'HALT') throw error;
    failure = error instanceof Error ? error.message : String(error);
    kind = 'errored';
  }
  if (failure === null) return 'run';
  const onProblem = kind === 'failed' ? set.onFail : set.onError;
  if (onProblem === 'MARK_RAN') return 'mark-ran';
  if (onProblem === 'WARN') return 'run';
  throw halted(set, onProblem, failure);
}

/** An error inside of a transaction is taken back, so that the transaction goes on. */
async function guarded(check: Check, db: MigrationDatabase): Promise<string | null> {
  await db.exec('savepoint liquibase_precondition');
  try {
    const failure = await failureOf(check, db);
    await db.exec('release savepoint liquibase_precondition');
    return failure;
  } catch (error) {
    await db.exec('rollback to savepoint liquibase_precondition');
    throw error;
  }
}

function halted(set: PreconditionSet, onProblem: OnFail, failure: string): LockkeeperError {
  const { place } = set;
  const said = set.onFailMessage === null ? '' : ` ${set.onFailMessage}`;
  return new LockkeeperError('FOREIGN_PRECONDITION_FAILED', {
    message: `${place.file}:${place.line}: a precondition does not hold: ${failure}.${said}`,
    hint:
      onProblem === 'CONTINUE'
        ? 'It says CONTINUE: Liquibase would leave the changeset pending and go on behind it. Make it hold, settle the changeset with lockkeeper mark --applied, or write onFail MARK_RAN.'
        : 'Make it hold, or correct it.',
    location: { file: place.file, line: place.line, column: 1 },
  });
}

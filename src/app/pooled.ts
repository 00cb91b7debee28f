import type { ResolvedConfig } from '../config/resolved.js';
import { LockkeeperError } from '../core/errors.js';
import { statementLocation, theirs } from '../execute/index.js';
import type { Plan } from '../plan/plan.js';
import { findSessionNeeds, type SessionNeed } from '../plan/session-needs.js';
import { throwProblems } from './migrations.js';
import type { Locked, Prepared } from './prepare-read.js';
import { findPooling } from './session.js';

const wayOut =
  'Give the address of the server itself as directUrl (or DIRECT_URL), or let the pooler use session mode for this user.';

/**
 * Through a transaction pooler only plans go that consist of transactions throughout.
 * @throws {DATABASE_POOLED} naming every statement that needs a session; nothing of the plan has run.
 */
export async function assertPoolable(config: ResolvedConfig, prepared: Prepared, plan: Plan): Promise<void> {
  const { lock } = prepared;
  const direct = lock !== null && lock.lease === null;
  const needs = direct ? [] : findSessionNeeds(plan);
  if (needs.length === 0) return;
  // A run knows; who only looks at the plan has not asked yet.
  const pooled = lock !== null || (await findPooling(prepared.opened, config)) === 'transaction';
  if (pooled) throwProblems(needs.map(problemOf));
}

function problemOf({ planned, script, statement, why }: SessionNeed): LockkeeperError {
  const { version } = planned.migration;
  const what =
    statement !== null ? statement.traits.label : script.kind === 'code' ? 'its function' : 'its way back';
  const location =
    statement === null || script.kind === 'code' ? null : statementLocation(theirs(script, statement), null);
  return new LockkeeperError('DATABASE_POOLED', {
    message: `Migration ${version} needs a session of its own, and the connection goes through a transaction pooler: ${what} ${why}.`,
    hint: wayOut,
    details: { version, ...(statement === null ? {} : { statement: statement.traits.label }) },
    ...(location === null ? {} : { location }),
  });
}

/** @throws {DATABASE_POOLED} for a verb that works in many transactions, outside of any plan. */
export function assertSessionLock({ lock }: Locked, verb: string): void {
  if (lock.lease === null) return;
  throw new LockkeeperError('DATABASE_POOLED', {
    message: `"${verb}" needs a session of its own, and the connection goes through a transaction pooler.`,
    hint: wayOut,
    details: { verb },
  });
}

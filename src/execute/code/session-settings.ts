import { quoteLiteral } from '../../sql/quote.js';
import { ours, type Part } from '../parts.js';
import type { Run } from '../run.js';

/** What a function has set for its session, in the place of which the run's own has to stand now and then. */
export interface SessionSettings extends Record<string, unknown> {
  readonly role: string;
  readonly login: string;
  readonly lock: string;
  readonly statement: string;
}

/** What holds in the session now. */
export async function readSettings({ session }: Run): Promise<SessionSettings> {
  const rows = await session.query<SessionSettings>(/* sql */ `
    select current_setting('role') as role, session_user::text as login,
           current_setting('lock_timeout') as lock, current_setting('statement_timeout') as statement`);
  return rows[0] as SessionSettings;
}

/** Role and login as the function had them. */
export function roleParts(theirs: SessionSettings, own: SessionSettings): readonly Part[] {
  return [
    ...(theirs.login === own.login
      ? []
      : [ours(`set session authorization ${quoteLiteral(theirs.login)}`, 'SET')]),
    ...(theirs.role === own.role ? [] : [ours(`set role = ${quoteLiteral(theirs.role)}`, 'SET')]),
  ];
}

/** Its budgets. */
export function timeoutParts({ lock, statement }: SessionSettings): readonly Part[] {
  return [
    ours(
      `set lock_timeout = ${quoteLiteral(lock)}; set statement_timeout = ${quoteLiteral(statement)}`,
      null,
      2,
    ),
  ];
}

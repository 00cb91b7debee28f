import { LockkeeperError } from '../core/errors.js';
import { type Session, sqlstate } from '../pg/index.js';
import { quoteIdent } from '../sql/quote.js';
import type { HistoryTables } from './tables.js';

export interface FailedInstallation {
  readonly error: unknown;
  /** Quoted names of the tables that are there already, and those that were to be made. */
  readonly present: readonly string[];
  readonly due: readonly string[];
}

/** Why our tables could not be made, and what to do about it. The session is out of any transaction. */
export async function installFailure(
  session: Session,
  tables: HistoryTables,
  failed: FailedInstallation,
): Promise<LockkeeperError> {
  const server = (failed.error as { server?: { code: string; message: string } }).server;
  const taken = server?.code === sqlstate.duplicateTable ? await namesTaken(session, failed.due) : [];
  if (taken.length > 0) return nameTaken(tables, failed, taken);
  const triggers = await session.query<{ name: string }>(
    `select evtname as name from pg_event_trigger where evtenabled <> 'D' order by evtname`,
  );
  const names = triggers.map((trigger) => `"${trigger.name}"`).join(', ');
  const denied = server?.code === sqlstate.insufficientPrivilege;
  const hint = denied
    ? `Let an administrator run: create schema ${quoteIdent(tables.schema)} authorization ${quoteIdent(session.info.user)}; or set history.schema to a schema this role owns.`
    : names === ''
      ? 'Look at the message of the server above.'
      : `An event trigger runs on every DDL here (${names}); let it pass DDL of this role, or disable it for the installation.`;
  return new LockkeeperError('HISTORY_INSTALL_FAILED', {
    message: `Lockkeeper's tables could not be created in schema "${tables.schema}": ${server?.message ?? String(failed.error)}.`,
    hint,
    details: {
      sqlstate: server?.code,
      schema: tables.schema,
      eventTriggers: triggers.map((trigger) => trigger.name),
    },
    cause: failed.error,
  });
}

async function namesTaken(session: Session, due: readonly string[]): Promise<readonly string[]> {
  const rows = await session.query<{ name: string }>(
    'select name from unnest($1::text[]) as name where pg_catalog.to_regclass(name) is not null',
    [due],
  );
  return rows.map(({ name }) => name);
}

/** Somebody else's table is never touched, and never taken for ours. */
function nameTaken(
  tables: HistoryTables,
  { error, present }: FailedInstallation,
  taken: readonly string[],
): LockkeeperError {
  const move = present.map((table) => `alter table ${table} set schema lockkeeper;`).join(' ');
  return new LockkeeperError('HISTORY_INSTALL_FAILED', {
    message: `Lockkeeper keeps its tables in the schema "${tables.schema}" (history.schema) and needs a new one there, but ${taken.join(' and ')} ${taken.length === 1 ? 'is' : 'are'} there already and not its own. Nothing was changed.`,
    hint:
      present.length === 0
        ? 'Set history.schema to a schema of its own; without it, the schema is called lockkeeper.'
        : `Rename what has that name. Or give Lockkeeper a schema of its own, and then leave history.schema out: create schema lockkeeper; ${move}`,
    details: { sqlstate: sqlstate.duplicateTable, schema: tables.schema, taken },
    cause: error,
  });
}

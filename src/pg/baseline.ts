import { quoteIdent, quoteLiteral } from '../sql/quote.js';
import { type AdvisoryLockId, lockClass } from './advisory-lock.js';

/** What a session of ours always has, whatever the role, the database or a migration says. */
export interface Baseline {
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly searchPath: readonly string[] | null;
  readonly role: string | null;
  readonly applicationName: string;
}

/** Settings as name and value, the way both the startup packet and SET take them. */
function settings(baseline: Baseline): [string, string][] {
  const list: [string, string][] = [
    ['lock_timeout', String(baseline.lockTimeoutMs)],
    ['statement_timeout', String(baseline.statementTimeoutMs)],
    // An idle cut-off would end the session that keeps the lock, and the run would not know (ENGINE A1).
    ['idle_session_timeout', '0'],
    ['idle_in_transaction_session_timeout', '0'],
    // A backend inside a long statement looks at its socket only when told to, so that a killed client's work ends.
    ['client_connection_check_interval', '2000'],
    ['tcp_keepalives_idle', '30'],
    ['tcp_keepalives_interval', '10'],
    ['tcp_keepalives_count', '3'],
    // Our splitter reads strings the standard way; another setting would make the server see other statements.
    ['standard_conforming_strings', 'on'],
    ['client_encoding', 'UTF8'],
    ['datestyle', 'ISO, MDY'],
    ['intervalstyle', 'postgres'],
    // Not a parameter of its own: PgBouncer would leave the name with the next client that has none (tried on 1.18).
    ['application_name', baseline.applicationName],
  ];
  if (baseline.searchPath !== null)
    list.push(['search_path', baseline.searchPath.map(quoteIdent).join(', ')]);
  if (baseline.role !== null) list.push(['role', baseline.role]);
  return list;
}

/** The `options` of the startup packet. What stands there is what RESET ALL and RESET ROLE go back to. */
export function startupOptions(baseline: Baseline): string {
  const escape = (value: string): string => value.replace(/[\\ ]/g, (char) => `\\${char}`);
  // The marker tells afterwards whether the packet arrived: a pooler may drop `options` without a word.
  return [...settings(baseline), ['lockkeeper.baseline', 'on'] as const]
    .filter(([name]) => name !== 'client_encoding')
    .map(([name, value]) => `-c ${name}=${escape(value)}`)
    .join(' ');
}

/** The same as SET statements, for a pooler that refuses `options` in the startup packet. */
export function baselineSets(baseline: Baseline): string {
  return settings(baseline)
    .map(([name, value]) =>
      name === 'search_path' ? `set search_path = ${value}` : `set ${name} = ${quoteLiteral(value)}`,
    )
    .join('; ');
}

/** What has no meaning behind a pooler: its own socket to the server, its idle sessions, and what it keeps equal itself. */
const poolersOwn =
  /^(?:idle_session_timeout|tcp_keepalives_|client_encoding|standard_conforming_strings|application_name)/;

/**
 * The same for one transaction, as SET LOCAL statements: behind a transaction pooler a setting of the session would
 * stay with somebody else. A transaction of ours that stands still ends after `idleInTransactionMs`, so that a client
 * that was paused in the middle of one keeps no lock for ever.
 */
export function transactionBaseline(
  baseline: Baseline,
  { major, idleInTransactionMs }: { readonly major: number; readonly idleInTransactionMs: number },
): readonly string[] {
  const list = settings(baseline).filter(([name]) => !poolersOwn.test(name));
  if (major >= 17) list.push(['transaction_timeout', '0']);
  return list.map(([name, value]) => {
    if (name === 'search_path') return `set local search_path = ${value}`;
    const local = name === 'idle_in_transaction_session_timeout' ? String(idleInTransactionMs) : value;
    return `set local ${name} = ${quoteLiteral(local)}`;
  });
}

/**
 * Gives back every session-level advisory lock but those of our own class: pg_advisory_unlock_all() would give up the
 * migration lock, if only for a moment. A lock may be held several times, and pg_locks does not say how often; so each
 * is given back until the server says that it is not held (a warning, hence the client_min_messages around it).
 */
function releaseForeignLocks(kept: readonly AdvisoryLockId[]): string {
  const stays = kept
    .map(
      ({ classid, objid, objsubid }) =>
        ` and not (classid = ${classid} and objid = ${objid} and objsubid = ${objsubid})`,
    )
    .join('');
  const unlock = (form: string): string =>
    `case when l.objsubid = 2 then pg_catalog.pg_advisory_unlock${form}(l.classid::int8::bit(32)::int4, l.objid::int8::bit(32)::int4) else pg_catalog.pg_advisory_unlock${form}((l.classid::int8 << 32) | l.objid::int8) end`;
  const once = `case when l.mode = 'ExclusiveLock' then ${unlock('')} else ${unlock('_shared')} end`;
  return `with recursive l as (select classid, objid, objsubid, mode, true as held from pg_catalog.pg_locks where locktype = 'advisory' and pid = pg_catalog.pg_backend_pid() and granted and not (classid = ${lockClass} and objsubid = 2)${stays} union all select l.classid, l.objid, l.objsubid, l.mode, ${once} from l where l.held) select count(*) from l where not held`;
}

/**
 * Puts a session back to where it began, and keeps its advisory lock: DISCARD ALL is refused in a transaction
 * block, and would drop the lock (ENGINE B12, tried on 15 and 18).
 */
export const hygiene = (kept: readonly AdvisoryLockId[] = []): string =>
  [
    'close all',
    'set session authorization default',
    'reset role',
    'reset all',
    'deallocate all',
    'unlisten *',
    'discard plans',
    'discard temp',
    'discard sequences',
    // Behind RESET ALL, so that no search_path of the migration's lends these functions another meaning.
    'set client_min_messages = error',
    releaseForeignLocks(kept),
    'reset client_min_messages',
  ].join('; ');

/** How many statements `hygiene` holds: each answers with a command tag. */
export const hygieneStatements = hygiene().split('; ').length;
